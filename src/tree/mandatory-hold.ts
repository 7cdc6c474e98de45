import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { codeOfErrno, LockstepError } from "../model/errors.ts";
import type { HoldAnswer, HoldCounts, HoldFileMessage, HoldRequest } from "./hold-messages.ts";
import type { DirectoryHandle } from "./system-calls.ts";

/** A file to be held. Paths are byte strings, relative to the directory; symlinks are followed nowhere in them. */
export interface HoldFile {
  /** A descriptor of this process, such as that of the root; it must stay open until `hold` has resolved. */
  readonly directory: DirectoryHandle;
  readonly path: string;
  /**
   * Where the new version lies, and the old one after the exchange. It is to stay there until the release
   * has resolved. Without one the file is changed in place, if at all.
   */
  readonly staged?: { readonly directory: DirectoryHandle; readonly path: string };
}

export interface HoldReport extends HoldCounts {
  /** The hold had ended before its release: the lease was over, or the hold process died. */
  readonly lapsed: boolean;
}

/** Why a hold ended that was not released. */
export type HoldEnd = "lease over" | "hold process died";

const START_MS = 10_000;
const PING_MS = 250;
/** Without an answer for so long the hold process counts as stuck. */
const SILENCE_MS = 1000;
/** A process in a system call that does not come back outlives its SIGKILL; after so long it is not waited for. */
const DEATH_MS = 2000;
/** Of what it wrote to standard error, kept for the message. */
const COMPLAINT_CHARACTERS = 1000;

interface Hold {
  readonly startedAt: number;
  readonly onHeld: (held: number) => void;
  readonly onFailed: (error: Error) => void;
  readonly onEnded: (report: HoldReport) => void;
  readonly ended: Promise<HoldReport>;
  released: boolean;
}

/**
 * Holds files against everybody: whoever opens one waits until the hold ends. By a process of its own,
 * `hold-process.ts`, that answers for the kernel whatever this process is doing.
 *
 * A hold always ends: at its release, when its lease is over, when this process dies, and when the hold
 * process dies or does not answer any more, which is then killed.
 */
export class HoldProcess {
  readonly #child: ChildProcess;
  readonly #onEnd: (id: string, why: HoldEnd) => void;
  readonly #holds = new Map<string, Hold>();
  #unread = "";
  #complaint = "";
  #alive = true;
  #closing = false;
  #started: { ready(): void; failed(why: string): void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unansweredSince: number | undefined;
  #settleGone: () => void = () => undefined;
  /** Resolves when the process has ended, or is not waited for any more. */
  readonly #gone = new Promise<void>((resolve) => (this.#settleGone = resolve));

