import { FILE } from "../model/entry.ts";
import type { BytePath } from "../model/path.ts";
import { isLockedForWriting } from "./advisory-hold.ts";
import type { ApplyContext } from "./apply-context.ts";
import type { BlockFile } from "./block-files.ts";
import { isAsListed } from "./commit.ts";
import { inodeKey, typeOfMode } from "./entry-table.ts";
import { errnoOf, type FileStat, newFileStat } from "./system-calls.ts";

/** How long those who read a file when it is closed to others may take. */
const DRAIN_MS = 300;
const POLL_MS = 0.2;

const pause = new Int32Array(new SharedArrayBuffer(4));

interface MutableDrained {
  readonly descriptors: number[];
  readonly paths: Set<BytePath>;
  readonly inodes: Set<string>;
}

export interface Drained {
  /** They hold the locks, of both versions. */
  readonly descriptors: readonly number[];
  /** Paths whose files are locked. */
  readonly paths: ReadonlySet<BytePath>;
}

/**
 * Locks files that are never free, since some reader or other always has a shared lock: flock(2) lets
 * new readers in while somebody waits for an exclusive lock. So the new version, locked, is put in the
 * file's place for a moment: new readers wait for that one, those who are there finish with the old one,
 * and as soon as they have it is put back, locked. Readers that wait find that the name leads elsewhere,
 * and open it anew, as whoever takes locks on files that are exchanged must.
 *
 * Readers that lock several files in various orders may wait for each other here until the time is up;
 * then everything is as it was, and another try may have more luck.
 *
 * @param files a link group's first path before the others
 */
export function drainReaders(context: ApplyContext, files: readonly BlockFile[]): Drained {
  const drained = { descriptors: [], paths: new Set<BytePath>(), inodes: new Set<string>() };
  try {
    for (const file of files) if (!drainOne(context, file, drained)) break;
  } catch (error) {
    for (const fd of drained.descriptors) context.calls.closeFile(fd);
    throw error;
  }
  return drained;
}

function drainOne(context: ApplyContext, file: BlockFile, drained: MutableDrained): boolean {
  const { calls, directories, ledger, staging } = context;
  const { path, staged } = file;
  const opened: number[] = [];
  let locked = false;
  try {
    const { directory, name } = directories.locate(path);
    const before = newFileStat();
    if (!calls.stat(directory, name, before) || typeOfMode(before.mode) !== FILE) return false;
    // A further name of what is locked.
    if (drained.inodes.has(inodeKey(before))) {
      drained.paths.add(path);
      return true;
    }
    // What somebody has changed is not to be switched anyway, and would not be told from what is moved here.
    if (staged === undefined || !isAsListed(context, path, before)) return false;
    const writable = isLockedForWriting(before.mode);
    const range = writable ? "write" : "read";
    opened.push(calls.openToLock(staging.handle, staged, writable));
    opened.push(calls.openToLock(directory, name, writable));
    const [next, old] = opened;
    const fresh = newFileStat();
    calls.statFile(next, fresh);
    calls.statFile(old, before);
    if (!calls.lockFile(next, "exclusive", range)) return false;
    const exchange = (): void => calls.rename(staging.handle, staged, directory, name, "exchange");
    const isStaged = (inode: FileStat): boolean => {
      const out = newFileStat();
      return calls.stat(staging.handle, staged, out) && inodeKey(out) === inodeKey(inode);
    };
    ledger.changed.add(inodeKey(before));
    exchange();
    try {
      const isOld = isStaged(before);
      const until = performance.now() + DRAIN_MS;
      while (isOld && !locked && performance.now() < until) {
        locked = calls.lockFile(old, "exclusive", range);
        if (!locked) Atomics.wait(pause, 0, 0, POLL_MS);
      }
    } finally {
      try {
        exchange();
      } finally {
        // Somebody deleted the new version meanwhile, or put something else in its place, which is given
        // back: then there is nothing to be switched in any more.
        if (!isStaged(fresh)) {
          locked = false;
          file.step.staged = undefined;
          if (!isStaged(before)) exchange();
          staging.discard(staged);
        }
      }
    }
    if (locked) {
      drained.paths.add(path);
      drained.inodes.add(inodeKey(before));
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    locked = false;
  } finally {
    if (!locked) for (const fd of opened) calls.closeFile(fd);
  }
  if (locked) drained.descriptors.push(...opened);
  return locked;
}
