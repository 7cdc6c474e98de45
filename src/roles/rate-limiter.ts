import type { Clock } from "../ports/clock.ts";

/** A burst may use what this long a pause has left. */
const BURST_SECONDS = 0.25;

/**
 * A token bucket that all transfers of a host in one direction share: bytes are let through in the
 * order in which they came.
 */
export class RateLimiter {
  readonly #clock: Clock;
  /** Bytes per second. */
  readonly rate: number;
  /** When, in milliseconds of `elapsed`, everything let through so far is paid for. */
  #paidAt = Number.NEGATIVE_INFINITY;
  /** Time that was waited for what did not come: the next ones need not wait for it again. */
  #spared = 0;

  /** @param rate bytes per second; infinity limits nothing */
  constructor(clock: Clock, rate: number) {
    this.#clock = clock;
    this.rate = rate;
  }

  get isLimited(): boolean {
    return Number.isFinite(this.rate);
  }

  /** Resolves when so many bytes may go, or when the signal is aborted. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (!this.isLimited || signal.aborted) return;
    const now = this.#clock.elapsed();
    const cost = (bytes / this.rate) * 1000;
    const floor = now - BURST_SECONDS * 1000;
    this.#paidAt = Math.max(this.#paidAt, floor - this.#spared) + cost;
    this.#spared = Math.max(0, floor - this.#paidAt);
    const wait = this.#paidAt - now;
    if (wait <= 0) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, wait);
      signal.addEventListener("abort", end, { once: true });
    });
    // What does not go costs the others nothing.
    if (signal.aborted) this.#paidAt -= cost;
  }

  /** So many bytes that were let through did not go after all. */
  giveBack(bytes: number): void {
    if (!this.isLimited) return;
    const cost = (bytes / this.rate) * 1000;
    this.#paidAt -= cost;
    this.#spared += cost;
  }
}
