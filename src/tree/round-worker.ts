/** Worker thread: one root's rounds, with synchronous system calls off the main thread. */
import { parentPort, workerData } from "node:worker_threads";
import { decodeJournalPart, encodeJournalPart, type JournalPart } from "../model/apply-journal.ts";
import { encodeChunkRuns } from "../model/chunk-list.ts";
import type { UnitExtent } from "../model/content-units.ts";
import { DIRECTORY } from "../model/entry.ts";
import { LockstepError } from "../model/errors.ts";
import type { OrdinalRanges } from "../model/ordinals.ts";
import { type BytePath, RESERVED_NAME } from "../model/path.ts";
import { encodeStated } from "../model/statement.ts";
import { SUITE } from "../model/suite.ts";
import type { HashCache } from "../ports/store.ts";
import type { ApplyLimits, CommitResult, ScanOptions, StageRequest } from "../ports/tree.ts";
import { AdvisoryHold, type LockTarget } from "./advisory-hold.ts";
import { type ApplyContext, type Block, Ledger, openParent } from "./apply-context.ts";
import { type BlockFile, blockFiles } from "./block-files.ts";
import { collectGarbage } from "./collect-garbage.ts";
import {
  beginApply,
  deletePaths,
  finishApply,
  journalOfBlock,
  journalOfDeletions,
  type SwitchBounds,
  switchBlock,
  syncBlock,
  tidyBlock,
  UNBOUNDED_SWITCH,
} from "./commit.ts";
import { createCompressor } from "./compress.ts";
import { ConfinedDirectories } from "./confined-directories.ts";
import { openFrame } from "./content-records.ts";
import { diskError, tellDisk } from "./disk-errors.ts";
import { drainReaders } from "./drain-readers.ts";
import { EntryTable, inodeKey } from "./entry-table.ts";
import { createHasher } from "./hasher.ts";
import { type DoneLocked, HOLD_LIMIT_MS, type Shared, SWITCH_MARGIN_MS, sharedClock } from "./held-commit.ts";
import { RecentCuts } from "./known-cuts.ts";
import { LocalSources } from "./local-sources.ts";
import type { HoldFile } from "./mandatory-hold.ts";
import { StableReader } from "./read-stable.ts";
import type { RootWorkerData } from "./restarting-worker.ts";
import { findOverlap } from "./root-places.ts";
import { RoundList } from "./round-list.ts";
import {
  beginChunked,
  beginStage,
  endStage,
  loseSource,
  missingOf,
  receiveContent,
  takeChunkBatch,
  takeFragments,
  unpackSteps,
} from "./stage.ts";
import { StagingArea } from "./staging-area.ts";
import { errnoOf, type FileStat, newFileStat } from "./system-calls.ts";
import type { VerifiedFiles } from "./verified-files.ts";
import { workerCalls } from "./worker-calls.ts";
import { type Handlers, Moved, WorkerPort } from "./worker-port.ts";

if (parentPort === null) throw new Error("runs as a worker only");
const { name, path, apart } = workerData as RootWorkerData;
const calls = workerCalls(parentPort, workerData, (lack) => void port.call("lack", [lack]));
const hasher = createHasher();
const reader = new StableReader(calls, hasher, SUITE);
const compressor = createCompressor();
const cuts = new RecentCuts(SUITE);

interface Open {
  readonly directories: ConfinedDirectories;
  /** What the list is made for: the master's, or to compare with it. */
  isSource: boolean;
  readonly list: RoundList;
  apply: ApplyContext | undefined;
  readonly blocks: Map<number, Block>;
  /** Numbers that this apply has used: they name what lies in the staging area. */
  readonly numbers: Set<number>;
  /** The master's locks, by whoever asked for them. */
  readonly shared: Map<number, AdvisoryHold>;
}
let open: Open | undefined;

