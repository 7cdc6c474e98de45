import { batchChunks, encodeChunkRuns, openChunkIndex } from "../model/chunk-list.ts";
import { type ContentRange, rangesBytes } from "../model/content-ranges.ts";
import {
  type ContentUnit,
  chunksOfUnit,
  cutPacks,
  isPack,
  type Pack,
  packName,
  type UnitExtent,
  type UnitName,
} from "../model/content-units.ts";
import { hexDigest, sameDigest } from "../model/digest.ts";
import { DIRECTORY, ENTRY_TYPES, type Entry, FILE, SYMLINK } from "../model/entry.ts";
import { LockstepError } from "../model/errors.ts";
import type { BytePath } from "../model/path.ts";
import { ACTIONS, type Action, isAction } from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";
import { decodeStated, type StatedEntry } from "../model/statement.ts";
import type {
  ChunkedFilePlan,
  ChunkedStep,
  ChunkPlan,
  Received,
  StagePlan,
  StageRequest,
  StageResult,
  UnitState,
} from "../ports/tree.ts";
import {
  type ApplyContext,
  applyAttributes,
  type Block,
  type Incoming,
  problemOf,
  type Step,
} from "./apply-context.ts";
import { ChunkedFile } from "./chunked-file.ts";
import type { ContentRecord } from "./content-records.ts";
import type { ChunkPlace } from "./local-sources.ts";
import { SPARSE_BYTES, writeSparsely } from "./sparse-write.ts";
import { errnoOf, newFileStat, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK, type SystemCalls } from "./system-calls.ts";

const FORMATS: Readonly<Record<number, number>> = {
  [ENTRY_TYPES.fifo]: S_IFIFO,
  [ENTRY_TYPES.characterDevice]: S_IFCHR,
  [ENTRY_TYPES.blockDevice]: S_IFBLK,
  [ENTRY_TYPES.socket]: S_IFSOCK,
};

const COPY_BYTES = 1 << 20;
/** A changed file of this length and more is put together of what is old and what is new. */
const FRAGMENTS_FROM_BYTES = 64 * 1024;
/** A file of so many bytes and more is a pack of its own. */
const ALONE_FROM_BYTES = 256 * 1024;

/** A block's stated entries and what to do with which of them. */
export interface BlockSteps {
  readonly block: number;
  readonly stated: readonly StatedEntry[];
  readonly steps: readonly { readonly index: number; readonly action: Action }[];
}

/**
 * Unpacks a request.
 *
 * @throws LockstepError `LOCKSTEP_MALFORMED` when the actions do not fit the statement
 */
export function unpackSteps({ block, stated: packed, actions }: StageRequest): BlockSteps {
  const stated = decodeStated(packed);
  if (actions.length !== stated.length) {
    throw new LockstepError("LOCKSTEP_MALFORMED", "actions do not fit the statement");
  }
  const steps: { index: number; action: Action }[] = [];
  for (const [index, action] of actions.entries()) {
    if (action === 0) continue;
    if (!isAction(action)) throw new LockstepError("LOCKSTEP_MALFORMED", "unknown action");
    steps.push({ index, action });
  }
  return { block, stated, steps };
}

/** Makes the new versions of a block in the staging area; what content must come is returned. */
export function beginStage(context: ApplyContext, request: BlockSteps): { block: Block; plan: StagePlan } {
  const steps = new Map<number, Step>();
  const block: Block = {
    number: request.block,
    steps,
    packs: new Map(),
    before: new Set(),
    problems: [],
    hashed: 0,
    bytesReused: 0,
    garbage: [],
    chunkLists: [],
  };
  const chunked: ChunkedStep[] = [];
  const { packs, starts, bytes, mostUnits } = cutPacks(request.stated, context.suite, ALONE_FROM_BYTES);
  for (const { index, action } of request.steps) {
    const stated = request.stated[index];
    const step: Step = {
      index,
      action,
      stated,
      staged: undefined,
      incoming: undefined,
      chunked: undefined,
      awaiting: false,
      failed: false,
    };
    steps.set(index, step);
    try {
      stageStep(context, block, step);
    } catch (error) {
      failStep(context, block, step, problemOf(stated.entry.path, error, "staging"));
    }
    if (!step.awaiting) continue;
    const hasList = stated.chunkRoot !== undefined;
    if (hasList || isRewritten(context, step)) chunked.push({ index, hasList, at: starts[index] });
  }
  const inChunks = new Set(chunked.map(({ index }) => index));
  const units = packs.flatMap((pack) => unitOf(block, pack, inChunks) ?? []);
  return { block, plan: { units, chunked, bytes, mostUnits } };
}

