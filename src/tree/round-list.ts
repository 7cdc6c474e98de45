import { createClassifier } from "../compare/classify.ts";
import { encodeBatch } from "../model/batch.ts";
import { type ChunkRun, chunkRoot, decodeChunkRuns, encodeChunkRuns } from "../model/chunk-list.ts";
import { DIGEST_BYTES, DIGEST_DOMAIN, digestOf } from "../model/digest.ts";
import {
  ABILITY,
  type Abilities,
  ALL_ABILITIES,
  COLUMN_BIT,
  type Entry,
  FILE,
  SYMLINK,
  type Xattr,
} from "../model/entry.ts";
import { type ErrorCode, LockstepError } from "../model/errors.ts";
import { listRoot, type Manifest, ManifestBuilder, type ManifestNode } from "../model/manifest.ts";
import { eachOrdinal, type OrdinalRanges } from "../model/ordinals.ts";
import { type BytePath, comparePaths, isWithin } from "../model/path.ts";
import type { Problem } from "../model/problem.ts";
import { hasChunkList, type StatedEntry } from "../model/statement.ts";
import type { Suite } from "../model/suite.ts";
import type { HashCache } from "../ports/store.ts";
import type { Found, GroupDigests, PackedChunkList, ScanOptions, ScanSummary } from "../ports/tree.ts";
import type { ConfinedDirectories } from "./confined-directories.ts";
import { EntryTable, entryFromStat, matchesExpected, typeOfMode } from "./entry-table.ts";
import type { Hasher } from "./hasher.ts";
import { KnownCuts, type RecentCuts } from "./known-cuts.ts";
import { packChunkList } from "./pack-chunk-list.ts";
import { StableReader, UnstableContent } from "./read-stable.ts";
import { readXattrs } from "./read-xattrs.ts";
import { ContentCollector, type PackedContent } from "./recent-content.ts";
import { scanTree } from "./scan.ts";
import { errnoOf, type FileStat, newFileStat, type SystemCalls } from "./system-calls.ts";
import { atRest, type VerifiedFiles } from "./verified-files.ts";

/**
 * Newly made digests are handed to the cache in batches of this many, or for this much content: files of
 * one block of paths lie on most of the cache's pages, and each of these would be written for each block.
 */
const CACHE_BATCH = 32_768;
const CACHE_BATCH_BYTES = 512 * 1024 * 1024;
/** More than the files that are told of at once. */
const VERIFIED_AT_ONCE = 2 ** 20;

const UNKNOWN = 0;
const KNOWN = 1;
const FAILED = 2;

/** Errors that mean "nothing is there": a component is missing, or is a symlink or a file. */
const ABSENT_ERRORS = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);

export interface ListContext {
  readonly calls: SystemCalls;
  readonly hasher: Hasher;
  readonly suite: Suite;
  readonly directories: ConfinedDirectories;
  /** On the main thread, from a worker's point of view. */
  readonly cache: HashCache;
  /** Of earlier rounds too. */
  readonly cuts: RecentCuts;
}

interface StateOfOne {
  readonly entry: Entry;
  readonly checksum: Uint8Array | undefined;
  readonly chunks: readonly ChunkRun[] | undefined;
  readonly settled: boolean;
}

export interface State {
  readonly stated: StatedEntry[];
  /** Bytes of the files among them whose content is fetched. */
  readonly fetchedBytes: number;
  readonly problems: Problem[];
  readonly content: PackedContent;
  /** Chunks of the files that have a chunk root in the statement. */
  readonly lists: readonly (readonly [BytePath, PackedChunkList])[];
}

