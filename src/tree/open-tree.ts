import { LockstepError, toLockstepError } from "../model/errors.ts";
import type { Hold } from "../model/order.ts";
import type { BytePath } from "../model/path.ts";
import type { ApplyJournal, HashCache, MountRecord } from "../ports/store.ts";
import type { CheckResult, Framing, ReadRange, ScanSummary, Tree, TreeRound } from "../ports/tree.ts";
import { chooseCalls } from "./choose-calls.ts";
import { commitHeld, type DoneLocked, persist } from "./held-commit.ts";
import { HoldProcess } from "./mandatory-hold.ts";
import { type PackedContent, RecentContent } from "./recent-content.ts";
import { DISK_PATIENCE_MS, RestartingWorker } from "./restarting-worker.ts";
import type { Place } from "./root-places.ts";
import { SharedHolds } from "./shared-holds.ts";
import { tellsRunTime } from "./stall-watch.ts";
import type { VerifiedFiles } from "./verified-files.ts";

/** How long the end of a tree waits for that of its round. */
const END_WAIT_MS = 2_000;

function ended(): LockstepError {
  return new LockstepError("LOCKSTEP_OUT_OF_ORDER", "the round has ended");
}

/** What is remembered of a root. */
export interface TreeMemory {
  readonly cache: HashCache;
  readonly journal: ApplyJournal;
  /** Without it an unmounted root is a new one. */
  readonly mount?: MountRecord;
}

type ScanResult = ScanSummary & { readonly isMounted: boolean };
type StateResult = Awaited<ReturnType<TreeRound["state"]>> & { readonly content: PackedContent };

/**
 * Opens a root of this host. The directory need not exist yet: a round says so when it is missing.
 *
 * @param name the root's name in messages
 * @param path the directory it means here
 * @param apart what it must neither be, hold nor lie in; a round looks each time, as paths may lead elsewhere by then
 * @param patienceMs how long one system call may take, in milliseconds; looked at in steps
 */