function openRoot(): ConfinedDirectories {
  try {
    return new ConfinedDirectories(calls, path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT") {
      throw new LockstepError(
        "LOCKSTEP_ROOT_MISSING",
        `the directory of root ${name} does not exist on this host; create or mount it`,
      );
    }
    if (errno === "ENOTDIR") {
      throw new LockstepError("LOCKSTEP_ROOT_NOT_DIRECTORY", `root ${name} is not a directory on this host`);
    }
    throw diskError(
      error,
      (why) => `root ${name} cannot be opened on this host (${why})`,
      "LOCKSTEP_SOURCE_UNREADABLE",
    );
  }
}

/** @throws LockstepError `LOCKSTEP_ROOTS_OVERLAP` */
function checkApart(): void {
  const other = findOverlap(path, apart);
  if (other === undefined) return;
  throw new LockstepError(
    "LOCKSTEP_ROOTS_OVERLAP",
    `the directory of root ${name} and ${other.what} of this host overlap by now (a link or a mount); nothing was done`,
  );
}

function statOf({ root }: ConfinedDirectories): FileStat {
  const stat = newFileStat();
  calls.stat(root, "", stat);
  return stat;
}

/** The directory that this handle leads to, whatever its name. */
function identityOf(directories: ConfinedDirectories): string {
  const stat = statOf(directories);
  return `${stat.deviceMajor}:${stat.deviceMinor}:${inodeKey(stat)}`;
}

/**
 * A round works in the directory that it opened first. Where the root's path leads elsewhere by now (a release that
 * was renamed in, another target of a link, a mount) what is there says nothing of the root any more.
 *
 * @throws LockstepError
 */
function checkInPlace({ directories, isSource }: Open): void {
  const now = openRoot();
  try {
    if (identityOf(now) === identityOf(directories)) return;
  } finally {
    now.close();
  }
  throw new LockstepError(
    isSource ? "LOCKSTEP_SOURCE_CHANGED" : "LOCKSTEP_TARGET_CHANGED",
    `another directory has taken the place of root ${name} on this host during the round; sync again`,
  );
}

/**
 * Whether the root is another file system than what holds it. A mount alone says less: a service's manager binds the
 * directories that a service may write to over themselves (systemd.exec(5), `ReadWritePaths`).
 *
 * @param before what is said where that cannot be seen
 */
function isMounted(directories: ConfinedDirectories, before: boolean): boolean {
  const above = newFileStat();
  try {
    calls.stat(directories.root, "..", above);
  } catch {
    return before;
  }
  const own = statOf(directories);
  return own.deviceMajor !== above.deviceMajor || own.deviceMinor !== above.deviceMinor;
}

/**
 * Where a file system was mounted on the root before and none is now, what is there is not what the root holds: of a
 * master the fleet would follow it, of a remote the disk below would be filled.
 *
 * @throws LockstepError `LOCKSTEP_ROOT_NOT_MOUNTED`
 */
function checkMounted({ root }: ConfinedDirectories, mountedSince: number): void {
  const stat = newFileStat();
  // An older one is what a round left there before the disk was mounted.
  if (calls.stat(root, RESERVED_NAME, stat) && stat.ctimeSec * 1000 + stat.ctimeNsec / 1e6 > mountedSince) return;
  throw new LockstepError(
    "LOCKSTEP_ROOT_NOT_MOUNTED",
    `the directory of root ${name} was a mount point on this host in an earlier round, and is none now; mount it. ` +
      `If it is meant as it is, make a directory ${RESERVED_NAME} in it, or make it anew`,
  );
}

function readOnly(): LockstepError {
  return new LockstepError(
    "LOCKSTEP_ROOT_READ_ONLY",
    `root ${name} is on a file system that is mounted read-only; nothing was changed. Mount it for writing`,
  );
}

function cannotLock(): LockstepError {
  return new LockstepError(
    "LOCKSTEP_HOLD_UNAVAILABLE",
    "files cannot be locked on this host; it takes Linux and the system calls of its C library",
  );
}

function newOpen(directories: ConfinedDirectories, list: RoundList): Open {
  return {
    directories,
    isSource: false,
    list,
    apply: undefined,
    blocks: new Map(),
    numbers: new Set(),
    shared: new Map(),
  };
}