/** A round's list of one root, and everything that is asked about it. */
export class RoundList {
  readonly #context: ListContext;
  readonly #reader: StableReader;
  #table = new EntryTable();
  #manifest: Manifest = { count: 0, levels: [[]] };
  /** Entries before this are the list; later ones were looked up. */
  #listed = 0;
  #selectsAll = true;
  #isSource = false;
  #fromDisk = false;
  readonly #found = new Map<BytePath, number>();
  #storing: Promise<unknown> = Promise.resolve();
  /** Listed files whose digests the cache has yet to be told. */
  #unstored: number[] = [];
  #unstoredBytes = 0;
  readonly #verified: VerifiedFiles[] = [];
  /** Those of them that the cache may be told once they have been at rest for long enough. */
  #readBack: VerifiedFiles[] = [];
  /** Where an inode's latest is among them: which, then its index there. */
  readonly #verifiedAt = new Map<number, number>();
  #digests = new Uint8Array(0);
  #digestState = new Uint8Array(0);
  /** Why the digests of some are not to be had. */
  readonly #failed = new Map<number, Problem>();
  readonly #stat: FileStat = newFileStat();

  constructor(context: ListContext) {
    this.#context = context;
    this.#reader = new StableReader(context.calls, context.hasher, context.suite);
  }

  get table(): EntryTable {
    return this.#table;
  }

  /** False where there may be entries that are not listed, as they are not selected. */
  get selectsAll(): boolean {
    return this.#selectsAll;
  }

  get listed(): number {
    return this.#listed;
  }

  async scan(options: ScanOptions): Promise<ScanSummary> {
    const { calls, directories, hasher } = this.#context;
    // What it means are places in the list that is about to go.
    this.#storeSettled();
    const classifier = createClassifier(options.classification, options.now);
    this.#selectsAll = classifier.selectsAll;
    const { table, blind, rootIsEmpty } = scanTree(calls, directories, classifier);
    if (rootIsEmpty && options.isSource) {
      throw new LockstepError(
        "LOCKSTEP_ROOT_EMPTY",
        "the master's root holds nothing; is its file system mounted? Nothing was changed. " +
          "If the fleet is to be emptied, put one file there",
      );
    }
    this.#isSource = options.isSource;
    this.#fromDisk = options.fresh;
    this.#table = table;
    this.#found.clear();
    this.#listed = table.count;
    this.#digests = new Uint8Array(table.count * DIGEST_BYTES);
    this.#digestState = new Uint8Array(table.count);
    this.#failed.clear();
    if (!options.fresh) this.#takeVerified();
    // The main thread looks them up while the manifest is made here.
    const loading = options.fresh ? undefined : this.#loadCached(0, table.count);
    const builder = new ManifestBuilder(hasher.hash);
    for (let i = 0; i < table.count; i++) builder.add(table.entry(i));
    this.#manifest = builder.finish();
    await loading;
    return {
      root: listRoot(this.#manifest),
      entries: table.paths[0] === "" ? table.count - 1 : table.count,
      contentRoot: this.#contentRoot(),
      represents: this.#represents(),
      blind,
    };
  }

  /** What this process on this file system can set. */
  #represents(): Abilities {
    const { calls, directories } = this.#context;
    let abilities = ALL_ABILITIES;
    if (!calls.canChown) abilities &= ~(COLUMN_BIT.owner | ABILITY.privilegedXattrs);
    if (!calls.supportsXattrs(directories.root)) abilities &= ~COLUMN_BIT.xattrs;
    if (!calls.canMakeDevices) abilities &= ~ABILITY.devices;
    if (!calls.canMakeNodes) abilities &= ~ABILITY.nodes;
    if (!calls.exactTimes) abilities &= ~ABILITY.exactTimes;
    return abilities;
  }

  async #loadCached(first: number, end: number): Promise<void> {
    const files: number[] = [];
    for (let i = first; i < end; i++) {
      if (this.#digestState[i] !== KNOWN && this.#table.type(i) === FILE) files.push(i);
    }
    if (files.length === 0) return;
    const { known, digests } = await this.#context.cache.lookup(this.#table.hashKeys(files));
    for (const [at, ordinal] of files.entries()) {
      if (known[at] !== 1) continue;
      this.#setDigest(ordinal, digests.subarray(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES));
    }
  }

