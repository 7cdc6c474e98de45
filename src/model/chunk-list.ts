import { ByteReader, ByteWriter } from "./canonical-bytes.ts";
import { DIGEST_BYTES, DIGEST_DOMAIN, digestOf, type Hash, sameDigest } from "./digest.ts";
import { LockstepError } from "./errors.ts";
import type { Suite } from "./suite.ts";

/** Equal chunks, one after the other: mostly one, and many where a file is nothing but zeros. */
export interface ChunkRun {
  readonly count: number;
  /** Bytes of each. */
  readonly length: number;
  /** BLAKE3-256 of each chunk's plain content. */
  readonly digest: Uint8Array;
}

/**
 * A batch of a chunk list in canonical bytes. Cut where a digest says so, so that an insertion
 * changes one batch and not all that follow.
 */
export interface ChunkBatch {
  /** Bytes of content that the batch is about. */
  readonly contentBytes: number;
  readonly digest: Uint8Array;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What an index says of one batch. */
export type ChunkBatchHead = Omit<ChunkBatch, "bytes">;

/** Most runs in one batch. */
export const MAX_BATCH_RUNS = 256;
/** A batch ends after a run whose digest begins with so many zero bits: 64 runs on average. */
const CUT_MASK = 63;
/** Most batches of one file: 10^6 are some 50 TB of content that repeats nowhere. */
const MAX_BATCHES = 1_000_000;

function malformed(what: string): never {
  throw new LockstepError("LOCKSTEP_MALFORMED", `malformed chunk list from a peer: ${what}`);
}

/** Collects the chunks of one file, in order. */
export class ChunkListBuilder {
  readonly #runs: ChunkRun[] = [];

  add(length: number, digest: Uint8Array, count = 1): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && last.length === length && sameDigest(last.digest, digest)) {
      this.#runs[this.#runs.length - 1] = { ...last, count: last.count + count };
    } else this.#runs.push({ count, length, digest });
  }

  finish(): ChunkRun[] {
    return this.#runs;
  }
}

/** Cuts a chunk list into batches. */
export function batchChunks(hash: Hash, suite: Suite, runs: readonly ChunkRun[]): ChunkBatch[] {
  const batches: ChunkBatch[] = [];
  let writer = new ByteWriter(64 * (DIGEST_BYTES + 5));
  let contentBytes = 0;
  let count = 0;
  const close = (): void => {
    const bytes = writer.take();
    batches.push({ contentBytes, digest: digestOf(hash, DIGEST_DOMAIN.chunkBatch, suite.id, [bytes]), bytes });
    writer = new ByteWriter(64 * (DIGEST_BYTES + 5));
    [contentBytes, count] = [0, 0];
  };
  for (const run of runs) {
    writer.integer(run.count);
    writer.integer(run.length);
    writer.raw(run.digest);
    contentBytes += run.count * run.length;
    count++;
    if ((run.digest[0] & CUT_MASK) === 0 || count === MAX_BATCH_RUNS) close();
  }
  if (count > 0) close();
  return batches;
}

/** Canonical bytes of what is said of the batches, over which the chunk root stands. */
export function encodeChunkIndex(heads: readonly ChunkBatchHead[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(heads.length * (DIGEST_BYTES + 5) + 8);
  writer.integer(heads.length);
  for (const { contentBytes, digest } of heads) {
    writer.integer(contentBytes);
    writer.raw(digest);
  }
  return writer.take();
}

/** Root of a chunk list: the digest of its index. */
export function chunkRoot(hash: Hash, suite: Suite, index: Uint8Array): Uint8Array {
  return digestOf(hash, DIGEST_DOMAIN.chunkRoot, suite.id, [index]);
}

/**
 * The heads of an index that must be the one of this root, of a file of this size.
 *
 * @throws LockstepError `LOCKSTEP_MALFORMED`
 */
export function openChunkIndex(
  hash: Hash,
  suite: Suite,
  index: Uint8Array,
  root: Uint8Array,
  size: number,
): ChunkBatchHead[] {
  if (!sameDigest(chunkRoot(hash, suite, index), root)) malformed("not the index that was stated");
  const reader = new ByteReader(index);
  const heads = Array.from({ length: reader.integer(MAX_BATCHES) }, () => ({
    contentBytes: reader.integer(),
    digest: reader.raw(DIGEST_BYTES),
  }));
  reader.end();
  if (heads.reduce((sum, head) => sum + head.contentBytes, 0) !== size) malformed("not as long as the file");
  return heads;
}

/**
 * The runs of a batch that must be the one of this head.
 *
 * @throws LockstepError `LOCKSTEP_MALFORMED`
 */
export function openChunkBatch(hash: Hash, suite: Suite, head: ChunkBatchHead, bytes: Uint8Array): ChunkRun[] {
  const digest = digestOf(hash, DIGEST_DOMAIN.chunkBatch, suite.id, [bytes]);
  if (!sameDigest(digest, head.digest)) malformed("not the batch of the index");
  const runs = decodeChunkRuns(bytes, suite, MAX_BATCH_RUNS);
  if (runs.reduce((sum, run) => sum + run.count * run.length, 0) !== head.contentBytes)
    malformed("batch of another length");
  return runs;
}

/** @throws LockstepError `LOCKSTEP_MALFORMED` */
export function decodeChunkRuns(bytes: Uint8Array, suite: Suite, maxRuns: number): ChunkRun[] {
  const reader = new ByteReader(bytes);
  const runs: ChunkRun[] = [];
  while (!reader.done) {
    if (runs.length === maxRuns) malformed("too many chunks in a batch");
    const count = reader.integer();
    const length = reader.integer(suite.chunk.maxBytes);
    if (count === 0 || length === 0 || !Number.isSafeInteger(count * length)) malformed("empty chunk");
    runs.push({ count, length, digest: reader.raw(DIGEST_BYTES) });
  }
  return runs;
}

/** Canonical bytes of a whole list, as one batch would have them. */
export function encodeChunkRuns(runs: readonly ChunkRun[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(runs.length * (DIGEST_BYTES + 5) + 8);
  for (const run of runs) {
    writer.integer(run.count);
    writer.integer(run.length);
    writer.raw(run.digest);
  }
  return writer.take();
}
