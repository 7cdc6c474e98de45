import { existsSync, readFileSync } from "node:fs";

/** How often a thread that owes an answer is looked at. */
const LOOK_MS = 5_000;
/** Looks before the end of its patience, at least. */
const MIN_LOOKS = 4;
/** From then on it is told that a thread stands still. Spinning up a disk takes less. */
const TOLD_MS = 10_000;

/** Whether this system tells how long a thread has run. */
export const tellsRunTime = existsSync("/proc/thread-self/schedstat");

/** A thread, as seen by the one that asks it. */
export interface WatchedThread {
  /** It owes an answer. */
  isAsked(): boolean;
  /** Gives it something to do that takes next to no time, should it only be waiting for work. */
  nudge(): void;
  /** Its directory in /proc, once it has said that; undefined where there is none. */
  directory(): string | undefined;
}

/** How long the thread has run, by the kernel's count (Documentation/scheduler/sched-stats.rst). */
function runTime(directory: string): string | undefined {
  try {
    return readFileSync(`${directory}/schedstat`, "latin1").split(" ", 1)[0];
  } catch {
    return undefined;
  }
}

/**
 * Notices a thread that a system call does not come back to, as of a dead NFS server or a stopped FUSE program. One
 * that computes, or makes call after call, runs; one that waits for work runs when it is nudged; the time that this one
 * has run stands still. It is counted in looks, not by the clock, since a machine that sleeps is no disk that hangs.
 *
 * Does nothing where the system does not tell how long a thread has run: then nothing is known.
 */
export class StallWatch {
  readonly #thread: WatchedThread;
  readonly #limitMs: number;
  readonly #lookMs: number;
  readonly #giveUp: () => void;
  #timer: NodeJS.Timeout | undefined;
  #ran: string | undefined;
  #stalledMs = 0;
  #isGivenUp = false;
  #settleStalled: () => void = () => undefined;
  /** Resolves when the thread has stood still for long enough to be told of. */
  readonly stalled = new Promise<void>((resolve) => (this.#settleStalled = resolve));

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

  /** To be called when the thread is asked for something. */
  arm(): void {
    if (this.#timer !== undefined) return;
    this.#ran = undefined;
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
    const ran = runTime(directory);
    this.#stalledMs = ran !== undefined && ran === this.#ran ? this.#stalledMs + this.#lookMs : 0;
    this.#ran = ran;
    if (this.stalledMs > 0) this.#settleStalled();
    if (this.#stalledMs >= this.#limitMs && !this.#isGivenUp) {
      this.#isGivenUp = true;
      this.#giveUp();
    }
    this.#thread.nudge();
  }
}