/** What of a pack must be fetched; undefined when nothing. */
function unitOf(block: Block, pack: Pack, inChunks: ReadonlySet<number>): ContentUnit | undefined {
  const wanted = pack.members.flatMap((index) => {
    const step = block.steps.get(index);
    return step?.awaiting === true && !inChunks.has(index) ? [step] : [];
  });
  if (wanted.length === 0) return undefined;
  const name = packName(
    pack,
    wanted.map(({ index }) => index),
  );
  block.packs.set(name.index, wanted);
  const ranges = wanted.map(wholeFile);
  return { ...name, ranges, bytes: rangesBytes(ranges), at: pack.at };
}

function wholeFile({ index, stated }: Step): ContentRange {
  return { index, offset: 0, length: stated.entry.size };
}

/** A file of one chunk that replaces one of which parts may be the same. */
function isRewritten(context: ApplyContext, { action, stated: { entry } }: Step): boolean {
  if (action !== ACTIONS.replace || entry.size < FRAGMENTS_FROM_BYTES || entry.size > context.suite.singleBytes) {
    return false;
  }
  const { table, listed } = context.list;
  const old = table.find(entry.path, listed);
  return old !== undefined && table.type(old) === FILE && table.size(old) >= FRAGMENTS_FROM_BYTES;
}

function failStep(context: ApplyContext, block: Block, step: Step, problem: Block["problems"][number]): void {
  block.problems.push(problem);
  step.failed = true;
  step.awaiting = false;
  closeStep(context, step);
  try {
    context.staging.discard(stagedName(block, step));
  } catch {
    // What stays goes when the whole area is removed.
  }
}

function closeStep(context: ApplyContext, step: Step): void {
  if (step.incoming !== undefined) context.calls.closeFile(step.incoming.fd);
  if (step.chunked !== undefined) {
    step.chunked.close();
    context.calls.closeFile(step.chunked.fd);
  }
  step.incoming = undefined;
  step.chunked = undefined;
}

/** Names in the staging area; content is named by its checksum, so that a later round can use it. */
function stagedName(block: Block, step: Step): string {
  const place = `${block.number}.${step.index}`;
  const { checksum } = step.stated;
  return checksum === undefined ? place : `${hexDigest(checksum)}.${place}`;
}

function stageStep(context: ApplyContext, block: Block, step: Step): void {
  const { calls, staging } = context;
  const { entry } = step.stated;
  if (step.action === ACTIONS.attributes && !needsOwnInode(context, entry)) return;
  // Further names of a group are linked at the switch, when their first name is in place.
  if (entry.leader !== undefined) return;
  switch (entry.type) {
    case FILE:
      if ((step.action === ACTIONS.relink || step.action === ACTIONS.attributes) && reuseOwn(context, block, step))
        return;
      if (entry.size === 0) {
        step.incoming = newIncoming(context, stagedName(block, step), entry);
        const right = finishFile(context, block, step, step.incoming);
        if (!right) failStep(context, block, step, mismatch(step));
        return;
      }
      if (takeLeftover(context, block, step) || takeElsewhere(context, block, step)) return;
      step.awaiting = true;
      return;
  }
  const name = stagedName(block, step);
  switch (entry.type) {
    case DIRECTORY:
      calls.makeDirectory(staging.handle, name, 0o700);
      break;
    case SYMLINK:
      calls.makeSymlink(staging.handle, name, entry.target);
      break;
    default:
      calls.makeNode(staging.handle, name, FORMATS[entry.type], entry.rdevMajor, entry.rdevMinor);
  }
  settleStaged(context, step, name);
}

/**
 * True when the inode must not be changed in place, as it has names that the plan does not know; or cannot be, as
 * it is somebody else's and this process is not root: then the path gets an inode of its own.
 */
