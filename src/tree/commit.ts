import type { JournalPart, TouchedDirectory } from "../model/apply-journal.ts";
import { sameDigest } from "../model/digest.ts";
import { DIRECTORY, type Entry, FILE } from "../model/entry.ts";
import { type BytePath, comparePaths, joinPath, RESERVED_NAME } from "../model/path.ts";
import { ACTIONS, type ChangeCounts } from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";
import type { CommitResult } from "../ports/tree.ts";
import {
  type ApplyContext,
  applyAttributes,
  type Block,
  closedMode,
  openParent,
  problemOf,
  type Step,
  touchParent,
} from "./apply-context.ts";
import { diskError } from "./disk-errors.ts";
import { type Expected, inodeKey, sameCtime, typeOfMode } from "./entry-table.ts";
import { LINK_FOREIGN } from "./plain-renames.ts";
import { UnstableContent } from "./read-stable.ts";
import {
  type DirectoryHandle,
  errnoOf,
  type FileStat,
  newFileStat,
  type SystemCalls,
  SystemError,
} from "./system-calls.ts";

const HELD = "a program here holds a lock on it; it stays as it was";
const NOT_LOCKABLE =
  "may not be opened here, so that nobody can tell whether a program has it locked; it stays as it was";

/** A path is not as the plan expects it. */
class TargetChanged extends Error {}

class DeleteForbidden extends Error {}

/** A directory must stay because of something in it that is no part of the round. */
class HoldsOthers extends Error {
  override readonly message = "is a directory here and holds entries that are not selected or are new here; it stays";
}

/** A directory must stay because something in it would. */
class CannotBeRemoved extends Error {
  override readonly message =
    "is a directory here and holds what this node may not remove (immutable, append-only, in another owner's directory, or another owner's in a sticky one)";
}

/**
 * Begins an apply: notes the root's time before the staging area is made in it, and keeps the
 * contents that an interrupted round had staged. The part is to be written down first.
 */
export function beginApply(context: ApplyContext): JournalPart {
  const { staging, ledger, leftovers } = context;
  const touched = touchParents(context, [RESERVED_NAME]);
  const kept = staging.keepContents((stat) => ledger.changed.add(inodeKey(stat)));
  for (const [checksum, names] of kept) leftovers.set(checksum, names);
  return { touched, directories: [] };
}

/**
 * What must be put right if this host stops after the block's first switch and before the finish;
 * to be written down before the switch.
 */
export function journalOfBlock(context: ApplyContext, block: Block): JournalPart {
  const steps = [...block.steps.values()].filter((step) => !step.failed);
  const switched = steps.filter((step) => step.staged !== undefined || step.stated.entry.leader !== undefined);
  const directories = steps.map((step) => step.stated.entry).filter((entry) => entry.type === DIRECTORY);
  const paths = switched.map((step) => step.stated.entry.path);
  return { touched: touchParents(context, paths), directories };
}

/** The same for deletions. */
export function journalOfDeletions(context: ApplyContext, paths: readonly BytePath[]): JournalPart {
  return { touched: touchParents(context, paths), directories: [] };
}

/** Notes the times of the directories that hold these paths; those not noted before are returned. */
function touchParents(context: ApplyContext, paths: readonly BytePath[]): TouchedDirectory[] {
  const { ledger } = context;
  for (const path of paths) {
    try {
      touchParent(context, path);
    } catch {
      // What is to be done there fails for the same reason, and says so.
    }
  }
  const touched: TouchedDirectory[] = [];
  for (const path of ledger.unjournaled) {
    const time = ledger.touched.get(path);
    if (time !== undefined) touched.push({ path, ...time });
  }
  ledger.unjournaled.clear();
  return touched;
}

/** Writes new content to disk, as it must be there before a name leads to it. */
export function syncBlock({ calls, staging, limits }: ApplyContext, block: Block): void {
  const isNew = (step: Step): boolean => !step.failed && step.staged !== undefined;
  if (limits.durability === "full" && [...block.steps.values()].some(isNew)) syncToDisk(calls, staging.handle);
}