  private constructor(child: ChildProcess, onEnd: (id: string, why: HoldEnd) => void) {
    this.#child = child;
    this.#onEnd = onEnd;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#receive(text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-COMPLAINT_CHARACTERS);
    });
    // It may die while something is written to it.
    child.stdin?.on("error", () => {});
    child.once("error", (error) => this.#died(error.message));
    child.once("close", (code, signal) => this.#died(signal ?? `exit code ${code}`));
  }

  /**
   * Starts the hold process; takes some 100 ms.
   *
   * @param onEnd told of a hold that ended without its release, once
   * @throws LockstepError LOCKSTEP_HOLD_UNAVAILABLE where files cannot be held: not Linux, no
   * CAP_SYS_ADMIN, no fanotify
   */
  static async start(onEnd: (id: string, why: HoldEnd) => void = () => {}): Promise<HoldProcess> {
    if (process.platform !== "linux") throw unavailable("it is there on Linux only");
    // Compiled or bundled, it lies beside this file; threads and processes do not run from source.
    const program = fileURLToPath(new URL("./hold-process.js", import.meta.url));
    const child = spawn(process.execPath, [program, String(process.pid)], { stdio: ["pipe", "pipe", "pipe"] });
    const hold = new HoldProcess(child, onEnd);
    const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
    try {
      await new Promise<void>((ready, reject) => {
        hold.#started = { ready, failed: (why) => reject(unavailable(why)) };
      });
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    } finally {
      clearTimeout(timer);
      hold.#started = undefined;
    }
    return hold;
  }

  /** Whether the process is there and answers; without it no switch may begin. */
  get alive(): boolean {
    return this.#alive && !this.#closing;
  }

  /** Process id of the hold process. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Holds files: when this resolves, everybody else's opens of them wait, of the versions at the paths and of
   * the staged ones alike. What is no regular file, or is not there, is passed over. Opens by this process
   * pass.
   *
   * To be taken before this process locks the files or opens them otherwise: who reached an old version is
   * given the new content only if nobody else had the file open when the hold began.
   *
   * @param id names the hold; not one that is under way
   * @param leaseMs the hold ends by itself after this many milliseconds, counted from a moment after this call
   * @returns the number of files that are held
   * @throws LockstepError LOCKSTEP_HOLD_UNAVAILABLE when the process has died or the file system forbids it,
   * LOCKSTEP_NO_RESOURCES; nothing is held then
   */
  async hold(id: string, files: Iterable<HoldFile>, leaseMs: number): Promise<{ held: number }> {
    if (!this.alive) throw unavailable(this.#why("it has ended"));
    if (this.#holds.has(id)) throw new LockstepError("LOCKSTEP_INTERNAL", `a hold ${id} is under way`);
    const list: HoldFileMessage[] = [];
    for (const { directory, path, staged } of files) {
      list.push(staged === undefined ? [directory, path] : [directory, path, staged.directory, staged.path]);
    }
    return new Promise((resolve, reject) => {
      let onEnded: (report: HoldReport) => void = () => {};
      const ended = new Promise<HoldReport>((settle) => {
        onEnded = settle;
      });
      const startedAt = performance.now();
      const onHeld = (held: number): void => resolve({ held });
      this.#holds.set(id, { startedAt, onHeld, onFailed: reject, onEnded, ended, released: false });
      this.#send({ type: "hold", id, leaseMs, files: list });
      this.#watch();
    });
  }

  /**
   * Ends the hold. When this resolves, everybody who waited has been answered, and what lies in the staging
   * area may be discarded. Never throws, and may be called again: a hold that is unknown, or ended by itself
   * and was reported, gives an empty report that says `lapsed`.
   */
  async release(id: string): Promise<HoldReport> {
    const hold = this.#holds.get(id);
    if (hold === undefined) return { heldMs: 0, waiters: 0, refreshed: 0, denied: 0, lapsed: true };
    if (!hold.released) {
      hold.released = true;
      this.#send({ type: "release", id });
    }
    return hold.ended;
  }

  /** Ends all holds, and the process. */
  async close(): Promise<void> {
    this.#closing = true;
    if (!this.#alive) return;
    for (const hold of this.#holds.values()) hold.released = true;
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#kill(), SILENCE_MS);
    await this.#gone;
    clearTimeout(timer);
  }

  #kill(): void {
    this.#child.kill("SIGKILL");
    setTimeout(() => this.#died("it hangs in a system call"), DEATH_MS).unref();
  }

  #send(request: HoldRequest): void {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
  }

  #receive(text: string): void {
    const lines = (this.#unread + text).split("\n");
    this.#unread = lines.pop() ?? "";
    // Any answer shows that the process is at work.
    this.#unansweredSince = undefined;
    for (const line of lines) this.#take(JSON.parse(line) as HoldAnswer);
  }

  #take(answer: HoldAnswer): void {
    if (answer.type === "ready") this.#started?.ready();
    else if (answer.type === "unavailable") this.#started?.failed(answer.reason);
    else if (answer.type === "held") this.#holds.get(answer.id)?.onHeld(answer.held);
    else if (answer.type === "failed") {
      const { id, errno, message } = answer;
      const code = codeOfErrno(errno) ?? "LOCKSTEP_HOLD_UNAVAILABLE";
      const report = { heldMs: 0, waiters: 0, refreshed: 0, denied: 0, lapsed: true };
      this.#forget(id, report, new LockstepError(code, `files cannot be held: ${message}`));
    } else if (answer.type === "ended") {
      const { heldMs, waiters, refreshed, denied, lapsed } = answer;
      const report = { heldMs, waiters, refreshed, denied, lapsed };
      const hold = this.#holds.get(answer.id);
      // Released while it was still being taken, or its lease was over by then.
      this.#forget(answer.id, report, unavailable("the hold ended while it was being taken"));
      if (lapsed && hold?.released === false) this.#onEnd(answer.id, "lease over");
    }
  }

  /** @param error for a `hold` that has not resolved */
  #forget(id: string, report: HoldReport, error: Error): void {
    const hold = this.#holds.get(id);
    this.#holds.delete(id);
    hold?.onFailed(error);
    hold?.onEnded(report);
    if (this.#holds.size === 0) clearInterval(this.#timer);
  }

  /** Pings while there are holds; kills the process when it is silent, so that the kernel lets go. */
  #watch(): void {
    clearInterval(this.#timer);
    this.#unansweredSince = undefined;
    this.#timer = setInterval(() => {
      const silent = (): boolean =>
        this.#unansweredSince !== undefined && performance.now() - this.#unansweredSince > SILENCE_MS;
      if (silent()) {
        // Not if this process was stuck itself: its answers are read before setImmediate comes.
        setImmediate(() => {
          if (silent()) this.#kill();
        });
        return;
      }
      this.#unansweredSince ??= performance.now();
      this.#send({ type: "ping" });
    }, PING_MS);
  }

  #why(fallback: string): string {
    return this.#complaint === "" ? fallback : `${fallback}: ${this.#complaint.trim()}`;
  }

  #died(how: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#settleGone();
    clearInterval(this.#timer);
    const why = this.#why(`the hold process ended (${how})`);
    this.#started?.failed(why);
    for (const [id, hold] of [...this.#holds]) {
      const heldMs = performance.now() - hold.startedAt;
      this.#forget(id, { heldMs, waiters: 0, refreshed: 0, denied: 0, lapsed: true }, unavailable(why));
      if (!hold.released) this.#onEnd(id, "hold process died");
    }
  }
}

function unavailable(why: string): LockstepError {
  return new LockstepError("LOCKSTEP_HOLD_UNAVAILABLE", `files cannot be held against everybody: ${why}`);
}
