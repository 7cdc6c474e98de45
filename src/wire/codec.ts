import type { Bound, Classification } from "../model/classification.ts";
import { ENTRY_TYPES, type EntryTypeName } from "../model/entry.ts";
import { isErrorCode, LockstepError, toLockstepError } from "../model/errors.ts";
import { MAX_BLOCK_PATHS } from "../model/file-block.ts";
import {
  HOLD_FALLBACKS,
  HOLDS,
  type Hold,
  type HoldFallback,
  ROUND_MODES,
  type RoundId,
  type RoundMode,
  type RoundOrder,
} from "../model/order.ts";
import { byteString, byteStringToBytes, checkPath, displayPath } from "../model/path.ts";
import type { Problem } from "../model/problem.ts";
import { isRootName, type PeerId, type RoleAssignment } from "../model/role.ts";
import type { Held } from "../ports/tree.ts";
import { LIMITS } from "./limits.ts";
import {
  type BoundMessage,
  type ClassificationMessage,
  type ErrorMessage,
  type HeldMessage,
  type ProblemMessage,
  RoleAssignmentMessage,
  type RoundMessage,
  RoundOrderMessage,
} from "./messages.ts";

function malformed(what: string): never {
  throw new LockstepError("LOCKSTEP_MALFORMED", `malformed message from a peer: ${what}`);
}

/** Runs a protobuf decoder, turning whatever it throws into `LOCKSTEP_MALFORMED`. */
export function decodeMessage<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T {
  try {
    return decode(bytes);
  } catch (error) {
    throw new LockstepError("LOCKSTEP_MALFORMED", "a peer sent a message that cannot be decoded", { cause: error });
  }
}

function counter(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0) malformed(what);
  return value;
}

function peerId(text: string): PeerId {
  if (!/^[A-Za-z0-9]{20,128}$/.test(text)) malformed("peer id");
  return text;
}

export function encodeAssignment(assignment: RoleAssignment): Uint8Array {
  return RoleAssignmentMessage.encode({
    ...assignment,
    comparison: [...assignment.comparison],
    remotes: [...assignment.remotes],
    hosts: assignment.hosts.map((host) => ({ ...host, addresses: [...host.addresses] })),
  });
}

/** @throws LockstepError `LOCKSTEP_MALFORMED` */
export function decodeAssignment(bytes: Uint8Array): RoleAssignment {
  const message = decodeMessage((b) => RoleAssignmentMessage.decode(b), bytes);
  if (!isRootName(message.root)) malformed("root name");
  if (message.hosts.length > LIMITS.hosts || message.remotes.length > LIMITS.hosts) malformed("too many hosts");
  if (message.comparison.length === 0 || message.comparison.length > LIMITS.hosts) malformed("comparison servers");
  const assignment: RoleAssignment = {
    root: message.root,
    epoch: counter(message.epoch, "epoch"),
    master: peerId(message.master),
    comparison: message.comparison.map(peerId),
    remotes: message.remotes.map(peerId),
    hosts: message.hosts.map((host) => {
      if (host.addresses.length > LIMITS.addressesPerHost || host.name.length > 255) malformed("host");
      return { name: host.name, peer: peerId(host.peer), addresses: host.addresses };
    }),
  };
  if (assignment.remotes.includes(assignment.master)) malformed("the master is among the remotes");
  if (new Set(assignment.remotes).size !== assignment.remotes.length) malformed("a remote is named twice");
  return assignment;
}

function encodeClassification(classification: Classification): ClassificationMessage {
  return {
    include: [...classification.include],
    exclude: [...classification.exclude],
    types: [...classification.types],
    size: classification.size,
    age: classification.age,
  };
}

function decodeBound(message: BoundMessage | undefined): Bound | undefined {
  if (message === undefined) return undefined;
  if (!["<", "<=", ">", ">="].includes(message.op) || Number.isNaN(message.value)) malformed("bound");
  return { op: message.op as Bound["op"], value: message.value };
}

function decodeClassification(message: ClassificationMessage | undefined): Classification {
  if (message === undefined) malformed("classification missing");
  for (const patterns of [message.include, message.exclude]) {
    if (patterns.length > LIMITS.patterns) malformed("too many patterns");
    if (patterns.some((pattern) => pattern.length > LIMITS.patternLength)) malformed("pattern too long");
  }
  if (message.types.some((type) => !Object.hasOwn(ENTRY_TYPES, type))) malformed("unknown type");
  return {
    include: message.include,
    exclude: message.exclude,
    types: message.types as EntryTypeName[],
    size: decodeBound(message.size),
    age: decodeBound(message.age),
  };
}

