/** A process that has more descriptors than this one leaves the rest to its end. */
const MAX_NOTED = 65_536;

/**
 * The descriptors that a thread has open, in memory that outlives it: a thread that is ended in the middle of its work
 * closes none of them, and locks are kept by those that nobody knows any more. What is handed to another thread is
 * taken out.
 */
export class DescriptorBook {
  readonly #open: Uint8Array;

  constructor(shared: SharedArrayBuffer) {
    this.#open = new Uint8Array(shared);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(MAX_NOTED);
  }

  /** Out of range nothing is noted. */
  note(descriptor: number): void {
    if (descriptor < MAX_NOTED) this.#open[descriptor] = 1;
  }

  /** To be called before it is closed: its number may be another thread's right after. */
  forget(descriptor: number): void {
    if (descriptor < MAX_NOTED) this.#open[descriptor] = 0;
  }

  /** Those that are open; forgotten from now on. */
  *takeAll(): Generator<number> {
    for (let at = this.#open.indexOf(1); at >= 0; at = this.#open.indexOf(1, at + 1)) {
      this.#open[at] = 0;
      yield at;
    }
  }
}
