import type { Classification } from "../model/classification.ts";
import type { ContentRange } from "../model/content-ranges.ts";
import type { ContentUnit, UnitExtent } from "../model/content-units.ts";
import type { Abilities, Entry } from "../model/entry.ts";
import type { ListRoot, ManifestNode } from "../model/manifest.ts";
import type { Hold } from "../model/order.ts";
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
  /**
   * This is the master's root: one without entries is refused, and content is read such that it is of
   * one generation also where nothing of it is cached.
   */
  readonly isSource: boolean;
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
  /** Of the files whose content some remote will fetch. */
  readonly fetchedBytes: number;
  /** Chunk lists of the files whose chunk roots are stated. */
  readonly lists: readonly (readonly [path: BytePath, list: PackedChunkList])[];
  readonly problems: readonly Problem[];
}

/** A chunk list as it is sent. */
export interface PackedChunkList {
  readonly index: Uint8Array<ArrayBuffer>;
  readonly batches: readonly Uint8Array<ArrayBuffer>[];
}

export interface StagePlan {
  /** What must be fetched of files of one chunk. */
  readonly units: readonly ContentUnit[];
  /** Files that are put together of chunks. */
  readonly chunked: readonly ChunkedStep[];
  /** Bytes of content of all stated files. */
  readonly bytes: number;
  /** Units that this content is cut into, at most: no host can have more. */
  readonly mostUnits: number;
}

export interface ChunkedStep {
  /** Index into the statement. */
  readonly index: number;
  /** False for a file of one chunk, which needs no list. */
  readonly hasList: boolean;
  /** Bytes of the block's content before it. */
  readonly at: number;
}

/** A new version that can be read while it is put together, and after the switch; closed by its receiver. */
export type OfferedFile = number;

export interface ChunkedFilePlan {
  /** One byte per batch of the list: 1 where it must be asked for, 0 where it is known; empty when the step has failed. */
  readonly wanted: Uint8Array<ArrayBuffer>;
  /** In a round in which remotes feed each other. */
  readonly file: OfferedFile | undefined;
}

/** What is missing of the chunks of a batch. */
export interface ChunkPlan {
  /** Whole chunks. */
  readonly fetch: readonly ContentRange[];
  /** Chunks of which a part may be here: their fragments are to be asked for first. */
  readonly fragments: readonly ContentRange[];
  /** Bytes that were here. */
  readonly reused: number;
}

/**
 * How a unit stands after a frame:
 *
 * - `more`: not all of it is here;
 * - `verified`: all of it is here as the master stated it;
 * - `ended`: nothing more is needed, though some of it failed;
 * - `again`: parts that were here did not fit, so that it is needed whole;
 * - `wrong`: the remote that it came from sent something else; it is needed anew.
 */
export type UnitState = "more" | "verified" | "ended" | "again" | "wrong";

export interface Received {
  readonly state: UnitState;
  /** Bytes of content in the frame. */
  readonly bytes: number;
  /** Of a verified chunk. */
  readonly digest: Uint8Array | undefined;
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

/** How a block's files were held. */
export interface Held {
  /** From the first file that was held to the last that was released, in milliseconds. */
  readonly ms: number;
  readonly files: number;
  /** Processes that waited in open(2). */
  readonly waiters: number;
  /** Those that were given the new content after they had reached the old file. */
  readonly refreshed: number;
  /** Those that were refused, as they could not be given it. */
  readonly denied: number;
  /** The hold ended before the switch did, as whatever held the files has died. */
  readonly lost: boolean;
}

/** What a check after the switch found. */
export interface CheckResult {
  /** Files that were read. */
  readonly checked: number;
  /** Paths that are not as the master stated them. */
  readonly inconsistent: readonly Problem[];
}

/** What the writing of a round may do, from the signed order. */
export interface ApplyLimits {
  readonly delete: boolean;
  /** Most paths that may go. */
  readonly deletions: number;
  readonly durability: "full" | "none";
  readonly hold: Hold;
  /** Other remotes are offered what this one gets; by default they are not. */
  readonly offers?: boolean;
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
  /**
   * Reads what the entries are now, under a lease where there is one.
   *
   * @param fetched those whose content some remote will fetch
   * @param refused paths that must not be read, as they could not be held
   */
  state(ordinals: OrdinalRanges, fetched: OrdinalRanges, refused: readonly BytePath[]): Promise<CurrentState>;
  /**
   * Holds files such that others may read and not write them: cooperating programs by a shared lock,
   * any other by a read lease, which makes its open(2) wait (fcntl(2), F_SETLEASE).
   *
   * @param id by which they are released
   * @returns paths that could not be held, as a program is writing them under its own lock
   * @throws LockstepError `LOCKSTEP_HOLD_UNAVAILABLE`
   */
  share(id: number, ordinals: OrdinalRanges): Promise<readonly BytePath[]>;
  /** The leases of all that is shared begin anew; one that is not renewed ends by itself. */
  renew(): void;
  unshare(id: number): Promise<void>;
  /** Bytes of these files that take no room on this host's disk: holes, or what its file system compresses. */
  holeBytes(ordinals: OrdinalRanges): Promise<number>;
  /** Those of the paths that are certainly not there. */
  absent(paths: readonly BytePath[]): Promise<BytePath[]>;

