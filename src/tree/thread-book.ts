/** A process that has more descriptors than this one leaves the rest to its end. */
const MAX_NOTED = 65_536;
const COUNT_BYTES = 4;

/**
 * What a thread does and has open, in memory that outlives it. By the calls that it has made another thread sees that
 * it gets on, though each takes long. And a thread that is ended in the middle of its work closes nothing: locks are
 * kept by descriptors that nobody knows any more. What is handed to another thread is taken out.
 */
export class ThreadBook {
  readonly #calls: Int32Array;
  readonly #open: Uint8Array;

  constructor(shared: SharedArrayBuffer) {
    this.#calls = new Int32Array(shared, 0, 1);
    this.#open = new Uint8Array(shared, COUNT_BYTES);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(COUNT_BYTES + MAX_NOTED);
  }

  /** System calls so far; wraps around. */
  get calls(): number {
    return this.#calls[0];
  }

  /** A system call is about to be made. */
  count(): void {
    this.#calls[0]++;
  }

  /** Out of range nothing is noted. */
  note(descriptor: number): void {
    if (descriptor < MAX_NOTED) this.#open[descriptor] = 1;
  }

  /** To be called before it is closed: its number may be another thread's right after. */
  forget(descriptor: number): void {
    if (descriptor < MAX_NOTED) this.#open[descriptor] = 0;
  }

  /** Those that are open. */
  *open(): Generator<number> {
    for (let at = this.#open.indexOf(1); at >= 0; at = this.#open.indexOf(1, at + 1)) yield at;
  }
}
