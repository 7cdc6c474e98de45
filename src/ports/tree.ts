import type { Classification } from "../model/classification.ts";
import type { ContentRange } from "../model/content-ranges.ts";
import type { Abilities, Entry } from "../model/entry.ts";
import type { ListRoot, ManifestNode } from "../model/manifest.ts";
import type { OrdinalRanges } from "../model/ordinals.ts";
import type { BytePath } from "../model/path.ts";
import type { ChangeCounts } from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";

export interface ScanOptions {
  readonly classification: Classification;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Ignore the hash cache, as `verify` does. */
  readonly fresh: boolean;
  /** Refuse a root without entries: the master's guard. */
  readonly refuseEmpty: boolean;
}

export interface ScanSummary {
  readonly root: ListRoot;
  /** Selected entries without the root itself, which can be listed but not deleted. */
  readonly entries: number;
  /** Digest over all checksums, when each was in the cache. */
  readonly contentRoot: Uint8Array | undefined;
  /** Columns and more that this host can set. */
  readonly represents: Abilities;
  /** Paths that could not be looked into; nothing is known of what lies below them. */
  readonly blind: readonly Problem[];
}

export interface GroupDigests {
  /** One digest per group. */
  readonly digests: readonly Uint8Array[];
  /** Files read and hashed, rather than found in the cache. */
  readonly hashed: number;
  readonly problems: readonly Problem[];
}

/** What a path is to a host that did not list it. */
export interface Found {
  readonly path: BytePath;
  /** Set when the path exists though it is not selected. */
  readonly entry: Entry | undefined;
  /** Position beyond the list by which the entry can be named from now on. */
  readonly ordinal: number;
  /** Set when it cannot be told. */
  readonly problem: Problem | undefined;
}

export interface StageRequest {
  readonly block: number;
  /** As of `encodeStated`. */
  readonly stated: Uint8Array;
  /** One byte per stated path: 0, or the action. */
  readonly actions: Uint8Array;
}

/** What the master's entries are now. */
export interface CurrentState {
  /** As of `encodeStated`, in path order. */
  readonly stated: Uint8Array;
  /** The stated paths and sizes, in the same order. */
  readonly paths: readonly BytePath[];
  readonly sizes: Float64Array;
  readonly problems: readonly Problem[];
}

export interface StagePlan {
  /** What must be fetched, in the order in which it must arrive. */
  readonly fetch: readonly ContentRange[];
}

export interface StageResult {
  readonly problems: readonly Problem[];
  readonly hashed: number;
  readonly bytesReused: number;
}

export interface CommitResult {
  readonly counts: ChangeCounts;
  readonly problems: readonly Problem[];
}

/** What the writing of a round may do, from the signed order. */
export interface ApplyLimits {
  readonly delete: boolean;
  /** Most paths that may go. */
  readonly deletions: number;
  readonly durability: "full" | "none";
}

/** One root of this host, for the length of one round. */
export interface TreeRound {
  /**
   * Lists the selected entries. May be called again for the next pass.
   *
   * @throws LockstepError `LOCKSTEP_ROOT_MISSING`, `LOCKSTEP_ROOT_NOT_DIRECTORY`, `LOCKSTEP_ROOT_EMPTY`
   */
  scan(options: ScanOptions): Promise<ScanSummary>;
  nodes(level: number, first: number, count: number): Promise<ManifestNode[]>;
  /** Canonical bytes of batches. */
  batches(indexes: readonly number[]): Promise<Uint8Array[]>;
  lookup(paths: readonly BytePath[]): Promise<Found[]>;
  groupDigests(groups: readonly OrdinalRanges[]): Promise<GroupDigests>;
  /** Checksums of one group's files, 32 bytes each, zeros where one could not be read. */
  checksums(group: OrdinalRanges): Promise<Uint8Array>;
  /** Reads what the entries are now, under a lease where there is one. */
  state(ordinals: OrdinalRanges): Promise<CurrentState>;
  /** Those of the paths that are certainly not there. */
  absent(paths: readonly BytePath[]): Promise<BytePath[]>;

  /** Free bytes of the root's file system. */
  freeBytes(): Promise<number>;
  prepare(limits: ApplyLimits): Promise<void>;
  stage(request: StageRequest): Promise<StagePlan>;
  /** Takes one frame of packed content records for a block being staged. */
  receive(block: number, frame: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Verifies what has arrived and makes the block ready for the switch. */
  staged(block: number): Promise<StageResult>;
  commit(block: number): Promise<CommitResult>;
  delete(paths: readonly BytePath[]): Promise<CommitResult>;
  /** Removes the staging area, then sets modes and times of directories. */
  finish(): Promise<CommitResult>;
  /**
   * Ends the round. One that was cut short leaves the contents that it had complete for the next;
   * `clean` removes what earlier rounds may have left.
   */
  close(clean: boolean): Promise<void>;
}

/** Reads content for others. */
export interface ContentReader {
  /** Packed content records of these ranges, in frames of about 256 KiB. */
  read(paths: readonly ReadRange[], signal: AbortSignal): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

export interface ReadRange {
  readonly index: number;
  readonly path: BytePath;
  readonly size: number;
  readonly offset: number;
  readonly length: number;
}

export interface Tree {
  readonly name: string;
  /** What this host's system lacks, as sentences. */
  readonly lacks: readonly string[];
  begin(): TreeRound;
  /** Puts right what a crash left undone, by the journal. */
  recover(): Promise<void>;
  readonly content: ContentReader;
  close(): Promise<void>;
}
