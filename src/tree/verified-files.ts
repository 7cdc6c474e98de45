import { DIGEST_BYTES } from "../model/digest.ts";
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

const NANOSECONDS_PER_MS = 1_000_000;

/**
 * Those of the files whose state was at rest for some time: their digests may be kept beyond the round. Of a
 * file system whose clock ticks in milliseconds or more none is, as a later change may share a ctime there.
 */
export function atRest({ keys, digests }: VerifiedFiles, restMs: number, nowMs: number): VerifiedFiles {
  const { ctimeSec, ctimeNsec } = keys;
  const isAtRest = (i: number): boolean =>
    ctimeNsec[i] % NANOSECONDS_PER_MS !== 0 &&
    nowMs - (ctimeSec[i] * 1000 + ctimeNsec[i] / NANOSECONDS_PER_MS) >= restMs;
  const chosen = [...ctimeSec.keys()].filter(isAtRest);
  const those = <T extends Uint32Array | Float64Array>(from: T): T => from.filter((_, i) => isAtRest(i)) as T;
  const packed = new Uint8Array(chosen.length * DIGEST_BYTES);
  for (const [at, i] of chosen.entries()) {
    packed.set(digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES), at * DIGEST_BYTES);
  }
  return {
    keys: {
      inodeLow: those(keys.inodeLow),
      inodeHigh: those(keys.inodeHigh),
      device: those(keys.device),
      size: those(keys.size),
      mtimeSec: those(keys.mtimeSec),
      mtimeNsec: those(keys.mtimeNsec),
      ctimeSec: those(keys.ctimeSec),
      ctimeNsec: those(keys.ctimeNsec),
    },
    digests: packed,
  };
}
