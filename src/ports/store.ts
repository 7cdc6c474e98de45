import type { RoundReport } from "../model/report.ts";

/** What identifies a file's content state; times in whole seconds and nanoseconds. */
export interface HashKeys {
  /** Per file: inode low and high 32 bits, device. */
  readonly inodeLow: Uint32Array;
  readonly inodeHigh: Uint32Array;
  readonly device: Float64Array;
  readonly size: Float64Array;
  readonly mtimeSec: Float64Array;
  readonly mtimeNsec: Uint32Array;
  readonly ctimeSec: Float64Array;
  readonly ctimeNsec: Uint32Array;
}

/** 32 bytes a file; `known[i]` is 1 where a checksum was found. */
export interface CachedHashes {
  readonly known: Uint8Array;
  readonly digests: Uint8Array;
}

/**
 * The hash cache: a hint, never a truth. Guaranteed: a record is returned only when device, inode,
 * size, mtime, ctime and suite are those it was written with and its CRC holds. Not guaranteed:
 * that a record written is found again.
 */
export interface HashCache {
  lookup(keys: HashKeys): Promise<CachedHashes>;
  /** Writes the digests of the keys for which `known` is 1. */
  store(keys: HashKeys, hashes: CachedHashes): Promise<void>;
  /**
   * Chunk lists, encoded, by file; undefined where there is none.
   *
   * @param match `exact`: a list of just this state of the file. `inode`: the latest list of the
   * inode, whatever became of it; says where chunks may lie, which whoever takes one verifies
   */
  lookupChunks(keys: HashKeys, match: "exact" | "inode"): Promise<(Uint8Array | undefined)[]>;
  storeChunks(keys: HashKeys, lists: readonly Uint8Array[]): Promise<void>;
}

/**
 * What must be put right in a root after a crash. A part written is there after power loss too.
 */
export interface ApplyJournal {
  /** Adds a part; the number orders it. */
  write(part: number, bytes: Uint8Array): Promise<void>;
  read(): Promise<Uint8Array[]>;
  clear(): Promise<void>;
}

/** A root's directory that was a file system of its own when a round looked last. */
export interface Mounted {
  readonly path: string;
  /** When that was seen first; milliseconds since 1970. */
  readonly since: number;
}

export interface MountRecord {
  /** Undefined when it was none. */
  read(): Promise<Mounted | undefined>;
  write(mounted: Mounted | undefined): Promise<void>;
}

/** What a node must remember across restarts. */
export interface StateStore {
  /** Signed assignments by root name. */
  assignments(): Promise<Map<string, Uint8Array>>;
  putAssignment(root: string, envelope: Uint8Array): Promise<void>;
  highestSequence(key: string): Promise<number>;
  putHighestSequence(key: string, sequence: number): Promise<void>;
  journal(root: string): ApplyJournal;
  mount(root: string): MountRecord;
  lastRound(root: string): Promise<RoundReport | undefined>;
  putLastRound(root: string, report: RoundReport): Promise<void>;
}
