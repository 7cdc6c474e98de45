import { decodeChunkRuns } from "../model/chunk-list.ts";
import { digestKey } from "../model/digest.ts";
import { type Entry, FILE } from "../model/entry.ts";
import { type BytePath, baseName } from "../model/path.ts";
import type { Suite } from "../model/suite.ts";
import type { HashCache } from "../ports/store.ts";
import { ContentGuesses, type ListedFiles } from "./content-guesses.ts";

/** Where a chunk was seen: only a hint, whoever takes it verifies it. */
export interface ChunkPlace {
  readonly path: BytePath;
  readonly offset: number;
}

/** Chunks of which it is remembered where they lie: some 300 GB, in about 80 MB of memory. */
const MAX_CHUNKS = 400_000;

export interface SourceList extends ListedFiles {
  /** Entries of the table before this are listed. */
  readonly listed: number;
}

/**
 * What this host already has, and where: whole files by size and digest, chunks by the lists that the
 * cache keeps of the files in this root. Looked at before anything is fetched.
 */
export class LocalSources {
  readonly #list: SourceList;
  readonly #cache: HashCache;
  readonly #suite: Suite;
  /** Ordinals of listed files that hold something, by size. */
  #bySize: Uint32Array | undefined;
  readonly #guesses: ContentGuesses;
  /** The smallest of each name. */
  #largeByName: Map<string, BytePath> | undefined;
  #chunks: Promise<Map<string, ChunkPlace>> | undefined;

  constructor(list: SourceList, cache: HashCache, suite: Suite) {
    this.#list = list;
    this.#cache = cache;
    this.#suite = suite;
    this.#guesses = new ContentGuesses(list, (size) => this.#ofSize(size));
  }

  #files(): Uint32Array {
    if (this.#bySize === undefined) {
      const { table, listed } = this.#list;
      const files: number[] = [];
      for (let i = 0; i < listed; i++) {
        if (table.type(i) === FILE && table.size(i) > 0 && table.leaderOf(i) === undefined) files.push(i);
      }
      this.#bySize = Uint32Array.from(files).sort((a, b) => table.size(a) - table.size(b));
    }
    return this.#bySize;
  }

  /** First position, in the order of sizes, of a file of at least this size. */
  #firstOf(size: number): number {
    const files = this.#files();
    let [low, high] = [0, files.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#list.table.size(files[middle]) < size) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #ofSize(size: number): Uint32Array {
    return this.#files().subarray(this.#firstOf(size), this.#firstOf(size + 1));
  }

  /** Listed files that may hold this content, the likeliest first; a few at most, and each only until it is tried. */
  filesLike(entry: Entry, checksum: Uint8Array): Iterable<number> {
    return this.#guesses.of(entry, checksum);
  }

  /** Takes note of what a listed file that was tried holds, should another path want it. */
  learn(ordinal: number, digest: Uint8Array): void {
    this.#guesses.learn(ordinal, digest);
  }

  /** The listed file that a changed version of this path is likely to resemble. */
  resembling(path: BytePath): BytePath | undefined {
    const { table, listed } = this.#list;
    const own = table.find(path, listed);
    if (own !== undefined) return table.type(own) === FILE ? path : undefined;
    return this.#largeOfName(baseName(path));
  }

  #largeOfName(name: string): BytePath | undefined {
    if (this.#largeByName === undefined) {
      this.#largeByName = new Map();
      for (const ordinal of this.#files().subarray(this.#firstOf(this.#suite.singleBytes))) {
        const path = this.#list.table.paths[ordinal];
        if (!this.#largeByName.has(baseName(path))) this.#largeByName.set(baseName(path), path);
      }
    }
    return this.#largeByName.get(name);
  }

  /** The chunk list that the cache has of a listed file, whatever became of it since. */
  async chunksOf(path: BytePath): Promise<Uint8Array | undefined> {
    const ordinal = this.#list.table.find(path, this.#list.listed);
    if (ordinal === undefined) return undefined;
    const [list] = await this.#cache.lookupChunks(this.#list.table.hashKeys([ordinal]), "inode");
    return list;
  }

  /** Where chunks lie in this root, as far as the cache knows. */
  chunks(): Promise<ReadonlyMap<string, ChunkPlace>> {
    this.#chunks ??= this.#loadChunks();
    return this.#chunks;
  }

  async #loadChunks(): Promise<Map<string, ChunkPlace>> {
    const { table } = this.#list;
    const places = new Map<string, ChunkPlace>();
    const files = this.#files().subarray(this.#firstOf(this.#suite.singleBytes + 1));
    const perLookup = 256;
    for (let at = 0; at < files.length && places.size < MAX_CHUNKS; at += perLookup) {
      const ordinals = [...files.subarray(at, at + perLookup)];
      const lists = await this.#cache.lookupChunks(table.hashKeys(ordinals), "inode");
      for (const [i, list] of lists.entries()) {
        if (list === undefined) continue;
        let offset = 0;
        for (const run of decodeChunkRuns(list, this.#suite, Number.POSITIVE_INFINITY)) {
          places.set(digestKey(run.digest), { path: table.paths[ordinals[i]], offset });
          offset += run.length * run.count;
        }
      }
    }
    return places;
  }
}
