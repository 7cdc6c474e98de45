import { deflateRawSync, inflateRawSync } from "node:zlib";
import { LockstepError } from "../model/errors.ts";

/** No message of protobuf begins so: there is no field 0. */
const PACKED = 0;
/** Below this little is to be won; above it, packing takes longer than a fast link does. */
const MIN_BYTES = 512;
const WORTH_UP_TO_BYTES = 64 * 1024;
/** The longest message that is taken packed. */
const MAX_BYTES = 128 * 1024;

/** Makes a message of lists and paths smaller, where that is worth it. */
export function packFrame(message: Uint8Array): Uint8Array {
  if (message.length < MIN_BYTES || message.length > WORTH_UP_TO_BYTES) return message;
  const packed = pack(message);
  if (packed.length + 1 >= message.length) return message;
  const frame = new Uint8Array(packed.length + 1);
  frame[0] = PACKED;
  frame.set(packed, 1);
  return frame;
}

/** @throws LockstepError `LOCKSTEP_MALFORMED`, also for what would be longer than anybody packs */
export function unpackFrame(frame: Uint8Array): Uint8Array {
  return frame[0] === PACKED ? unpack(frame.subarray(1), MAX_BYTES) : frame;
}

/** Makes something smaller that several hosts will get (raw deflate, RFC 1951). */
export function pack(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return deflateRawSync(bytes, { level: 3 });
}

/** @throws LockstepError `LOCKSTEP_MALFORMED`, also for what would be longer than so many bytes */
export function unpack(bytes: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return inflateRawSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    throw new LockstepError("LOCKSTEP_MALFORMED", "a peer sent a message that cannot be unpacked", { cause: error });
  }
}
