import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { LockstepError } from "../model/errors.ts";
import type { Place } from "./root-places.ts";
import { StallWatch } from "./stall-watch.ts";
import { ThreadBook } from "./thread-book.ts";
import { type Handlers, WorkerPort } from "./worker-port.ts";

/** The root that a worker thread works for. */
export interface WorkerRoot {
  readonly name: string;
  readonly path: string;
  readonly apart: readonly Place[];
}

export interface RootWorkerData extends WorkerRoot {
  /** Of a `ThreadBook`. */
  readonly book: SharedArrayBuffer;
}

/**
 * How long one system call may take. Much longer than Linux lets pass before it speaks of a hung task (120 s), as
 * syncfs(2) waits for what all others have written, on a slow disk too.
 */
export const DISK_PATIENCE_MS = 10 * 60_000;

function workerUrl(name: string): URL {
  const compiled = new URL(`./${name}.js`, import.meta.url);
  return existsSync(compiled) ? compiled : new URL(`./${name}.ts`, import.meta.url);
}

/**
 * A worker thread; one that died is started anew on the next use. One that a system call does not come back to is
 * given up: what was asked of it fails, and it ends as soon as the call comes back, with nothing more done. Until then
 * all that is asked of it fails at once.
 */
export class RestartingWorker {
  readonly #file: string;
  readonly #root: WorkerRoot;
  readonly #handlers: Handlers;
  readonly #patienceMs: number | undefined;
  readonly #shared = ThreadBook.allocate();
  readonly #book = new ThreadBook(this.#shared);
  #worker: Worker | undefined;
  #port: WorkerPort | undefined;
  #watch: StallWatch | undefined;
  #stopped = false;

  /** @param patienceMs how long one system call may take; undefined: it is not looked at */
  constructor(file: string, root: WorkerRoot, handlers: Handlers, patienceMs: number | undefined) {
    this.#file = file;
    this.#root = root;
    this.#handlers = handlers;
    this.#patienceMs = patienceMs;
  }

  /** Asks a thread that there is. */
  async rest(): Promise<void> {
    if (!this.#stopped) await this.#port?.call("rest", []).catch(() => undefined);
  }

  /** For how long a system call has not come back; 0 while nothing points to that, or where it cannot be told. */
  get stalledMs(): number {
    return this.#watch?.stalledMs ?? 0;
  }

  get port(): WorkerPort {
    const port = this.#port ?? this.#begin();
    this.#watch?.arm();
    return port;
  }

  #begin(): WorkerPort {
    const workerData: RootWorkerData = { ...this.#root, book: this.#shared };
    // Descriptors that one thread opens another may close; Node would close their numbers once more at the end.
    const worker = new Worker(workerUrl(this.#file), { workerData, trackUnmanagedFds: false });
    const port = new WorkerPort(worker as never, this.#handlers);
    const patienceMs = this.#patienceMs;
    const thread = {
      isAsked: () => port.pending > 0 || this.#stopped,
      nudge: () => port.nudge(),
      nudged: () => port.nudged,
      calls: () => this.#book.calls,
      directory: () => port.directory,
    };
    const giveUp = (): void => {
      port.fail(this.#hung());
      void worker.terminate();
    };
    const watch = patienceMs === undefined ? undefined : new StallWatch(thread, patienceMs, giveUp);
    const gone = (why: string): void => {
      // It ends after its error, and another one may run by then.
      if (this.#worker !== worker) return;
      watch?.stop();
      port.fail(new LockstepError("LOCKSTEP_INTERNAL", `the worker of root ${this.#root.name} ended: ${why}`));
      this.#worker = undefined;
      this.#watch = undefined;
      // Whoever still asks is refused by what is left of it; no thread begins while the node ends.
      if (!this.#stopped) this.#port = undefined;
      // What it had open, and locked, the next one closes: not only when there is something else to do.
      if (!this.#stopped && watch?.isGivenUp === true) this.start();
    };
    worker.on("error", (error) => gone(error.message));
    worker.on("exit", (code) => gone(`exit code ${code}`));
    this.#worker = worker;
    this.#port = port;
    this.#watch = watch;
    return port;
  }

  #hung(): LockstepError {
    const seconds = Math.round((this.#patienceMs ?? 0) / 1000);
    return new LockstepError(
      "LOCKSTEP_DISK_HUNG",
      `a disk has not answered for ${seconds} s on this host, that of root ${this.#root.name} or of another root, and ` +
        "nothing more is asked of it until it does; see what is wrong with it (a file server that is gone, a drive), " +
        "then sync again",
    );
  }

  start(): void {
    void this.port;
  }

  /** Resolves when the thread has ended, or its disk has kept it for so long that it is left behind. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const end = this.#end();
    this.#watch?.arm();
    await (this.#watch === undefined ? end : Promise.race([end, this.#watch.stalled()]));
  }

  async #end(): Promise<void> {
    // A thread that is ended while it loads native code takes the whole process with it.
    await this.#port?.loaded;
    await this.#worker?.terminate();
  }
}
