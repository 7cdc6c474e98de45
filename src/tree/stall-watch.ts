import { existsSync, readFileSync } from "node:fs";

/** How often a thread that owes an answer is looked at. */
const LOOK_MS = 5_000;
/** Looks before the end of its patience, at least. */
const MIN_LOOKS = 4;
/** From then on it is told that a thread stands still. Spinning up a disk takes less. */
const TOLD_MS = 10_000;
/**
 * A thread that computes runs for more of the time, even on a machine that has other things to do. One whose write(2)
 * the system holds back wakes now and then, for less than a thousandth of it.
 */
const RUNS_SHARE = 0.01;

/** Whether this system tells how long a thread has run. */
export const tellsRunTime = existsSync("/proc/thread-self/schedstat");

/** A thread, as seen by the one that asks it. */
export interface WatchedThread {
  /** It owes an answer. */
  isAsked(): boolean;
  /** Gives it something to answer that takes next to no time, should it only be waiting for work. */
  nudge(): void;
  /** Answers to that, so far. */
  nudged(): number;
  /** System calls that it has begun, so far. */
  calls(): number;
  /** Its directory in /proc, once it has said that; undefined where there is none. */
  directory(): string | undefined;
}

/** What a thread had done by some moment. */
interface Done {
  readonly nudged: number;
  readonly calls: number;
  /** Nanoseconds that it has run, by the kernel's count (Documentation/scheduler/sched-stats.rst). */
  readonly ran: number;
}

/**
 * Notices a thread that a system call does not come back to, as of a dead NFS server or a stopped FUSE program. One
 * that waits for work answers, one that makes call after call has made more of them, and one that computes has run;
 * this one has done nothing of that. It is counted in looks, not by the clock, since a machine that sleeps is no disk
 * that hangs.
 *
 * Does nothing where the system does not tell how long a thread has run: then nothing is known.
 */
export class StallWatch {
  readonly #thread: WatchedThread;
  readonly #limitMs: number;
  readonly #lookMs: number;
  readonly #giveUp: () => void;
  #timer: NodeJS.Timeout | undefined;
  #done: Done | undefined;
  #stalledMs = 0;
  #isGivenUp = false;
  readonly #waiting: (() => void)[] = [];

  /**
   * @param limitMs of standing still, after which `giveUp` is called, once
   */
  constructor(thread: WatchedThread, limitMs: number, giveUp: () => void) {
    this.#thread = thread;
    this.#limitMs = limitMs;
    this.#lookMs = Math.min(LOOK_MS, limitMs / MIN_LOOKS);
    this.#giveUp = giveUp;
  }

  /** For how long it has stood still, in milliseconds; 0 as long as that may mean nothing. */
  get stalledMs(): number {
    return this.#stalledMs >= Math.min(TOLD_MS, this.#limitMs) ? this.#stalledMs : 0;
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Resolves when the thread stands still, for long enough to be told of. */
  stalled(): Promise<void> {
    return new Promise((resolve) => {
      if (this.stalledMs > 0) resolve();
      else this.#waiting.push(resolve);
    });
  }

  /** To be called when the thread is asked for something. */
  arm(): void {
    if (this.#timer !== undefined) return;
    this.#done = undefined;
    this.#timer = setInterval(() => this.#look(), this.#lookMs);
    this.#timer.unref();
  }

  /** The thread has ended. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stalledMs = 0;
  }

  #look(): void {
    const directory = this.#thread.directory();
    if (directory === undefined) return;
    if (!this.#thread.isAsked() && !this.#isGivenUp) {
      this.stop();
      return;
    }
    const [before, now] = [this.#done, this.#doneBy(directory)];
    this.#stalledMs = this.#standsStill(before, now) ? this.#stalledMs + this.#lookMs : 0;
    this.#done = now;
    if (this.stalledMs > 0) for (const resolve of this.#waiting.splice(0)) resolve();
    if (this.#stalledMs >= this.#limitMs && !this.#isGivenUp) {
      this.#isGivenUp = true;
      this.#giveUp();
    }
    this.#thread.nudge();
  }

  #doneBy(directory: string): Done | undefined {
    try {
      const ran = Number(readFileSync(`${directory}/schedstat`, "latin1").split(" ", 1)[0]);
      return { ran, nudged: this.#thread.nudged(), calls: this.#thread.calls() };
    } catch {
      return undefined;
    }
  }

  #standsStill(before: Done | undefined, now: Done | undefined): boolean {
    if (before === undefined || now === undefined) return false;
    const isSame = before.nudged === now.nudged && before.calls === now.calls;
    return isSame && now.ran - before.ran < RUNS_SHARE * this.#lookMs * 1e6;
  }
}
