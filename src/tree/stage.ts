import type { ContentRange } from "../model/content-ranges.ts";
import { hexDigest, sameDigest } from "../model/digest.ts";
import { DIRECTORY, ENTRY_TYPES, type Entry, FILE, SYMLINK } from "../model/entry.ts";
import { LockstepError } from "../model/errors.ts";
import { ACTIONS, type Action, isAction } from "../model/plan.ts";
import { decodeStated, type StatedEntry } from "../model/statement.ts";
import { chunkRoot } from "../model/suite.ts";
import type { StageRequest, StageResult } from "../ports/tree.ts";
import {
  type ApplyContext,
  applyAttributes,
  type Block,
  type Incoming,
  problemOf,
  type Step,
} from "./apply-context.ts";
import { parseRecords } from "./content-records.ts";
import { StableReader } from "./read-stable.ts";
import { errnoOf, newFileStat, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } from "./system-calls.ts";

const FORMATS: Readonly<Record<number, number>> = {
  [ENTRY_TYPES.fifo]: S_IFIFO,
  [ENTRY_TYPES.characterDevice]: S_IFCHR,
  [ENTRY_TYPES.blockDevice]: S_IFBLK,
  [ENTRY_TYPES.socket]: S_IFSOCK,
};

const COPY_BYTES = 1 << 20;
/** Smallest stretch of zeros that is left as a hole; smaller files are written as they are. */
const SPARSE_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(SPARSE_BYTES);

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
export function beginStage(context: ApplyContext, request: BlockSteps): { block: Block; fetch: ContentRange[] } {
  const steps = new Map<number, Step>();
  const block: Block = { number: request.block, steps, problems: [], hashed: 0, bytesReused: 0 };
  const fetch: ContentRange[] = [];
  for (const { index, action } of request.steps) {
    const stated = request.stated[index];
    const step: Step = {
      index,
      action,
      stated,
      staged: undefined,
      incoming: undefined,
      awaiting: false,
      failed: false,
    };
    steps.set(index, step);
    try {
      stageStep(context, block, step);
    } catch (error) {
      failStep(context, block, step, problemOf(stated.entry.path, error, "staging"));
    }
    if (step.awaiting) fetch.push({ index, offset: 0, length: stated.entry.size });
  }
  return { block, fetch };
}