export function encodeOrder(order: RoundOrder): Uint8Array {
  return RoundOrderMessage.encode({
    ...order,
    classification: encodeClassification(order.classification),
    maxDelete: order.maxDelete.amount,
    maxDeletePercent: order.maxDelete.unit === "percent",
  });
}

/** @throws LockstepError `LOCKSTEP_MALFORMED` */
export function decodeOrder(bytes: Uint8Array): RoundOrder {
  const message = decodeMessage((b) => RoundOrderMessage.decode(b), bytes);
  if (!isRootName(message.root)) malformed("root name");
  if (!ROUND_MODES.includes(message.mode as RoundMode)) malformed("mode");
  if (!HOLDS.includes(message.hold as Hold)) malformed("hold");
  if (!HOLD_FALLBACKS.includes(message.holdFallback as HoldFallback)) malformed("holdFallback");
  if (!(message.maxDelete >= 0)) malformed("maxDelete");
  if (!(message.blockPaths >= 1 && message.blockPaths <= MAX_BLOCK_PATHS)) malformed("blockPaths");
  return {
    root: message.root,
    epoch: counter(message.epoch, "epoch"),
    sequence: counter(message.sequence, "sequence"),
    mode: message.mode as RoundMode,
    className: message.className,
    classification: decodeClassification(message.classification),
    now: counter(message.now, "now"),
    delete: message.delete,
    maxDelete: { amount: message.maxDelete, unit: message.maxDeletePercent ? "percent" : "count" },
    hold: message.hold as Hold,
    holdFallback: message.holdFallback as HoldFallback,
    blockBytes: counter(message.blockBytes, "blockBytes"),
    blockPaths: message.blockPaths,
    compress: message.compress,
    expiry: counter(message.expiry, "expiry"),
  };
}

/** @throws LockstepError `LOCKSTEP_MALFORMED` */
export function decodeRoundId(message: RoundMessage | undefined): RoundId {
  if (message === undefined || !isRootName(message.root)) malformed("round id");
  return {
    root: message.root,
    epoch: counter(message.epoch, "epoch"),
    sequence: counter(message.sequence, "sequence"),
    term: counter(message.term, "term"),
  };
}

/** As many as one message may hold. What is left out is found again by the next comparison. */
export function encodeProblems(problems: readonly Problem[]): ProblemMessage[] {
  const messages: ProblemMessage[] = [];
  let bytes = 0;
  for (const { path, code, message } of problems) {
    bytes += path.length + code.length + message.length;
    if (messages.length === LIMITS.problemsPerMessage || bytes > LIMITS.problemBytesPerMessage) break;
    messages.push({ path: byteStringToBytes(path), code, message });
  }
  return messages;
}

export function decodeProblems(messages: readonly ProblemMessage[]): Problem[] {
  if (messages.length > LIMITS.problemsPerMessage) malformed("too many problems");
  return messages.map((message) => {
    if (!isErrorCode(message.code)) malformed("unknown error code");
    return { path: checkPath(byteString(message.path)), code: message.code, message: message.message.slice(0, 1000) };
  });
}

export function encodeHeld({ ms, ...held }: Held): HeldMessage {
  return { ...held, micros: Math.round(ms * 1000) };
}

export function decodeHeld({ micros, ...held }: HeldMessage): Held {
  return { ...held, ms: counter(micros, "held") / 1000 };
}

export function decodeHold(text: string): Hold {
  if (!HOLDS.includes(text as Hold)) malformed("hold");
  return text as Hold;
}

/** An error for the wire: code and sentence; never a stack or a local path. */
export function encodeError(error: unknown): ErrorMessage {
  const { code, message, path } = toLockstepError(error);
  return { code, message: message.slice(0, 1000), path };
}

export function decodeError(message: ErrorMessage, host: string): LockstepError {
  const code = isErrorCode(message.code) ? message.code : "LOCKSTEP_MALFORMED";
  const detail = message.path === undefined ? { host } : { host, path: displayPath(message.path) };
  return new LockstepError(code, message.message.slice(0, 1000), detail);
}
