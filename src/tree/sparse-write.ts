import type { SystemCalls } from "./system-calls.ts";

/** Smallest stretch of zeros that is left as a hole. */
export const SPARSE_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(SPARSE_BYTES);

/** Writes all but whole pieces of zeros into a new file, which become holes: sparse files stay sparse. */
export function writeSparsely(calls: SystemCalls, fd: number, bytes: Uint8Array, position: number): void {
  // Pieces that follow each other are written in one call.
  let from = 0;
  for (let at = 0; at < bytes.length; at += SPARSE_BYTES) {
    const length = Math.min(SPARSE_BYTES, bytes.length - at);
    if (bytes[at] !== 0 || !ZEROS.subarray(0, length).equals(bytes.subarray(at, at + length))) continue;
    if (at > from) calls.write(fd, bytes, from, at - from, position + from);
    from = at + length;
  }
  if (bytes.length > from) calls.write(fd, bytes, from, bytes.length - from, position + from);
}