  /**
   * Free bytes of the root's file system.
   *
   * @throws LockstepError `LOCKSTEP_ROOT_READ_ONLY` where none of them can be written
   */
  freeBytes(): Promise<number>;
  /** @throws LockstepError `LOCKSTEP_HOLD_UNAVAILABLE` where this host cannot hold so; nothing is done */
  prepare(limits: ApplyLimits): Promise<void>;
  stage(request: StageRequest): Promise<StagePlan>;
  /**
   * Begins to put a file together of chunks.
   *
   * @param packedIndex undefined for a file of one chunk
   */
  chunkIndex(block: number, index: number, packedIndex: Uint8Array | undefined): Promise<ChunkedFilePlan>;
  /** Takes a batch of a chunk list, in order; undefined bytes for one that need not be asked for. */
  chunkBatch(block: number, index: number, batch: number, bytes: Uint8Array | undefined): Promise<ChunkPlan>;
  /** Takes the fragments of a chunk; what of it must be fetched is returned, none when it is complete. */
  fragments(block: number, index: number, offset: number, bytes: Uint8Array): Promise<readonly ContentRange[]>;
  /** The master could not tell the chunks of a file: it has changed there since it was stated. */
  sourceLost(block: number, index: number): Promise<void>;
  /**
   * Takes one frame of packed content records of a unit.
   *
   * @param fromMaster what is not as stated then fails for good; from a remote it is needed anew
   * @throws LockstepError `LOCKSTEP_MALFORMED` when it holds what was not asked for
   */
  receive(block: number, unit: UnitExtent, frame: Uint8Array<ArrayBuffer>, fromMaster: boolean): Promise<Received>;
  /** What of a unit is missing, each file or chunk from its start: what has come of it in part is forgotten. */
  missing(block: number, unit: UnitExtent): Promise<readonly ContentRange[]>;
  /** Verifies what has arrived and makes the block ready for the switch. */
  staged(block: number): Promise<StageResult>;
  /** Switches a staged block, holding its files meanwhile as was prepared. */
  commit(block: number): Promise<CommitResult & { readonly held: Held | undefined }>;
  /**
   * Reads what a commit has changed back, from disk where the system lets it, and compares it with
   * the statement.
   *
   * @param represents what this host can set; differences in other things do not count
   */
  check(request: StageRequest, represents: Abilities): Promise<CheckResult>;
  /** Files held, and blocks being checked, at this moment. */
  activity(): { readonly held: number; readonly checking: number };
  delete(paths: readonly BytePath[]): Promise<CommitResult>;
  /** Removes the staging area, then sets modes and times of directories. */
  finish(): Promise<CommitResult>;
  /**
   * Ends the round. One that was cut short leaves the contents that it had complete for the next;
   * `clean` removes what earlier rounds may have left.
   */
  close(clean: boolean): Promise<void>;
}

/** How content is put into frames. */
export interface Framing {
  /** Frames that get smaller are compressed. */
  readonly compress: boolean;
  /** Receivers will send them on: then more time is spent on compression. */
  readonly isShared: boolean;
  /** The link is fast: frames of some 2 MiB instead of 256 KiB, as fewer cost less. */
  readonly isLong: boolean;
  /** No frame is longer, whatever the link; at least 64. */
  readonly mostBytes: number;
}

/** Reads content for others. */
export interface ContentReader {
  /** Packed content records of these ranges, in frames that begin with their kind. */
  read(ranges: readonly ReadRange[], framing: Framing): Promise<readonly Uint8Array<ArrayBuffer>[]>;
  /** The chunk list of a file, made anew; undefined when it is not what it was. */
  chunkList(path: BytePath, size: number): Promise<PackedChunkList | undefined>;
  /** Packed fragments of one chunk; undefined when the file is not what it was. */
  fragments(range: ReadRange): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Frames with parts of an offered chunk, as of `read`; undefined when it is not what it was. */
  readOffered(
    chunk: OfferedChunk,
    parts: readonly ContentRange[],
    framing: Framing,
  ): Promise<readonly Uint8Array<ArrayBuffer>[] | undefined>;
  /** Closes offered files. */
  closeOffered(files: readonly OfferedFile[]): Promise<void>;
}

/** A verified chunk of a file that this host offers to others. */
export interface OfferedChunk {
  readonly file: OfferedFile;
  readonly offset: number;
  readonly length: number;
  readonly digest: Uint8Array;
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
  /** For how long the root's disk has not answered, in milliseconds; 0 while nothing points to that. */
  readonly stalledMs: number;
  begin(): TreeRound;
  /** Puts right what a crash left undone, by the journal. */
  recover(): Promise<void>;
  readonly content: ContentReader;
  /** Lets go of memory that nothing needs: the host has nothing to do. Never fails. */
  rest(): Promise<void>;
  close(): Promise<void>;
}
