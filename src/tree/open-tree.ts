import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { LockstepError } from "../model/errors.ts";
import type { Hold } from "../model/order.ts";
import type { BytePath } from "../model/path.ts";
import type { ApplyJournal, HashCache } from "../ports/store.ts";
import type { CheckResult, ReadRange, Tree, TreeRound } from "../ports/tree.ts";
import { chooseCalls } from "./choose-calls.ts";
import { commitHeld, type Locked, persist } from "./held-commit.ts";
import { HoldProcess } from "./mandatory-hold.ts";
import { type PackedContent, RecentContent } from "./recent-content.ts";
import type { RoundWorkerData } from "./round-worker.ts";
import { SharedHolds } from "./shared-holds.ts";
import type { VerifiedFiles } from "./verified-files.ts";
import { WorkerPort } from "./worker-port.ts";

function workerUrl(name: string): URL {
  const compiled = new URL(`./${name}.js`, import.meta.url);
  return existsSync(compiled) ? compiled : new URL(`./${name}.ts`, import.meta.url);
}

/** A worker thread; one that died is started anew on the next use. */
class RestartingWorker {
  readonly #file: string;
  readonly #data: RoundWorkerData;
  readonly #handlers: ConstructorParameters<typeof WorkerPort>[1];
  #worker: Worker | undefined;
  #port: WorkerPort | undefined;

  constructor(file: string, data: RoundWorkerData, handlers: ConstructorParameters<typeof WorkerPort>[1]) {
    this.#file = file;
    this.#data = data;
    this.#handlers = handlers;
  }

  get port(): WorkerPort {
    if (this.#port === undefined) {
      const worker = new Worker(workerUrl(this.#file), { workerData: this.#data });
      const port = new WorkerPort(worker as never, this.#handlers);
      const gone = (why: string): void => {
        port.fail(new LockstepError("LOCKSTEP_INTERNAL", `the worker of root ${this.#data.name} ended: ${why}`));
        this.#worker = undefined;
        this.#port = undefined;
      };
      worker.on("error", (error) => gone(error.message));
      worker.on("exit", (code) => gone(`exit code ${code}`));
      this.#worker = worker;
      this.#port = port;
    }
    return this.#port;
  }

  start(): void {
    void this.port;
  }

  async stop(): Promise<void> {
    // A thread that is ended while it loads native code takes the whole process with it.
    await this.#port?.loaded;
    await this.#worker?.terminate();
  }
}

type StateResult = Awaited<ReturnType<TreeRound["state"]>> & { readonly content: PackedContent };

/**
 * Opens a root of this host. The directory need not exist yet: a round says so when it is missing.
 *
 * @param name the root's name in messages
 * @param path the directory it means here
 */
export function openTree(name: string, path: string, cache: HashCache, journal: ApplyJournal): Tree {
  const rounds = new RestartingWorker(
    "round-worker",
    { name, path },
    {
      lookup: (keys: Parameters<HashCache["lookup"]>[0]) => cache.lookup(keys),
      store: (...args: Parameters<HashCache["store"]>) => cache.store(...args),
      lookupChunks: (...args: Parameters<HashCache["lookupChunks"]>) => cache.lookupChunks(...args),
      storeChunks: (...args: Parameters<HashCache["storeChunks"]>) => cache.storeChunks(...args),
      writeJournal: (part: number, bytes: Uint8Array) => journal.write(part, bytes),
      clearJournal: () => journal.clear(),
    },
  );
  const recent = new RecentContent();
  let holder: HoldProcess | undefined;
  const startHolder = async (): Promise<void> => {
    if (holder?.alive !== true) holder = await HoldProcess.start();
  };
  const contents = new RestartingWorker("content-worker", { name, path }, {});
  // Threads start with the node, so that the first round need not wait for them.
  rounds.start();
  contents.start();
  return {
    name,
    lacks: chooseCalls().lacks,
    begin(): TreeRound {
      const call = <T>(verb: string, ...args: unknown[]): Promise<T> => rounds.port.call<T>(verb, args);
      const shares = new SharedHolds(call);
      let hold: Hold = "none";
      const activity = { held: 0, checking: 0 };
      return {
        scan: (options) => call("scan", options),
        nodes: (level, first, count) => call("nodes", level, first, count),
        batches: (indexes) => call("batches", indexes),
        lookup: (paths) => call("lookup", paths),
        groupDigests: (groups) => call("groupDigests", groups),
        checksums: (group) => call("checksums", group),
        async state(ordinals, fetched, refused) {
          const { content, ...result } = await call<StateResult>("state", ordinals, fetched, refused);
          recent.add(content);
          return result;
        },
        share: (id, ordinals) => shares.share(id, ordinals),
        renew: () => shares.renew(),
        unshare: (id) => shares.unshare(id),
        absent: (paths) => call("absent", paths),
        freeBytes: () => call("freeBytes"),
        async prepare(limits) {
          if (limits.hold === "mandatory") await startHolder();
          hold = limits.hold;
          await call("prepare", limits);
        },
        stage: (request) => call("stage", request),
        chunkIndex: (block, index, packed) => call("chunkIndex", block, index, packed),
        chunkBatch: (block, index, batch, bytes) => call("chunkBatch", block, index, batch, bytes),
        fragments: (block, index, offset, bytes) => call("fragments", block, index, offset, bytes),
        sourceLost: (block, index) => call("sourceLost", block, index),
        receive: (block, frame) => rounds.port.call("receive", [block, frame], [frame.buffer]),
        staged: (block) => call("staged", block),
        commit: (block) =>
          commitHeld(
            call,
            block,
            hold,
            () => holder as HoldProcess,
            (files) => {
              activity.held = files;
            },
          ),
        activity: () => ({ held: activity.held + shares.held, checking: activity.checking }),
        async check(request, represents) {
          activity.checking++;
          try {
            const found = await contents.port.call<CheckResult & VerifiedFiles>("check", [request, represents]);
            const { checked, inconsistent, ...verified } = found;
            await call("verified", verified);
            return { checked, inconsistent };
          } finally {
            activity.checking--;
          }
        },
        async delete(paths) {
          if (hold === "none") return call("delete", paths, []);
          const { refused } = await persist((isLast) => call<Locked>("lockPaths", paths, isLast));
          try {
            return await call("delete", paths, refused);
          } finally {
            await call("unlock");
          }
        },
        finish: () => call("finish"),
        close(clean) {
          recent.clear();
          shares.close();
          return call("close", clean);
        },
      };
    },
    async recover() {
      const parts = await journal.read();
      if (parts.length === 0) return;
      await rounds.port.call("recover", [parts]);
      await journal.clear();
    },
    content: {
      async read(ranges: readonly ReadRange[], compress: boolean) {
        const kept = recent.frames(ranges);
        if (kept === undefined) return contents.port.call("read", [ranges, compress]);
        if (!compress) return kept;
        // Not in this thread, which would hold up the network.
        const buffers = kept.map((frame) => frame.buffer);
        return contents.port.call("compress", [kept], buffers);
      },
      chunkList: (path: BytePath, size: number) => contents.port.call("chunkList", [path, size]),
      fragments: (range: ReadRange) => contents.port.call("fragments", [range]),
    },
    async close() {
      await Promise.all([rounds.stop(), contents.stop(), holder?.close()]);
    },
  };
}
