/**
 * Renames where there are no flags for them, as renameat2(2) has: on other systems, and on file systems such as
 * NFS, ZFS before 2.2 and most of FUSE. What one call does elsewhere takes several here, in an order that keeps
 * every file wholly old or wholly new.
 */
import { inodeKey } from "./entry-table.ts";
import {
  type DirectoryHandle,
  errnoOf,
  type FileStat,
  newFileStat,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  type SystemCalls,
  SystemError,
} from "./system-calls.ts";

export interface PlainNames extends Pick<SystemCalls, "stat" | "makeLink" | "unlink" | "canChown"> {
  /** Whether a symbolic link can have a second name; link(2) of some systems follows it. */
  readonly linksSymlinks: boolean;
  /** rename(2): what the new name led to is gone. */
  replace(from: DirectoryHandle, fromName: string, to: DirectoryHandle, toName: string): void;
}

/** The call of an error that says that the system lets this process give a file of somebody else's no second name. */
export const LINK_FOREIGN = "link of a foreign file";

/** What link(2) says where the file system has none, or allows none of this file. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

export const LACKS_EXCHANGE =
  "names cannot be exchanged (renameat2): a directory that turns into something else, or something into a directory, is missing for a moment";

/**
 * Gives something a name that must be free.
 *
 * @throws SystemError EEXIST
 */
export function renameFresh(
  names: PlainNames,
  from: DirectoryHandle,
  fromName: string,
  to: DirectoryHandle,
  toName: string,
): void {
  if (canLink(names, existing(names, from, fromName)) && tryLink(names, from, fromName, to, toName)) {
    names.unlink(from, fromName);
  } else moveFresh(names, from, fromName, to, toName);
}

/** False where there is no link to be had. */
function tryLink(
  names: PlainNames,
  from: DirectoryHandle,
  fromName: string,
  to: DirectoryHandle,
  toName: string,
): boolean {
  try {
    names.makeLink(from, fromName, to, toName);
    return true;
  } catch (error) {
    if (!NO_LINKS.has(errnoOf(error) ?? "")) throw error;
    return false;
  }
}

/**
 * The same for a directory, or where there are no hard links: the name is looked at before, so that who makes it in
 * that very moment loses it.
 *
 * @throws SystemError EEXIST
 */
export function moveFresh(
  names: PlainNames,
  from: DirectoryHandle,
  fromName: string,
  to: DirectoryHandle,
  toName: string,
): void {
  if (names.stat(to, toName, newFileStat())) throw new SystemError("EEXIST", "rename");
  names.replace(from, fromName, to, toName);
}

/**
 * Swaps two names. A file keeps its old version by a second name, and the new one is put over it in one step. Where
 * a directory is among the two, nothing is at the second name for a moment.
 *
 * @throws SystemError EOPNOTSUPP or EPERM, with nothing done, of files without second names, as one could not be given
 * back
 */
export function exchange(
  names: PlainNames,
  from: DirectoryHandle,
  fromName: string,
  to: DirectoryHandle,
  toName: string,
): void {
  const [source, target] = [existing(names, from, fromName), existing(names, to, toName)];
  if (inodeKey(source) === inodeKey(target)) return;
  const aside = `${fromName}.aside`;
  const linked = canLink(names, source) && canLink(names, target);
  if (!linked) moveFresh(names, to, toName, from, aside);
  else if (!tryLink(names, to, toName, from, aside)) throw unlinkable(names, target);
  try {
    names.replace(from, fromName, to, toName);
  } catch (error) {
    if (linked) names.unlink(from, aside);
    else moveFresh(names, from, aside, to, toName);
    throw error;
  }
  names.replace(from, aside, from, fromName);
}

/** Why there is no second name of a file: it is immutable, or somebody else's (`protected_hardlinks`, proc(5)), or there are none. */
function unlinkable({ canChown }: PlainNames, { fixed, uid }: FileStat): SystemError {
  if (fixed) return new SystemError("EPERM", "rename");
  const isForeign = !canChown && uid !== process.geteuid?.();
  return isForeign ? new SystemError("EPERM", LINK_FOREIGN) : new SystemError("EOPNOTSUPP", "rename");
}

function existing(names: PlainNames, directory: DirectoryHandle, name: string): FileStat {
  const stat = newFileStat();
  if (!names.stat(directory, name, stat)) throw new SystemError("ENOENT", "rename");
  return stat;
}

function canLink(names: PlainNames, { mode }: FileStat): boolean {
  const format = mode & S_IFMT;
  return format !== S_IFDIR && (format !== S_IFLNK || names.linksSymlinks);
}