function needsOwnInode(context: ApplyContext, entry: Entry): boolean {
  if (entry.type === DIRECTORY) return false;
  const { table, listed } = context.list;
  const ordinal = table.find(entry.path, listed);
  if (ordinal === undefined) return true;
  if (!context.calls.canChown && table.uid(ordinal) !== OWN.uid) return true;
  return table.links(ordinal) !== table.knownLinks(ordinal);
}

/**
 * Takes content that an interrupted round had staged already, if it is the stated one. What was left
 * of a file with a chunk list is looked through chunk by chunk, once the list is here.
 */
function takeLeftover(context: ApplyContext, block: Block, step: Step): boolean {
  const { calls, reader, staging, leftovers } = context;
  const { checksum, chunkRoot, entry } = step.stated;
  if (checksum === undefined || chunkRoot !== undefined || leftovers.size === 0) return false;
  const name = leftovers.get(hexDigest(checksum))?.pop();
  if (name === undefined) return false;
  let right = false;
  try {
    const content = reader.read(staging.handle, name);
    right = sameDigest(content.checksum, checksum) && content.stat.links === 1;
  } catch {
    // Half of it, or something else: fetched instead.
  }
  if (!right) {
    staging.discard(name);
    return false;
  }
  const staged = stagedName(block, step);
  calls.rename(staging.handle, name, staging.handle, staged, "fresh");
  const stat = newFileStat();
  calls.stat(staging.handle, staged, stat);
  applyAttributes(context, staging.handle, staged, entry, stat);
  step.staged = staged;
  block.hashed++;
  block.bytesReused += entry.size;
  return true;
}

const UMASK = process.umask();

/**
 * The mode that a file can be made with, when nothing that follows changes it and nothing of it is
 * masked: one call less for most files. Nobody reaches it in the staging area.
 */
function modeAtOnce(entry: Entry): number | undefined {
  const isPlain = (entry.mode & (UMASK | 0o7000)) === 0 && entry.xattrs.length === 0;
  return isPlain && entry.uid === OWN.uid && entry.gid === OWN.gid ? entry.mode : undefined;
}

function newIncoming(context: ApplyContext, name: string, entry: Entry): Incoming {
  const fd = context.calls.createFile(context.staging.handle, name, modeAtOnce(entry));
  return { name, size: entry.size, fd, received: 0, whole: undefined, digest: undefined };
}

/** Takes the content from the path itself, when it is the stated one. */
function reuseOwn(context: ApplyContext, block: Block, step: Step): boolean {
  return copyFrom(context, block, step, step.stated.entry.path)?.right === true;
}

/** Takes the content from another path of the tree that has it: renamed, moved and copied files. */
function takeElsewhere(context: ApplyContext, block: Block, step: Step): boolean {
  const { sources, list } = context;
  const { checksum, entry } = step.stated;
  if (checksum === undefined) return false;
  for (const ordinal of sources.filesLike(entry, checksum)) {
    const copied = copyFrom(context, block, step, list.table.paths[ordinal]);
    if (copied !== undefined) sources.learn(ordinal, copied.digest);
    if (copied?.right === true) return true;
  }
  return false;
}

interface Copied {
  readonly right: boolean;
  readonly digest: Uint8Array;
}

/** Copies a file of the tree into the staging area; undefined when it cannot be read in full. */
function copyFrom(context: ApplyContext, block: Block, step: Step, path: BytePath): Copied | undefined {
  const { calls, directories } = context;
  const { entry } = step.stated;
  let fd: number;
  try {
    const { directory, name } = directories.locate(path);
    fd = calls.openFile(directory, name);
  } catch {
    return undefined;
  }
  try {
    const incoming = newIncoming(context, stagedName(block, step), entry);
    let copied: Copied | undefined;
    try {
      copied = copyContent(context, fd, incoming, step);
    } finally {
      calls.closeFile(incoming.fd);
    }
    block.hashed++;
    if (copied?.right !== true) {
      context.staging.discard(incoming.name);
      return copied;
    }
    block.bytesReused += entry.size;
    settleStaged(context, step, incoming.name);
    return copied;
  } finally {
    calls.closeFile(fd);
  }
}

