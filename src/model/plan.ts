import type { BytePath } from "./path.ts";

/** What is to be done to one path on one remote; numbers are the wire encoding. */
export const ACTIONS = {
  /** Absent on the remote. */
  create: 1,
  /** Other type, content, target or device number. */
  replace: 2,
  /** Equal content, but in another hard-link group. */
  relink: 3,
  /** Only mode, owner, times or xattrs differ. */
  attributes: 4,
} as const;

export type Action = (typeof ACTIONS)[keyof typeof ACTIONS];

export function isAction(value: number): value is Action {
  return value >= ACTIONS.create && value <= ACTIONS.attributes;
}

/** One path of the master's that some remote must change. */
export interface PlannedPath {
  readonly path: BytePath;
  /** Position in the master's list (or beyond it, for a path looked up besides). */
  readonly ordinal: number;
  readonly isDirectory: boolean;
  /** Bytes to transfer when a remote needs the content; 0 for all but files. */
  readonly bytes: number;
  /** Bytes that the path takes in a statement, about. */
  readonly statementBytes: number;
  readonly leader: BytePath | undefined;
}

/** Everything one remote must do, as values. */
export interface RemotePlan {
  /** By path. */
  readonly actions: ReadonlyMap<BytePath, Action>;
  /** Paths that the remote has and the master not; in order. */
  readonly deletions: readonly BytePath[];
  /** Paths that go with a directory which turns into something else; counted as deleted. */
  readonly replaced: readonly BytePath[];
  readonly counts: ChangeCounts;
  /** Bytes of files to be made anew, and of the files that they replace. */
  readonly newBytes: number;
  readonly replacedBytes: number;
}

export interface ChangeCounts {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly attributes: number;
}

export const NO_CHANGES: ChangeCounts = { created: 0, updated: 0, deleted: 0, attributes: 0 };

export function changeTotal(counts: ChangeCounts): number {
  return counts.created + counts.updated + counts.deleted + counts.attributes;
}

export function addCounts(a: ChangeCounts, b: ChangeCounts): ChangeCounts {
  return {
    created: a.created + b.created,
    updated: a.updated + b.updated,
    deleted: a.deleted + b.deleted,
    attributes: a.attributes + b.attributes,
  };
}
