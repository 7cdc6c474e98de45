import { type ChunkRun, decodeChunkRuns, encodeChunkRuns } from "../model/chunk-list.ts";
import { digestKey } from "../model/digest.ts";
import type { BytePath } from "../model/path.ts";
import type { Suite } from "../model/suite.ts";

/** Lists of latest versions that are kept: of content of some 600 GB. */
const KEPT_BYTES = 32 * 1024 * 1024;

/** A chunk that is likely to come next. */
export interface LikelyChunk {
  readonly length: number;
  readonly digest: Uint8Array;
  /** It ended where the file did: in a longer file the same bytes may belong to a longer chunk. */
  readonly isLast: boolean;
}

/**
 * Where an earlier version of a file was cut. A chunk ends where its own bytes say so, thus one with the
 * same bytes ends at the same place: its digest, which is needed anyway, spares the search for the cut,
 * which takes twice as long.
 */
export class KnownCuts {
  readonly #runs: readonly ChunkRun[];
  readonly #places = new Map<string, number>();
  /** Index of the run that is followed; beyond the last one none is. */
  #run = 0;
  /** Chunks of it that have come. */
  #come = 0;

  constructor(runs: readonly ChunkRun[]) {
    this.#runs = runs;
    for (const [i, { digest }] of runs.entries()) this.#places.set(digestKey(digest), i);
  }

  /** What comes next if the file goes on as it did; undefined where that cannot be told. */
  get next(): LikelyChunk | undefined {
    const run = this.#runs[this.#run];
    if (run === undefined) return undefined;
    const isLast = this.#run === this.#runs.length - 1 && this.#come === run.count - 1;
    return { length: run.length, digest: run.digest, isLast };
  }

  /** The next one has come. */
  follow(): void {
    this.#come++;
    if (this.#come < this.#runs[this.#run].count) return;
    this.#run++;
    this.#come = 0;
  }

  /** Another one has come: what follows it is what followed it before, if it is known at all. */
  lookFrom(digest: Uint8Array): void {
    this.#run = (this.#places.get(digestKey(digest)) ?? this.#runs.length) + 1;
    this.#come = 0;
  }
}

/** Chunk lists of the files that were read lately, by path: a new version may lie in another inode. */
export class RecentCuts {
  readonly #suite: Suite;
  /** Encoded, the latest last. */
  readonly #lists = new Map<BytePath, Uint8Array>();
  #bytes = 0;

  constructor(suite: Suite) {
    this.#suite = suite;
  }

  add(path: BytePath, runs: readonly ChunkRun[]): void {
    const list = encodeChunkRuns(runs);
    this.#drop(path);
    this.#lists.set(path, list);
    this.#bytes += list.length;
    for (const oldest of this.#lists.keys()) {
      if (this.#bytes <= KEPT_BYTES) break;
      this.#drop(oldest);
    }
  }

  #drop(path: BytePath): void {
    this.#bytes -= this.#lists.get(path)?.length ?? 0;
    this.#lists.delete(path);
  }

  of(path: BytePath): KnownCuts | undefined {
    const list = this.#lists.get(path);
    return list && new KnownCuts(decodeChunkRuns(list, this.#suite, Number.POSITIVE_INFINITY));
  }
}
