import { DIGEST_DOMAIN, digestOf, type Hash } from "./digest.ts";

/**
 * A suite names the hash and the chunker with their parameters. It is part of every round and of
 * every cache key, so that digests of different suites never meet.
 */
export interface Suite {
  readonly id: number;
  readonly name: string;
  /** Bytes of every chunk but a file's last. */
  readonly chunkBytes: number;
}

export const BLAKE3_FIXED_1MIB: Suite = { id: 1, name: "blake3-fixed-1MiB", chunkBytes: 1 << 20 };

/** The suite of today's rounds. */
export const SUITE: Suite = BLAKE3_FIXED_1MIB;

/** Root over the chunk digests of one file, in order; an empty file has no chunks. */
export function chunkRoot(hash: Hash, suite: Suite, chunkDigests: readonly Uint8Array[]): Uint8Array {
  return digestOf(hash, DIGEST_DOMAIN.chunkRoot, suite.id, chunkDigests);
}
