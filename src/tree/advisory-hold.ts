import { FILE } from "../model/entry.ts";
import type { BytePath } from "../model/path.ts";
import { inodeKey, typeOfMode } from "./entry-table.ts";
import { type DirectoryHandle, errnoOf, type LockKind, newFileStat, type SystemCalls } from "./system-calls.ts";

/** A file to be locked. */
export interface LockTarget {
  /** Named when the lock is refused. */
  readonly path: BytePath;
  /** Where it is; called right before it is opened. A SystemError may be thrown. */
  locate(): { directory: DirectoryHandle; name: string };
}

export interface TakenHold {
  readonly hold: AdvisoryHold;
  /** Paths that stayed unlocked, as somebody else's lock or lease is on them. */
  readonly refused: BytePath[];
  /** Paths that may not be opened; to wait does not help. */
  readonly forbidden: BytePath[];
}

/** Nothing (more) is there to be locked, or it is no file; whoever switches the path looks again. */
const VANISHED = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EXDEV", "ENXIO"]);
/** Not to be opened for writing: no right, a running program, an immutable file, a read-only file system. */
const NOT_WRITABLE = new Set(["EACCES", "EPERM", "ETXTBSY", "EROFS"]);
/** What may be executed is not opened for writing, as it could not be executed meanwhile. */
export function isLockedForWriting(mode: number): boolean {
  return (mode & 0o111) === 0;
}

/**
 * Locks on files that are about to be switched, which keep out programs that lock too: flock(2), and an
 * open file description lock (fcntl(2)), which fcntl and lockf locks of others respect.
 *
 * An exclusive hold opens files for writing, since only that allows a lock that keeps out read locks.
 * This asks holders of a read lease (Samba, NFS) to give it up, as the coming change would have to; and
 * inotify reports a close after writing at the release. While a file is open for writing it cannot be
 * executed, so files with an execute bit, and those that cannot be opened for writing, are opened for
 * reading: their flock is exclusive, but of fcntl locks only write locks are kept out. A shared hold
 * opens for reading only and disturbs none but write leases.
 *
 * Locks belong to inodes. One that lies in the staging area can be locked as well, and should be, so that
 * whoever opens the new version before the release waits, too.
 */
export class AdvisoryHold {
  readonly #calls: SystemCalls;
  readonly #descriptors: number[];

  private constructor(calls: SystemCalls, descriptors: number[]) {
    this.#calls = calls;
    this.#descriptors = descriptors;
  }

  /**
   * Locks the targets, once and without waiting: those that somebody else has locked are named. To wait for
   * them with the others locked could take forever, as a program may do the same in another order.
   * Targets that are gone or no regular files are passed over; an inode with several names is locked once.
   *
   * @throws SystemError with nothing locked: ENOTSUP without the Linux calls, EMFILE when descriptors run
   * out (one per file is open until the release), ENOLCK and others of flock(2) and fcntl(2)
   */
  static take(calls: SystemCalls, targets: readonly LockTarget[], kind: LockKind): TakenHold {
    const hold = new AdvisoryHold(calls, []);
    const [refused, forbidden]: [BytePath[], BytePath[]] = [[], []];
    const seen = new Set<string>();
    try {
      for (const target of targets) {
        const answer = hold.#add(target, kind, seen);
        if (answer === "locked" || answer === "nothing") continue;
        (answer === "contended" ? refused : forbidden).push(target.path);
      }
    } catch (error) {
      hold.release();
      throw error;
    }
    return { hold, refused, forbidden };
  }

  #add(target: LockTarget, kind: LockKind, seen: Set<string>): "locked" | "nothing" | "contended" | "forbidden" {
    const calls = this.#calls;
    const stat = newFileStat();
    let fd: number;
    let writable: boolean;
    try {
      const { directory, name } = target.locate();
      // Before it is opened, as opening a device or a fifo for writing does something.
      if (!calls.stat(directory, name, stat) || typeOfMode(stat.mode) !== FILE) return "nothing";
      writable = kind === "exclusive" && isLockedForWriting(stat.mode);
      try {
        fd = calls.openToLock(directory, name, writable);
      } catch (error) {
        if (!writable || !NOT_WRITABLE.has(errnoOf(error) ?? "")) throw error;
        writable = false;
        fd = calls.openToLock(directory, name, false);
      }
    } catch (error) {
      const errno = errnoOf(error) ?? "";
      if (VANISHED.has(errno)) return "nothing";
      if (errno === "EAGAIN" || errno === "EWOULDBLOCK") return "contended";
      if (errno === "EACCES" || errno === "EPERM") return "forbidden";
      throw error;
    }
    let kept = false;
    try {
      calls.statFile(fd, stat);
      // A second name of a locked inode: a second lock would be refused by the first.
      const inode = inodeKey(stat);
      if (typeOfMode(stat.mode) !== FILE || seen.has(inode)) return "nothing";
      if (!calls.lockFile(fd, kind, writable ? "write" : "read")) return "contended";
      seen.add(inode);
      kept = true;
    } finally {
      if (kept) this.#descriptors.push(fd);
      else calls.closeFile(fd);
    }
    return "locked";
  }

  /** Inodes that are locked. */
  get held(): number {
    return this.#descriptors.length;
  }

  /**
   * Takes a read lease on each file where there is one to be had: then the open(2) of a writer waits,
   * whether it looks at locks or not (fcntl(2), F_SETLEASE).
   */
  lease(): void {
    for (const fd of this.#descriptors) this.#calls.lease(fd);
  }

  /** Unlocks everything; nothing happens the second time. */
  release(): void {
    for (const fd of this.#descriptors.splice(0)) this.#calls.closeFile(fd);
  }
}