function copyContent(context: ApplyContext, fd: number, incoming: Incoming, step: Step): Copied | undefined {
  const { calls } = context;
  const { size } = incoming;
  const buffer = Buffer.allocUnsafe(Math.min(COPY_BYTES, size + 1));
  // Blocks that both files share, where the file system can; what is in them is read all the same.
  const shared = size >= COPY_BYTES && calls.cloneFile(fd, incoming.fd);
  const from = shared ? incoming.fd : fd;
  for (let at = 0; at < size; ) {
    const count = readSource(context, from, buffer, Math.min(buffer.length, size - at), at);
    if (count === 0) return undefined;
    append(context, incoming, buffer.subarray(0, count), !shared);
    at += count;
  }
  // A file that goes on has another content.
  if (readSource(context, from, buffer, 1, size) !== 0) return undefined;
  const digest = digestOfIncoming(context, incoming);
  return { right: step.stated.checksum !== undefined && sameDigest(digest, step.stated.checksum), digest };
}

/** What can be read of a file that is copied; a file that cannot be read is none to copy. */
function readSource({ calls }: ApplyContext, fd: number, buffer: Buffer, length: number, at: number): number {
  try {
    return calls.read(fd, buffer, 0, length, at);
  } catch {
    return 0;
  }
}

/** Takes the next piece of a file that comes from its start to its end. */
function append(context: ApplyContext, incoming: Incoming, bytes: Uint8Array, write = true): void {
  const { calls, hasher } = context;
  const { fd, received, size } = incoming;
  if (write && size < SPARSE_BYTES) calls.write(fd, bytes, 0, bytes.length, received);
  else if (write) {
    writeSparsely(calls, fd, bytes, received);
    if (received + bytes.length === size) calls.truncate(fd, size);
  }
  incoming.received += bytes.length;
  if (received === 0 && bytes.length === size) {
    // The whole file in one piece, the common case: one call instead of three.
    incoming.digest = hasher.hash(bytes);
    return;
  }
  incoming.whole ??= hasher.incremental();
  incoming.whole.update(bytes);
}

function digestOfIncoming(context: ApplyContext, incoming: Incoming): Uint8Array {
  return incoming.digest ?? incoming.whole?.digest() ?? context.hasher.hash(new Uint8Array(0));
}

/** Owner of whatever this process makes in the staging area. */
const OWN = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, fresh: true };

/** Gives a complete new version its attributes; from here on it can be switched in. */
function settleStaged(context: ApplyContext, step: Step, name: string, mode?: number): void {
  const made = { uid: OWN.uid, gid: OWN.gid, fresh: true, mode };
  applyAttributes(context, context.staging.handle, name, step.stated.entry, made);
  step.staged = name;
}

/** @returns whether it is what was stated */
function finishFile(context: ApplyContext, block: Block, step: Step, incoming: Incoming): boolean {
  const { checksum } = step.stated;
  const verified = checksum !== undefined && sameDigest(digestOfIncoming(context, incoming), checksum);
  if (verified) settleStaged(context, step, incoming.name, modeAtOnce(step.stated.entry));
  context.calls.closeFile(incoming.fd);
  step.incoming = undefined;
  step.awaiting = false;
  block.hashed++;
  return verified;
}

function mismatch(step: Step): Problem {
  const message = "what arrived is not what the master signed; the old version stays";
  return { path: step.stated.entry.path, code: "LOCKSTEP_CONTENT_MISMATCH", message };
}

function awaitedStep(block: Block, index: number): Step | undefined {
  const step = block.steps.get(index);
  if (step === undefined) throw new LockstepError("LOCKSTEP_MALFORMED", "content that was not asked for");
  if (step.failed) return undefined;
  if (!step.awaiting) throw new LockstepError("LOCKSTEP_MALFORMED", "content that was not asked for");
  return step;
}

/**
 * Begins to put a new version together of chunks.
 *
 * @param packed the index of its chunk list; undefined for a file of one chunk
 * @throws LockstepError `LOCKSTEP_MALFORMED` when the index is not the stated one
 */