function opened(): Open {
  if (open === undefined) throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", "no list was made in this round");
  return open;
}

function applying(): ApplyContext {
  const { apply } = opened();
  if (apply === undefined) throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", "the round is not prepared");
  return apply;
}

function blockOf(number: number): Block {
  const block = opened().blocks.get(number);
  if (block === undefined) throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", `file block ${number} is not staged`);
  return block;
}

/**
 * Does something while files are locked, in one go: nothing else comes in between, and no lock outlasts it.
 *
 * @param contended the targets' paths that were refused before
 * @param isLast do it though some could not be locked
 * @param work is told which those are
 * @throws SystemError when descriptors run out, with nothing locked and nothing done
 */
function underLocks(
  targets: readonly LockTarget[],
  contended: readonly BlockFile[],
  isLast: boolean,
  work: (bounds: SwitchBounds) => CommitResult,
): DoneLocked {
  const since = performance.now();
  const until = since + HOLD_LIMIT_MS - SWITCH_MARGIN_MS;
  const drained = contended.length === 0 ? undefined : drainReaders(applying(), contended);
  try {
    const isDrained = (path: BytePath): boolean => drained?.paths.has(path) === true;
    const left = targets.filter(({ path }) => !isDrained(path));
    const { hold, refused, forbidden } = AdvisoryHold.take(calls, left, "exclusive");
    try {
      if (refused.length > 0 && !isLast) return { refused, done: undefined };
      const files = hold.held + (drained?.paths.size ?? 0);
      const mayBegin = (): boolean => performance.now() < until;
      const result = work({ refused: new Set(refused), forbidden: new Set(forbidden), mayBegin });
      return { refused, done: { ...result, files, ms: performance.now() - since } };
    } finally {
      hold.release();
    }
  } finally {
    for (const fd of drained?.descriptors ?? []) calls.closeFile(fd);
  }
}

/** Files that are held for long have a descriptor each; what is left must do for the network and the state. */
const HELD_SHARE = 0.5;

/** @throws LockstepError `LOCKSTEP_NO_RESOURCES` when to hold so many files more would starve the node */
function checkDescriptors(more: number): void {
  let held = 0;
  for (const hold of opened().shared.values()) held += hold.held;
  const most = Math.floor(calls.maxOpenFiles * HELD_SHARE);
  if (held + more <= most) return;
  throw new LockstepError(
    "LOCKSTEP_NO_RESOURCES",
    `to hold ${held + more} files takes more descriptors than the ${most} that this node can spare; ` +
      "raise its limit of open files, or lower blockSize in the fleet file",
  );
}

function located(paths: readonly BytePath[]): LockTarget[] {
  const { directories } = opened();
  return paths.map((path) => ({ path, locate: () => directories.locate(path) }));
}

/** Targets that are about to change, in directories that are opened for it. */
function changing(paths: readonly BytePath[]): LockTarget[] {
  const context = applying();
  const locate = (path: BytePath): ReturnType<LockTarget["locate"]> => {
    openParent(context, path);
    return context.directories.locate(path);
  };
  return paths.map((path) => ({ path, locate: () => locate(path) }));
}

/** What is to be locked for a block: its files, and those that go with a directory that turns into something else. */
function lockTargets(files: readonly BlockFile[]): LockTarget[] {
  const { directories, list } = opened();
  const replacing = files.filter(({ step }) => step.stated.entry.type !== DIRECTORY);
  const within = replacing.flatMap(({ path }) =>
    list.filesWithin(path).map((file) => ({ path, locate: () => directories.locate(file) })),
  );
  return [...changing(files.map(({ path }) => path)), ...within];
}

/** Removes what earlier rounds have left, where this process may. */
function clearLeftovers(left: Open): void {
  try {
    finishApply(newApply(left, { delete: false, deletions: 0, durability: "none", hold: "none" }), "remove");
  } catch (error) {
    // It disturbs nothing; a master's root may well be one that it can only read.
    if (errnoOf(error) === undefined) throw error;
  }
}