export function openTree(
  name: string,
  path: string,
  { cache, journal, mount }: TreeMemory,
  apart: readonly Place[] = [],
  patienceMs: number = DISK_PATIENCE_MS,
): Tree {
  const { lacks: known, canLock, keepsBook } = chooseCalls();
  const lacks = new Set(known);
  const patience = keepsBook && tellsRunTime ? patienceMs : undefined;
  if (patience === undefined) lacks.add("a disk that does not answer is not noticed: rounds wait for it");
  const rounds = new RestartingWorker(
    "round-worker",
    { name, path, apart },
    {
      lookup: (keys: Parameters<HashCache["lookup"]>[0]) => cache.lookup(keys),
      store: (...args: Parameters<HashCache["store"]>) => cache.store(...args),
      lookupChunks: (...args: Parameters<HashCache["lookupChunks"]>) => cache.lookupChunks(...args),
      storeChunks: (...args: Parameters<HashCache["storeChunks"]>) => cache.storeChunks(...args),
      writeJournal: (part: number, bytes: Uint8Array) => journal.write(part, bytes),
      clearJournal: () => journal.clear(),
      lack: (lack: string) => void lacks.add(lack),
    },
    patience,
  );
  const recent = new RecentContent();
  let holder: HoldProcess | undefined;
  let ending: Promise<unknown> = Promise.resolve();
  const startHolder = async (): Promise<void> => {
    if (holder?.alive !== true) holder = await HoldProcess.start();
  };
  const contents = new RestartingWorker("content-worker", { name, path, apart }, {}, patience);
  const recover = async (): Promise<void> => {
    const parts = await journal.read();
    if (parts.length === 0) return;
    try {
      // Of another directory: it waits for the root to be that one again, or for the next changes.
      if (!(await rounds.port.call<boolean>("recover", [parts]))) return;
    } catch (error) {
      // What cannot be read now will not be read later either.
      if (toLockstepError(error).code !== "LOCKSTEP_MALFORMED") throw error;
    }
    await journal.clear();
  };
  // Threads start with the node, so that the first round need not wait for them.
  rounds.start();
  contents.start();
  return {
    name,
    get lacks() {
      return [...lacks];
    },
    get stalledMs() {
      return Math.max(rounds.stalledMs, contents.stalledMs);
    },
    begin(): TreeRound {
      let closed = false;
      // What is left of a round that has ended must not meddle with the next one, which the same worker runs.
      const call = <T>(verb: string, ...args: unknown[]): Promise<T> =>
        closed ? Promise.reject(ended()) : rounds.port.call<T>(verb, args);
      let quiet: Promise<unknown> = Promise.resolve();
      const quietly = <T>(work: () => Promise<T>): Promise<T> => {
        const working = work();
        quiet = working.catch(() => undefined);
        return working;
      };
      /** For what may wait for the end of a hold; calls keep their order. */
      const callLater = async <T>(verb: string, args: unknown[], moved: ArrayBuffer[] = []): Promise<T> => {
        await quiet;
        if (closed) throw ended();
        return rounds.port.call<T>(verb, args, moved);
      };
      // Whoever asks for all at once gets it one after the other.
      let turn: Promise<unknown> = Promise.resolve();
      const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
        const done = turn.then(work);
        turn = done.catch(() => undefined);
        return done;
      };
      const shares = new SharedHolds(call);
      let hold: Hold = "none";
      const activity = { held: 0, checking: 0 };
      let isDurable = false;
      let hasBegun = false;
      /** What a crash left undone could not be put right yet: then nothing more is to be begun. */
      let isOwed = false;
      /** The root was a mount point and is meant to be none now. */
      let isUnmounted = false;
      return {
        async scan(options) {
          if (!hasBegun) {
            hasBegun = true;
            await ending;
            isOwed = await recover().then(
              () => false,
              () => true,
            );
          }
          const mounted = await mount?.read();
          const since = mounted?.path === path && !isUnmounted ? mounted.since : undefined;
          const { isMounted, ...summary } = await call<ScanResult>("scan", options, since);
          // What says so may go before the round does.
          isUnmounted ||= since !== undefined && !isMounted;
          if (isMounted && !isUnmounted && since === undefined) await mount?.write({ path, since: Date.now() });
          return summary;
        },
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
        holeBytes: (ordinals) => call("holeBytes", ordinals),
        absent: (paths) => call("absent", paths),
        freeBytes: () => call("freeBytes"),
        prepare: (limits) =>
          inTurn(async () => {
            if (isOwed) await recover();
            isOwed = false;
            if (limits.hold === "mandatory" && canLock) await startHolder();
            hold = limits.hold;
            isDurable = limits.durability === "full";
            await call("prepare", limits);
          }),
        stage: (request) => callLater("stage", [request]),
        chunkIndex: (block, index, packed) => callLater("chunkIndex", [block, index, packed]),
        chunkBatch: (block, index, batch, bytes) => callLater("chunkBatch", [block, index, batch, bytes]),
        fragments: (block, index, offset, bytes) => callLater("fragments", [block, index, offset, bytes]),
        sourceLost: (block, index) => callLater("sourceLost", [block, index]),
        receive: (block, unit, frame, fromMaster) =>
          callLater("receive", [block, unit, frame, fromMaster], [frame.buffer]),
        missing: (block, unit) => callLater("missing", [block, unit]),
        staged: (block) => callLater("staged", [block]),
        commit: (block) => {
          const tell = (files: number): void => {
            activity.held = files;
          };
          const switching = { call, level: hold, holder: () => holder as HoldProcess, tell, quietly };
          return inTurn(() => commitHeld(switching, block));
        },
        activity: () => ({ held: activity.held + shares.held, checking: activity.checking }),
        async check(request, represents) {
          activity.checking++;
          try {
            const found = await contents.port.call<CheckResult & VerifiedFiles>("check", [
              request,
              represents,
              isDurable,
            ]);
            const { checked, inconsistent, ...verified } = found;
            await call("readBack", verified, isDurable);
            return { checked, inconsistent };
          } finally {
            activity.checking--;
          }
        },
        delete: (paths) =>
          inTurn(async () => {
            if (hold === "none") return call("delete", paths);
            const { done } = await persist((isLast) => call<DoneLocked>("deleteLocked", paths, isLast));
            const { counts, problems } = done as NonNullable<typeof done>;
            return { counts, problems };
          }),
        finish: () => inTurn(() => call("finish")),
        close(clean) {
          closed = true;
          shares.close();
          recent.clear();
          // When nothing is held any more, as the hold process reaches files by descriptors of this round.
          const done = turn.then(async () => {
            await rounds.port.call<void>("close", [clean]);
            // With the staging area goes what says so.
            if (clean && isUnmounted) await mount?.write(undefined);
          });
          ending = done.catch(() => undefined);
          return done;
        },
      };
    },
    recover,
    content: {
      async read(ranges: readonly ReadRange[], framing: Framing) {
        const kept = recent.frames(ranges, framing);
        if (kept === undefined) return contents.port.call("read", [ranges, framing]);
        if (!framing.compress) return kept;
        // Not in this thread, which would hold up the network.
        const buffers = kept.map((frame) => frame.buffer);
        return contents.port.call("compress", [kept, framing.isShared], buffers);
      },
      chunkList: (path: BytePath, size: number) => contents.port.call("chunkList", [path, size]),
      fragments: (range: ReadRange) => contents.port.call("fragments", [range]),
      readOffered: (...args) => contents.port.call("readOffered", args),
      closeOffered: (files) => contents.port.call("closeOffered", [files]),
    },
    async rest() {
      await Promise.all([rounds.rest(), contents.rest()]);
    },
    async close() {
      // A round that is about to end may end properly; the journal knows of one that does not.
      await Promise.race([ending, new Promise((resolve) => setTimeout(resolve, END_WAIT_MS).unref())]);
      await Promise.all([rounds.stop(), contents.stop(), holder?.close()]);
    },
  };
}
