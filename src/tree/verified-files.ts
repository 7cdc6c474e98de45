import type { HashKeys } from "../ports/store.ts";
import { isSettled } from "./read-stable.ts";

/**
 * Files that were read back and found as stated, each in the state that it was read in. Without paths:
 * content belongs to an inode in a state, and thousands of strings pass slowly between threads.
 */
export interface VerifiedFiles {
  readonly keys: HashKeys;
  /** 32 bytes a file. */
  readonly digests: Uint8Array<ArrayBuffer>;
}

export const NANOSECONDS_PER_MS = 1_000_000;

/**
 * Which files were at rest for some time, 1 a file: their digests may be kept beyond the round. Of a file system
 * whose clock ticks in milliseconds or more none is, as a later change may share a ctime there.
 */
export function atRest({ ctimeSec, ctimeNsec }: HashKeys, nowMs: number): Uint8Array {
  const isAtRest = (i: number): boolean =>
    ctimeNsec[i] % NANOSECONDS_PER_MS !== 0 && isSettled({ ctimeSec: ctimeSec[i], ctimeNsec: ctimeNsec[i] }, nowMs);
  return Uint8Array.from(ctimeSec, (_, i) => (isAtRest(i) ? 1 : 0));
}
