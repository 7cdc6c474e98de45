/**
 * Answers that a host sends at the same time, in all its rounds together: each so arrives soon and can
 * be passed on, rather than all of them late. Peers come in turn, since each has at most one answer
 * that waits.
 */
const SLOTS = 2;
/** One that takes longer does not keep the others waiting any more. */
const PATIENCE_MS = 500;

export class UploadSlots {
  #free = SLOTS;
  readonly #waiting: (() => void)[] = [];

  /** Something could be sent at once. */
  get idle(): boolean {
    return this.#free > 0;
  }

  /**
   * Waits for a slot.
   *
   * @param signal the peer is gone: then nothing is waited for
   * @returns frees the slot; it is freed by itself after a while
   */
  async take(signal: AbortSignal): Promise<() => void> {
    // No event would tell of it any more.
    if (signal.aborted) return () => undefined;
    if (this.#free > 0) this.#free--;
    else if (!(await this.#turn(signal))) return () => undefined;
    let taken = true;
    const free = (): void => {
      clearTimeout(timer);
      if (!taken) return;
      taken = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    };
    const timer = setTimeout(free, PATIENCE_MS);
    return free;
  }

  /** False when the peer has gone meanwhile. */
  #turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const grant = (): void => {
        signal.removeEventListener("abort", leave);
        resolve(true);
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(grant), 1);
        resolve(false);
      };
      this.#waiting.push(grant);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}