function syncToDisk(calls: SystemCalls, handle: DirectoryHandle): void {
  try {
    calls.syncFileSystem(handle);
  } catch (error) {
    const say = (errno: string): string => `the root's file system cannot be written to disk (${errno})`;
    throw diskError(error, say, "LOCKSTEP_APPLY_FAILED");
  }
}

/** What the hold of a block's files leaves to the switch. */
export interface SwitchBounds {
  /** Paths that others have locked. */
  readonly refused: ReadonlySet<BytePath>;
  /** Paths that may not be opened. */
  readonly forbidden: ReadonlySet<BytePath>;
  /** False when too little is left of the hold to begin with another path. */
  readonly mayBegin: () => boolean;
}

export const UNBOUNDED_SWITCH: SwitchBounds = {
  refused: new Set(),
  forbidden: new Set(),
  mayBegin: () => true,
};

/** Why the hold leaves the path as it is. */
function notHeld(path: BytePath, bounds: SwitchBounds): Problem | undefined {
  if (bounds.refused.has(path)) return { path, code: "LOCKSTEP_HELD", message: HELD };
  if (bounds.forbidden.has(path)) return { path, code: "LOCKSTEP_ACCESS_DENIED", message: NOT_LOCKABLE };
  if (bounds.mayBegin()) return undefined;
  return { path, code: "LOCKSTEP_HOLD_ENDED", message: "the hold ended before it was switched" };
}

/**
 * Switches a staged block into place, with nothing else done meanwhile. A path with something new is
 * renamed in, or exchanged with the old version, so that it holds wholly one or the other; `tidyBlock`
 * removes the old versions.
 */
export function switchBlock(context: ApplyContext, block: Block, bounds: SwitchBounds): CommitResult {
  const problems: Problem[] = [];
  const counts = { created: 0, updated: 0, deleted: 0, attributes: 0 };
  const steps = [...block.steps.values()].filter((step) => !step.failed);
  steps.sort((a, b) => comparePaths(a.stated.entry.path, b.stated.entry.path));
  const leaders = new Set<BytePath>();
  for (const { stated } of steps) if (stated.entry.leader !== undefined) leaders.add(stated.entry.leader);
  for (const step of steps) {
    const { path } = step.stated.entry;
    const why = notHeld(path, bounds);
    if (why !== undefined) {
      problems.push(why);
      continue;
    }
    try {
      counts.deleted += switchStep(context, step, block, leaders);
      if (step.action === ACTIONS.create) counts.created++;
      else if (step.action !== ACTIONS.attributes) counts.updated++;
      // Those of directories count when they are set.
      else if (!context.ledger.changing.has(path)) counts.attributes++;
    } catch (error) {
      problems.push(commitProblem(path, error));
    }
  }
  return { counts, problems };
}

/** Removes the old versions that the switch has taken out of the tree. */
export function tidyBlock({ staging }: ApplyContext, block: Block): void {
  for (const name of block.garbage.splice(0)) {
    try {
      staging.discard(name);
    } catch {
      // It goes with the whole area at the end.
    }
  }
}

