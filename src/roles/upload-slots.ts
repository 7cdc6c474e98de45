import type { Clock } from "../ports/clock.ts";

/**
 * What a host has sent, in all its rounds together, and its receivers have not yet said to have. Few
 * answers at a time arrive soon and can be passed on, where many would all arrive late. Buffers of the
 * system take in megabytes for each connection at once, so only the receiver's word counts.
 */
const LEAST_BYTES = 3 << 20;
/** On fast or long links more must be on its way: so many times what they carry from end to end. */
const LINK_FACTOR = 3;
/** One whose receiver says nothing for so long does not keep the others waiting any more. */
const PATIENCE_MS = 1_000;
const PATIENCE_FACTOR = 4;
const MAX_PATIENCE_MS = 5_000;
/** Over so long the rate is measured. */
const RATE_MS = 1_000;
/** After so many answers the shortest way is looked for anew. */
const DELAYS_KEPT = 64;

/** Room for one answer. */
export interface UploadSlot {
  /** The answer has arrived, or is not sent. */
  free(arrived: boolean): void;
}

interface Waiting {
  readonly bytes: number;
  readonly grant: () => void;
}

export class UploadSlots {
  readonly #clock: Clock;
  #underWay = 0;
  readonly #waiting: Waiting[] = [];
  /** Answers that arrived: when, and how long. */
  readonly #arrived: { at: number; bytes: number }[] = [];
  readonly #delays: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something could be sent at once. */
  get idle(): boolean {
    return this.#waiting.length === 0 && this.#underWay < LEAST_BYTES;
  }

  /** Bytes a millisecond that arrived lately. */
  #rate(): number {
    const now = this.#clock.elapsed();
    while (this.#arrived.length > 0 && now - this.#arrived[0].at > RATE_MS) this.#arrived.shift();
    return this.#arrived.reduce((sum, { bytes }) => sum + bytes, 0) / RATE_MS;
  }

  #fits(bytes: number): boolean {
    if (this.#underWay === 0) return true;
    const delay = this.#delays.length === 0 ? 0 : Math.min(...this.#delays);
    return this.#underWay + bytes <= Math.max(LEAST_BYTES, LINK_FACTOR * this.#rate() * delay);
  }

  /**
   * Waits until an answer of so many bytes may be sent. Who came first is first; peers come in turn,
   * since each has at most one answer that waits.
   *
   * @param signal the peer is gone: then nothing is waited for
   */
  async take(bytes: number, signal: AbortSignal): Promise<UploadSlot> {
    // No event would tell of it any more.
    if (signal.aborted) return NONE;
    if (this.#waiting.length === 0 && this.#fits(bytes)) this.#underWay += bytes;
    else if (!(await this.#turn(bytes, signal))) return NONE;
    const since = this.#clock.elapsed();
    let taken = true;
    const free = (arrived: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", gone);
      if (!taken) return;
      taken = false;
      this.#underWay -= bytes;
      if (arrived) this.#learn(bytes, this.#clock.elapsed() - since);
      this.#next();
    };
    const gone = (): void => free(false);
    signal.addEventListener("abort", gone, { once: true });
    const rate = this.#rate();
    const usual = rate === 0 ? 0 : (PATIENCE_FACTOR * this.#underWay) / rate;
    const timer = setTimeout(gone, Math.min(Math.max(PATIENCE_MS, usual), MAX_PATIENCE_MS));
    return { free };
  }

  #learn(bytes: number, delay: number): void {
    this.#arrived.push({ at: this.#clock.elapsed(), bytes });
    this.#delays.push(delay);
    if (this.#delays.length > DELAYS_KEPT) this.#delays.shift();
  }

  #next(): void {
    for (let first = this.#waiting[0]; first !== undefined && this.#fits(first.bytes); first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#underWay += first.bytes;
      first.grant();
    }
  }

  /** False when the peer has gone meanwhile. */
  #turn(bytes: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting = {
        bytes,
        grant: (): void => {
          signal.removeEventListener("abort", leave);
          resolve(true);
        },
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        resolve(false);
        this.#next();
      };
      this.#waiting.push(waiting);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}

const NONE: UploadSlot = { free: () => undefined };
