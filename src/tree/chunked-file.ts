import {
  batchChunks,
  type ChunkBatchHead,
  type ChunkRun,
  decodeChunkRuns,
  openChunkBatch,
} from "../model/chunk-list.ts";
import type { ContentRange } from "../model/content-ranges.ts";
import { cutPoint } from "../model/cut.ts";
import { digestKey, sameDigest } from "../model/digest.ts";
import { LockstepError } from "../model/errors.ts";
import { cutFragments, decodeFragments, type Fragment } from "../model/fragments.ts";
import type { Suite } from "../model/suite.ts";
import type { ChunkPlan } from "../ports/tree.ts";
import type { ConfinedDirectories } from "./confined-directories.ts";
import type { Hasher, IncrementalHash } from "./hasher.ts";
import type { ChunkPlace, LocalSources } from "./local-sources.ts";
import { writeSparsely } from "./sparse-write.ts";
import type { SystemCalls } from "./system-calls.ts";

/** How far ahead the old version is cut at once when a chunk is not where it was expected. */
const LOOK_AHEAD_BYTES = 16 << 20;
/** How often another chunk is found where one was expected before none is looked for there: each time costs a digest. */
const MAX_MISSES = 4;
/** What of the old version is searched for fragments before and behind where the chunk is expected. */
const FRAGMENT_SLACK_BYTES = 256 << 10;
/** A chunk of which less than this part was found in fragments is fetched whole. */
const WORTH_FRAGMENTS = 1 / 8;

export interface ChunkedContext {
  readonly calls: SystemCalls;
  readonly hasher: Hasher;
  readonly suite: Suite;
  readonly directories: ConfinedDirectories;
  readonly sources: LocalSources;
}

interface PendingChunk {
  readonly offset: number;
  readonly length: number;
  readonly digest: Uint8Array;
  /** What is still to come: from, to, in order. */
  missing: [from: number, to: number][];
  /** Digest of what has come so far, while nothing but the start is there. */
  hash: IncrementalHash | undefined;
  /** Part of it came from an old version. */
  fragments: boolean;
  /** Fragments that were wrong lie in the file where it belongs. */
  dirty: boolean;
  /** Where the stretch of missing chunks that it belongs to begins. */
  readonly stretch: number;
  /** Where it is expected in the old version: behind what came before it, and before what comes after. */
  readonly after: number | undefined;
  before: number | undefined;
  reused: number;
  /** Where else in the file the same bytes belong: that many times from there on. They are put there when they have come. */
  readonly repeats: { readonly offset: number; count: number }[];
}

/** Where in the file chunks begin: from, to. */
type ChunkBounds = readonly [from: number, to: number];

interface OldVersion {
  readonly fd: number;
  readonly size: number;
}

