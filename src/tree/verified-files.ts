import type { HashKeys } from "../ports/store.ts";

/**
 * Files that were read back and found as stated, each in the state that it was read in. Without paths:
 * content belongs to an inode in a state, and thousands of strings pass slowly between threads.
 */
export interface VerifiedFiles {
  readonly keys: HashKeys;
  /** 32 bytes a file. */
  readonly digests: Uint8Array<ArrayBuffer>;
}