function failStep(context: ApplyContext, block: Block, step: Step, problem: Block["problems"][number]): void {
  block.problems.push(problem);
  step.failed = true;
  step.awaiting = false;
  if (step.incoming !== undefined) {
    context.calls.closeFile(step.incoming.fd);
    step.incoming = undefined;
  }
  try {
    context.staging.discard(stagedName(block, step));
  } catch {
    // What stays goes when the whole area is removed.
  }
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
  const name = stagedName(block, step);
  if (step.action === ACTIONS.attributes && !needsOwnInode(context, entry)) return;
  // Further names of a group are linked at the switch, when their first name is in place.
  if (entry.leader !== undefined) return;
  switch (entry.type) {
    case FILE:
      if ((step.action === ACTIONS.relink || step.action === ACTIONS.attributes) && reuseOwn(context, block, step))
        return;
      if (entry.size > 0 && takeLeftover(context, block, step)) return;
      if (entry.size === 0) finishFile(context, block, step, newIncoming(context, name, 0));
      else step.awaiting = true;
      return;
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

/** True when the inode has names that the plan does not know: it must not be changed in place. */
function needsOwnInode(context: ApplyContext, entry: Entry): boolean {
  if (entry.type === DIRECTORY) return false;
  const { table, listed } = context.list;
  const ordinal = table.find(entry.path, listed);
  if (ordinal === undefined) return true;
  return table.links(ordinal) !== table.knownLinks(ordinal);
}

/** Takes content that an interrupted round had staged already, if it is the stated one. */
function takeLeftover(context: ApplyContext, block: Block, step: Step): boolean {
  const { calls, hasher, suite, staging, leftovers } = context;
  const { checksum, chunkRoot: root, entry } = step.stated;
  if (checksum === undefined || root === undefined) return false;
  const name = leftovers.get(hexDigest(checksum))?.pop();
  if (name === undefined) return false;
  let right = false;
  try {
    const content = new StableReader(calls, hasher, suite).read(staging.handle, name);
    right =
      sameDigest(content.checksum, checksum) &&
      sameDigest(chunkRoot(hasher.hash, suite, content.chunks), root) &&
      content.stat.links === 1;
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

function newIncoming(context: ApplyContext, name: string, size: number): Incoming {
  const { calls, hasher, staging, suite } = context;
  const large = size > suite.chunkBytes;
  return {
    name,
    size,
    fd: calls.createFile(staging.handle, name),
    received: 0,
    whole: large ? hasher.incremental() : undefined,
    chunk: undefined,
    chunkFill: 0,
    chunks: [],
  };
}

/** Takes the content from the path itself, when it is the stated one. */
function reuseOwn(context: ApplyContext, block: Block, step: Step): boolean {
  const { calls, directories } = context;
  const { entry } = step.stated;
  const buffer = Buffer.allocUnsafe(COPY_BYTES);
  let fd: number;
  try {
    const { directory, name } = directories.locate(entry.path);
    fd = calls.openFile(directory, name);
  } catch {
    return false;
  }
  try {
    const incoming = newIncoming(context, stagedName(block, step), entry.size);
    let right = false;
    try {
      for (let at = 0; at < entry.size; ) {
        const count = calls.read(fd, buffer, 0, Math.min(COPY_BYTES, entry.size - at), at);
        if (count === 0) break;
        append(context, incoming, buffer.subarray(0, count));
        at += count;
      }
      right = incoming.received === entry.size && verify(context, step, incoming);
    } finally {
      calls.closeFile(incoming.fd);
    }
    if (!right) {
      context.staging.discard(incoming.name);
      return false;
    }
    block.hashed++;
    block.bytesReused += entry.size;
    settleStaged(context, step, incoming.name);
    return true;
  } finally {
    calls.closeFile(fd);
  }
}

/** Writes all but whole pieces of zeros, which become holes: sparse files stay sparse. */
function writeSparsely(context: ApplyContext, incoming: Incoming, bytes: Uint8Array): void {
  const { calls } = context;
  for (let at = 0; at < bytes.length; at += SPARSE_BYTES) {
    const length = Math.min(SPARSE_BYTES, bytes.length - at);
    const isHole = bytes[at] === 0 && ZEROS.subarray(0, length).equals(bytes.subarray(at, at + length));
    if (!isHole) calls.write(incoming.fd, bytes, at, length, incoming.received + at);
  }
  if (incoming.received + bytes.length === incoming.size) calls.truncate(incoming.fd, incoming.size);
}

function append(context: ApplyContext, incoming: Incoming, bytes: Uint8Array): void {
  const { calls, hasher, suite } = context;
  if (incoming.size < SPARSE_BYTES) calls.write(incoming.fd, bytes, 0, bytes.length, incoming.received);
  else writeSparsely(context, incoming, bytes);
  incoming.received += bytes.length;
  if (incoming.whole === undefined && incoming.received === incoming.size && incoming.chunk === undefined) {
    // The whole file in one piece, the common case: one call instead of three.
    incoming.chunks.push(hasher.hash(bytes));
    return;
  }
  incoming.whole?.update(bytes);
  for (let at = 0; at < bytes.length; ) {
    incoming.chunk ??= hasher.incremental();
    const length = Math.min(suite.chunkBytes - incoming.chunkFill, bytes.length - at);
    incoming.chunk.update(bytes.subarray(at, at + length));
    incoming.chunkFill += length;
    at += length;
    if (incoming.chunkFill === suite.chunkBytes || incoming.received - bytes.length + at === incoming.size) {
      incoming.chunks.push(incoming.chunk.digest());
      incoming.chunk = undefined;
      incoming.chunkFill = 0;
    }
  }
}

function verify(context: ApplyContext, step: Step, incoming: Incoming): boolean {
  const { hasher, suite } = context;
  const { checksum, chunkRoot: root } = step.stated;
  if (checksum === undefined || root === undefined) return false;
  const content = incoming.whole?.digest() ?? incoming.chunks[0] ?? hasher.hash(new Uint8Array(0));
  return sameDigest(content, checksum) && sameDigest(chunkRoot(hasher.hash, suite, incoming.chunks), root);
}

/** Owner of whatever this process makes in the staging area. */
const OWN = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, fresh: true };

/** Gives a complete new version its attributes; from here on it can be switched in. */
function settleStaged(context: ApplyContext, step: Step, name: string): void {
  applyAttributes(context, context.staging.handle, name, step.stated.entry, OWN);
  step.staged = name;
}

function finishFile(context: ApplyContext, block: Block, step: Step, incoming: Incoming): void {
  const verified = verify(context, step, incoming);
  context.calls.closeFile(incoming.fd);
  step.incoming = undefined;
  step.awaiting = false;
  block.hashed++;
  if (verified) {
    settleStaged(context, step, incoming.name);
    return;
  }
  const message = "what arrived is not what the master signed; the old version stays";
  failStep(context, block, step, { path: step.stated.entry.path, code: "LOCKSTEP_CONTENT_MISMATCH", message });
}

/**
 * Takes a frame of content records.
 *
 * @throws LockstepError `LOCKSTEP_MALFORMED` when the peer sent what was not asked for
 */
export function receiveContent(context: ApplyContext, block: Block, frame: Uint8Array<ArrayBuffer>): void {
  const records = parseRecords(frame);
  if (records === undefined) throw new LockstepError("LOCKSTEP_MALFORMED", "malformed content frame");
  for (const { index, bytes } of records) {
    const step = block.steps.get(index);
    if (step === undefined) throw new LockstepError("LOCKSTEP_MALFORMED", "content that was not asked for");
    if (step.failed) continue;
    if (!step.awaiting) throw new LockstepError("LOCKSTEP_MALFORMED", "content that was not asked for");
    const { path, size } = step.stated.entry;
    if (bytes === undefined) {
      const message = "the sender could not read it as it was stated; it is compared again";
      failStep(context, block, step, { path, code: "LOCKSTEP_SOURCE_CHANGED", message });
      continue;
    }
    if ((step.incoming?.received ?? 0) + bytes.length > size) {
      throw new LockstepError("LOCKSTEP_MALFORMED", "more content than was announced");
    }
    try {
      step.incoming ??= newIncoming(context, stagedName(block, step), size);
      append(context, step.incoming, bytes);
      if (step.incoming.received === size) finishFile(context, block, step, step.incoming);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      failStep(context, block, step, problemOf(path, error, "writing"));
    }
  }
}

/** Ends the staging of a block: what has not arrived whole has failed. */
export function endStage(context: ApplyContext, block: Block): StageResult {
  for (const step of block.steps.values()) {
    if (!step.awaiting) continue;
    const message = "its content did not arrive";
    failStep(context, block, step, { path: step.stated.entry.path, code: "LOCKSTEP_SOURCE_UNREADABLE", message });
  }
  return { problems: block.problems, hashed: block.hashed, bytesReused: block.bytesReused };
}
