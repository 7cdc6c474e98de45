import { DIRECTORY, FILE } from "../model/entry.ts";
import { LockstepError } from "../model/errors.ts";
import { displayPath, RESERVED_NAME } from "../model/path.ts";
import { typeOfMode } from "./entry-table.ts";
import { type DirectoryHandle, errnoOf, type FileStat, newFileStat, type SystemCalls } from "./system-calls.ts";

/** How what can neither be removed nor used is named: as nothing that a round stages. */
const STUCK = "stuck-";

const IN_USE =
  "another node is changing this directory: nothing was changed here. Stop one of the two, or give it a directory of its own";

/**
 * `ROOT/.lockstep/`: where new versions wait and old ones go to be removed. On the root's own file
 * system, so that a switch is a rename; 0700, so that nobody else looks in.
 */
export class StagingArea {
  readonly #calls: SystemCalls;
  readonly #root: DirectoryHandle;
  #handle: DirectoryHandle | undefined;

  constructor(calls: SystemCalls, root: DirectoryHandle) {
    this.#calls = calls;
    this.#root = root;
  }

  /**
   * The area's handle, made on first use.
   *
   * @throws LockstepError `LOCKSTEP_ROOT_IN_USE` while another process works in it
   */
  get handle(): DirectoryHandle {
    if (this.#handle === undefined) {
      try {
        this.#calls.makeDirectory(this.#root, RESERVED_NAME, 0o700);
      } catch (error) {
        if (errnoOf(error) !== "EEXIST") throw error;
      }
      this.#disinherit();
      // Also takes away a set-group-id bit that it got from the root: what is made in here belongs to
      // this process's own user and group.
      this.#calls.chmod(this.#root, RESERVED_NAME, 0o700);
      const handle = this.#calls.openDirectory(this.#root, RESERVED_NAME);
      if (!this.#calls.claimDirectory(handle)) {
        this.#calls.closeDirectory(handle);
        throw new LockstepError("LOCKSTEP_ROOT_IN_USE", IN_USE);
      }
      this.#handle = handle;
    }
    return this.#handle;
  }

  /** Takes away ACLs that the root's default ACL gave the area, and would give all that is made in it. */
  #disinherit(): void {
    for (const attribute of this.#calls.listXattrs(this.#root, RESERVED_NAME)) {
      if (attribute.startsWith("system.")) this.#calls.removeXattr(this.#root, RESERVED_NAME, attribute);
    }
  }

  /** Removes what is of that name, with everything below it. */
  discard(name: string): void {
    this.#discardIn(this.handle, name);
  }

  #discardIn(directory: DirectoryHandle, name: string): void {
    const stat = newFileStat();
    if (!this.#calls.stat(directory, name, stat)) return;
    if (typeOfMode(stat.mode) !== DIRECTORY) {
      this.#calls.unlink(directory, name);
      return;
    }
    this.#open(directory, name);
    const inner = this.#calls.openDirectory(directory, name);
    try {
      for (const child of this.#calls.readDirectory(inner)) this.#discardIn(inner, child);
    } finally {
      this.#calls.closeDirectory(inner);
    }
    this.#calls.removeDirectory(directory, name);
  }

  /** Of an old version that is a directory the mode may forbid to empty it. */
  #open(directory: DirectoryHandle, name: string): void {
    try {
      this.#calls.chmod(directory, name, 0o700);
    } catch {
      // Then to empty it says why not.
    }
  }

  /** True when an earlier round left an area behind. */
  exists(): boolean {
    return this.#calls.stat(this.#root, RESERVED_NAME, newFileStat());
  }

  /**
   * Clears what an earlier round left behind, but for files that may hold content: their names say
   * which, and whoever uses one verifies it. Returns them by the checksum in hex.
   *
   * @param touching is told of each inode whose ctime this moves; it may have names in the tree
   */
  keepContents(touching: (stat: FileStat) => void): Map<string, string[]> {
    const kept = new Map<string, string[]>();
    if (!this.exists()) return kept;
    const stat = newFileStat();
    // No earlier round's name: two rounds never clear the area at the same moment.
    const label = Date.now().toString(36);
    let count = 0;
    for (const name of this.#calls.readDirectory(this.handle)) {
      const match = /^([0-9a-f]{64})\./.exec(name);
      if (!this.#calls.stat(this.handle, name, stat)) continue;
      touching(stat);
      // One with further names is an old version that was on its way out.
      if (match === null || typeOfMode(stat.mode) !== FILE || stat.links !== 1) {
        const isStuck = this.#tryDiscard(name) !== undefined;
        if (isStuck && !name.startsWith(STUCK)) this.#tryRename(name, `${STUCK}${label}-${count++}`);
        continue;
      }
      // Out of the way of the names that this round gives.
      const aside = `${match[1]}.kept-${label}-${count++}`;
      this.#calls.rename(this.handle, name, this.handle, aside, "fresh");
      kept.set(match[1], [...(kept.get(match[1]) ?? []), aside]);
    }
    return kept;
  }

  /** Moves what cannot be discarded out of the way of the names that a round gives. */
  #tryRename(name: string, aside: string): void {
    try {
      this.#calls.rename(this.handle, name, this.handle, aside, "fresh");
    } catch (error) {
      // Then whatever would be given this name says so.
      if (errnoOf(error) === undefined) throw error;
    }
  }

  /** Lets go of the area; what is in it stays. */
  close(): void {
    if (this.#handle !== undefined) this.#calls.closeDirectory(this.#handle);
    this.#handle = undefined;
  }

  /** Discards what can be; returns why something could not. */
  #tryDiscard(name: string): string | undefined {
    try {
      this.discard(name);
      return undefined;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      return `${displayPath(name)}: ${errno}`;
    }
  }

  /** Removes the whole area, if there is one; returns why something of it could not be removed. */
  remove(): string | undefined {
    const stat = newFileStat();
    if (!this.#calls.stat(this.#root, RESERVED_NAME, stat)) return undefined;
    if (typeOfMode(stat.mode) !== DIRECTORY) {
      this.#calls.unlink(this.#root, RESERVED_NAME);
      return undefined;
    }
    let why: string | undefined;
    try {
      for (const name of this.#calls.readDirectory(this.handle)) why = this.#tryDiscard(name) ?? why;
      this.close();
      if (why === undefined) this.#calls.removeDirectory(this.#root, RESERVED_NAME);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      this.close();
      why ??= `${RESERVED_NAME}: ${errno}`;
    }
    return why;
  }
}
