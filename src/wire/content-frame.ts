import { LockstepError } from "../model/errors.ts";

/** Kinds of frames that answer a content request: packed records, and the end of the answer. */
export const CONTENT_FRAME = { data: 1, end: 2 } as const;

const HEADER_BYTES = 5;

/** Writes kind and request id into the first five bytes, which the frame keeps free for them. */
export function writeFrameHeader(frame: Uint8Array, kind: number, request: number): void {
  frame[0] = kind;
  new DataView(frame.buffer, frame.byteOffset).setUint32(1, request, true);
}

export function readFrameHeader(frame: Uint8Array): { kind: number; request: number } {
  if (frame.length < HEADER_BYTES) throw new LockstepError("LOCKSTEP_MALFORMED", "content frame without a header");
  const request = new DataView(frame.buffer, frame.byteOffset).getUint32(1, true);
  return { kind: frame[0], request };
}
