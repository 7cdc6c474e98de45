import type { Classifier } from "../compare/classify.ts";
import { DIRECTORY, SYMLINK } from "../model/entry.ts";
import { LockstepError } from "../model/errors.ts";
import { type BytePath, joinPath, MAX_PATH_BYTES, RESERVED_NAME } from "../model/path.ts";
import type { Problem } from "../model/problem.ts";
import type { ConfinedDirectories } from "./confined-directories.ts";
import { diskError } from "./disk-errors.ts";
import { EntryTable, typeOfMode } from "./entry-table.ts";
import { readXattrs } from "./read-xattrs.ts";
import { type DirectoryHandle, errnoOf, newFileStat, type SystemCalls } from "./system-calls.ts";

export interface ScanResult {
  readonly table: EntryTable;
  /** Paths that could not be looked into. */
  readonly blind: Problem[];
  /** True when the root directory holds nothing at all, selected or not. */
  readonly rootIsEmpty: boolean;
}

function blindness(path: BytePath, error: unknown): Problem {
  const errno = errnoOf(error) ?? "EIO";
  const denied = errno === "EACCES" || errno === "EPERM" ? "LOCKSTEP_ACCESS_DENIED" : "LOCKSTEP_SOURCE_UNREADABLE";
  const code = errno === "ENAMETOOLONG" ? "LOCKSTEP_PATH_TOO_LONG" : denied;
  return { path, code, message: `cannot be read (${errno}); what lies there is left as it is` };
}

/** Without the root there is no list. */
function unreadableRoot(error: unknown): unknown {
  return diskError(error, (errno) => `the root directory cannot be read (${errno})`, "LOCKSTEP_SOURCE_UNREADABLE", "");
}

/** A directory on the way down: its names, and how far they are done. */
interface Frame {
  readonly path: BytePath;
  readonly names: readonly string[];
  next: number;
  /** Names that were not there when they were looked at. */
  readonly vanished: string[];
}

/** Those of the vanished names that the directory goes on to name: to take them for gone would delete them elsewhere. */
function stillNamed(calls: SystemCalls, directories: ConfinedDirectories, { path, vanished }: Frame): string[] {
  if (vanished.length === 0) return [];
  try {
    const handle = calls.openDirectory(directories.root, path);
    try {
      const names = new Set(calls.readDirectory(handle));
      return vanished.filter((name) => names.has(name) && !calls.stat(handle, name, newFileStat()));
    } finally {
      calls.closeDirectory(handle);
    }
  } catch {
    // Gone as a whole by now, or told of otherwise.
    return [];
  }
}

/**
 * Lists what the classifier selects, in depth-first order, with one directory open at a time.
 * Directories that are not selected are still walked, as a pattern may select what they hold.
 */
export function scanTree(calls: SystemCalls, directories: ConfinedDirectories, classifier: Classifier): ScanResult {
  const table = new EntryTable();
  const blind: Problem[] = [];
  const stat = newFileStat();
  const consider = (path: BytePath, handle: DirectoryHandle, name: string): void => {
    const type = typeOfMode(stat.mode);
    const { size, mtimeSec, mtimeNsec } = stat;
    if (!classifier.selects({ path, type, size, mtimeSec, mtimeNsec })) return;
    const target = type === SYMLINK ? calls.readLink(handle, name) : "";
    table.add(path, stat, target, readXattrs(calls, handle, name));
  };

  // Handles of an earlier walk stand at the end of their listing.
  directories.reset();
  try {
    if (!calls.stat(directories.root, "", stat)) throw new LockstepError("LOCKSTEP_ROOT_MISSING", "the root is gone");
    consider("", directories.root, "");
  } catch (error) {
    throw unreadableRoot(error);
  }
  const { deviceMajor, deviceMinor } = stat;

  const stack: Frame[] = [];
  const enter = (path: BytePath): void => {
    try {
      // A handle of its own for the root, so that each scan reads it from the start.
      const handle = path === "" ? calls.openDirectory(directories.root, "") : directories.directory(path);
      stack.push({ path, names: calls.readDirectory(handle), next: 0, vanished: [] });
      if (path === "") calls.closeDirectory(handle);
    } catch (error) {
      if (path === "") throw unreadableRoot(error);
      // Gone since its parent was read: then it is simply not there.
      if (errnoOf(error) !== "ENOENT") blind.push(blindness(path, error));
    }
  };
  /** Lists the names of a directory up to the next directory in it, which is returned. */
  const advance = (frame: Frame): BytePath | undefined => {
    const handle = directories.directory(frame.path);
    while (frame.next < frame.names.length) {
      const name = frame.names[frame.next++];
      const path = joinPath(frame.path, name);
      if (path === RESERVED_NAME) continue;
      if (path.length > MAX_PATH_BYTES) {
        blind.push({ path: frame.path, code: "LOCKSTEP_PATH_TOO_LONG", message: "holds a path of over 4095 bytes" });
        continue;
      }
      try {
        if (!calls.stat(handle, name, stat)) {
          frame.vanished.push(name);
          continue;
        }
        const type = typeOfMode(stat.mode);
        if (stat.mountPoint || stat.deviceMajor !== deviceMajor || stat.deviceMinor !== deviceMinor) {
          const message =
            "another file system is mounted here (or lies below, in an overlay); it is not entered and left as it is";
          blind.push({ path, code: "LOCKSTEP_MOUNT_POINT", message });
          continue;
        }
        consider(path, handle, name);
        if (type === DIRECTORY) return path;
      } catch (error) {
        if (errnoOf(error) !== "ENOENT") blind.push(blindness(path, error));
      }
    }
    return undefined;
  };
  enter("");
  const rootIsEmpty = stack[0].names.every((name) => name === RESERVED_NAME);
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    let below: BytePath | undefined;
    try {
      below = advance(frame);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") blind.push(blindness(frame.path, error));
    }
    if (below === undefined) {
      stack.pop();
      for (const name of stillNamed(calls, directories, frame)) {
        const message = "is named by its directory, and cannot be found in it; is the file system damaged?";
        blind.push({ path: joinPath(frame.path, name), code: "LOCKSTEP_ACCESS_DENIED", message });
      }
    } else enter(below);
  }
  directories.reset();
  table.groupLinks();
  return { table, blind, rootIsEmpty };
}
