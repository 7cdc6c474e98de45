/** A fleet that is synced once a minute rests in between, one that is synced all the time does not. */
const IDLE_MS = 10_000;

/** Tells when a host has had nothing to do for some time. */
export class IdleWatch {
  readonly #tell: () => void;
  readonly #idleMs: number;
  #working = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: () => void, idleMs = IDLE_MS) {
    this.#tell = tell;
    this.#idleMs = idleMs;
  }

  get isIdle(): boolean {
    return this.#working === 0;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#working++;
    clearTimeout(this.#timer);
    try {
      return await work();
    } finally {
      this.#working--;
      // It keeps no process alive.
      if (this.#working === 0) this.#timer = setTimeout(this.#tell, this.#idleMs).unref();
    }
  }
}