function commitProblem(path: BytePath, error: unknown): Problem {
  if (error instanceof UnstableContent) return { path, code: "LOCKSTEP_TARGET_CHANGED", message: error.message };
  if (error instanceof TargetChanged) return { path, code: "LOCKSTEP_TARGET_CHANGED", message: error.message };
  if (error instanceof DeleteForbidden) return { path, code: "LOCKSTEP_DELETE_FORBIDDEN", message: error.message };
  if (error instanceof HoldsOthers) return { path, code: "LOCKSTEP_DIRECTORY_NOT_EMPTY", message: error.message };
  if (error instanceof CannotBeRemoved) return { path, code: "LOCKSTEP_ACCESS_DENIED", message: error.message };
  const errno = errnoOf(error);
  if (errno === "EXDEV" && error instanceof SystemError && error.call.startsWith("rename")) {
    const message =
      "the file system cannot move this (EXDEV): the lower directory of an overlay, or another quota project";
    return { path, code: "LOCKSTEP_APPLY_FAILED", message };
  }
  if (errno === "EOPNOTSUPP" && error instanceof SystemError && error.call.startsWith("rename")) {
    const message =
      "the file system can neither exchange names nor give a file a second one, so nothing of it is replaced (EOPNOTSUPP); the root has to lie on another";
    return { path, code: "LOCKSTEP_APPLY_FAILED", message };
  }
  if (error instanceof SystemError && error.call === LINK_FOREIGN) {
    const message =
      "is another user's here, and without exchanges of names it takes a second name to replace it, which this node may not give it (EPERM); run its node as root";
    return { path, code: "LOCKSTEP_ACCESS_DENIED", message };
  }
  if (errno === "EEXIST" || errno === "ENOENT" || errno === "ENOTDIR" || errno === "ELOOP" || errno === "EXDEV") {
    const message = `is not as it was when it was compared (${errno}); it is compared again`;
    return { path, code: "LOCKSTEP_TARGET_CHANGED", message };
  }
  return problemOf(path, error, "switching");
}

/** Carries one step out; returns the number of paths that went with a replaced directory. */
function switchStep(
  context: ApplyContext,
  step: Step,
  { number, garbage }: Block,
  leaders: ReadonlySet<BytePath>,
): number {
  const { calls, staging, ledger } = context;
  const { entry } = step.stated;
  const { path } = entry;
  if (entry.type === DIRECTORY && step.action === ACTIONS.attributes) {
    // Set at the end, as work inside the directory would change the time again.
    ledger.directories.set(path, entry);
    ledger.changing.add(path);
    return 0;
  }
  if (step.action === ACTIONS.attributes && step.staged === undefined) {
    const isLinked = entry.leader !== undefined && linkToLeader(context, step, number, garbage) !== undefined;
    if (!isLinked) changeInPlace(context, entry);
    return 0;
  }
  if (entry.leader !== undefined) return linkToLeader(context, step, number, garbage) ?? 0;
  if (step.staged === undefined) throw new TargetChanged("nothing was staged for it");
  // The inode is noted while nobody else can reach it.
  const led = leaders.size > 0 && leaders.has(path) ? newFileStat() : undefined;
  if (led !== undefined) calls.stat(staging.handle, step.staged, led);
  const gone = place(context, step.staged, step, garbage);
  if (led !== undefined) ledger.placed.set(path, inodeKey(led));
  if (entry.type === DIRECTORY) ledger.directories.set(path, entry);
  return gone;
}

/** Whether the path is as the plan expects it. */
export function isAsListed(context: ApplyContext, path: BytePath, now: FileStat): boolean {
  const ordinal = context.list.table.find(path, context.list.listed) ?? context.list.lookedUp(path);
  return ordinal !== undefined && isListed(context, now, context.list.table.expected(ordinal));
}

function expectedOf(context: ApplyContext, path: BytePath): Expected {
  const ordinal = context.list.table.find(path, context.list.listed) ?? context.list.lookedUp(path);
  if (ordinal === undefined) throw new TargetChanged("was not there when it was compared");
  return context.list.table.expected(ordinal);
}