export async function beginChunked(
  context: ApplyContext,
  block: Block,
  index: number,
  packed: Uint8Array | undefined,
): Promise<ChunkedFilePlan> {
  const { hasher, suite, sources } = context;
  const step = awaitedStep(block, index);
  const failed = { wanted: new Uint8Array(0), file: undefined };
  if (step === undefined) return failed;
  const { chunkRoot: root, checksum, entry } = step.stated;
  const { size } = entry;
  const isSingle = root === undefined;
  const single = isSingle && checksum !== undefined ? [{ count: 1, length: size, digest: checksum }] : [];
  const heads =
    isSingle || packed === undefined
      ? batchChunks(hasher.hash, suite, single)
      : openChunkIndex(hasher.hash, suite, packed, root, size);
  const like = sources.resembling(entry.path);
  const known = isSingle ? encodeChunkRuns(single) : like === undefined ? undefined : await sources.chunksOf(like);
  const places = isSingle ? new Map<string, ChunkPlace>() : await sources.chunks();
  try {
    const file = openChunked(context, block, step);
    const old = like === undefined ? undefined : openOld(context, like);
    step.chunked = new ChunkedFile(context, { index, size, ...file }, heads, old, known, places);
    const { calls, limits, staging } = context;
    // A descriptor of its own, for reading: the other one would count as a writer's once the file is in place.
    const offered = limits.offers === true ? calls.openFile(staging.handle, stagedName(block, step)) : undefined;
    if (offered !== undefined) calls.handOver(offered);
    return { wanted: step.chunked.wantedBatches(), file: offered };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    failStep(context, block, step, problemOf(entry.path, error, "staging"));
    return failed;
  }
}

/** The file in the staging area: what an interrupted round left of it, or a new one. */
function openChunked(context: ApplyContext, block: Block, step: Step): { fd: number; resumed: boolean } {
  const { calls, staging, leftovers } = context;
  const name = stagedName(block, step);
  const { checksum, entry } = step.stated;
  const leftover = checksum === undefined ? undefined : leftovers.get(hexDigest(checksum))?.pop();
  const resumed = leftover === undefined ? undefined : resumeIn(context, leftover, name);
  const fd = resumed ?? calls.createFile(staging.handle, name);
  try {
    if (leftover !== undefined && resumed === undefined) copyAside(context, leftover, fd);
    calls.truncate(fd, entry.size);
  } catch (error) {
    calls.closeFile(fd);
    throw error;
  }
  return { fd, resumed: leftover !== undefined };
}

/**
 * Opens a leftover for writing, under the name that the step gives; undefined where somebody else may have it open: a
 * crash leaves old versions under the same names, which programs may still read, or run.
 */
function resumeIn({ calls, staging }: ApplyContext, leftover: string, name: string): number | undefined {
  // One that was complete has its mode already, which may forbid its owner to write.
  calls.chmod(staging.handle, leftover, 0o600);
  const fd = calls.reopenFile(staging.handle, leftover);
  try {
    if (calls.isOpenedOnce(fd)) {
      calls.rename(staging.handle, leftover, staging.handle, name, "fresh");
      return fd;
    }
  } catch (error) {
    calls.closeFile(fd);
    throw error;
  }
  calls.closeFile(fd);
  return undefined;
}

/** Copies a leftover into a new file, to go on in that, and removes it. */
function copyAside({ calls, staging }: ApplyContext, leftover: string, to: number): void {
  const from = calls.openFile(staging.handle, leftover);
  try {
    const stat = newFileStat();
    calls.statFile(from, stat);
    if (!calls.cloneFile(from, to)) copyBytes(calls, from, to, stat.size);
  } finally {
    calls.closeFile(from);
  }
  staging.discard(leftover);
}

function copyBytes(calls: SystemCalls, from: number, to: number, size: number): void {
  const buffer = Buffer.allocUnsafe(COPY_BYTES);
  for (let at = calls.seekData(from, 0, size); at < size; at = calls.seekData(from, at, size)) {
    const length = calls.read(from, buffer, 0, Math.min(buffer.length, size - at), at);
    if (length === 0) return;
    calls.write(to, buffer, 0, length, at);
    at += length;
  }
}

function openOld(context: ApplyContext, path: BytePath): { fd: number; size: number } | undefined {
  const { calls, directories } = context;
  try {
    const { directory, name } = directories.locate(path);
    const fd = calls.openFile(directory, name);
    const stat = newFileStat();
    try {
      calls.statFile(fd, stat);
    } catch (error) {
      calls.closeFile(fd);
      throw error;
    }
    return { fd, size: stat.size };
  } catch {
    return undefined;
  }
}

