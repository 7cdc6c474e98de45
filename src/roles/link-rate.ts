import type { Clock } from "../ports/clock.ts";

/**
 * Above this, in bytes per second, compressing costs more time than it spares: zstd takes in some
 * 400 MB/s a core, and the link is as fast.
 */
const FAST = 200e6;
/** Below this it pays; between the two it stays as it is. */
const SLOW = 150e6;
/**
 * From here on frames are long: one takes 50 ms, soon enough for progress and for another request to be
 * cancelled behind it.
 */
const LONG_FRAMES_FROM = 40e6;
/** So much is sent before the rate is looked at again. */
const WINDOW_BYTES = 4 << 20;

/**
 * Watches how fast one channel takes what is sent, or may be sent, and says what pays on it. Where the
 * receiver says what has arrived, its work on it counts as well.
 */
export class LinkRate {
  readonly #clock: Clock;
  readonly #limit: number;
  #bytes = 0;
  #milliseconds = 0;
  #isFast = false;
  #isForLong = false;
  /** Answers that are on their way and whose arrival will be told, and since when their time is not counted. */
  #underWay = 0;
  #since = 0;

  /** @param limit bytes per second that may be sent: a burst that is free is no sign of a fast link */
  constructor(clock: Clock, limit = Number.POSITIVE_INFINITY) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** True while the link is slower than compression. */
  get compressionPays(): boolean {
    return !this.#isFast;
  }

  /** True while a long frame takes little time. */
  get longFramesPay(): boolean {
    return this.#isForLong;
  }

  /** An answer is sent of which the receiver tells that it has arrived; `end` is called then, or when it will not. */
  begin(): void {
    if (this.#underWay++ === 0) this.#since = this.#clock.elapsed();
  }

  /** @param bytes of the answer that have arrived */
  end(bytes: number): void {
    const now = this.#clock.elapsed();
    this.#underWay--;
    this.#count(bytes, now - this.#since);
    this.#since = now;
  }

  /**
   * Hands a frame on and takes note of how long that took, unless its arrival will be told: few answers are
   * under way then, which the system takes at once on every link.
   *
   * @param allowed resolves when the frame may go, to false where nobody wants it any more
   * @returns whether it has gone
   */
  async *sent(frame: Uint8Array, allowed: () => Promise<boolean>): AsyncGenerator<Uint8Array, boolean> {
    const started = this.#clock.elapsed();
    const isAlone = this.#underWay === 0;
    if (!(await allowed())) return false;
    yield frame;
    if (isAlone) this.#count(frame.length, this.#clock.elapsed() - started);
    return true;
  }

  #count(bytes: number, milliseconds: number): void {
    this.#milliseconds += milliseconds;
    this.#bytes += bytes;
    if (this.#bytes < WINDOW_BYTES) return;
    const rate = Math.min((this.#bytes / Math.max(this.#milliseconds, 0.001)) * 1000, this.#limit);
    this.#isForLong = rate >= LONG_FRAMES_FROM;
    if (rate > FAST) this.#isFast = true;
    else if (rate < SLOW) this.#isFast = false;
    [this.#bytes, this.#milliseconds] = [0, 0];
  }
}