/** Puts a name of the staging area in place of the path, if that is as the plan expects it. */
function place(context: ApplyContext, staged: string, step: Step, garbage: string[]): number {
  const { calls, directories, staging } = context;
  const { path } = step.stated.entry;
  touchParent(context, path);
  openParent(context, path);
  const { directory, name } = directories.locate(path);
  if (step.action === ACTIONS.create) {
    calls.rename(staging.handle, staged, directory, name, "fresh");
    return 0;
  }
  const before = newFileStat();
  if (!calls.stat(directory, name, before)) throw new TargetChanged("is gone since it was compared");
  const expected = expectedOf(context, path);
  const wasDirectory = typeOfMode(before.mode) === DIRECTORY;
  if (!isListed(context, before, expected)) {
    throw new TargetChanged("changed since it was compared; it is compared again");
  }
  const below = wasDirectory ? findDescendants(context, path, { root: directories.root, at: path }) : NOTHING;
  // To take a directory elsewhere changes its "..".
  const closed = wasDirectory ? closedMode(calls, before) : undefined;
  if (closed !== undefined) calls.chmod(directory, name, closed | 0o700);
  try {
    calls.rename(staging.handle, staged, directory, name, "exchange");
  } catch (error) {
    if (wasDirectory && errnoOf(error) === "EXDEV") {
      clearAway(context, path, below.paths);
      calls.rename(staging.handle, staged, directory, name, "fresh");
      return noteGone(context, below.paths.length);
    }
    if (closed !== undefined) calls.chmod(directory, name, closed);
    throw error;
  }
  try {
    const out = newFileStat();
    calls.stat(staging.handle, staged, out);
    // XFS moves the time of a directory that gets another parent (its ".." changes): then what is in it tells.
    const isStill = isSame(out, before) || (wasDirectory && isStillKnown(context, path, staged, out, before));
    // Swapped between check and switch.
    if (!isStill) throw new TargetChanged("changed while it was switched; it is compared again");
  } catch (error) {
    // What was there is given back, also when it could not be looked at.
    calls.rename(staging.handle, staged, directory, name, "exchange");
    const back = newFileStat();
    const isOurs = closed !== undefined && calls.stat(directory, name, back) && inodeKey(back) === inodeKey(before);
    if (isOurs) calls.chmod(directory, name, closed);
    throw error;
  }
  garbage.push(staged);
  context.ledger.changed.add(inodeKey(before));
  // To remove one of their names moves the ctime that others show.
  for (const inode of below.linked) context.ledger.changed.add(inode);
  return wasDirectory ? noteGone(context, below.paths.length) : 0;
}

/** @param gone paths that went with a directory */
function noteGone({ directories, ledger }: ApplyContext, gone: number): number {
  directories.reset();
  ledger.deletions += gone;
  return gone;
}

/**
 * Removes a directory path by path, where the file system cannot move it: one of an overlay's lower layer, or of
 * another quota project. For a moment nothing is at its path.
 *
 * @param below what it holds, each path behind the one that holds it
 */
function clearAway(context: ApplyContext, path: BytePath, below: readonly BytePath[]): void {
  const { calls, directories } = context;
  const stat = newFileStat();
  for (const one of [path, ...below].reverse()) {
    const { directory, name } = directories.locate(one);
    if (!calls.stat(directory, name, stat)) continue;
    if (!isAsListed(context, one, stat)) throw new TargetChanged("is a directory here and holds what was not compared");
    if (typeOfMode(stat.mode) === DIRECTORY) calls.removeDirectory(directory, name);
    else takeOut(context, directory, name, stat);
  }
}

/** Whether the directory that was switched out holds nothing that was not found before. */
function isStillKnown(context: ApplyContext, path: BytePath, staged: string, out: FileStat, before: FileStat): boolean {
  if (inodeKey(out) !== inodeKey(before)) return false;
  try {
    findDescendants(context, path, { root: context.staging.handle, at: staged });
    return true;
  } catch (error) {
    if (error instanceof TargetChanged) return false;
    throw error;
  }
}

interface Descendants {
  /** Each behind the one that holds it. */
  readonly paths: readonly BytePath[];
  /** Inodes that have further names, here or elsewhere. */
  readonly linked: readonly string[];
}

const NOTHING: Descendants = { paths: [], linked: [] };

/**
 * What is below a directory that is about to turn into something else. All must be known to the
 * plan: the master has a file there, so none of them exists there, but an entry that nobody
 * compared must not go with them; and all must be such that they can be removed.
 *
 * @param path of the directory, as it was listed
 * @param place where it is
 */