/** Does one thing to a step that is put together of chunks, and ends it when it is complete. */
function onChunked<T>(
  context: ApplyContext,
  block: Block,
  index: number,
  nothing: T,
  work: (file: ChunkedFile) => T,
): T {
  const step = awaitedStep(block, index);
  if (step === undefined) return nothing;
  const { path } = step.stated.entry;
  if (step.chunked === undefined) throw new LockstepError("LOCKSTEP_MALFORMED", "content that was not asked for");
  try {
    const result = work(step.chunked);
    if (step.chunked.complete) finishChunked(context, block, step, step.chunked);
    return result;
  } catch (error) {
    if (errnoOf(error) === undefined || error instanceof LockstepError) throw error;
    else failStep(context, block, step, problemOf(path, error, "writing"));
    return nothing;
  }
}

function finishChunked(context: ApplyContext, block: Block, step: Step, file: ChunkedFile): void {
  const { calls, staging } = context;
  const name = stagedName(block, step);
  const stat = newFileStat();
  calls.statFile(file.fd, stat);
  // What an interrupted round left may have owner and xattrs that were stated then.
  applyAttributes(context, staging.handle, name, step.stated.entry, file.resumed ? stat : OWN);
  step.staged = name;
  if (step.stated.chunkRoot !== undefined) {
    calls.statFile(file.fd, stat);
    block.chunkLists.push({ stat, runs: file.runs });
  }
  block.bytesReused += file.reused;
  block.hashed++;
  step.awaiting = false;
  closeStep(context, step);
}

/** Takes a batch of a chunk list; undefined bytes for one that need not be asked for. */
export function takeChunkBatch(
  context: ApplyContext,
  block: Block,
  index: number,
  batch: number,
  bytes: Uint8Array | undefined,
): ChunkPlan {
  const nothing = { fetch: [], fragments: [], reused: 0 };
  return onChunked(context, block, index, nothing, (file) => file.takeBatch(batch, bytes));
}

/** Takes the fragments of a chunk; returns what of it must be fetched. */
export function takeFragments(
  context: ApplyContext,
  block: Block,
  index: number,
  offset: number,
  bytes: Uint8Array,
): ContentRange[] {
  return onChunked(context, block, index, [], (file) => file.takeFragments(offset, bytes));
}

/**
 * Takes content records of one unit.
 *
 * @throws LockstepError `LOCKSTEP_MALFORMED` when the peer sent what was not asked for
 */
export function receiveContent(
  context: ApplyContext,
  block: Block,
  unit: UnitExtent,
  records: readonly ContentRecord[],
  fromMaster: boolean,
): Received {
  const chunks = chunksOfUnit(unit);
  let bytes = 0;
  let isWhole = false;
  let digest: Uint8Array | undefined;
  for (const record of records) {
    const step = awaitedOf(block, unit, record.index);
    if (step === undefined) continue;
    if (record.bytes === undefined) {
      // A remote that cannot read it is one that does not have it.
      if (fromMaster) failStep(context, block, step, sourceChanged(step.stated.entry.path));
      continue;
    }
    bytes += record.bytes.length;
    const { offset, bytes: content } = record;
    const state = isPack(unit)
      ? receiveFile(context, block, step, offset, content)
      : onChunked<RecordState>(context, block, step.index, "right", (file) => {
          const received = file.receive(chunks, offset, content);
          // With its last chunk the file is closed.
          isWhole = file.missingIn(chunks).length === 0;
          digest = file.fetchedAt(unit.offset);
          return received;
        });
    if (state === "right") continue;
    if (state === "wrong" && fromMaster) {
      failStep(context, block, step, mismatch(step));
      continue;
    }
    restartUnit(context, block, unit);
    return { state, bytes, digest: undefined };
  }
  if (isPack(unit)) return { state: packState(block, unit.index), bytes, digest: undefined };
  // Of a chunk nothing more is needed when its file has failed.
  if (block.steps.get(unit.index)?.failed) return { state: "ended", bytes, digest: undefined };
  return { state: isWhole ? "verified" : "more", bytes, digest };
}

