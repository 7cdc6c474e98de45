import { ChunkListBuilder, type ChunkRun } from "../model/chunk-list.ts";
import { type Cutter, createCutter } from "../model/cutter.ts";
import { sameDigest } from "../model/digest.ts";
import { FILE } from "../model/entry.ts";
import type { ErrorCode } from "../model/errors.ts";
import type { Suite } from "../model/suite.ts";
import { typeOfMode } from "./entry-table.ts";
import type { Hasher } from "./hasher.ts";
import type { KnownCuts, LikelyChunk } from "./known-cuts.ts";
import { type DirectoryHandle, type FileStat, newFileStat, type SystemCalls } from "./system-calls.ts";

/** Reads that gave two different digests before the file counts as changing. */
const MAX_TRIES = 3;
/** Waits for files to come to rest that one reader, which serves one round, makes in all. */
const MAX_WAITS = 3;
/**
 * A ctime younger than this may be shared by a later write: the clock of a file system ticks
 * coarsely, so "nothing changed since" cannot be told from the times alone.
 */
export const SETTLED_MS = 2000;

const pause = new Int32Array(new SharedArrayBuffer(4));

export interface StableContent {
  readonly checksum: Uint8Array<ArrayBuffer>;
  /** The chunks in order, when they were asked for and the file is long enough to have some. */
  readonly chunks: readonly ChunkRun[];
  /** The file's state, which the content belongs to. */
  readonly stat: FileStat;
  /** True when the digest may be cached: nothing can have changed behind the same times. */
  readonly settled: boolean;
  /** True when it was read under a lease, so that nobody had it open for writing. */
  readonly leased: boolean;
}

type Digests = Pick<StableContent, "checksum" | "chunks">;

export interface ReadOptions {
  /**
   * For a file that has just been put in place: a digest of it that is right is right, whatever others
   * do meanwhile, and is not cached. Then it is read once, without a lease.
   */
  readonly fresh?: boolean;
  /** Of a fresh file, say whether a lease was to be had all the same. */
  readonly tryLease?: boolean;
  /** Drop what the system keeps of the file in memory, as far as it is on disk already. */
  readonly fromDisk?: boolean;
  readonly chunks?: boolean;
  /** How an earlier version was cut. */
  readonly cuts?: KnownCuts | undefined;
  readonly collect?: (content: Uint8Array) => void;
}

/** Long files go through memory in pieces of this; several times the longest chunk. */
const LARGE_BUFFER_BYTES = 8 << 20;

interface Cutting {
  readonly cutter: Cutter;
  /** The cutter's content. */
  readonly buffer: Buffer;
}

/** One for all readers of a thread, since a file is read in one go: its memory takes long to get. */
let cutting: Cutting | undefined;

function cuttingHere(): Cutting {
  if (cutting !== undefined) return cutting;
  const cutter = createCutter(LARGE_BUFFER_BYTES);
  const { buffer, byteOffset, length } = cutter.bytes;
  cutting = { cutter, buffer: Buffer.from(buffer, byteOffset, length) };
  return cutting;
}

export class UnstableContent extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function isSettled(stat: Pick<FileStat, "ctimeSec" | "ctimeNsec">, nowMs: number): boolean {
  return nowMs - (stat.ctimeSec * 1000 + stat.ctimeNsec / 1e6) >= SETTLED_MS;
}

function sameState(a: FileStat, b: FileStat): boolean {
  return (
    a.inodeLow === b.inodeLow &&
    a.inodeHigh === b.inodeHigh &&
    a.size === b.size &&
    a.mtimeSec === b.mtimeSec &&
    a.mtimeNsec === b.mtimeNsec &&
    a.ctimeSec === b.ctimeSec &&
    a.ctimeNsec === b.ctimeNsec
  );
}

/**
 * Reads and hashes files such that a digest never covers a mix of two generations.
 *
 * Equal times before and after a read prove nothing. Read under a lease: it is refused while
 * anybody can write, and a later writer waits until the lease is gone (fcntl(2)). Where leases are
 * not to be had: two reads of equal digest, of a file at rest for 2 s; the digest is kept only
 * where somebody who can write would move its times. What remains is a writer
 * that pauses half-way; nobody can tell its half-written file from a finished one.
 */
