/**
 * Whom the master has given what, so that each unit leaves it about once: what one remote has been
 * given, another gets from that one. Pure: time is handed in, in milliseconds.
 */
import { smoothed } from "./smoothed.ts";

/** How long a remote may take to pass a unit on, at least, after it was sent. */
const PASS_ON_MS = 5_000;
/** On a slow link it may take longer: as many times as long as the way to the remote took. */
const PASS_ON_FACTOR = 4;
/** While the master has nothing else to send, it does not wait longer than this, or than that way took. */
const IDLE_PASS_ON_MS = 2_500;

/**
 * When all has been given once, what is on its way through the fleet comes sooner if an idle master gives
 * it to another one at once. So much of the content it may send again so.
 */
const HELP = 1 / 25;

/** Units remembered; what was given before is given to whoever asks. */
const MOST_REMEMBERED = 100_000;

interface Given {
  readonly to: string;
  readonly at: number;
  sentAt: number;
  /** Until when the others are to wait; open while it is being sent. */
  until: number;
  /** The same while the master is idle. */
  untilIdle: number;
}

export class Seeding {
  readonly #given = new Map<string, Given>();
  /** Content that remotes may ask for, what of it was given a first time, and what was given to help. */
  #stated = 0;
  #first = 0;
  #help = 0;
  /** What a unit's way to its remote usually takes, until that says that it is there; 0: not known. */
  #usual = 0;

  /** There is so much more content to be asked for, in bytes. */
  stated(bytes: number): void {
    this.#stated += bytes;
  }

  /**
   * True when the master gives the unit to this remote now; then it counts as given.
   *
   * @param bytes of the unit, plain
   * @param idle whether the master could send it at once, as nothing else waits
   */
  give(unit: string, bytes: () => number, to: string, now: number, idle = false): boolean {
    const given = this.#given.get(unit);
    if (given === undefined) this.#first += bytes();
    else if (given.to !== to && now < given.until) {
      if (!idle || !(now >= given.sentAt)) return false;
      if (now < given.untilIdle && !this.#mayHelp(bytes())) return false;
    }
    // The youngest are the last.
    this.#given.delete(unit);
    for (const oldest of this.#given.keys()) {
      if (this.#given.size < MOST_REMEMBERED) break;
      this.#given.delete(oldest);
    }
    const open = Number.POSITIVE_INFINITY;
    this.#given.set(unit, { to, at: now, sentAt: open, until: open, untilIdle: open });
    return true;
  }

  /** All was given once, and little a second time. */
  #mayHelp(bytes: number): boolean {
    if (this.#first < this.#stated || this.#help + bytes > this.#stated * HELP) return false;
    this.#help += bytes;
    return true;
  }

  /** The last byte has been handed to the system, which takes some at once however slow the link is. */
  sent(unit: string, to: string, now: number): void {
    const given = this.#given.get(unit);
    if (given?.to !== to) return;
    given.sentAt = now;
    wait(given, now, Math.max(now - given.at, this.#usual));
  }

  /** The remote has it. */
  arrived(unit: string, to: string, now: number): void {
    const given = this.#given.get(unit);
    if (given?.to !== to) return;
    const took = now - given.at;
    this.#usual = smoothed(this.#usual, took);
    given.sentAt = Math.min(given.sentAt, now);
    wait(given, now, took);
  }

  /** It was not sent after all. */
  takeBack(unit: string, to: string): void {
    if (this.#given.get(unit)?.to === to) this.#given.delete(unit);
  }

  /** The remote is gone: nobody need wait for it. */
  gone(to: string): void {
    for (const [unit, given] of this.#given) if (given.to === to) this.#given.delete(unit);
  }
}

/** @param took the way to the remote */
function wait(given: Given, now: number, took: number): void {
  given.until = now + Math.max(PASS_ON_MS, PASS_ON_FACTOR * took);
  given.untilIdle = now + Math.max(IDLE_PASS_ON_MS, took);
}