function findDescendants(
  context: ApplyContext,
  path: BytePath,
  place: { readonly root: DirectoryHandle; readonly at: BytePath },
): Descendants {
  const { calls, list, limits, ledger } = context;
  const pending = [""];
  const [holder, stat] = [newFileStat(), newFileStat()];
  const [found, linked]: [BytePath[], string[]] = [[], []];
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    const handle = calls.openDirectory(place.root, below === "" ? place.at : joinPath(place.at, below));
    try {
      const names = calls.readDirectory(handle);
      if (names.length > 0 && !mayEmpty(calls, handle, holder)) throw new CannotBeRemoved();
      for (const name of names) {
        const child = joinPath(below, name);
        const listed = joinPath(path, child);
        if (!calls.stat(handle, name, stat)) continue;
        const ordinal = list.table.find(listed, list.listed);
        const isDirectory = typeOfMode(stat.mode) === DIRECTORY;
        if (ordinal === undefined && !list.selectsAll) throw new HoldsOthers();
        if (stat.mountPoint || ordinal === undefined || !isListed(context, stat, list.table.expected(ordinal))) {
          throw new TargetChanged("is a directory here and holds entries that were not compared");
        }
        if (stat.fixed || isKeptByStickyBit(calls, holder, stat)) throw new CannotBeRemoved();
        found.push(listed);
        if (isDirectory) pending.push(child);
        else if (stat.links > 1) linked.push(inodeKey(stat));
      }
    } finally {
      calls.closeDirectory(handle);
    }
  }
  if (found.length > 0 && !limits.delete) {
    throw new DeleteForbidden("is a directory here, and the order forbids deletions");
  }
  if (ledger.deletions + found.length > limits.deletions) {
    throw new TargetChanged("would delete more than was announced");
  }
  return { paths: found, linked };
}

/** Whether what is in a directory can be removed: one of our own can be made so. Fills what is known of it. */
function mayEmpty(calls: SystemCalls, directory: DirectoryHandle, holder: FileStat): boolean {
  const isThere = calls.stat(directory, "", holder);
  return calls.mayChange(directory) || (isThere && holder.uid === process.geteuid?.() && !holder.fixed);
}

/** Only its owner, the directory's owner and root remove a name from a directory with the sticky bit. */
function isKeptByStickyBit({ canChown }: SystemCalls, holder: FileStat, { uid }: FileStat): boolean {
  const own = process.geteuid?.();
  return (holder.mode & 0o1000) !== 0 && !canChown && holder.uid !== own && uid !== own;
}

/**
 * The path is as it was listed. Of a directory the inode says so, since its ctime moves with what this
 * round does below it; a file may have been changed by this round's work on another of its names.
 */
function isListed(context: ApplyContext, now: FileStat, expected: Expected): boolean {
  if (inodeKey(now) !== inodeKey(expected)) return false;
  const isDirectory = typeOfMode(now.mode) === DIRECTORY;
  return isDirectory || sameCtime(now, expected) || context.ledger.changed.has(inodeKey(now));
}

/**
 * Makes the path a further name of its group's first.
 *
 * @returns the number of paths that went with a replaced directory; undefined when it is one already
 */
function linkToLeader(context: ApplyContext, step: Step, block: number, garbage: string[]): number | undefined {
  const { calls, directories, staging } = context;
  const { path, leader } = step.stated.entry;
  if (leader === undefined) return undefined;
  const linkName = `${block}.${step.index}`;
  const leaderStat = newFileStat();
  const own = newFileStat();
  const at = directories.locate(leader);
  if (!calls.stat(at.directory, at.name, leaderStat)) throw new TargetChanged("the first name of its group is missing");
  checkLeader(context, step, leader, leaderStat);
  const target = directories.locate(path);
  const exists = calls.stat(target.directory, target.name, own);
  if (exists && inodeKey(own) === inodeKey(leaderStat)) return undefined;
  const again = directories.locate(leader);
  context.ledger.changed.add(inodeKey(leaderStat));
  calls.makeLink(again.directory, again.name, staging.handle, linkName);
  const linked = newFileStat();
  calls.stat(staging.handle, linkName, linked);
  if (inodeKey(linked) !== inodeKey(leaderStat)) {
    calls.unlink(staging.handle, linkName);
    throw new TargetChanged("the first name of its group changed");
  }
  try {
    const created = step.action === ACTIONS.create;
    return place(context, linkName, created ? step : { ...step, action: ACTIONS.replace }, garbage);
  } catch (error) {
    staging.discard(linkName);
    throw error;
  }
}

