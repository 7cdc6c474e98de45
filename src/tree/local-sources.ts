import { decodeChunkRuns } from "../model/chunk-list.ts";
import { digestKey, sameDigest } from "../model/digest.ts";
import { type Entry, FILE } from "../model/entry.ts";
import { type BytePath, baseName } from "../model/path.ts";
import type { Suite } from "../model/suite.ts";
import type { HashCache } from "../ports/store.ts";
import type { RoundList } from "./round-list.ts";

/** Where a chunk was seen: only a hint, whoever takes it verifies it. */
export interface ChunkPlace {
  readonly path: BytePath;
  readonly offset: number;
}

/** Files of unknown content that are tried for one that is wanted. */
const MAX_GUESSES = 4;
/** Chunks of which it is remembered where they lie: some 300 GB, in about 80 MB of memory. */
const MAX_CHUNKS = 400_000;

/**
 * What this host already has, and where: whole files by size and digest, chunks by the lists that the
 * cache keeps of the files in this root. Looked at before anything is fetched.
 */
export class LocalSources {
  readonly #list: RoundList;
  readonly #cache: HashCache;
  readonly #suite: Suite;
  /** Ordinals of listed files that hold something, by size. */
  #bySize: Uint32Array | undefined;
  #chunks: Promise<Map<string, ChunkPlace>> | undefined;

  constructor(list: RoundList, cache: HashCache, suite: Suite) {
    this.#list = list;
    this.#cache = cache;
    this.#suite = suite;
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

  /** Listed files that may hold this content, the likeliest first; a few at most. */
  filesLike(entry: Entry, checksum: Uint8Array): number[] {
    const { table } = this.#list;
    const files = this.#files();
    const first = this.#firstOf(entry.size);
    if (first === files.length || table.size(files[first]) !== entry.size) return [];
    const known: number[] = [];
    const likely: number[] = [];
    const other: number[] = [];
    const name = baseName(entry.path);
    for (let i = first; i < files.length && table.size(files[i]) === entry.size; i++) {
      const ordinal = files[i];
      if (table.paths[ordinal] === entry.path) continue;
      const digest = this.#list.knownDigest(ordinal);
      if (digest !== undefined) {
        if (sameDigest(digest, checksum)) return [ordinal];
        continue;
      }
      // A moved file keeps its time, and mostly one of name and directory.
      const { sec, nsec } = table.mtime(ordinal);
      if (sec === entry.mtimeSec && nsec === entry.mtimeNsec) known.push(ordinal);
      else if (baseName(table.paths[ordinal]) === name) likely.push(ordinal);
      else if (other.length < MAX_GUESSES) other.push(ordinal);
      if (known.length === MAX_GUESSES) break;
    }
    // Many files of one size say nothing: then only what else points to one counts.
    const guesses = other.length < MAX_GUESSES ? other : [];
    return [...known, ...likely, ...guesses].slice(0, MAX_GUESSES);
  }

  /** The listed file that a changed version of this path is likely to resemble. */
  resembling(path: BytePath): BytePath | undefined {
    const { table, listed } = this.#list;
    const own = table.find(path, listed);
    if (own !== undefined) return table.type(own) === FILE ? path : undefined;
    const name = baseName(path);
    const files = this.#files();
    for (let i = this.#firstOf(this.#suite.singleBytes); i < files.length; i++) {
      if (baseName(table.paths[files[i]]) === name) return table.paths[files[i]];
    }
    return undefined;
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