/** The step that a record of the unit belongs to; undefined when it has failed, or has come with a part of its pack before. */
function awaitedOf(block: Block, unit: UnitName, index: number): Step | undefined {
  if (!isPack(unit) && index === unit.index) return awaitedStep(block, index);
  const step = block.steps.get(index);
  if (!isPack(unit) || step === undefined || block.packs.get(unit.index)?.includes(step) !== true)
    throw new LockstepError("LOCKSTEP_MALFORMED", "content that was not asked for");
  return block.before.has(step) ? undefined : awaitedStep(block, index);
}

/** What a record of content turned out to be; `again` where what was here did not fit to it. */
type RecordState = "right" | "wrong" | "again";

function receiveFile(
  context: ApplyContext,
  block: Block,
  step: Step,
  offset: number,
  bytes: Uint8Array<ArrayBuffer>,
): RecordState {
  const { path, size } = step.stated.entry;
  if (offset !== (step.incoming?.received ?? 0) || offset + bytes.length > size) {
    throw new LockstepError("LOCKSTEP_MALFORMED", "other content than was asked for");
  }
  try {
    step.incoming ??= newIncoming(context, stagedName(block, step), step.stated.entry);
    append(context, step.incoming, bytes);
    if (step.incoming.received < size) return "right";
    return finishFile(context, block, step, step.incoming) ? "right" : "wrong";
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    failStep(context, block, step, problemOf(path, error, "writing"));
    return "right";
  }
}

function packState(block: Block, index: number): UnitState {
  const pack = block.packs.get(index) ?? [];
  if (pack.some(({ awaiting }) => awaiting)) return "more";
  return pack.length > 0 && pack.every(({ staged }) => staged !== undefined) ? "verified" : "ended";
}

/** Forgets what has come of the unit in part. */
function restartUnit(context: ApplyContext, block: Block, unit: UnitExtent): void {
  if (!isPack(unit)) {
    block.steps.get(unit.index)?.chunked?.restart(chunksOfUnit(unit));
    return;
  }
  for (const step of block.packs.get(unit.index) ?? []) {
    if (step.failed || step.staged !== undefined) continue;
    const { incoming } = step;
    if (incoming !== undefined) context.calls.closeFile(incoming.fd);
    if (incoming !== undefined || !step.awaiting) context.staging.discard(stagedName(block, step));
    step.incoming = undefined;
    step.awaiting = true;
  }
}

/** What of a unit is missing, each file or chunk from its start. */
export function missingOf(context: ApplyContext, block: Block, unit: UnitExtent): ContentRange[] {
  restartUnit(context, block, unit);
  const { index } = unit;
  if (isPack(unit)) {
    const steps = block.packs.get(index) ?? [];
    for (const step of steps) if (!step.awaiting) block.before.add(step);
    return steps.filter(({ awaiting }) => awaiting).map(wholeFile);
  }
  return block.steps.get(index)?.chunked?.missingIn(chunksOfUnit(unit)) ?? [];
}

function sourceChanged(path: BytePath): Problem {
  const message = "the sender could not read it as it was stated; it is compared again";
  return { path, code: "LOCKSTEP_SOURCE_CHANGED", message };
}

/** The master could not tell the chunks of the file any more. */
export function loseSource(context: ApplyContext, block: Block, index: number): void {
  const step = awaitedStep(block, index);
  if (step !== undefined) failStep(context, block, step, sourceChanged(step.stated.entry.path));
}

/**
 * Ends the staging of a block: what has not arrived whole has failed. What has come of a file with a
 * chunk list stays in the staging area, for the pass or the round that goes on with it.
 */
export function endStage(context: ApplyContext, block: Block): StageResult {
  for (const step of block.steps.values()) {
    if (!step.awaiting) continue;
    const { checksum, entry } = step.stated;
    const problem: Problem = {
      path: entry.path,
      code: "LOCKSTEP_SOURCE_UNREADABLE",
      message: "its content did not arrive",
    };
    if (step.chunked === undefined || checksum === undefined) {
      failStep(context, block, step, problem);
      continue;
    }
    closeStep(context, step);
    block.problems.push(problem);
    step.failed = true;
    step.awaiting = false;
    const key = hexDigest(checksum);
    context.leftovers.set(key, [...(context.leftovers.get(key) ?? []), stagedName(block, step)]);
  }
  return { problems: block.problems, hashed: block.hashed, bytesReused: block.bytesReused };
}