async function close(clean: boolean): Promise<void> {
  if (open === undefined) return;
  const { apply, blocks, directories, list, shared } = open;
  try {
    for (const locks of shared.values()) locks.release();
    for (const block of blocks.values()) if (apply !== undefined) endStage(apply, block);
    // A round that was cut short: directories get their times back, complete contents stay.
    if (apply !== undefined) finishApply(apply, "keep");
    else if (clean) clearLeftovers(open);
    await list.stored();
  } finally {
    // Whatever went wrong: the next round must look at what is at the root's path then, not at what this one had open.
    directories.close();
    open = undefined;
  }
  if (apply !== undefined) await port.call("clearJournal", []);
}

function newApply({ directories, list }: Open, limits: ApplyLimits): ApplyContext {
  const staging = new StagingArea(calls, directories.root);
  const ledger = new Ledger();
  const sources = new LocalSources(list, cache, SUITE);
  const leftovers = new Map<string, string[]>();
  return { calls, hasher, suite: SUITE, directories, staging, list, limits, ledger, leftovers, sources, reader };
}

/** What a journal is of. Not the device, whose number may be another one after a restart. */
function placeOf(directories: ConfinedDirectories): string {
  return `${inodeKey(statOf(directories))} ${Buffer.from(path).toString("latin1")}`;
}

/**
 * Does what a crash left undone, as the journal says.
 *
 * @returns false when it is of another directory than the one that the root is now
 */
async function recover(encoded: readonly Uint8Array[]): Promise<boolean> {
  checkApart();
  const directories = openRoot();
  try {
    const place = placeOf(directories);
    const parts = encoded.map(decodeJournalPart).filter((part) => part !== undefined);
    const own = parts.filter((part) => part.place === place);
    if (own.length === 0) return parts.length === 0;
    const list = new RoundList({ calls, hasher, suite: SUITE, directories, cache, cuts });
    const apply = newApply(newOpen(directories, list), {
      delete: false,
      deletions: 0,
      durability: "full",
      hold: "none",
    });
    for (const part of own) {
      for (const { path, ...before } of part.touched) {
        if (!apply.ledger.touched.has(path)) apply.ledger.touched.set(path, before);
      }
      for (const entry of part.directories) apply.ledger.directories.set(entry.path, entry);
    }
    finishApply(apply, "keep");
    return true;
  } finally {
    directories.close();
  }
}

let journalPart = 0;
async function writeJournal(part: JournalPart): Promise<void> {
  if (part.touched.length === 0 && part.directories.length === 0) return;
  const place = placeOf(opened().directories);
  await port.call("writeJournal", [journalPart++, encodeJournalPart({ ...part, place })]);
}

const cache: HashCache = {
  lookup: (keys) => port.call("lookup", [keys]),
  store: (keys, hashes) => port.call("store", [keys, hashes]),
  lookupChunks: (keys, match) => port.call("lookupChunks", [keys, match]),
  storeChunks: (keys, lists) => port.call("storeChunks", [keys, lists]),
};

/** Remembers which chunks the new versions of a block are made of: where they may be found later. */
async function rememberChunks({ chunkLists }: Block): Promise<void> {
  if (chunkLists.length === 0) return;
  const table = new EntryTable();
  // No ctime matches it: the switch is yet to come, and it says only where to look.
  for (const { stat } of chunkLists) table.add("", { ...stat, ctimeSec: -1 }, "", []);
  const keys = table.hashKeys(chunkLists.map((_, i) => i));
  await cache.storeChunks(
    keys,
    chunkLists.map(({ runs }) => encodeChunkRuns(runs)),
  );
}

