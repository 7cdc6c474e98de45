import type { ChunkRun } from "../model/chunk-list.ts";
import { DIRECTORY, type Entry, isPrivilegedXattr, SYMLINK } from "../model/entry.ts";
import { codeOfErrno } from "../model/errors.ts";
import { type BytePath, parentPath } from "../model/path.ts";
import type { Action } from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";
import type { StatedEntry } from "../model/statement.ts";
import type { Suite } from "../model/suite.ts";
import type { ApplyLimits } from "../ports/tree.ts";
import type { ChunkedFile } from "./chunked-file.ts";
import { type ConfinedDirectories, isIn } from "./confined-directories.ts";
import type { Hasher, IncrementalHash } from "./hasher.ts";
import type { LocalSources } from "./local-sources.ts";
import type { StableReader } from "./read-stable.ts";
import { readXattrs } from "./read-xattrs.ts";
import type { RoundList } from "./round-list.ts";
import type { StagingArea } from "./staging-area.ts";
import { type DirectoryHandle, errnoOf, type FileStat, newFileStat, type SystemCalls } from "./system-calls.ts";

/** A new version on its way into the staging area, from its start to its end. */
export interface Incoming {
  readonly name: string;
  readonly size: number;
  readonly fd: number;
  received: number;
  /** Undefined for a file that comes in one piece. */
  whole: IncrementalHash | undefined;
  /** Digest of a file that came in one piece. */
  digest: Uint8Array | undefined;
}

/** One stated path of a block and how far it is. */
export interface Step {
  readonly index: number;
  readonly action: Action;
  readonly stated: StatedEntry;
  /** Name in the staging area of the new version, once it is complete and verified. */
  staged: string | undefined;
  incoming: Incoming | undefined;
  /** Instead of `incoming`, where the new version is put together of chunks. */
  chunked: ChunkedFile | undefined;
  /** Content that is yet to come. */
  awaiting: boolean;
  failed: boolean;
}

export interface Block {
  readonly number: number;
  readonly steps: ReadonlyMap<number, Step>;
  /** Files that are asked for together, by the index of the first one of the pack. */
  readonly packs: Map<number, readonly Step[]>;
  /** Files of packs that were asked for once more, which need not come again. */
  readonly before: Set<Step>;
  readonly problems: Problem[];
  hashed: number;
  bytesReused: number;
  /** Names in the staging area of the old versions, once they are switched out. */
  readonly garbage: string[];
  /** Chunk lists of new versions, to be remembered by the inodes that hold them. */
  readonly chunkLists: { readonly stat: FileStat; readonly runs: readonly ChunkRun[] }[];
}

/** What all verbs of the apply share. */
export interface ApplyContext {
  readonly calls: SystemCalls;
  readonly hasher: Hasher;
  readonly suite: Suite;
  readonly directories: ConfinedDirectories;
  readonly staging: StagingArea;
  readonly list: RoundList;
  readonly limits: ApplyLimits;
  readonly ledger: Ledger;
  /** Content that an interrupted round left in the staging area, by checksum in hex. */
  readonly leftovers: Map<string, string[]>;
  readonly sources: LocalSources;
  readonly reader: StableReader;
}

/** What the round has done so far that its end must know. */
export class Ledger {
  /** Directories whose content changed, with the mtime that they had before, and the mode if it is to be widened. */
  readonly touched = new Map<BytePath, { sec: number; nsec: number; closed: number | undefined }>();
  /** Those of them that are still closed. */
  readonly closed = new Map<BytePath, number>();
  /** Those of them that the journal does not know yet. */
  readonly unjournaled = new Set<BytePath>();
  /** One of them, as most paths lie in the same directory as the path before. */
  lastTouched: BytePath | undefined;
  /** Directories whose attributes are to be set at the end. */
  readonly directories = new Map<BytePath, Entry>();
  /** Those of them that are there and change in nothing else. */
  readonly changing = new Set<BytePath>();
  /** Inode that this round verified and put into place, or found right, by path. */
  readonly placed = new Map<BytePath, string>();
  /** Inodes whose ctime this round moved by changing one of their names. */
  readonly changed = new Set<string>();
  deletions = 0;
  /** Names that were taken into the staging area to be deleted, some of them given back. */
  takenOut = 0;
}

export function problemOf(path: BytePath, error: unknown, what: string): Problem {
  const errno = errnoOf(error);
  if (errno === undefined || errno.startsWith("ERR_")) throw error;
  const code = errno === "EROFS" ? "LOCKSTEP_ACCESS_DENIED" : (codeOfErrno(errno) ?? "LOCKSTEP_APPLY_FAILED");
  return { path, code, message: `${what} failed (${errno})` };
}

/** Remembers a directory's mtime before its content is changed for the first time. */
export function touchParent(context: ApplyContext, path: BytePath): void {
  const { ledger } = context;
  if (ledger.lastTouched !== undefined && isIn(path, ledger.lastTouched)) return;
  const parent = parentPath(path);
  if (ledger.touched.has(parent)) {
    if (parent !== "") ledger.lastTouched = parent;
    return;
  }
  const stat = newFileStat();
  const { directory, name } = context.directories.locate(parent);
  if (!context.calls.stat(directory, name, stat)) return;
  const closed = closedMode(context.calls, stat);
  ledger.touched.set(parent, { sec: stat.mtimeSec, nsec: stat.mtimeNsec, closed });
  if (closed !== undefined) ledger.closed.set(parent, closed);
  ledger.unjournaled.add(parent);
}

