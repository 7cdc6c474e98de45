import type { Clock } from "../ports/clock.ts";

/**
 * What a host has sent, in all its rounds together, and its receivers have not yet said to have. Few
 * answers at a time arrive soon and can be passed on, where many would all arrive late. Buffers of the
 * system take in megabytes for each connection at once, so only the receiver's word counts.
 */
const LEAST_BYTES = 3 << 20;
/** On slow links less, as much as arrives within so long: what waits in the system's buffers cannot be cancelled. */
const LEAST_MS = 10_000;
/** On fast or long links more must be on its way: so many times what they carry from end to end. */
const LINK_FACTOR = 3;
/** One whose receiver says nothing for so long does not keep the others waiting any more. */
const PATIENCE_MS = 1_000;
const PATIENCE_FACTOR = 4;
const MAX_PATIENCE_MS = 60_000;
/** Over so long the rate is measured, idle times left out, or over so many answers where they take longer. */
const RATE_MS = 1_000;
const RATE_ANSWERS = 4;
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
  /** For how long something was on its way, without the present time, and since when that is. */
  #busy = 0;
  #busySince = 0;
  /** Answers that arrived: after how much busy time, and how long. The first one only begins the span of the others. */
  readonly #arrived: { busy: number; bytes: number }[] = [{ busy: 0, bytes: 0 }];
  readonly #delays: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something could be sent at once. */
  get idle(): boolean {
    if (this.#waiting.length > 0) return false;
    // A slow link has enough of one.
    return this.#underWay === 0 || (this.#underWay < LEAST_BYTES && this.#most() >= LEAST_BYTES);
  }

  #busyTime(): number {
    return this.#busy + (this.#underWay === 0 ? 0 : this.#clock.elapsed() - this.#busySince);
  }

  #add(bytes: number): void {
    this.#busy = this.#busyTime();
    this.#busySince = this.#clock.elapsed();
    this.#underWay += bytes;
  }

  /** Bytes a millisecond that arrived lately; 0: not known. */
  #rate(): number {
    const busy = this.#busyTime();
    const arrived = this.#arrived;
    while (arrived.length > RATE_ANSWERS + 1 && busy - arrived[1].busy >= RATE_MS) arrived.shift();
    const bytes = arrived.slice(1).reduce((sum, one) => sum + one.bytes, 0);
    return bytes / Math.max(busy - arrived[0].busy, 1);
  }

  /** What may be on its way. */
  #most(): number {
    const rate = this.#rate();
    if (rate === 0) return LEAST_BYTES;
    if (rate * LEAST_MS < LEAST_BYTES) return rate * LEAST_MS;
    return Math.max(LEAST_BYTES, LINK_FACTOR * rate * Math.min(...this.#delays));
  }

  #fits(bytes: number): boolean {
    if (this.#underWay === 0) return true;
    return this.#underWay + bytes <= this.#most();
  }

  /** How long the others wait for what is on its way. */
  #patience(): number {
    const rate = this.#rate();
    if (rate === 0) return PATIENCE_MS;
    return Math.min(Math.max(PATIENCE_MS, (PATIENCE_FACTOR * this.#underWay) / rate), MAX_PATIENCE_MS);
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
    if (this.#waiting.length === 0 && this.#fits(bytes)) this.#add(bytes);
    else if (!(await this.#turn(bytes, signal))) return NONE;
    const since = this.#clock.elapsed();
    let taken = true;
    const free = (arrived: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", gone);
      if (!taken) return;
      taken = false;
      this.#add(-bytes);
      if (arrived) this.#learn(bytes, this.#clock.elapsed() - since);
      this.#next();
    };
    const gone = (): void => free(false);
    signal.addEventListener("abort", gone, { once: true });
    const timer = setTimeout(gone, this.#patience());
    return { free };
  }

  #learn(bytes: number, delay: number): void {
    this.#arrived.push({ busy: this.#busyTime(), bytes });
    this.#delays.push(delay);
    if (this.#delays.length > DELAYS_KEPT) this.#delays.shift();
  }

  #next(): void {
    for (let first = this.#waiting[0]; first !== undefined && this.#fits(first.bytes); first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#add(first.bytes);
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
