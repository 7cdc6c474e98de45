import { Worker } from "node:worker_threads";
import type { FanotifyCalls } from "./fanotify-calls.ts";

/** What both threads share: whole numbers, then the path. */
export const OPENER = { request: 0, answer: 1, result: 2, forWriting: 3, pathOffset: 16, bytes: 16 + 4096 } as const;

export interface OpenerData {
  readonly shared: SharedArrayBuffer;
  /** Written to with each answer. */
  readonly wake: number;
}

/** An open that has not come back by then is given up. */
const PATIENCE_MS = 1000;

/**
 * Opens held files for the thread that answers the kernel's questions: it would be asked about its own
 * open too, and wait for itself.
 */
export class OpenerThread {
  /** Becomes readable when an open has come back. */
  readonly wake: number;
  readonly #calls: FanotifyCalls;
  readonly #numbers: Int32Array;
  readonly #path: Uint8Array;
  #busy = false;
  #request = 0;

  private constructor(calls: FanotifyCalls, shared: SharedArrayBuffer, wake: number) {
    this.#calls = calls;
    this.#numbers = new Int32Array(shared, 0, 4);
    this.#path = new Uint8Array(shared, OPENER.pathOffset);
    this.wake = wake;
  }

  static async start(calls: FanotifyCalls): Promise<OpenerThread> {
    const shared = new SharedArrayBuffer(OPENER.bytes);
    const [wake, wakeOther] = calls.pipe();
    const workerData: OpenerData = { shared, wake: wakeOther };
    const worker = new Worker(new URL("./hold-opener.js", import.meta.url), { workerData });
    await new Promise<void>((resolve, reject) => {
      worker.once("message", () => resolve());
      worker.once("error", reject);
    });
    return new OpenerThread(calls, shared, wake);
  }

  /** An open that nobody waits for any more may have come back. */
  #collect(): void {
    if (!this.#busy || Atomics.load(this.#numbers, OPENER.answer) !== this.#request) return;
    this.#busy = false;
    const fd = Atomics.load(this.#numbers, OPENER.result);
    if (fd >= 0) this.#calls.close(fd);
  }

  /**
   * To be driven on until it returns a descriptor, or a negative number when the file could not be opened;
   * it yields while the thread that drives it should answer others.
   */
  *open(path: string, forWriting: boolean): Generator<"soon", number> {
    const deadline = performance.now() + PATIENCE_MS;
    for (this.#collect(); this.#busy; this.#collect()) {
      if (performance.now() >= deadline) return -1;
      yield "soon";
    }
    this.#busy = true;
    const request = ++this.#request;
    this.#path.set(Buffer.from(`${path}\0`, "latin1"));
    Atomics.store(this.#numbers, OPENER.forWriting, forWriting ? 1 : 0);
    Atomics.store(this.#numbers, OPENER.request, request);
    Atomics.notify(this.#numbers, OPENER.request);
    while (Atomics.load(this.#numbers, OPENER.answer) !== request) {
      if (performance.now() >= deadline) return -1;
      yield "soon";
    }
    this.#busy = false;
    return Atomics.load(this.#numbers, OPENER.result);
  }
}
