import { encodeUnitNames, type UnitName } from "../model/content-units.ts";
import { LockstepError } from "../model/errors.ts";

/** Added to the kind of a frame that is the last one of its answer. */
const LAST = 0x80;

/**
 * Kinds of frames that answer a content request: packed records, the end of an answer without frames,
 * packed records compressed, bytes of a list, and that the unit is to be had elsewhere. `alive` answers
 * nothing: it says that the sender is there; nor does `have`, with the units of a statement that the
 * sender has.
 */
export const CONTENT_FRAME = { data: 1, end: 2, compressed: 3, list: 4, alive: 5, have: 6, elsewhere: 7 } as const;

const HEADER_BYTES = 5;

/** Writes kind and request id into the first five bytes, which the frame keeps free for them. */
export function writeFrameHeader(frame: Uint8Array, kind: number, request: number, isLast = false): void {
  frame[0] = isLast ? kind | LAST : kind;
  new DataView(frame.buffer, frame.byteOffset).setUint32(1, request, true);
}

export function readFrameHeader(frame: Uint8Array): { kind: number; request: number; isLast: boolean } {
  if (frame.length < HEADER_BYTES) throw new LockstepError("LOCKSTEP_MALFORMED", "content frame without a header");
  const request = new DataView(frame.buffer, frame.byteOffset).getUint32(1, true);
  const isLast = (frame[0] & LAST) !== 0 || frame[0] === CONTENT_FRAME.end;
  return { kind: frame[0] & ~LAST, request, isLast };
}

export function aliveFrame(): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES);
  frame[0] = CONTENT_FRAME.alive;
  return frame;
}

/** A frame of records without any: says that the sending of an answer begins. */
export function beginFrame(): Uint8Array {
  return new Uint8Array(HEADER_BYTES);
}

export function isBeginFrame({ length }: Uint8Array): boolean {
  return length === HEADER_BYTES;
}

/** Bytes of a list in one frame. */
const LIST_FRAME_BYTES = 1024 * 1024;

/** Frames of a list, whose header is yet to be completed. */
export function listFrames(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer>[] {
  const frames: Uint8Array<ArrayBuffer>[] = [];
  for (const part of parts) {
    for (let at = 0; at < part.length; at += LIST_FRAME_BYTES) {
      const piece = part.subarray(at, at + LIST_FRAME_BYTES);
      const frame = new Uint8Array(HEADER_BYTES + piece.length);
      frame[0] = CONTENT_FRAME.list;
      frame.set(piece, HEADER_BYTES);
      frames.push(frame);
    }
  }
  return frames;
}

/** Says which units of a statement the sender has. */
export function haveFrame(statement: number, units: readonly UnitName[]): Uint8Array {
  const names = encodeUnitNames(units);
  const frame = new Uint8Array(HEADER_BYTES + names.length);
  frame.set(names, HEADER_BYTES);
  writeFrameHeader(frame, CONTENT_FRAME.have, statement);
  return frame;
}

/** What a frame of a list, or of units, holds. */
export function listPart(frame: Uint8Array): Uint8Array {
  return frame.subarray(HEADER_BYTES);
}
