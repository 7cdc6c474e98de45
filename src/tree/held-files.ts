import { existsSync } from "node:fs";
import type { FanotifyCalls } from "./fanotify-calls.ts";
import type { HoldCounts, HoldFileMessage } from "./hold-messages.ts";
import { type Place, type RefreshTools, refreshOrphan } from "./refresh-orphan.ts";
import { errnoOf, type FileStat, newFileStat, S_IFMT, S_IFREG, type SystemCalls } from "./system-calls.ts";
import { waitsToRead } from "./waiting-open.ts";

/** How soon a step can go on: at once, when somebody else has done something, or when the hold is to end. */
export type Pace = "now" | "soon" | "later";

interface HeldFile {
  readonly at: Place;
  readonly staged: Place | undefined;
  /** The inode at the path when the hold began. */
  old: string | undefined;
  /** The inode that was staged. */
  fresh: string | undefined;
  /** Whether nobody had the old inode open once opens began to wait. */
  alone: boolean;
}

interface Waiter {
  readonly fd: number;
  readonly tid: number;
  /** Whether it only wants to read, once that was asked. */
  reads?: boolean;
}

/** An inode that was exchanged out, and those who reached it before. */
interface Orphan {
  readonly file: HeldFile;
  readonly at: Place;
  /** The inode that took its place. */
  readonly successor: string;
  state: "pending" | "fresh" | "lost";
  readonly waiters: Waiter[];
  /** Those who wait for the successor, which must not be written to while it is copied. */
  readonly blocked: Waiter[];
}

/**
 * How long those who have files open may take to close them before the switch. Until then opens pass: a
 * program that opens one file after the other gets on with old versions, and who comes later with new ones.
 */
const GATHER_MS = 60;
const LOOK_AGAIN_MS = 0.15;
/** Open files that are watched for it; more are given up as never free. */
const MAX_BUSY = 1024;
/** Marked between looks at the other descriptors. */
const MARKED_AT_A_TIME = 256;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** No such file (any more), or a symlink or another file system on the way. */
const ABSENT = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EXDEV", "ENXIO"]);

function keyOf(stat: FileStat): string {
  return `${stat.deviceMajor}:${stat.deviceMinor}:${stat.inodeHigh}:${stat.inodeLow}`;
}

/**
 * The files of one hold, in a fanotify group of their own: whoever opens one waits until the hold ends, and
 * is then let in, given the new content, or refused.
 */
export class HeldFiles {
  readonly group: number;
  /** On the clock of performance.now(). */
  readonly leaseEnd: number;
  lapsed = false;
  readonly #tools: RefreshTools;
  readonly #calls: SystemCalls;
  readonly #fanotify: FanotifyCalls;
  readonly #node: number;
  #startedAt = performance.now();
  #endedAt: number | undefined;
  readonly #directories = new Map<string, number>();
  readonly #byInode = new Map<string, HeldFile[]>();
  #waiters: Waiter[] = [];
  readonly #orphans = new Map<string, Orphan>();
  /** Old versions that somebody has open, by inode, each with the only descriptor of it here. */
  readonly #busy = new Map<string, number>();
  /** For one look at a time. */
  readonly #stat = newFileStat();
  #phase: "gathering" | "holding" | "ending" | "unmarked" = "gathering";
  #endRequested = false;
  #closed = false;
  #waited = 0;
  #refreshed = 0;
  #denied = 0;

  /**
   * @param node process id of the node, whose own opens pass
   * @param group a group without marks, which this hold is given
   */
  constructor(tools: RefreshTools, node: number, leaseMs: number, group: number) {
    this.#tools = tools;
    this.#calls = tools.calls;
    this.#fanotify = tools.fanotify;
    this.#node = node;
    this.leaseEnd = this.#startedAt + leaseMs;
    this.group = group;
  }

  holds(inode: string): boolean {
    return this.#byInode.has(inode);
  }

