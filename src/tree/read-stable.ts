import { FILE } from "../model/entry.ts";
import type { ErrorCode } from "../model/errors.ts";
import type { Suite } from "../model/suite.ts";
import { typeOfMode } from "./entry-table.ts";
import type { Hasher } from "./hasher.ts";
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
  /** Digests of the chunks, in order. */
  readonly chunks: readonly Uint8Array[];
  /** The file's state, which the content belongs to. */
  readonly stat: FileStat;
  /** True when the digest may be cached: nothing can have changed behind the same times. */
  readonly settled: boolean;
}

export class UnstableContent extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function isSettled(stat: FileStat, nowMs: number): boolean {
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
 * not to be had: two reads of equal digest, of a file at rest for 2 s. What remains is a writer
 * that pauses half-way; nobody can tell its half-written file from a finished one.
 */
export class StableReader {
  readonly #calls: SystemCalls;
  readonly #hasher: Hasher;
  readonly #suite: Suite;
  readonly #buffer: Buffer;
  #waits = 0;
  /** A chunk of zeros and its digest, once a hole was met. */
  #zeros: Buffer | undefined;
  #zeroDigest: Uint8Array | undefined;

  constructor(calls: SystemCalls, hasher: Hasher, suite: Suite) {
    this.#calls = calls;
    this.#hasher = hasher;
    this.#suite = suite;
    this.#buffer = Buffer.allocUnsafeSlow(suite.chunkBytes);
  }

  /**
   * @param collect is given the content of a file of one chunk, to be copied at once; when it is
   * given more than once, the last counts
   * @throws SystemError when the file cannot be read, UnstableContent when it keeps changing or is
   * not a file any more
   */
  read(directory: DirectoryHandle, name: string, collect?: (content: Uint8Array) => void): StableContent {
    const calls = this.#calls;
    const fd = calls.openFile(directory, name);
    try {
      const before = newFileStat();
      const after = newFileStat();
      for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
        const leased = calls.lease(fd);
        calls.statFile(fd, before);
        if (typeOfMode(before.mode) !== FILE)
          throw new UnstableContent("LOCKSTEP_SOURCE_CHANGED", "is not a file any more");
        const startedAt = Date.now();
        const content = this.#hashOnce(fd, before.size);
        const whole = content !== undefined && (!leased || calls.leaseHeld(fd));
        calls.statFile(fd, after);
        if (!whole || !sameState(before, after)) continue;
        const settled = isSettled(before, startedAt);
        // The buffer still holds a file of one chunk.
        if (collect !== undefined && before.size <= this.#suite.chunkBytes)
          collect(this.#buffer.subarray(0, before.size));
        if (leased) return { ...content, stat: after, settled };
        if (!settled) {
          // Without a lease only rest shows that nobody writes. One wait serves many files, and files
          // that never rest must not hold up all others.
          if (this.#waits >= MAX_WAITS) break;
          this.#waits++;
          Atomics.wait(pause, 0, 0, SETTLED_MS);
          continue;
        }
        const again = this.#hashOnce(fd, before.size);
        calls.statFile(fd, after);
        const equal = again !== undefined && Buffer.compare(again.checksum, content.checksum) === 0;
        if (equal && sameState(before, after)) return { ...content, stat: after, settled };
      }
      throw new UnstableContent("LOCKSTEP_SOURCE_CHANGED", "changes while it is read; sync again when it is at rest");
    } finally {
      calls.closeFile(fd);
    }
  }

  /** Digests of exactly `size` bytes, or undefined when the file has another length by now. */
  #hashOnce(
    fd: number,
    size: number,
  ): { checksum: Uint8Array<ArrayBuffer>; chunks: readonly Uint8Array[] } | undefined {
    const { chunkBytes } = this.#suite;
    const hash = this.#hasher.hash;
    const chunks: Uint8Array[] = [];
    const whole = size > chunkBytes ? this.#hasher.incremental() : undefined;
    for (let at = 0; at < size; at += chunkBytes) {
      const length = Math.min(chunkBytes, size - at);
      // A hole is not read: 20 GiB of it would go through memory as zeros.
      if (whole !== undefined && this.#calls.seekData(fd, at, size) >= at + length) {
        this.#zeros ??= Buffer.alloc(chunkBytes);
        this.#zeroDigest ??= hash(this.#zeros);
        const zeros = this.#zeros.subarray(0, length);
        chunks.push(length === chunkBytes ? this.#zeroDigest : hash(zeros));
        whole.update(zeros);
        continue;
      }
      if (!this.#fill(fd, length, at)) return undefined;
      const chunk = this.#buffer.subarray(0, length);
      chunks.push(hash(chunk));
      whole?.update(chunk);
    }
    const checksum = whole?.digest() ?? (chunks[0] as Uint8Array<ArrayBuffer> | undefined) ?? hash(new Uint8Array(0));
    return {
      checksum: checksum as Uint8Array<ArrayBuffer>,
      chunks,
    };
  }

  #fill(fd: number, length: number, position: number): boolean {
    for (let done = 0; done < length; ) {
      const count = this.#calls.read(fd, this.#buffer, done, length - done, position + done);
      if (count === 0) return false;
      done += count;
    }
    return true;
  }
}