/** The leader must be what this round put there, or hold what the master stated of the group. */
function checkLeader(context: ApplyContext, step: Step, leader: BytePath, stat: FileStat): void {
  const { directories, ledger, reader } = context;
  const placed = ledger.placed.get(leader);
  if (placed === inodeKey(stat)) return;
  if (step.stated.entry.type !== typeOfMode(stat.mode))
    throw new TargetChanged("the first name of its group has another type");
  const { checksum } = step.stated;
  if (step.stated.entry.type !== FILE || checksum === undefined) return;
  const { directory, name } = directories.locate(leader);
  const content = reader.read(directory, name);
  if (!sameDigest(content.checksum, checksum)) throw new TargetChanged("the first name of its group has other content");
  ledger.placed.set(leader, inodeKey(stat));
}

/** Gives a file the stated attributes where it lies. */
function changeInPlace(context: ApplyContext, entry: Entry): void {
  const { calls, directories } = context;
  const { directory, name } = directories.locate(entry.path);
  const stat = newFileStat();
  if (!calls.stat(directory, name, stat)) throw new TargetChanged("is gone since it was compared");
  const expected = expectedOf(context, entry.path);
  if (!isListed(context, stat, expected)) {
    throw new TargetChanged("changed since it was compared; it is compared again");
  }
  context.ledger.changed.add(inodeKey(stat));
  applyAttributes(context, directory, name, entry, stat);
}

const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

/** Whether what a rename brought into the staging area is what was looked at before; the rename moves its ctime. */
function isSame(out: FileStat, before: FileStat): boolean {
  return inodeKey(out) === inodeKey(before) && out.mtimeSec === before.mtimeSec && out.mtimeNsec === before.mtimeNsec;
}

/** Removes a name that is no directory. Out of the tree it is looked at again: something else may have come meanwhile. */
function takeOut(
  { calls, staging, ledger }: ApplyContext,
  directory: DirectoryHandle,
  name: string,
  before: FileStat,
): void {
  const taken = `deleted.${ledger.takenOut++}`;
  const out = newFileStat();
  try {
    calls.rename(directory, name, staging.handle, taken, "fresh");
  } catch (error) {
    // An overlay copies what it renames, and on a full disk to delete is what helps: then it is looked at in its place.
    if (!NO_ROOM.has(errnoOf(error) ?? "")) throw error;
    if (!calls.stat(directory, name, out)) return;
    if (!isSame(out, before)) throw new TargetChanged("changed while it was deleted; it is compared again");
    ledger.changed.add(inodeKey(before));
    calls.unlink(directory, name);
    return;
  }
  calls.stat(staging.handle, taken, out);
  if (!isSame(out, before)) {
    try {
      calls.rename(staging.handle, taken, directory, name, "fresh");
    } catch (error) {
      // The name has been made anew meanwhile, which without us would have ended what was taken out.
      if (errnoOf(error) !== "EEXIST") throw error;
    }
    throw new TargetChanged("changed while it was deleted; it is compared again");
  }
  ledger.changed.add(inodeKey(before));
  calls.unlink(staging.handle, taken);
}

