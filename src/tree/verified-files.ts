import type { BytePath } from "../model/path.ts";
import type { HashKeys } from "../ports/store.ts";

/** Files that were read back and found as stated, each in the state that it was read in. */
export interface VerifiedFiles {
  readonly paths: readonly BytePath[];
  readonly keys: HashKeys;
  /** 32 bytes a file. */
  readonly digests: Uint8Array<ArrayBuffer>;
}
