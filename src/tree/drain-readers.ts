import type { BytePath } from "../model/path.ts";
import type { ApplyContext } from "./apply-context.ts";
import type { BlockFile } from "./block-files.ts";
import { inodeKey } from "./entry-table.ts";
import { errnoOf, newFileStat } from "./system-calls.ts";

/** How long those who read a file when it is closed to others may take. */
const DRAIN_MS = 300;
const POLL_MS = 0.2;

const pause = new Int32Array(new SharedArrayBuffer(4));

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
 * @returns descriptors that hold the locks, of both versions, and the paths that are not locked
 */
export function drainReaders(
  context: ApplyContext,
  files: readonly BlockFile[],
): { descriptors: number[]; refused: BytePath[] } {
  const descriptors: number[] = [];
  const refused: BytePath[] = [];
  for (const file of files) {
    if (refused.length === 0 && drainOne(context, file, descriptors)) continue;
    refused.push(file.path);
  }
  return { descriptors, refused };
}

function drainOne(context: ApplyContext, { path, staged }: BlockFile, descriptors: number[]): boolean {
  const { calls, directories, ledger, staging } = context;
  if (staged === undefined) return false;
  const opened: number[] = [];
  let locked = false;
  try {
    const { directory, name } = directories.locate(path);
    const before = newFileStat();
    if (!calls.stat(directory, name, before)) return false;
    // As AdvisoryHold does: what may be executed is not opened for writing.
    const writable = (before.mode & 0o111) === 0;
    const range = writable ? "write" : "read";
    opened.push(calls.openToLock(staging.handle, staged, writable));
    opened.push(calls.openToLock(directory, name, writable));
    const [next, old] = opened;
    calls.statFile(old, before);
    if (!calls.lockFile(next, "exclusive", range)) return false;
    const exchange = (): void => calls.rename(staging.handle, staged, directory, name, "exchange");
    ledger.changed.add(inodeKey(before));
    exchange();
    try {
      const out = newFileStat();
      const isOld = calls.stat(staging.handle, staged, out) && inodeKey(out) === inodeKey(before);
      const until = performance.now() + DRAIN_MS;
      while (isOld && !locked && performance.now() < until) {
        locked = calls.lockFile(old, "exclusive", range);
        if (!locked) Atomics.wait(pause, 0, 0, POLL_MS);
      }
    } finally {
      exchange();
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    locked = false;
  } finally {
    if (!locked) for (const fd of opened) calls.closeFile(fd);
  }
  if (locked) descriptors.push(...opened.splice(0));
  return locked;
}
