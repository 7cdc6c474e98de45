/**
 * The processes and temporary directories of one script: whatever happens to the script, they are
 * gone when it ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How long a process may take to end by itself before it is killed. */
const STOP_MS = 5_000;

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface Service {
  readonly pid: number;
  readonly log: string;
  /** The first line of its stdout, when it was awaited. */
  readonly firstLine: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

export class Workshop {
  readonly #interrupted = new AbortController();
  readonly #running = new Set<Running>();
  readonly #directories = new Set<string>();

  /** Aborted by SIGINT, SIGTERM and SIGHUP. */
  get signal(): AbortSignal {
    return this.#interrupted.signal;
  }

  interrupt(): void {
    this.#interrupted.abort(new Error("interrupted"));
  }

  /** A new directory that is removed at the end. */
  temporaryDirectory(name: string): string {
    const directory = mkdtempSync(join(tmpdir(), `${name}-`));
    this.#directories.add(directory);
    return directory;
  }

  /** Runs a command to its end. */
  async run(command: string, args: readonly string[]): Promise<Finished> {
    this.signal.throwIfAborted();
    const started = performance.now();
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    const ended = this.#watch(child);
    const texts = [child.stdout, child.stderr].map(async (stream) => {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString("utf8");
    });
    const stop = (): void => void child.kill("SIGTERM");
    this.signal.addEventListener("abort", stop, { once: true });
    try {
      await ended;
      const [stdout, stderr] = await Promise.all(texts);
      this.signal.throwIfAborted();
      return { code: child.exitCode ?? 1, stdout, stderr, seconds: (performance.now() - started) / 1000 };
    } finally {
      this.signal.removeEventListener("abort", stop);
    }
  }

  /**
   * Starts a process that stays. What it says goes to `log`.
   *
   * @param awaitLine whether to wait for the first line of its stdout
   */
  async serve(command: string, args: readonly string[], log: string, awaitLine: boolean): Promise<Service> {
    this.signal.throwIfAborted();
    const fd = openSync(log, "w");
    const child = spawn(command, args, { stdio: ["ignore", awaitLine ? "pipe" : fd, fd] });
    closeSync(fd);
    const ended = this.#watch(child);
    let firstLine = "";
    if (awaitLine) {
      firstLine = await new Promise<string>((resolve, reject) => {
        let text = "";
        child.stdout?.on("data", (chunk: Buffer) => {
          text += chunk.toString("utf8");
          if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
        });
        this.signal.addEventListener("abort", () => reject(this.signal.reason), { once: true });
        ended.then(
          () => reject(new Error(`${[command, ...args].join(" ")} ended: ${readFileSync(log, "utf8").trim()}`)),
          reject,
        );
      });
    }
    return { pid: child.pid as number, log, firstLine };
  }

  #watch(child: ChildProcess): Promise<void> {
    const ended = new Promise<void>((resolve, reject) => {
      child.once("close", () => resolve());
      child.once("error", reject);
    });
    const running = { child, ended };
    this.#running.add(running);
    ended.catch(() => undefined).finally(() => this.#running.delete(running));
    return ended;
  }

  /** Ends the processes that are still there, each by its id. */
  async stopAll(): Promise<void> {
    const all = [...this.#running];
    for (const { child } of all) child.kill("SIGTERM");
    const late = setTimeout(() => {
      for (const { child } of all) child.kill("SIGKILL");
    }, STOP_MS);
    await Promise.allSettled(all.map(({ ended }) => ended));
    clearTimeout(late);
  }

  removeDirectories(): void {
    for (const directory of this.#directories) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    this.#directories.clear();
  }

  /** For the very last moment of a script that ended in no foreseen way. */
  abandon(): void {
    for (const { child } of this.#running) child.kill("SIGKILL");
    this.removeDirectories();
  }
}

/** Runs a script's work in a workshop, clears up after it, and sets the exit code that the work returns. */
export async function inWorkshop(work: (workshop: Workshop) => Promise<number>): Promise<void> {
  const workshop = new Workshop();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => workshop.interrupt());
  const abandon = (): void => workshop.abandon();
  process.on("exit", abandon);
  try {
    process.exitCode = await work(workshop);
  } catch (error) {
    if (workshop.signal.aborted) process.exitCode = 130;
    else {
      console.error(error instanceof Error ? error.message : String(error));
      process.exitCode = 1;
    }
  } finally {
    await workshop.stopAll();
    workshop.removeDirectories();
  }
}