  /**
   * Takes the digests of files that were read back after their switch. All that a round brings is younger than
   * what the cache may be told; unless it is told later, the next round reads it all once more.
   *
   * @param isOnDisk power loss cannot take the content and leave the state
   */
  readBack(files: VerifiedFiles, isOnDisk: boolean): void {
    this.#verify(files);
    if (isOnDisk) this.#readBack.push(files);
  }

  /** Takes the digests of files that this round has read, each in the state that it had then. */
  #verify(files: VerifiedFiles): void {
    const base = this.#verified.push(files) * VERIFIED_AT_ONCE - VERIFIED_AT_ONCE;
    const { inodeHigh, inodeLow } = files.keys;
    for (let i = 0; i < inodeLow.length; i++) this.#verifiedAt.set(inodeHigh[i] * 4294967296 + inodeLow[i], base + i);
  }

  #takeVerified(): void {
    if (this.#verifiedAt.size === 0) return;
    for (let i = 0; i < this.#listed; i++) {
      if (this.#table.type(i) !== FILE) continue;
      const place = this.#verifiedAt.get(this.#table.inode(i));
      if (place === undefined) continue;
      const { keys, digests } = this.#verified[Math.floor(place / VERIFIED_AT_ONCE)];
      const at = place % VERIFIED_AT_ONCE;
      if (!this.#table.isInState(i, keys, at)) continue;
      this.#setDigest(i, digests.subarray(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES));
    }
  }

  #setDigest(ordinal: number, digest: Uint8Array): void {
    this.#digests.set(digest, ordinal * DIGEST_BYTES);
    this.#digestState[ordinal] = KNOWN;
  }

  #digest(ordinal: number): Uint8Array {
    return this.#digests.subarray(ordinal * DIGEST_BYTES, (ordinal + 1) * DIGEST_BYTES);
  }

  /** The digest of a listed file, when it is known without reading it. */
  knownDigest(ordinal: number): Uint8Array | undefined {
    return this.#digestState[ordinal] === KNOWN ? this.#digest(ordinal) : undefined;
  }

  #contentRoot(): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    // Files that follow each other in one piece.
    let start = 0;
    for (let i = 0; i <= this.#listed; i++) {
      if (i < this.#listed && this.#table.type(i) === FILE) {
        if (this.#digestState[i] !== KNOWN) return undefined;
        continue;
      }
      if (start < i) parts.push(this.#digests.subarray(start * DIGEST_BYTES, i * DIGEST_BYTES));
      start = i + 1;
    }
    return digestOf(this.#context.hasher.hash, DIGEST_DOMAIN.contentGroup, this.#context.suite.id, parts);
  }

  nodes(level: number, first: number, count: number): ManifestNode[] {
    const nodes = this.#manifest.levels[level];
    if (nodes === undefined || first + count > nodes.length) {
      throw new LockstepError("LOCKSTEP_MALFORMED", "asked for nodes that the list does not have");
    }
    return nodes.slice(first, first + count);
  }

  batches(indexes: readonly number[]): Uint8Array[] {
    return indexes.map((index) => {
      const [batch] = this.nodes(0, index, 1);
      const entries: Entry[] = [];
      for (let i = 0; i < batch.entries; i++) entries.push(this.#table.entry(batch.firstEntry + i));
      return encodeBatch(entries);
    });
  }

  /** Whether these paths, which were not listed, exist all the same. */
  async lookup(paths: readonly BytePath[]): Promise<Found[]> {
    const first = this.#table.count;
    const looked = paths.map((path): Found => {
      const absent = { path, entry: undefined, ordinal: 0, problem: undefined };
      try {
        const target = this.#statPath(path);
        if (target === undefined) return absent;
        const ordinal = this.#table.add(path, this.#stat, target, this.#xattrs(path));
        this.#found.set(path, ordinal);
        return { ...absent, ordinal };
      } catch (error) {
        return { ...absent, problem: this.#problem(path, error, "LOCKSTEP_ACCESS_DENIED") };
      }
    });
    // Further names of a file are so here as well.
    this.#table.groupLinks(first);
    const found = looked.map((one) => {
      const ordinal = this.#found.get(one.path);
      return ordinal === undefined || ordinal < first ? one : { ...one, entry: this.#table.entry(ordinal) };
    });
    this.#growDigests();
    await this.#loadCached(first, this.#table.count);
    return found;
  }

  /** Ordinal of a path that was looked up besides the list and found. */
  lookedUp(path: BytePath): number | undefined {
    return this.#found.get(path);
  }

  #growDigests(): void {
    const digests = new Uint8Array(this.#table.count * DIGEST_BYTES);
    digests.set(this.#digests);
    this.#digests = digests;
    const state = new Uint8Array(this.#table.count);
    state.set(this.#digestState);
    this.#digestState = state;
  }

  /** Fills the stat record; the link target ("" for other types), or undefined when absent. */
  #statPath(path: BytePath): string | undefined {
    const { calls, directories } = this.#context;
    try {
      const { directory, name } = directories.locate(path);
      if (!calls.stat(directory, name, this.#stat)) return undefined;
      return typeOfMode(this.#stat.mode) === SYMLINK ? calls.readLink(directory, name) : "";
    } catch (error) {
      if (ABSENT_ERRORS.has(errnoOf(error) ?? "")) return undefined;
      throw error;
    }
  }

  #xattrs(path: BytePath): readonly Xattr[] {
    const { directory, name } = this.#context.directories.locate(path);
    return readXattrs(this.#context.calls, directory, name);
  }

  #problem(path: BytePath, error: unknown, code: ErrorCode): Problem {
    if (error instanceof UnstableContent) return { path, code: error.code, message: error.message };
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (ABSENT_ERRORS.has(errno))
      return { path, code: "LOCKSTEP_SOURCE_CHANGED", message: "is gone since it was listed" };
    return { path, code, message: `cannot be read (${errno})` };
  }

  /** Makes sure that the digests of these files are known; the number of files read. */
  #hashMissing(ordinals: Iterable<number>, problems: Problem[]): number {
    const { directories } = this.#context;
    let hashed = 0;
    for (const ordinal of ordinals) {
      if (this.#table.type(ordinal) !== FILE) continue;
      const failed = this.#digestState[ordinal] === FAILED ? this.#failed.get(ordinal) : undefined;
      // Each remote that compares the file is to know.
      if (failed !== undefined) problems.push(failed);
      if (this.#digestState[ordinal] !== UNKNOWN) continue;
      const leader = this.#table.leaderOf(ordinal);
      if (leader !== undefined && this.#digestState[leader] === KNOWN) {
        this.#setDigest(ordinal, this.#digest(leader));
        continue;
      }
      const path = this.#table.paths[ordinal];
      try {
        const { directory, name } = directories.locate(path);
        const content = this.#reader.read(directory, name, { fresh: !this.#isSource, fromDisk: this.#fromDisk });
        hashed++;
        if (!matchesExpected(content.stat, this.#table.expected(ordinal))) {
          throw new UnstableContent("LOCKSTEP_SOURCE_CHANGED", "changed since it was listed; it is compared again");
        }
        this.#setDigest(ordinal, content.checksum);
        if (content.settled) this.#isSettled(ordinal);
      } catch (error) {
        const problem = this.#problem(path, error, "LOCKSTEP_SOURCE_UNREADABLE");
        this.#digestState[ordinal] = FAILED;
        this.#failed.set(ordinal, problem);
        problems.push(problem);
      }
    }
    return hashed;
  }

  #checkRanges(ranges: OrdinalRanges): void {
    const last = ranges.at(-1);
    if (last !== undefined && last[0] + last[1] > this.#table.count) {
      throw new LockstepError("LOCKSTEP_MALFORMED", "asked for entries that the list does not have");
    }
  }

  #files(group: OrdinalRanges): number[] {
    return [...eachOrdinal(group)].filter((ordinal) => this.#table.type(ordinal) === FILE);
  }

  /** Paths of the files among these entries. */
  filePaths(ordinals: OrdinalRanges): BytePath[] {
    this.#checkRanges(ordinals);
    return this.#files(ordinals).map((ordinal) => this.#table.paths[ordinal]);
  }

  /** How many inodes the files among these entries are: those of a link group are one. */
  inodes(ordinals: OrdinalRanges): number {
    const groups = this.#files(ordinals).map((ordinal) => this.#table.leaderOf(ordinal) ?? ordinal);
    return new Set(groups).size;
  }

  /** Bytes of these files that take no room. */
  holeBytes(ordinals: OrdinalRanges): number {
    this.#checkRanges(ordinals);
    const { calls, directories } = this.#context;
    let holes = 0;
    for (const ordinal of this.#files(ordinals)) {
      try {
        const { directory, name } = directories.locate(this.#table.paths[ordinal]);
        holes += Math.max(0, this.#table.size(ordinal) - calls.allocatedBytes(directory, name));
      } catch {
        // Then it is taken for one without.
      }
    }
    return holes;
  }

  /** Listed files below a path that is listed as a directory. */
  filesWithin(path: BytePath): BytePath[] {
    const table = this.#table;
    const at = table.find(path, this.#listed);
    const files: BytePath[] = [];
    if (at === undefined) return files;
    for (let i = at + 1; i < this.#listed && isWithin(table.paths[i], path); i++) {
      if (table.type(i) === FILE) files.push(table.paths[i]);
    }
    return files;
  }

  groupDigests(groups: readonly OrdinalRanges[]): GroupDigests {
    const problems: Problem[] = [];
    const digests: Uint8Array[] = [];
    let hashed = 0;
    for (const group of groups) {
      this.#checkRanges(group);
      const files = this.#files(group);
      hashed += this.#hashMissing(files, problems);
      const parts = files.map((ordinal) => this.#digest(ordinal));
      digests.push(digestOf(this.#context.hasher.hash, DIGEST_DOMAIN.contentGroup, this.#context.suite.id, parts));
    }
    return { digests, hashed, problems };
  }

  checksums(group: OrdinalRanges): Uint8Array {
    this.#checkRanges(group);
    const files = this.#files(group);
    this.#hashMissing(files, []);
    const digests = new Uint8Array(files.length * DIGEST_BYTES);
    for (const [at, ordinal] of files.entries()) digests.set(this.#digest(ordinal), at * DIGEST_BYTES);
    return digests;
  }

  /**
   * What these entries are now: fresh stat, content read as one generation.
   *
   * @param fetched those of the entries whose content some remote will fetch
   * @param refused paths that must not be read, as others hold them
   */
  async state(ordinals: OrdinalRanges, fetched: OrdinalRanges, refused: readonly BytePath[] = []): Promise<State> {
    this.#checkRanges(ordinals);
    this.#checkRanges(fetched);
    const { hasher, suite } = this.#context;
    const wanted = new Set(eachOrdinal(fetched));
    const { exact: cached, cuts } = await this.#cachedChunks([...wanted]);
    const collector = new ContentCollector();
    const stated: StatedEntry[] = [];
    const problems: Problem[] = [];
    const chunked: [ordinal: number, chunks: Uint8Array][] = [];
    const lists: [BytePath, PackedChunkList][] = [];
    let fetchedBytes = 0;
    const held = new Set(refused);
    for (const ordinal of eachOrdinal(ordinals)) {
      const path = this.#table.paths[ordinal];
      if (held.has(path)) {
        problems.push({ path, code: "LOCKSTEP_HELD", message: "a program is writing it under a lock" });
        continue;
      }
      try {
        const now = this.#stateOne(ordinal, collector, wanted.has(ordinal), cached.get(ordinal), cuts.get(ordinal));
        const { entry, checksum, chunks } = now;
        let root: Uint8Array | undefined;
        if (chunks !== undefined && hasChunkList(entry, suite)) {
          const list = packChunkList(hasher.hash, suite, chunks);
          root = chunkRoot(hasher.hash, suite, list.index);
          lists.push([path, list]);
          this.#context.cuts.add(path, chunks);
          if (now.settled) chunked.push([ordinal, encodeChunkRuns(chunks)]);
        }
        stated.push({ entry, checksum, chunkRoot: root });
        if (wanted.has(ordinal) && entry.type === FILE && entry.leader === undefined) fetchedBytes += entry.size;
        if (now.settled) this.#isSettled(ordinal);
      } catch (error) {
        problems.push(this.#problem(path, error, "LOCKSTEP_SOURCE_UNREADABLE"));
      }
    }
    if (chunked.length > 0) {
      const keys = this.#table.hashKeys(chunked.map(([ordinal]) => ordinal));
      const packed = chunked.map(([, chunks]) => chunks);
      this.#store(this.#context.cache.storeChunks(keys, packed));
    }
    // Entries that were looked up besides stand after the list.
    stated.sort((a, b) => comparePaths(a.entry.path, b.entry.path));
    return { stated, fetchedBytes, problems, content: collector.take(), lists };
  }

  /** Chunk lists that the cache has of files as they were listed, and how earlier versions of others were cut. */
  async #cachedChunks(
    ordinals: readonly number[],
  ): Promise<{ exact: Map<number, ChunkRun[]>; cuts: Map<number, KnownCuts> }> {
    const long = ordinals.filter((ordinal) => this.#isLong(ordinal));
    const exact = await this.#lookupChunks(
      long.filter((ordinal) => this.#digestState[ordinal] === KNOWN),
      "exact",
    );
    const cuts = new Map<number, KnownCuts>();
    const unknown: number[] = [];
    for (const ordinal of long) {
      if (exact.has(ordinal)) continue;
      const recent = this.#context.cuts.of(this.#table.paths[ordinal]);
      if (recent === undefined) unknown.push(ordinal);
      else cuts.set(ordinal, recent);
    }
    for (const [ordinal, runs] of await this.#lookupChunks(unknown, "inode")) cuts.set(ordinal, new KnownCuts(runs));
    return { exact, cuts };
  }

  async #lookupChunks(ordinals: readonly number[], match: "exact" | "inode"): Promise<Map<number, ChunkRun[]>> {
    const { cache, suite } = this.#context;
    const found = new Map<number, ChunkRun[]>();
    if (ordinals.length === 0) return found;
    const lists = await cache.lookupChunks(this.#table.hashKeys(ordinals), match);
    for (const [i, list] of lists.entries()) {
      if (list !== undefined) found.set(ordinals[i], decodeChunkRuns(list, suite, Number.POSITIVE_INFINITY));
    }
    return found;
  }

  #isLong(ordinal: number): boolean {
    return this.#table.type(ordinal) === FILE && this.#table.size(ordinal) > this.#context.suite.singleBytes;
  }

  /** The digest of this file may be remembered. */
  #isSettled(ordinal: number): void {
    this.#unstored.push(ordinal);
    this.#unstoredBytes += this.#table.size(ordinal);
    if (this.#unstored.length >= CACHE_BATCH || this.#unstoredBytes >= CACHE_BATCH_BYTES) this.#storeSettled();
  }

  #storeSettled(): void {
    const ordinals = this.#unstored;
    [this.#unstored, this.#unstoredBytes] = [[], 0];
    if (ordinals.length === 0) return;
    const digests = new Uint8Array(ordinals.length * DIGEST_BYTES);
    for (const [at, ordinal] of ordinals.entries()) digests.set(this.#digest(ordinal), at * DIGEST_BYTES);
    const known = new Uint8Array(ordinals.length).fill(1);
    const keys = this.#table.hashKeys(ordinals);
    // The next list need not ask for them.
    this.#verify({ keys, digests });
    this.#store(this.#context.cache.store(keys, { known, digests }));
  }

  /** The cache is a hint: nothing waits for it but the end of the round. */
  #store(storing: Promise<void>): void {
    this.#storing = Promise.all([this.#storing, storing.catch(() => undefined)]);
  }

  /** Resolves when what was handed to the cache has been written. */
  async stored(): Promise<void> {
    this.#storeSettled();
    for (const { keys, digests } of this.#readBack) {
      this.#store(this.#context.cache.store(keys, { known: atRest(keys, Date.now()), digests }));
    }
    this.#readBack = [];
    await this.#storing;
  }

  #stateOne(
    ordinal: number,
    collector: ContentCollector,
    isFetched: boolean,
    cachedChunks: readonly ChunkRun[] | undefined,
    cuts: KnownCuts | undefined,
  ): StateOfOne {
    const { directories, suite } = this.#context;
    const path = this.#table.paths[ordinal];
    const leaderOrdinal = this.#table.leaderOf(ordinal);
    const leader = leaderOrdinal === undefined ? undefined : this.#table.paths[leaderOrdinal];
    const known =
      this.#digestState[ordinal] === KNOWN
        ? this.#digest(ordinal)
        : leaderOrdinal !== undefined && this.#digestState[leaderOrdinal] === KNOWN
          ? this.#digest(leaderOrdinal)
          : undefined;
    if (this.#table.type(ordinal) !== FILE || known !== undefined) {
      const target = this.#statPath(path);
      if (target === undefined) throw new UnstableContent("LOCKSTEP_SOURCE_CHANGED", "is gone since it was listed");
      const type = typeOfMode(this.#stat.mode);
      if (type !== this.#table.type(ordinal)) {
        throw new UnstableContent("LOCKSTEP_SOURCE_CHANGED", "has another type since it was listed");
      }
      const unchanged = matchesExpected(this.#stat, this.#table.expected(ordinal));
      const entry = unchanged
        ? this.#table.entry(ordinal)
        : entryFromStat(path, this.#stat, target, leader, this.#xattrs(path));
      if (type !== FILE) return { entry, checksum: undefined, chunks: undefined, settled: false };
      const needsChunks = isFetched && hasChunkList(entry, suite) && cachedChunks === undefined;
      // Nothing need be read: the digest of one chunk is the checksum itself, and other lists are cached.
      if (unchanged && known !== undefined && !needsChunks) {
        return { entry, checksum: known.slice(), chunks: cachedChunks, settled: false };
      }
    }
    const { directory, name } = directories.locate(path);
    const content = this.#reader.read(directory, name, {
      ...{ chunks: isFetched, cuts },
      collect: (bytes) => collector.add(path, bytes),
    });
    const same = matchesExpected(content.stat, this.#table.expected(ordinal));
    if (same) this.#setDigest(ordinal, content.checksum);
    // With an unchanged ctime nothing else has changed either.
    const entry = same ? this.#table.entry(ordinal) : entryFromStat(path, content.stat, "", leader, this.#xattrs(path));
    const chunks = isFetched ? content.chunks : undefined;
    return { entry, checksum: content.checksum, chunks, settled: same && content.settled };
  }

  /** Those of the paths that are certainly not there. */
  absent(paths: readonly BytePath[]): BytePath[] {
    return paths.filter((path) => {
      try {
        return this.#statPath(path) === undefined;
      } catch {
        // What cannot be looked at is not known to be absent.
        return false;
      }
    });
  }
}
