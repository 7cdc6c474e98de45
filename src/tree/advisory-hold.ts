import { FILE } from "../model/entry.ts";
import type { BytePath } from "../model/path.ts";
import { inodeKey, typeOfMode } from "./entry-table.ts";
import { type DirectoryHandle, errnoOf, type LockKind, newFileStat, type SystemCalls } from "./system-calls.ts";

/** A file to be locked. */
export interface LockTarget {
  /** Named when the lock is refused. */
  readonly path: BytePath;
  /** Where it is; called right before it is opened, once for each try. A SystemError may be thrown. */
  locate(): { directory: DirectoryHandle; name: string };
}

export interface TakenHold {
  readonly hold: AdvisoryHold;
  /** Paths that stayed unlocked, as somebody else's lock or lease is on them. */
  readonly refused: BytePath[];
  /** Paths that may not be opened; to wait does not help. */
  readonly forbidden: BytePath[];
}

/** Pauses between tries: short at first, as most locks are short; never so long that a gap is missed. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

/** Nothing (more) is there to be locked, or it is no file; whoever switches the path looks again. */
const VANISHED = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EXDEV", "ENXIO"]);
/** Not to be opened for writing: no right, a running program, an immutable file, a read-only file system. */
const NOT_WRITABLE = new Set(["EACCES", "EPERM", "ETXTBSY", "EROFS"]);
/** What may be executed is not opened for writing, as it could not be executed meanwhile. */
export function isLockedForWriting(mode: number): boolean {
  return (mode & 0o111) === 0;
}

const pause = new Int32Array(new SharedArrayBuffer(4));

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
   * Locks all targets, or, when that does not succeed in time, those that can be locked.
   *
   * While one is refused none stays locked: whoever holds some and waits for others would wait forever
   * for a program that does the same in another order. Blocks the thread, which sleeps between tries.
   * Targets that are gone or no regular files are passed over; an inode with several names is locked once.
   *
   * @param waitMs how long to try, in milliseconds from now; 0 tries once
   * @throws SystemError with nothing locked: ENOTSUP without the Linux calls, EMFILE when descriptors run
   * out (one per file is open until the release), ENOLCK and others of flock(2) and fcntl(2)
   */
  static take(calls: SystemCalls, targets: readonly LockTarget[], kind: LockKind, waitMs: number): TakenHold {
    const deadline = performance.now() + waitMs;
    let longest = FIRST_PAUSE_MS;
    let order = targets;
    for (;;) {
      const left = deadline - performance.now();
      const taken = AdvisoryHold.#tryAll(calls, order, kind, left > 0);
      if (taken.contended === undefined) return taken;
      const { contended } = taken;
      // Asked first from now on, so that the others are not locked and unlocked with each try.
      order = [contended, ...order.filter((target) => target !== contended)];
      // Not in step with whoever else tries again and again.
      Atomics.wait(pause, 0, 0, Math.min(longest * (0.5 + Math.random() / 2), Math.max(left, 0)));
      longest = Math.min(longest * 2, LONGEST_PAUSE_MS);
    }
  }

  /** One pass; with `orNone` the first target that another's lock forbids ends it, with nothing locked. */
  static #tryAll(
    calls: SystemCalls,
    targets: readonly LockTarget[],
    kind: LockKind,
    orNone: boolean,
  ): TakenHold & { contended?: LockTarget } {
    const hold = new AdvisoryHold(calls, []);
    const [refused, forbidden]: [BytePath[], BytePath[]] = [[], []];
    const seen = new Set<string>();
    try {
      for (const target of targets) {
        const answer = hold.#add(target, kind, seen);
        if (answer === "locked" || answer === "nothing") continue;
        if (answer === "contended" && orNone) {
          hold.release();
          return { hold, refused, forbidden, contended: target };
        }
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