/** The first position at which this holds, as it does at all later ones; `count` where it never does. */
function firstFrom(count: number, holds: (position: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The same bytes as those of a chunk that is to come belong there too, that many times. */
function repeat({ length, repeats }: PendingChunk, offset: number, count: number): void {
  const last = repeats.at(-1);
  if (last !== undefined && last.offset + last.count * length === offset) last.count += count;
  else repeats.push({ offset, count });
}

interface OldRegion {
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly fragments: readonly Fragment[];
}

/**
 * A new version that is put together of chunks: those of an interrupted round that lie in the file
 * already, those that this host has elsewhere, and those that are fetched. Each is verified before it
 * counts, so the whole is verified when all are there.
 *
 * Chunks of the old version are found by following it: an unchanged stretch needs one digest per chunk
 * at the expected place. Where that ends, the old version is cut from there on until it fits again.
 */
export class ChunkedFile {
  readonly fd: number;
  readonly size: number;
  /** The file holds something from an earlier round. */
  readonly resumed: boolean;
  readonly #context: ChunkedContext;
  readonly #index: number;
  readonly #heads: readonly ChunkBatchHead[];
  readonly #starts: readonly number[];
  readonly #old: OldVersion | undefined;
  /** Batches of the old version's list as the cache knows it, by digest. */
  readonly #knownBatches = new Map<string, Uint8Array>();
  readonly #places: ReadonlyMap<string, ChunkPlace>;
  readonly #taken = new Set<number>();
  /** In order of their offsets. */
  readonly #pending: PendingChunk[] = [];
  readonly #pendingByDigest = new Map<string, PendingChunk>();
  #lastFound: PendingChunk | undefined;
  readonly #buffer: Buffer;
  readonly #runs: ChunkRun[] = [];
  /** Where each chunk lies in this new version. */
  readonly #own = new Map<string, number>();
  /** Where chunks of the old version were met, and how far it was cut. */
  readonly #ahead = new Map<string, number>();
  /** Where the old version's list has those chunks that it has only once. */
  readonly #onlyAt = new Map<string, number>();
  #cutTo = 0;
  /** Where in the old version what comes next is expected, and to which place in this one that belongs. */
  #follow = 0;
  #followedTo = 0;
  /** Chunks that were looked for there in vain. */
  #misses = 0;
  #missedBytes = 0;
  /** The missing chunks since the last one that was found. */
  #stretch: PendingChunk[] = [];
  /** Where fragments of chunks that were found end, here and in the old version, in order. */
  readonly #anchors: { readonly here: number; readonly old: number }[] = [];
  #zeroDigest: Uint8Array | undefined;
  reused = 0;

  constructor(
    context: ChunkedContext,
    file: { index: number; fd: number; size: number; resumed: boolean },
    heads: readonly ChunkBatchHead[],
    old: OldVersion | undefined,
    oldChunks: Uint8Array | undefined,
    places: ReadonlyMap<string, ChunkPlace>,
  ) {
    this.#context = context;
    this.#index = file.index;
    this.fd = file.fd;
    this.size = file.size;
    this.resumed = file.resumed;
    this.#heads = heads;
    this.#old = old;
    this.#places = places;
    this.#buffer = Buffer.allocUnsafe(context.suite.chunk.maxBytes);
    let start = 0;
    this.#starts = heads.map((head) => {
      const at = start;
      start += head.contentBytes;
      return at;
    });
    if (oldChunks !== undefined) this.#rememberOld(oldChunks);
  }

  #rememberOld(oldChunks: Uint8Array): void {
    const { hasher, suite } = this.#context;
    const runs = decodeChunkRuns(oldChunks, suite, Number.POSITIVE_INFINITY);
    for (const { digest, bytes } of batchChunks(hasher.hash, suite, runs)) {
      this.#knownBatches.set(digestKey(digest), bytes);
    }
    let offset = 0;
    for (const run of runs) {
      const key = digestKey(run.digest);
      if (this.#ahead.has(key) || run.count > 1) this.#onlyAt.delete(key);
      else this.#onlyAt.set(key, offset);
      this.#ahead.set(key, offset);
      offset += run.length * run.count;
    }
    // The list says where everything is: nothing need be cut.
    this.#cutTo = offset;
  }

  /** One byte per batch of the list: 1 where it must be asked for, 0 where it is known. */
  wantedBatches(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#heads, (head) => (this.#knownBatches.has(digestKey(head.digest)) ? 0 : 1));
  }

  get complete(): boolean {
    return this.#taken.size === this.#heads.length && this.#pending.length === 0;
  }

  /** Its chunks, once complete. */
  get runs(): readonly ChunkRun[] {
    return this.#runs;
  }

  close(): void {
    if (this.#old !== undefined) this.#context.calls.closeFile(this.#old.fd);
  }

  /**
   * Takes one batch of the list and from this host whatever is there of its chunks.
   *
   * @param bytes undefined for a batch that is known
   * @throws LockstepError `LOCKSTEP_MALFORMED` when it is not the batch that was stated
   */
  takeBatch(batch: number, bytes: Uint8Array | undefined): ChunkPlan {
    const { hasher, suite } = this.#context;
    const head = this.#heads[batch];
    const packed = head === undefined ? undefined : (bytes ?? this.#knownBatches.get(digestKey(head.digest)));
    if (head === undefined || packed === undefined || this.#taken.has(batch)) {
      throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", "a batch of chunks that was not asked for");
    }
    this.#taken.add(batch);
    const fetch: ContentRange[] = [];
    const fragments: ContentRange[] = [];
    const before = this.reused;
    let offset = this.#starts[batch];
    for (const run of openChunkBatch(hasher.hash, suite, head, packed)) {
      // Only the end of a file is shorter; a list of single bytes would take a hundred times as much memory as they.
      if (run.length < suite.chunk.minBytes && offset + run.length !== this.size) {
        throw new LockstepError("LOCKSTEP_MALFORMED", "a chunk list whose chunks are shorter than any that is cut");
      }
      this.#runs.push({ ...run, digest: run.digest.slice() });
      if (!this.resumed && this.#isHole(run)) {
        // Nothing was ever written there.
        offset += run.length * run.count;
        this.reused += run.length * run.count;
        continue;
      }
      for (let i = 0; i < run.count; ) {
        const known = this.#pendingByDigest.get(digestKey(run.digest));
        // A list may say anything.
        const awaited = known?.length === run.length ? known : undefined;
        // All the others of a run at once, however many there are: what this host does not have it does not have.
        const others = awaited !== undefined && i > 0 && !this.resumed ? run.count - i : 1;
        if (others === 1 && this.#haveChunk(offset, run)) this.#counted(offset, run);
        else if (awaited !== undefined) repeat(awaited, offset, others);
        else this.#await(offset, run, fetch, fragments);
        offset += run.length * others;
        i += others;
      }
    }
    return { fetch, fragments, reused: this.reused - before };
  }

  #isHole(run: ChunkRun): boolean {
    const { hasher, suite } = this.#context;
    if (run.length !== suite.chunk.maxBytes) return false;
    this.#zeroDigest ??= hasher.hash(new Uint8Array(suite.chunk.maxBytes));
    return sameDigest(run.digest, this.#zeroDigest);
  }

  #counted(offset: number, run: ChunkRun): void {
    this.reused += run.length;
    this.#own.set(digestKey(run.digest), offset);
    this.#stretch = [];
  }

  /** Reads from the old version; nothing where that cannot be read: then it is no use, and no harm. */
  #readOldPiece(old: OldVersion, buffer: Buffer, offset: number, length: number, position: number): number {
    try {
      return this.#context.calls.read(old.fd, buffer, offset, length, position);
    } catch {
      return 0;
    }
  }

  /** Reads a chunk into the buffer and says whether it is the wanted one. */
  #isAt(fd: number, offset: number, run: ChunkRun): boolean {
    const { calls, hasher } = this.#context;
    const old = this.#old?.fd === fd ? this.#old : undefined;
    for (let done = 0; done < run.length; ) {
      const [left, at] = [run.length - done, offset + done];
      const count =
        old === undefined
          ? calls.read(fd, this.#buffer, done, left, at)
          : this.#readOldPiece(old, this.#buffer, done, left, at);
      if (count === 0) return false;
      done += count;
    }
    return sameDigest(hasher.hash(this.#buffer.subarray(0, run.length)), run.digest);
  }

  #write(offset: number, bytes: Uint8Array, dirty = this.resumed): void {
    const { calls } = this.#context;
    // What an interrupted round or wrong fragments left there may be anything: then zeros are written too.
    if (dirty) calls.write(this.fd, bytes, 0, bytes.length, offset);
    else writeSparsely(calls, this.fd, bytes, offset);
  }

  /** Puts the chunk in place from what this host has. */
  #haveChunk(offset: number, run: ChunkRun): boolean {
    if (this.resumed) {
      const isEmpty = this.#context.calls.seekData(this.fd, offset, this.size) >= offset + run.length;
      if (isEmpty ? this.#isHole(run) : this.#isAt(this.fd, offset, run)) {
        // It was not looked for there: it lies where the list says, or as far behind the last one as here.
        const at = this.#onlyAt.get(digestKey(run.digest)) ?? this.#follow + offset - this.#followedTo;
        this.#expectMissed(offset, at);
        this.#followed(offset, run, at);
        return true;
      }
    }
    const source = this.#follows(offset, run) ?? this.#repeats(run) ?? this.#elsewhere(run);
    if (source === undefined) return false;
    this.#write(offset, this.#buffer.subarray(0, run.length));
    return true;
  }

  /** The old version has it where it is expected, or further on. */
  #follows(offset: number, run: ChunkRun): true | undefined {
    const old = this.#old;
    if (old === undefined) return undefined;
    let at: number | undefined = this.#follow;
    const isElsewhere = this.#misses >= MAX_MISSES || at + run.length > old.size;
    if (isElsewhere || !this.#isAt(old.fd, at, run)) {
      this.#misses++;
      this.#lookAhead(old);
      at = this.#ahead.get(digestKey(run.digest));
      if (at === undefined || !this.#isAt(old.fd, at, run)) return undefined;
      this.#expectMissed(offset, at);
    }
    this.#ahead.set(digestKey(run.digest), at);
    this.#followed(offset, run, at);
    this.#misses = 0;
    return true;
  }

  /** What was missed before a chunk that lies there in the old version is likely to be found before it. */
  #expectMissed(offset: number, at: number): void {
    for (const missed of this.#stretch) missed.before = Math.max(0, at - (offset - missed.offset));
  }

  #followed(offset: number, run: ChunkRun, at: number): void {
    this.#follow = at + run.length;
    this.#followedTo = offset + run.length;
  }

  /** Cuts the old version from where it was left, the further the more was missed. */
  #lookAhead(old: OldVersion): void {
    const { hasher, suite } = this.#context;
    if (this.#cutTo < this.#follow) this.#cutTo = this.#follow;
    const goal = Math.min(old.size, this.#follow + LOOK_AHEAD_BYTES + 4 * this.#missedBytes);
    if (this.#cutTo >= goal) return;
    const window = Buffer.allocUnsafe(suite.chunk.maxBytes);
    while (this.#cutTo < goal) {
      const length = Math.min(window.length, old.size - this.#cutTo);
      const count = this.#readOldPiece(old, window, 0, length, this.#cutTo);
      // Shorter than it was: what is left of it is of no use.
      if (count < length) {
        this.#cutTo = old.size;
        return;
      }
      const end = cutPoint(window, 0, length, suite.chunk);
      this.#ahead.set(digestKey(hasher.hash(window.subarray(0, end))), this.#cutTo);
      this.#cutTo += end;
    }
  }

  #repeats(run: ChunkRun): true | undefined {
    const at = this.#own.get(digestKey(run.digest));
    return at !== undefined && this.#isAt(this.fd, at, run) ? true : undefined;
  }

  #elsewhere(run: ChunkRun): true | undefined {
    const { calls, directories } = this.#context;
    const place = this.#places.get(digestKey(run.digest));
    if (place === undefined) return undefined;
    try {
      const { directory, name } = directories.locate(place.path);
      const fd = calls.openFile(directory, name);
      try {
        return this.#isAt(fd, place.offset, run) ? true : undefined;
      } finally {
        calls.closeFile(fd);
      }
    } catch {
      // Gone, or unreadable by now: it is fetched.
      return undefined;
    }
  }

  #await(offset: number, run: ChunkRun, fetch: ContentRange[], fragments: ContentRange[]): void {
    const { suite } = this.#context;
    const { length } = run;
    const range = { index: this.#index, offset, length };
    const old = this.#old;
    const askFragments = old !== undefined && old.size > suite.fragment.normalBytes;
    this.#missedBytes += length;
    const chunk: PendingChunk = {
      offset,
      length,
      digest: run.digest.slice(),
      missing: [[offset, offset + length]],
      hash: undefined,
      fragments: false,
      dirty: false,
      stretch: this.#stretch[0]?.offset ?? offset,
      after: askFragments ? this.#follow : undefined,
      before: undefined,
      reused: 0,
      repeats: [],
    };
    this.#stretch.push(chunk);
    this.#pendingByDigest.set(digestKey(run.digest), chunk);
    // Batches come in order, so that the new one is the last.
    const last = this.#pending.at(-1);
    if (last !== undefined && last.offset > offset) this.#pending.splice(this.#position(offset), 0, chunk);
    else this.#pending.push(chunk);
    if (askFragments) fragments.push(range);
    else fetch.push(range);
  }

  /** Position of the first pending chunk at or after this offset. */
  #position(offset: number): number {
    return firstFrom(this.#pending.length, (i) => this.#pending[i].offset >= offset);
  }

  /**
   * Takes the fragments of a pending chunk, and from the old version those of them that it has.
   *
   * @returns what must be fetched
   */
  takeFragments(offset: number, bytes: Uint8Array): ContentRange[] {
    const { suite } = this.#context;
    const chunk = this.#pending[this.#position(offset)];
    if (chunk?.offset !== offset || chunk.after === undefined || chunk.fragments) {
      throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", "fragments that were not asked for");
    }
    const wanted = decodeFragments(bytes, suite, chunk.length);
    const regions = this.#expectedAt(chunk).map((at) => this.#readOld(at, chunk.length));
    const present = new Map<string, { region: OldRegion; at: number }>();
    for (const region of regions) {
      for (const fragment of region.fragments) {
        present.set(`${fragment.length}:${fragment.mark}`, { region, at: fragment.offset });
      }
    }
    const found: { at: number; bytes: Uint8Array }[] = [];
    const missing: [number, number][] = [];
    let last: { here: number; old: number } | undefined;
    for (const fragment of wanted) {
      const at = offset + fragment.offset;
      const place = present.get(`${fragment.length}:${fragment.mark}`);
      if (place !== undefined) {
        found.push({ at, bytes: place.region.bytes.subarray(place.at, place.at + fragment.length) });
        last = { here: at + fragment.length, old: place.region.start + place.at + fragment.length };
        continue;
      }
      const gap = missing.at(-1);
      if (gap !== undefined && gap[1] === at) gap[1] += fragment.length;
      else missing.push([at, at + fragment.length]);
    }
    if (last !== undefined) this.#anchors.splice(this.#anchorsUpTo(last.here), 0, last);
    const reused = found.reduce((sum, part) => sum + part.bytes.length, 0);
    if (reused < chunk.length * WORTH_FRAGMENTS) return [{ index: this.#index, offset, length: chunk.length }];
    chunk.fragments = true;
    chunk.missing = missing;
    chunk.reused = reused;
    for (const part of found) this.#write(part.at, part.bytes);
    if (missing.length === 0) {
      if (this.#settle(chunk)) return [];
      // Fragments met by their marks only: the whole chunk will do.
      this.#restart(chunk);
      return [{ index: this.#index, offset, length: chunk.length }];
    }
    return missing.map(([from, to]) => ({ index: this.#index, offset: from, length: to - from }));
  }

  /** Where in the old version a missing chunk may lie. */
  #expectedAt(chunk: PendingChunk): number[] {
    const last = this.#anchors[this.#anchorsUpTo(chunk.offset) - 1];
    // Fragments of a chunk before it say more than where the stretch began.
    const follows = last !== undefined && last.here >= chunk.stretch;
    const after = follows ? last.old + chunk.offset - last.here : (chunk.after ?? 0);
    const { before } = chunk;
    return before === undefined || Math.abs(before - after) < FRAGMENT_SLACK_BYTES ? [after] : [before, after];
  }

  /** How many of them end at or before this offset. */
  #anchorsUpTo(offset: number): number {
    return firstFrom(this.#anchors.length, (i) => this.#anchors[i].here > offset);
  }

  /** Reads and cuts the old version around a place. */
  #readOld(at: number, length: number): OldRegion {
    const { hasher, suite } = this.#context;
    const old = this.#old as OldVersion;
    // Where the stretch begins both versions are cut alike; elsewhere they agree after a few fragments.
    const start = at === this.#follow ? at : Math.max(0, at - FRAGMENT_SLACK_BYTES);
    const end = Math.min(old.size, at + length + FRAGMENT_SLACK_BYTES);
    const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
    let filled = 0;
    while (filled < bytes.length) {
      const count = this.#readOldPiece(old, bytes, filled, bytes.length - filled, start + filled);
      if (count === 0) break;
      filled += count;
    }
    const region = bytes.subarray(0, filled);
    return { start, bytes: region, fragments: cutFragments(hasher.hash, suite.fragment, region) };
  }

  /**
   * Takes content of a chunk that was asked for.
   *
   * @param bounds where chunks begin that were asked for
   * @returns `again` when what was here of the chunk does not fit to it, and `wrong` when it is not what
   * was stated
   * @throws LockstepError `LOCKSTEP_MALFORMED` when it was not asked for
   */
  receive([from, to]: ChunkBounds, offset: number, bytes: Uint8Array): "right" | "again" | "wrong" {
    const { hasher } = this.#context;
    const chunk = this.#pending[this.#position(offset + 1) - 1];
    const part = chunk?.missing[0];
    const isAsked = chunk !== undefined && chunk.offset >= from && chunk.offset < to;
    const fits = isAsked && part?.[0] === offset && bytes.length <= part[1] - offset;
    if (!fits) throw new LockstepError("LOCKSTEP_MALFORMED", "content that was not asked for");
    if (offset === chunk.offset) chunk.hash = hasher.incremental();
    if (!chunk.fragments) chunk.hash?.update(bytes);
    this.#write(offset, bytes, this.resumed || chunk.dirty);
    part[0] += bytes.length;
    if (part[0] === part[1]) chunk.missing.shift();
    return chunk.missing.length > 0 || this.#settle(chunk) ? "right" : chunk.fragments ? "again" : "wrong";
  }

  /** All of a chunk is there: true when it is what was stated, and counts. */
  #settle(chunk: PendingChunk): boolean {
    const { offset, length, digest } = chunk;
    const right = chunk.fragments
      ? this.#isAt(this.fd, offset, { count: 1, length, digest })
      : sameDigest(chunk.hash?.digest() ?? digest.subarray(0, 0), digest);
    if (!right || !this.#putRepeats(chunk)) return false;
    this.#pending.splice(this.#position(offset), 1);
    this.#pendingByDigest.delete(digestKey(digest));
    this.reused += chunk.reused;
    this.#own.set(digestKey(digest), offset);
    this.#lastFound = chunk;
    return true;
  }

  /** False when the chunk cannot be read back as it was stated. */
  #putRepeats({ offset, length, digest, repeats }: PendingChunk): boolean {
    if (repeats.length === 0) return true;
    if (!this.#isAt(this.fd, offset, { count: 1, length, digest })) return false;
    for (const { offset: first, count } of repeats) {
      for (let i = 0; i < count; i++) this.#write(first + i * length, this.#buffer.subarray(0, length));
      this.reused += length * count;
    }
    return true;
  }

  #pendingIn([from, to]: ChunkBounds): PendingChunk[] {
    return this.#pending.slice(this.#position(from), this.#position(to));
  }

  /** Chunks that begin there and are not here yet. */
  missingIn(bounds: ChunkBounds): ContentRange[] {
    return this.#pendingIn(bounds).map(({ offset, length }) => ({ index: this.#index, offset, length }));
  }

  /** Digest of the chunk there, if it is the last one that was fetched. */
  fetchedAt(offset: number): Uint8Array | undefined {
    return this.#lastFound?.offset === offset ? this.#lastFound.digest : undefined;
  }

  /** Chunks that begin there and are not here yet are needed whole, whatever has come of them. */
  restart(bounds: ChunkBounds): void {
    for (const chunk of this.#pendingIn(bounds)) this.#restart(chunk);
  }

  #restart(chunk: PendingChunk): void {
    const { offset, length } = chunk;
    chunk.fragments = false;
    chunk.dirty = true;
    chunk.reused = 0;
    chunk.hash = undefined;
    chunk.missing = [[offset, offset + length]];
  }
}
