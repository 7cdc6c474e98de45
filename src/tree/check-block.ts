import { inconsistency } from "../compare/inconsistency.ts";
import { sameDigest } from "../model/digest.ts";
import { type Abilities, DIRECTORY, FILE, SYMLINK } from "../model/entry.ts";
import type { BytePath } from "../model/path.ts";
import type { Problem } from "../model/problem.ts";
import type { StatedEntry } from "../model/statement.ts";
import type { CheckResult } from "../ports/tree.ts";
import type { ConfinedDirectories } from "./confined-directories.ts";
import { EntryTable, entryFromStat, inodeKey, typeOfMode } from "./entry-table.ts";
import { type StableReader, UnstableContent } from "./read-stable.ts";
import { readXattrs } from "./read-xattrs.ts";
import type { BlockSteps } from "./stage.ts";
import { errnoOf, type FileStat, newFileStat, type SystemCalls } from "./system-calls.ts";
import { NANOSECONDS_PER_MS, type VerifiedFiles } from "./verified-files.ts";

/** The clock of a file system ticks coarsely: a later change may share a ctime that is younger than this. */
const TICK_MS = 10;

/** Paths, or bytes, from which a block is worth a wait of one tick. */
const WAIT_FROM_PATHS = 64;
const WAIT_FROM_BYTES = 4 << 20;

const pause = new Int32Array(new SharedArrayBuffer(4));

export interface CheckContext {
  readonly calls: SystemCalls;
  readonly directories: ConfinedDirectories;
  readonly reader: StableReader;
  readonly represents: Abilities;
  /** Not where nothing was synced: what the system has not yet written would be read from memory anyway. */
  readonly fromDisk: boolean;
}

/**
 * Reads back what a commit has changed and compares it with what
 * the master stated. Directories are left out: their attributes are set at the end of the round.
 */
export function checkBlock(context: CheckContext, { stated, steps }: BlockSteps): CheckResult & VerifiedFiles {
  const inconsistent: Problem[] = [];
  const table = new EntryTable();
  const digests: Uint8Array[] = [];
  let checked = 0;
  // Else what was switched last would have to be read again: of a small block that is soon done.
  const bytes = steps.reduce((sum, { index }) => sum + stated[index].entry.size, 0);
  if (steps.length >= WAIT_FROM_PATHS || bytes >= WAIT_FROM_BYTES) Atomics.wait(pause, 0, 0, TICK_MS);
  for (const { index } of steps) {
    const one = stated[index];
    const { path, type } = one.entry;
    if (type === DIRECTORY) continue;
    if (type === FILE) checked++;
    try {
      const why = checkOne(context, one, table, digests);
      if (why !== undefined)
        inconsistent.push({ path, code: "LOCKSTEP_NOT_IN_STEP", message: `${why} after its switch` });
    } catch (error) {
      const errno = errnoOf(error);
      if (!(error instanceof UnstableContent) && errno === undefined) throw error;
      const unread = errno === "ENOENT" ? "is gone after its switch" : `cannot be read back (${errno})`;
      const why = error instanceof UnstableContent ? error.message : unread;
      inconsistent.push({ path, code: "LOCKSTEP_NOT_IN_STEP", message: why });
    }
  }
  const packed = new Uint8Array(digests.length * 32);
  for (const [i, digest] of digests.entries()) packed.set(digest, i * 32);
  const keys = table.hashKeys(digests.map((_, i) => i));
  return { checked, inconsistent, keys, digests: packed };
}

/** Why the path is not as stated; a file that is gets into the table. */
function checkOne(
  { calls, directories, reader, represents, fromDisk }: CheckContext,
  { entry, checksum }: StatedEntry,
  table: EntryTable,
  digests: Uint8Array[],
): string | undefined {
  const { path, type, leader } = entry;
  const { directory, name } = directories.locate(path);
  let state: FileStat;
  let found: Uint8Array | undefined;
  let leased = false;
  const startedAt = Date.now();
  if (type === FILE) {
    const content = reader.read(directory, name, { fresh: true, fromDisk, tryLease: true });
    state = content.stat;
    found = content.checksum;
    leased = content.leased;
  } else {
    state = newFileStat();
    if (!calls.stat(directory, name, state)) return inconsistency(entry, undefined, represents);
  }
  const target = typeOfMode(state.mode) === SYMLINK ? calls.readLink(directory, name) : "";
  const linked = leader !== undefined && isSameInode(calls, directories, leader, inodeKey(state));
  const xattrs = readXattrs(calls, directory, name);
  const now = entryFromStat(path, state, target, linked ? leader : undefined, xattrs);
  const why = inconsistency(entry, now, represents);
  if (why !== undefined || found === undefined || checksum === undefined) return why;
  if (!sameDigest(found, checksum)) return "has other content";
  // Whoever had it open for writing may have changed it since, behind the same times.
  if (!leased) return undefined;
  // Of a file system whose clock ticks so coarsely none can be told from a later change; it is read again at the end.
  if (state.ctimeNsec % NANOSECONDS_PER_MS === 0) return undefined;
  if (startedAt - (state.ctimeSec * 1000 + state.ctimeNsec / 1e6) < TICK_MS) return undefined;
  table.add("", state, "", []);
  digests.push(found);
  return undefined;
}

function isSameInode(calls: SystemCalls, directories: ConfinedDirectories, path: BytePath, key: string): boolean {
  const { directory, name } = directories.locate(path);
  const stat = newFileStat();
  return calls.stat(directory, name, stat) && inodeKey(stat) === key;
}