export class StableReader {
  readonly #calls: SystemCalls;
  readonly #hasher: Hasher;
  readonly #suite: Suite;
  readonly #small: Buffer;
  #waits = 0;
  /** As many zeros as the longest chunk has, and their digest, once a hole was met. */
  #zeros: Buffer | undefined;
  #zeroDigest: Uint8Array | undefined;

  constructor(calls: SystemCalls, hasher: Hasher, suite: Suite) {
    this.#calls = calls;
    this.#hasher = hasher;
    this.#suite = suite;
    this.#small = Buffer.allocUnsafeSlow(suite.singleBytes);
  }

  /**
   * @param options.chunks cut the chunks of a file that is longer than one; costs more than the
   * checksum alone
   * @param options.collect is given the content of a file of one chunk, to be copied at once; when it
   * is given more than once, the last counts
   * @throws SystemError when the file cannot be read, UnstableContent when it keeps changing or is
   * not a file any more
   */
  read(directory: DirectoryHandle, name: string, options: ReadOptions = {}): StableContent {
    const { collect, cuts, chunks = false, fresh = false, fromDisk = false, tryLease = false } = options;
    const calls = this.#calls;
    const fd = calls.openFile(directory, name);
    try {
      if (fromDisk) calls.dropCache(fd);
      const before = newFileStat();
      const after = newFileStat();
      for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
        if (fresh && !tryLease) calls.statFile(fd, before);
        let once = fresh && !tryLease && !isSettled(before, Date.now());
        const lease = once ? "unavailable" : calls.lease(fd);
        const leased = lease === "taken";
        // Under the lease, as it may have been changed before.
        if (!once) calls.statFile(fd, before);
        if (fresh && tryLease) once = !isSettled(before, Date.now());
        if (typeOfMode(before.mode) !== FILE)
          throw new UnstableContent("LOCKSTEP_SOURCE_CHANGED", "is not a file any more");
        const startedAt = Date.now();
        const content = this.#readOnce(fd, before.size, chunks, cuts);
        const stillLeased = leased && calls.leaseHeld(fd);
        const whole = content !== undefined && (once || !leased || stillLeased);
        calls.statFile(fd, after);
        if (!whole || !sameState(before, after)) continue;
        const settled = !once && isSettled(before, startedAt);
        // The buffer still holds a file of one chunk.
        if (collect !== undefined && before.size <= this.#suite.singleBytes)
          collect(this.#small.subarray(0, before.size));
        const { checksum, chunks: runs } = content;
        if (leased || once) return { checksum, chunks: runs, stat: after, settled, leased: stillLeased };
        if (!settled) {
          // Without a lease only rest shows that nobody writes. One wait serves many files, and files
          // that never rest must not hold up all others.
          if (this.#waits >= MAX_WAITS) break;
          this.#waits++;
          Atomics.wait(pause, 0, 0, SETTLED_MS);
          continue;
        }
        // Who has it mapped may write again without moving a time, as long as the page is not written to disk.
        const mayBeMapped = lease === "writer" || lease === "foreign";
        const isSure = !mayBeMapped || calls.cleanMappings(fd);
        const again = this.#readOnce(fd, before.size, false);
        calls.statFile(fd, after);
        const equal = again !== undefined && Buffer.compare(again.checksum, content.checksum) === 0;
        if (equal && sameState(before, after)) {
          return { checksum, chunks: runs, stat: after, settled: isSure, leased: false };
        }
      }
      throw new UnstableContent("LOCKSTEP_SOURCE_CHANGED", "changes while it is read; sync again when it is at rest");
    } finally {
      calls.closeFile(fd);
    }
  }

  /** Digests of exactly `size` bytes, or undefined when the file has another length by now. */
  #readOnce(fd: number, size: number, chunks: boolean, cuts?: KnownCuts): Digests | undefined {
    if (size > this.#suite.singleBytes) return chunks ? this.#readChunks(fd, size, cuts) : this.#readPlain(fd, size);
    if (!this.#fill(fd, this.#small, 0, size, 0)) return undefined;
    return { checksum: this.#hasher.hash(this.#small.subarray(0, size)), chunks: [] };
  }

  #zeroChunk(): { zeros: Buffer; digest: Uint8Array } {
    this.#zeros ??= Buffer.alloc(this.#suite.chunk.maxBytes);
    this.#zeroDigest ??= this.#hasher.hash(this.#zeros);
    return { zeros: this.#zeros, digest: this.#zeroDigest };
  }

  #readPlain(fd: number, size: number): Digests | undefined {
    const whole = this.#hasher.incremental();
    const buffer = this.#small;
    for (let at = 0; at < size; ) {
      // A hole is not read: 20 GiB of it would go through memory as zeros.
      const hole = this.#calls.seekData(fd, at, size) - at;
      if (hole > 0) {
        const { zeros } = this.#zeroChunk();
        const length = Math.min(hole, zeros.length);
        whole.update(zeros.subarray(0, length));
        at += length;
        continue;
      }
      const length = Math.min(buffer.length, size - at);
      if (!this.#fill(fd, buffer, 0, length, at)) return undefined;
      whole.update(buffer.subarray(0, length));
      at += length;
    }
    return { checksum: whole.digest(), chunks: [] };
  }

  #readChunks(fd: number, size: number, cuts: KnownCuts | undefined): Digests | undefined {
    const bounds = this.#suite.chunk;
    const { maxBytes } = bounds;
    const { hash } = this.#hasher;
    const whole = this.#hasher.incremental();
    const chunks = new ChunkListBuilder();
    const { cutter, buffer } = cuttingHere();
    // The chunk at hand begins at buffer[start], which is the file's byte `at`.
    let [at, start, filled] = [0, 0, 0];
    while (at < size) {
      const buffered = filled - start;
      let hollow = false;
      if (buffered < maxBytes && at + buffered < size) {
        const hole = this.#calls.seekData(fd, at + buffered, size) - (at + buffered);
        const { zeros, digest } = hole >= maxBytes ? this.#zeroChunk() : { zeros: undefined, digest: undefined };
        if (zeros !== undefined && buffered === 0) {
          // Zeros are never cut before the longest chunk.
          const count = Math.floor(hole / maxBytes);
          chunks.add(maxBytes, digest, count);
          for (let i = 0; i < count; i++) whole.update(zeros);
          at += count * maxBytes;
          continue;
        }
        buffer.copyWithin(0, start, filled);
        [start, filled] = [0, buffered];
        hollow = zeros !== undefined;
        if (hollow) {
          // Only as far as this chunk can go; what of it is left over is looked for again.
          buffer.fill(0, filled, maxBytes);
          filled = maxBytes;
        } else {
          const length = Math.min(buffer.length - filled, size - at - filled);
          if (!this.#fill(fd, buffer, filled, length, at + filled)) return undefined;
          filled += length;
        }
      }
      const likely = this.#likely(buffer.subarray(start, filled), size - at, cuts?.next);
      if (likely !== undefined) cuts?.follow();
      const end = likely === undefined ? cutter.cutPoint(start, filled, bounds) : start + likely.length;
      const chunk = buffer.subarray(start, end);
      const digest = likely?.digest ?? hash(chunk);
      if (likely === undefined) cuts?.lookFrom(digest);
      chunks.add(chunk.length, digest);
      whole.update(chunk);
      at += chunk.length;
      start = hollow ? filled : end;
    }
    return { checksum: whole.digest(), chunks: chunks.finish() };
  }

  /** The likely chunk, if these bytes begin with it and it would be cut so. */
  #likely(bytes: Uint8Array, left: number, likely: LikelyChunk | undefined): LikelyChunk | undefined {
    if (likely === undefined || likely.length > bytes.length || (likely.isLast && likely.length < left))
      return undefined;
    return sameDigest(this.#hasher.hash(bytes.subarray(0, likely.length)), likely.digest) ? likely : undefined;
  }

  #fill(fd: number, buffer: Buffer, offset: number, length: number, position: number): boolean {
    for (let done = 0; done < length; ) {
      const count = this.#calls.read(fd, buffer, offset + done, length - done, position + done);
      if (count === 0) return false;
      done += count;
    }
    return true;
  }
}