/** Deletes paths, children first, each only if it is as it was compared. */
export function deletePaths(
  context: ApplyContext,
  paths: readonly BytePath[],
  bounds: SwitchBounds = UNBOUNDED_SWITCH,
): CommitResult {
  const { calls, directories, limits, ledger } = context;
  const problems: Problem[] = [];
  let deleted = 0;
  const stat = newFileStat();
  for (const path of [...paths].reverse()) {
    const why = notHeld(path, bounds);
    if (why !== undefined) {
      problems.push(why);
      continue;
    }
    try {
      if (!limits.delete || path === "") throw new DeleteForbidden("the order forbids deletions");
      if (ledger.deletions >= limits.deletions) throw new TargetChanged("would delete more than was announced");
      touchParent(context, path);
      const { directory, name } = directories.locate(path);
      if (!calls.stat(directory, name, stat)) continue;
      const expected = expectedOf(context, path);
      const isDirectory = typeOfMode(stat.mode) === DIRECTORY;
      if (!isListed(context, stat, expected))
        throw new TargetChanged("changed since it was compared; it was not deleted");
      openParent(context, path);
      if (isDirectory) {
        calls.removeDirectory(directory, name);
        ledger.touched.delete(path);
        ledger.closed.delete(path);
        ledger.lastTouched = undefined;
      } else {
        takeOut(context, directory, name, stat);
      }
      ledger.deletions++;
      deleted++;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "ENOTEMPTY" || errno === "EEXIST") {
        const message = "holds entries that are not selected or are new here; it stays";
        problems.push({ path, code: "LOCKSTEP_DIRECTORY_NOT_EMPTY", message });
      } else problems.push(commitProblem(path, error));
    }
  }
  directories.reset();
  const counts: ChangeCounts = { created: 0, updated: 0, deleted, attributes: 0 };
  return { counts, problems };
}

/**
 * Ends the apply: removes the staging area, then sets modes and times of directories.
 *
 * @param staged `keep` leaves complete contents for the next round, when this one was cut short
 */
export function finishApply(context: ApplyContext, staged: "remove" | "keep"): CommitResult {
  const { calls, directories, staging, ledger, limits } = context;
  const problems: Problem[] = [];
  directories.reset();
  if (staged === "remove" && staging.exists()) {
    touchParent(context, RESERVED_NAME);
    openParent(context, RESERVED_NAME);
    const stuck = staging.remove();
    if (stuck !== undefined) problems.push(leftBehind(stuck));
  } else staging.close();
  const paths = new Set([...ledger.touched.keys(), ...ledger.directories.keys()]);
  const deepestFirst = [...paths].sort((a, b) => comparePaths(b, a));
  let attributes = 0;
  for (const path of deepestFirst) {
    try {
      finishDirectory(context, path);
      if (ledger.changing.has(path)) attributes++;
    } catch (error) {
      problems.push(commitProblem(path, error));
    }
  }
  if (limits.durability === "full" && paths.size > 0) syncToDisk(calls, directories.root);
  return { counts: { created: 0, updated: 0, deleted: 0, attributes }, problems };
}

/** What nobody needs any more and cannot be removed takes room, and disturbs nothing else. */
function leftBehind(why: string): Problem {
  const message = `old versions are left in its .lockstep and cannot be removed (${why}); remove them by hand`;
  return { path: "", code: "LOCKSTEP_NOT_REMOVED", message };
}

function finishDirectory(context: ApplyContext, path: BytePath): void {
  const { calls, directories, ledger } = context;
  const { directory, name } = directories.locate(path);
  const stat = newFileStat();
  if (!calls.stat(directory, name, stat) || typeOfMode(stat.mode) !== DIRECTORY) return;
  const entry = ledger.directories.get(path);
  if (entry === undefined) {
    const before = ledger.touched.get(path);
    if (before === undefined) return;
    // Unless somebody has given it yet another mode.
    const { closed } = before;
    const isWidened = closed !== undefined && (stat.mode & 0o7777) === (closed | 0o700);
    if (isWidened) calls.chmod(directory, name, closed);
    calls.setTime(directory, name, before.sec, before.nsec);
    return;
  }
  applyAttributes(context, directory, name, entry, stat);
  if ((entry.mode & 0o700) !== 0o700) calls.chmod(directory, name, entry.mode);
  calls.setTime(directory, name, entry.mtimeSec, entry.mtimeNsec);
}
