import { batchChunks, type ChunkRun, encodeChunkIndex } from "../model/chunk-list.ts";
import type { Hash } from "../model/digest.ts";
import type { Suite } from "../model/suite.ts";
import type { PackedChunkList } from "../ports/tree.ts";

/** A chunk list as it is sent: its batches, and the index over them. */
export function packChunkList(hash: Hash, suite: Suite, chunks: readonly ChunkRun[]): PackedChunkList {
  const batches = batchChunks(hash, suite, chunks);
  return { index: encodeChunkIndex(batches), batches: batches.map(({ bytes }) => bytes) };
}