/**
 * The mode of a directory of this node's own that forbids it to change what is in it, and that it may widen; root
 * may change always.
 */
export function closedMode(calls: SystemCalls, { mode, uid, gid }: FileStat): number | undefined {
  const isClosed = (mode & 0o300) !== 0o300 && !calls.canChown && uid === process.geteuid?.();
  // chmod(2) takes the set-group-ID bit away where the group is none of the node's, for ever.
  const losesBit = (mode & 0o2000) !== 0 && gid !== process.getegid?.() && process.getgroups?.().includes(gid) !== true;
  return isClosed && !losesBit ? mode & 0o7777 : undefined;
}

/** Widens the mode of the directory that holds the path, where that is needed and the journal knows of it. */
export function openParent({ calls, directories, ledger }: ApplyContext, path: BytePath): void {
  if (ledger.closed.size === 0) return;
  const parent = parentPath(path);
  const mode = ledger.closed.get(parent);
  if (mode === undefined) return;
  const { directory, name } = directories.locate(parent);
  calls.chmod(directory, name, mode | 0o700);
  ledger.closed.delete(parent);
}

/** ACL xattrs are set after the mode, whose group bits they share; the others before it. */
function isAcl(attribute: string): boolean {
  return attribute.startsWith("system.posix_acl_");
}

function sameValue(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/**
 * Makes the extended attributes of one kind what the entry says; the first failure is thrown last.
 *
 * @returns true when the mode had to be widened for it
 */
function applyXattrs(
  context: ApplyContext,
  directory: DirectoryHandle,
  name: string,
  entry: Entry,
  kind: (attribute: string) => boolean,
): boolean {
  const { calls } = context;
  let widened = false;
  const wanted = new Map(entry.xattrs.filter((xattr) => kind(xattr.name)).map((xattr) => [xattr.name, xattr.value]));
  const present = new Map<string, Uint8Array>();
  for (const xattr of readXattrs(calls, directory, name, kind)) present.set(xattr.name, xattr.value);
  const attempt = (attribute: string, change: () => void): void => {
    try {
      change();
    } catch (error) {
      // A read-only mode forbids it to everybody but root.
      if (errnoOf(error) === "EACCES" && !calls.canChown && !widened && entry.type !== SYMLINK) {
        calls.chmod(directory, name, entry.mode | 0o600);
        widened = true;
        attempt(attribute, change);
        return;
      }
      // Not root, or a file system without them: the comparison reports what is lost.
      const lost = isPrivilegedXattr(attribute)
        ? !calls.canChown
        : errnoOf(error) === "EOPNOTSUPP" || errnoOf(error) === "ENOTSUP";
      if (!lost) throw error;
    }
  };
  for (const attribute of present.keys()) {
    if (!wanted.has(attribute)) attempt(attribute, () => calls.removeXattr(directory, name, attribute));
  }
  for (const [attribute, value] of wanted) {
    if (sameValue(value, present.get(attribute))) continue;
    attempt(attribute, () => calls.setXattr(directory, name, attribute, value));
  }
  return widened;
}

/** What is known of the present attributes of the path; a fresh file has no xattrs. */
export interface CurrentAttributes {
  readonly uid: number;
  readonly gid: number;
  readonly fresh?: boolean;
  /** Permission bits, where they are known. */
  readonly mode?: number | undefined;
}

/**
 * Sets owner, xattrs, mode, ACLs and time, in this order: chown clears set-id bits and file
 * capabilities, a read-only mode forbids user xattrs, ACLs and mode share bits, and all of these
 * leave the mtime alone.
 */
export function applyAttributes(
  context: ApplyContext,
  directory: DirectoryHandle,
  name: string,
  entry: Entry,
  current: CurrentAttributes,
): void {
  const { calls } = context;
  if (current.uid !== entry.uid || current.gid !== entry.gid) {
    try {
      calls.chown(directory, name, entry.uid, entry.gid);
    } catch (error) {
      // Not root: the loss is reported by the comparison, which sees the owner differ.
      if (calls.canChown || errnoOf(error) !== "EPERM") throw error;
    }
  }
  const xattrs = current.fresh !== true || entry.xattrs.length > 0;
  const widened = xattrs && applyXattrs(context, directory, name, entry, (attribute) => !isAcl(attribute));
  if (entry.type !== SYMLINK) {
    const mode = entry.type === DIRECTORY ? entry.mode | 0o700 : entry.mode;
    if (widened || current.mode !== mode) calls.chmod(directory, name, mode);
    if (xattrs) applyXattrs(context, directory, name, entry, isAcl);
    // An ACL may take from the owner what filling the directory needs; the finish gives it its mode.
    if (xattrs && mode !== entry.mode) calls.chmod(directory, name, mode);
  }
  if (entry.type !== DIRECTORY) calls.setTime(directory, name, entry.mtimeSec, entry.mtimeNsec);
}