const handlers: Handlers = {
  /** @param mountedSince the root has been a mount point since then (ms since 1970), when a round looked last */
  async scan(options: ScanOptions, mountedSince: number | undefined) {
    if (open === undefined) {
      checkApart();
      const directories = openRoot();
      const list = new RoundList({ calls, hasher, suite: SUITE, directories, cache, cuts });
      open = newOpen(directories, list);
      open.isSource = options.isSource;
    } else checkInPlace(open);
    const scanned = open;
    const isNowMounted = isMounted(scanned.directories, mountedSince !== undefined);
    if (mountedSince !== undefined && !isNowMounted) checkMounted(scanned.directories, mountedSince);
    const summary = await scanned.list.scan(options);
    checkInPlace(scanned);
    return { ...summary, isMounted: isNowMounted };
  },
  nodes: (level: number, first: number, count: number) => opened().list.nodes(level, first, count),
  batches: (indexes: number[]) => opened().list.batches(indexes),
  lookup: (paths: BytePath[]) => opened().list.lookup(paths),
  groupDigests: (groups: OrdinalRanges[]) => opened().list.groupDigests(groups),
  checksums: (group: OrdinalRanges) => opened().list.checksums(group),
  async state(ordinals: OrdinalRanges, fetched: OrdinalRanges, refused: BytePath[]) {
    const { stated, fetchedBytes, problems, content, lists } = await opened().list.state(ordinals, fetched, refused);
    const packed = encodeStated(stated);
    const paths = stated.map(({ entry }) => entry.path);
    const sizes = Float64Array.from(stated, ({ entry }) => entry.size);
    const buffers = content.buffers.map((buffer) => buffer.buffer);
    return new Moved({ stated: packed, paths, sizes, fetchedBytes, problems, content, lists }, [
      packed.buffer,
      ...buffers,
    ]);
  },
  /** Tries once; with something refused nothing is shared unless it is the last try. */
  share(id: number, ordinals: OrdinalRanges, isLast: boolean): Shared {
    const { list, shared } = opened();
    if (!calls.canLock) throw cannotLock();
    // What may not be opened is not read either, which the reading says.
    const files = located(list.filePaths(ordinals));
    checkDescriptors(list.inodes(ordinals));
    const { hold, refused } = AdvisoryHold.take(calls, files, "shared");
    if (refused.length > 0 && !isLast) hold.release();
    else shared.set(id, hold);
    hold.lease();
    return { refused, files: hold.held };
  },
  unshare(id: number) {
    opened().shared.get(id)?.release();
    opened().shared.delete(id);
  },
  holeBytes: (ordinals: OrdinalRanges) => opened().list.holeBytes(ordinals),
  absent(paths: BytePath[]) {
    const absent = opened().list.absent(paths);
    // After the look: what was gone by then was gone from the root.
    checkInPlace(opened());
    return absent;
  },
  freeBytes() {
    const { root } = opened().directories;
    if (calls.isReadOnly(root)) throw readOnly();
    return calls.freeBytes(root);
  },
  async prepare(limits: ApplyLimits) {
    // The hold process also reaches the files by this thread's descriptors.
    if (limits.hold !== "none" && !calls.canLock) throw cannotLock();
    // The pass before may have been given up.
    opened().apply?.staging.close();
    const apply = newApply(opened(), limits);
    opened().apply = apply;
    opened().blocks.clear();
    opened().numbers.clear();
    try {
      await writeJournal(beginApply(apply));
    } catch (error) {
      if (errnoOf(error) === "EROFS") throw readOnly();
      const say = (errno: string): string => `the staging area .lockstep of root ${name} cannot be cleared (${errno})`;
      throw diskError(error, say, "LOCKSTEP_APPLY_FAILED");
    }
    try {
      openParent(apply, RESERVED_NAME);
      void apply.staging.handle;
    } catch (error) {
      // Known before anything is fetched. Other failures are told by path, by whatever they stop.
      if (error instanceof LockstepError) throw error;
      if (errnoOf(error) === "EROFS") throw readOnly();
    }
  },
  stage(request: StageRequest) {
    const { numbers, blocks } = opened();
    if (numbers.has(request.block)) {
      throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", `file block ${request.block} was staged before`);
    }
    numbers.add(request.block);
    const { block, plan } = beginStage(applying(), unpackSteps(request));
    blocks.set(request.block, block);
    return plan;
  },
  chunkIndex: (number: number, index: number, packed: Uint8Array | undefined) =>
    beginChunked(applying(), blockOf(number), index, packed),
  chunkBatch: (number: number, index: number, batch: number, bytes: Uint8Array | undefined) =>
    takeChunkBatch(applying(), blockOf(number), index, batch, bytes),
  fragments: (number: number, index: number, offset: number, bytes: Uint8Array) =>
    takeFragments(applying(), blockOf(number), index, offset, bytes),
  sourceLost: (number: number, index: number) => loseSource(applying(), blockOf(number), index),
  async receive(number: number, unit: UnitExtent, frame: Uint8Array<ArrayBuffer>, fromMaster: boolean) {
    const records = openFrame(await compressor, frame);
    if (records === undefined) throw new LockstepError("LOCKSTEP_MALFORMED", "malformed content frame");
    return receiveContent(applying(), blockOf(number), unit, records, fromMaster);
  },
  async missing(number: number, unit: UnitExtent) {
    // Behind the frames that came before: unpacking takes them out of this thread's order.
    await compressor;
    return missingOf(applying(), blockOf(number), unit);
  },
  async staged(number: number) {
    const result = endStage(applying(), blockOf(number));
    await rememberChunks(blockOf(number));
    return result;
  },
  /** Does what takes long and need not be done while the files are held. */
  async ready(number: number) {
    const block = blockOf(number);
    await writeJournal(journalOfBlock(applying(), block));
    syncBlock(applying(), block);
  },
  /** The block's files as the hold process is told of them. */
  holdFiles(number: number): HoldFile[] {
    const { directories, staging } = applying();
    return blockFiles(blockOf(number)).map(({ path, staged }) => ({
      directory: directories.root,
      path,
      ...(staged === undefined ? {} : { staged: { directory: staging.handle, path: staged } }),
    }));
  },
  /** Tries once; with a lock refused nothing is switched unless it is the last try. */
  switchLocked(number: number, isLast: boolean, contended: readonly BytePath[]): DoneLocked {
    const block = blockOf(number);
    const files = blockFiles(block);
    const others = new Set(contended);
    return underLocks(
      lockTargets(files),
      files.filter(({ path }) => others.has(path)),
      isLast,
      (bounds) => switchBlock(applying(), block, bounds),
    );
  },
  /** @param until no path is begun with later than this, on the shared clock */
  switch(number: number, until: number) {
    return switchBlock(applying(), blockOf(number), { ...UNBOUNDED_SWITCH, mayBegin: () => sharedClock() < until });
  },
  tidy(number: number) {
    tidyBlock(applying(), blockOf(number));
    opened().blocks.delete(number);
  },
  readBack: (files: VerifiedFiles, isOnDisk: boolean) => opened().list.readBack(files, isOnDisk),
  async delete(paths: BytePath[]) {
    await writeJournal(journalOfDeletions(applying(), paths));
    return deletePaths(applying(), paths);
  },
  /** The same under locks, as `switchLocked` does it. */
  async deleteLocked(paths: BytePath[], isLast: boolean): Promise<DoneLocked> {
    await writeJournal(journalOfDeletions(applying(), paths));
    return underLocks(changing(paths), [], isLast, (bounds) => deletePaths(applying(), paths, bounds));
  },
  async finish() {
    const result = finishApply(applying(), "remove");
    opened().apply = undefined;
    await port.call("clearJournal", []);
    return result;
  },
  close,
  recover,
  rest: collectGarbage,
};
/** Verbs that change nothing on disk. */
const READING = new Set(
  "scan nodes batches lookup groupDigests checksums state share unshare holeBytes absent readBack".split(" "),
);
const told = tellDisk(handlers, (verb) => (READING.has(verb) ? "LOCKSTEP_SOURCE_UNREADABLE" : "LOCKSTEP_APPLY_FAILED"));
const port = new WorkerPort(parentPort, told, true);
void compressor.then(() => port.tellLoaded());