  requestEnd(lapsed: boolean): void {
    if (!this.#endRequested) this.lapsed = lapsed;
    this.#endRequested = true;
  }

  get counts(): HoldCounts {
    const heldMs = Math.round(((this.#endedAt ?? performance.now()) - this.#startedAt) * 1000) / 1000;
    return { heldMs, waiters: this.#waited, refreshed: this.#refreshed, denied: this.#denied };
  }

  /**
   * The whole life of a hold, to be driven on. When it is over the group has no marks, and may serve
   * another hold.
   *
   * @param isHeldElsewhere whether another hold of this process has the inode: this process must not open it
   * then, as it would wait for itself
   * @param onHeld told how many files are held, when all are
   * @throws SystemError when a file cannot be held; everything is let go then
   */
  *run(
    files: readonly HoldFileMessage[],
    isHeldElsewhere: (inode: string) => boolean,
    onHeld: (held: number) => void,
  ): Generator<Pace, void> {
    try {
      let held = 0;
      for (const [i, file] of files.entries()) {
        if (this.#add(file, isHeldElsewhere)) held++;
        if (i % MARKED_AT_A_TIME === MARKED_AT_A_TIME - 1) yield "now";
      }
      yield* this.#gather();
      onHeld(held);
      while (!this.#endRequested) yield "later";
      yield* this.#end();
      this.#endedAt = performance.now();
      this.#forget();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Looks for a moment in which nobody has any of the files open, and keeps that state: who opens one from
   * then on waits. Those who wait count as having a file open, so between two looks there are no marks on
   * files that are in use. When no such moment comes, those files that are free at the last look will do.
   */
  *#gather(): Generator<Pace, void> {
    const until = performance.now() + GATHER_MS;
    let alone: ReadonlySet<string>;
    for (;;) {
      for (const fd of this.#busy.values()) this.#fanotify.mark(this.group, fd);
      alone = new Set([...this.#busy].filter(([, fd]) => this.#fanotify.isAlone(fd)).map(([inode]) => inode));
      if (alone.size === this.#busy.size || performance.now() > until || this.#endRequested) break;
      for (const fd of this.#busy.values()) this.#fanotify.unmark(this.group, fd);
      this.receive();
      Atomics.wait(pause, 0, 0, LOOK_AGAIN_MS);
      yield "now";
    }
    this.#phase = "holding";
    this.#startedAt = performance.now();
    for (const [inode, fd] of this.#busy) {
      for (const file of this.#byInode.get(inode) ?? []) file.alone = alone.has(inode);
      this.#fanotify.close(fd);
    }
    this.#busy.clear();
  }

  /** Lets somebody in before the hold is closed, and takes note of the file that it has open then. */
  #letIn({ fd }: Waiter): void {
    this.#fanotify.allow(this.group, fd);
    const inode = this.#inodeOf({ fd });
    const files = this.#byInode.get(inode) ?? [];
    const isOld = files.some((file) => file.old === inode && file.staged !== undefined);
    if (!isOld || this.#busy.has(inode) || this.#busy.size >= MAX_BUSY) {
      for (const file of files) if (!this.#busy.has(inode)) file.alone = false;
      this.#fanotify.close(fd);
    } else this.#busy.set(inode, fd);
  }

  #directory(of: number, path: string): number {
    const key = `${of}/${path}`;
    const known = this.#directories.get(key);
    if (known !== undefined) return known;
    const handle =
      path === ""
        ? this.#calls.openRoot(`/proc/${this.#node}/fd/${of}`)
        : this.#calls.openDirectory(this.#directory(of, ""), path);
    this.#directories.set(key, handle);
    return handle;
  }

  #place(of: number, path: string): Place {
    const slash = path.lastIndexOf("/");
    return { directory: this.#directory(of, path.slice(0, Math.max(slash, 0))), name: path.slice(slash + 1) };
  }

  #add([of, path, stagedOf, stagedPath]: HoldFileMessage, isHeldElsewhere: (inode: string) => boolean): boolean {
    try {
      const staged = stagedOf === undefined || stagedPath === undefined ? undefined : this.#place(stagedOf, stagedPath);
      const file: HeldFile = {
        at: this.#place(of, path),
        staged,
        old: undefined,
        fresh: undefined,
        alone: false,
      };
      file.old = this.#mark(file.at, isHeldElsewhere, (fd) => {
        // Only what can be exchanged out is ever refreshed.
        if (staged === undefined) return false;
        file.alone = this.#fanotify.isAlone(fd);
        return !file.alone;
      });
      if (staged !== undefined) file.fresh = this.#mark(staged, isHeldElsewhere, () => false);
      for (const inode of new Set([file.old, file.fresh])) {
        if (inode === undefined) continue;
        const others = this.#byInode.get(inode);
        if (others === undefined) this.#byInode.set(inode, [file]);
        else others.push(file);
      }
      return file.old !== undefined || file.fresh !== undefined;
    } catch (error) {
      if (ABSENT.has(errnoOf(error) ?? "")) return false;
      throw error;
    }
  }

  /**
   * Marks the regular file of this name, if there is one; returns its inode. It is opened before and closed
   * after, since what it takes to know who else has it open is a descriptor from before the mark.
   *
   * @param isBusy whether somebody else has it open, who may be waited for
   */
  #mark(
    { directory, name }: Place,
    isHeldElsewhere: (inode: string) => boolean,
    isBusy: (fd: number) => boolean,
  ): string | undefined {
    const stat = this.#stat;
    if (!this.#calls.stat(directory, name, stat) || (stat.mode & S_IFMT) !== S_IFREG) return undefined;
    const known = keyOf(stat);
    // A further name of a held inode.
    if (this.#byInode.has(known)) return known;
    let fd: number;
    try {
      if (isHeldElsewhere(known)) {
        this.#fanotify.markName(this.group, directory, name);
        return known;
      }
      fd = this.#calls.openFile(directory, name);
    } catch (error) {
      const errno = errnoOf(error) ?? "";
      if (ABSENT.has(errno)) return undefined;
      // A write lease of somebody's, or a file that root cannot open (on a network, say).
      if (errno !== "EAGAIN" && errno !== "EWOULDBLOCK" && errno !== "EACCES") throw error;
      this.#fanotify.markName(this.group, directory, name);
      return known;
    }
    let keep = false;
    try {
      // Should another file have taken the name since the look at it, it waits too, and is not refreshed.
      this.#fanotify.mark(this.group, fd);
      keep = isBusy(fd) && this.#busy.size < MAX_BUSY && this.#inodeOf({ fd }) === known;
      if (keep) this.#busy.set(known, fd);
      return known;
    } finally {
      if (!keep) this.#calls.closeFile(fd);
    }
  }

  /** Takes in who waits; to be called when the group is readable. */
  receive(): void {
    this.#denied += this.#fanotify.readWaiters(this.group, (fd, tid) => {
      const waiter: Waiter = { fd, tid };
      // The node itself must never wait for its own hold, nor this process for itself.
      if (existsSync(`/proc/${this.#node}/task/${tid}`) || existsSync(`/proc/self/task/${tid}`)) this.#allow(waiter);
      else if (this.#phase === "gathering") this.#letIn(waiter);
      else {
        this.#waited++;
        if (this.#phase === "holding") this.#waiters.push(waiter);
        else this.#sort(waiter);
      }
    });
  }

  #allow({ fd }: Waiter): void {
    this.#fanotify.allow(this.group, fd);
    this.#fanotify.close(fd);
  }

  #deny({ fd }: Waiter): void {
    this.#denied++;
    this.#fanotify.deny(this.group, fd);
    this.#fanotify.close(fd);
  }

  #inodeAt(place: Place): string | undefined {
    return this.#calls.stat(place.directory, place.name, this.#stat) ? keyOf(this.#stat) : undefined;
  }

  #inodeOf({ fd }: Pick<Waiter, "fd">): string {
    this.#calls.statFile(fd, this.#stat);
    return keyOf(this.#stat);
  }

  /**
   * Says of an inode whether it was exchanged out: by its file, or undefined when whoever opened it shall
   * have it, as a path leads to it, or it left its path in another way than by a switch.
   */
  #exchangedOut(inode: string): Omit<Orphan, "state" | "waiters" | "blocked"> | undefined {
    const files = this.#byInode.get(inode) ?? [];
    const now = files.map((file) => this.#inodeAt(file.at));
    if (now.includes(inode)) return undefined;
    for (const [i, file] of files.entries()) {
      const { staged } = file;
      if (staged === undefined || this.#inodeAt(staged) !== inode) continue;
      // The new version, opened in the staging area or before a switch was taken back.
      if (inode === file.fresh && now[i] === file.old) continue;
      return { file, at: staged, successor: now[i] ?? "" };
    }
    return undefined;
  }

  /** Answers a waiter, or puts it where it will be answered. */
  #sort(waiter: Waiter): void {
    const inode = this.#inodeOf(waiter);
    const known = this.#orphans.get(inode);
    if (known !== undefined) {
      if (known.state === "pending") known.waiters.push(waiter);
      else this.#settle(known, waiter);
      return;
    }
    const out = this.#exchangedOut(inode);
    if (out !== undefined) {
      const state = this.#phase === "unmarked" ? "lost" : "pending";
      const orphan: Orphan = { ...out, state, waiters: [], blocked: [] };
      this.#orphans.set(inode, orphan);
      if (state === "pending") orphan.waiters.push(waiter);
      else this.#settle(orphan, waiter);
      return;
    }
    for (const orphan of this.#orphans.values()) {
      if (orphan.state !== "pending" || orphan.successor !== inode) continue;
      orphan.blocked.push(waiter);
      return;
    }
    this.#allow(waiter);
  }

  #settle(orphan: Orphan, waiter: Waiter): void {
    if (orphan.state === "fresh" && this.#onlyReads(waiter)) {
      this.#refreshed++;
      this.#allow(waiter);
    } else this.#deny(waiter);
  }

  /** What is written to an inode that no path leads to is lost, so whoever wants to write must be told. */
  #onlyReads(waiter: Waiter): boolean {
    waiter.reads ??= this.#fanotify.isReadOnlyToAll(waiter.fd) || waitsToRead(waiter.tid);
    return waiter.reads;
  }

  *#end(): Generator<Pace, void> {
    this.#phase = "ending";
    // First those who reached an old version, so that nobody writes to a new one while it is copied.
    const waiters = this.#waiters;
    this.#waiters = [];
    const out = waiters.map((waiter) => this.#exchangedOut(this.#inodeOf(waiter)) !== undefined);
    for (const [i, waiter] of waiters.entries()) if (out[i]) this.#sort(waiter);
    for (const [i, waiter] of waiters.entries()) if (!out[i]) this.#sort(waiter);
    // The marks stay meanwhile: who is yet to arrive at an old version must not see it change.
    for (let orphan = this.#nextOrphan(); orphan !== undefined; orphan = this.#nextOrphan()) {
      orphan.state = (yield* this.#refresh(orphan)) ? "fresh" : "lost";
      for (const waiter of orphan.waiters.splice(0)) this.#settle(orphan, waiter);
      for (const waiter of orphan.blocked.splice(0)) this.#allow(waiter);
    }
    this.#phase = "unmarked";
    this.#fanotify.removeMarks(this.group);
    // Who came between the last look and this.
    this.receive();
  }

  #nextOrphan(): Orphan | undefined {
    for (const orphan of this.#orphans.values()) if (orphan.state === "pending") return orphan;
    return undefined;
  }

  *#refresh(orphan: Orphan): Generator<Pace, boolean> {
    const first = orphan.waiters[0];
    if (first === undefined || !orphan.file.alone || orphan.successor === "") return false;
    // All are asked now: while it is open for writing here, that hides who else wants to write.
    if (orphan.waiters.filter((waiter) => this.#onlyReads(waiter)).length === 0) return false;
    try {
      return yield* refreshOrphan(this.#tools, first.fd, orphan.at, orphan.file.at);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      // No space, say: whoever waits is refused.
      return false;
    }
  }

  /** Lets everybody go, as the kernel does when the group is closed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fanotify.close(this.group);
    this.#forget();
  }

  #forget(): void {
    for (const { fd } of this.#waiters) this.#fanotify.close(fd);
    for (const fd of this.#busy.values()) this.#fanotify.close(fd);
    for (const { waiters, blocked } of this.#orphans.values()) {
      for (const { fd } of [...waiters, ...blocked]) this.#fanotify.close(fd);
    }
    for (const handle of this.#directories.values()) this.#calls.closeDirectory(handle);
  }
}
