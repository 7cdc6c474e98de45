/**
 * What a code means for the work that met it.
 *
 * - `path`: that path has a problem; everything else goes on.
 * - `remote`: that remote is refused or given up; the other remotes go on.
 * - `round`: the round ends.
 * - `peer`: the message or the peer is refused; the node's state is unchanged.
 * - `usage`: the caller's words or configuration are off.
 * - `node`: this node cannot run.
 */
export type Consequence = "path" | "remote" | "round" | "peer" | "usage" | "node";

/** The one table that decides what each stable code leads to, and whether a retry can help. */
export const ERROR_TABLE = {
  // one path
  LOCKSTEP_SOURCE_CHANGED: { consequence: "path", retry: true },
  LOCKSTEP_SOURCE_UNREADABLE: { consequence: "path", retry: true },
  LOCKSTEP_TARGET_CHANGED: { consequence: "path", retry: true },
  LOCKSTEP_CONTENT_MISMATCH: { consequence: "path", retry: true },
  LOCKSTEP_APPLY_FAILED: { consequence: "path", retry: true },
  LOCKSTEP_NO_SPACE: { consequence: "path", retry: true },
  LOCKSTEP_NO_RESOURCES: { consequence: "path", retry: true },
  LOCKSTEP_ACCESS_DENIED: { consequence: "path", retry: false },
  LOCKSTEP_HELD: { consequence: "path", retry: true },
  LOCKSTEP_HOLD_ENDED: { consequence: "path", retry: true },
  LOCKSTEP_DELETE_FORBIDDEN: { consequence: "path", retry: false },
  LOCKSTEP_DIRECTORY_NOT_EMPTY: { consequence: "path", retry: false },
  LOCKSTEP_MOUNT_POINT: { consequence: "path", retry: false },
  LOCKSTEP_NOT_REMOVED: { consequence: "path", retry: false },
  LOCKSTEP_PATH_TOO_LONG: { consequence: "path", retry: false },
  LOCKSTEP_UNREPRESENTABLE: { consequence: "path", retry: false },
  LOCKSTEP_NOT_IN_STEP: { consequence: "path", retry: true },
  LOCKSTEP_DRIFT: { consequence: "path", retry: true },
  // one remote
  LOCKSTEP_DELETE_GUARD: { consequence: "remote", retry: false },
  LOCKSTEP_SPACE_GUARD: { consequence: "remote", retry: false },
  LOCKSTEP_ROOT_MISSING: { consequence: "remote", retry: false },
  LOCKSTEP_ROOT_NOT_MOUNTED: { consequence: "remote", retry: false },
  LOCKSTEP_ROOT_NOT_DIRECTORY: { consequence: "remote", retry: false },
  LOCKSTEP_ROOT_UNKNOWN: { consequence: "remote", retry: false },
  LOCKSTEP_ROOT_READ_ONLY: { consequence: "remote", retry: false },
  LOCKSTEP_ROOT_IN_USE: { consequence: "remote", retry: true },
  LOCKSTEP_DISK_HUNG: { consequence: "remote", retry: true },
  LOCKSTEP_HOLD_UNAVAILABLE: { consequence: "remote", retry: false },
  LOCKSTEP_HOST_UNREACHABLE: { consequence: "remote", retry: true },
  LOCKSTEP_WRONG_HOST: { consequence: "remote", retry: false },
  // the round
  LOCKSTEP_ROOT_EMPTY: { consequence: "round", retry: false },
  LOCKSTEP_ROUND_BUSY: { consequence: "round", retry: true },
  LOCKSTEP_ORDER_EXPIRED: { consequence: "round", retry: true },
  LOCKSTEP_NOT_ASSIGNED: { consequence: "round", retry: false },
  LOCKSTEP_NO_COMPARISON_SERVER: { consequence: "round", retry: true },
  LOCKSTEP_ABORTED: { consequence: "round", retry: true },
  // a peer's message
  LOCKSTEP_MALFORMED: { consequence: "peer", retry: false },
  LOCKSTEP_TOO_LARGE: { consequence: "peer", retry: false },
  LOCKSTEP_BAD_PATH: { consequence: "peer", retry: false },
  LOCKSTEP_BAD_SIGNATURE: { consequence: "peer", retry: false },
  LOCKSTEP_NOT_AUTHORISED: { consequence: "peer", retry: false },
  LOCKSTEP_EPOCH_OLD: { consequence: "peer", retry: false },
  LOCKSTEP_EPOCH_CONFLICT: { consequence: "peer", retry: false },
  LOCKSTEP_SEQUENCE_OLD: { consequence: "peer", retry: false },
  LOCKSTEP_OUT_OF_ORDER: { consequence: "peer", retry: false },
  LOCKSTEP_PEER_FLOODED: { consequence: "peer", retry: false },
  LOCKSTEP_PEER_GONE: { consequence: "peer", retry: true },
  // the caller
  LOCKSTEP_USAGE: { consequence: "usage", retry: false },
  LOCKSTEP_CONFIG: { consequence: "usage", retry: false },
  LOCKSTEP_BAD_PATTERN: { consequence: "usage", retry: false },
  // this node
  LOCKSTEP_STATE_LOCKED: { consequence: "node", retry: false },
  LOCKSTEP_STATE_UNUSABLE: { consequence: "node", retry: false },
  LOCKSTEP_ROOTS_OVERLAP: { consequence: "usage", retry: false },
  LOCKSTEP_LISTEN_FAILED: { consequence: "node", retry: false },
  LOCKSTEP_INTERNAL: { consequence: "round", retry: false },
} as const satisfies Record<string, { consequence: Consequence; retry: boolean }>;

/** A stable error code; scripts may compare it. */
export type ErrorCode = keyof typeof ERROR_TABLE;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_TABLE, text);
}

export interface ErrorDetail {
  readonly cause?: unknown;
  readonly host?: string;
  readonly path?: string;
  readonly round?: string;
}

/** The one error class of Lockstep: a stable code and a sentence that says what to do. */
export class LockstepError extends Error {
  override readonly name = "LockstepError";
  readonly code: ErrorCode;
  readonly host: string | undefined;
  readonly path: string | undefined;
  readonly round: string | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.host = detail.host;
    this.path = detail.path;
    this.round = detail.round;
  }
}

/** An error that was met in what a host has sent names that host. */
export function fromHost(error: LockstepError, host: string): LockstepError {
  if (error.host !== undefined) return error;
  const message = error.message.includes(host) ? error.message : `${host}: ${error.message}`;
  return new LockstepError(error.code, message, { host, cause: error });
}

/** Reads what a host has sent: what is wrong with it names that host. */
export function readFrom<T>(host: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof LockstepError ? fromHost(error, host) : error;
  }
}

const CODES_OF_ERRNO: Readonly<Record<string, ErrorCode>> = {
  EMFILE: "LOCKSTEP_NO_RESOURCES",
  ENFILE: "LOCKSTEP_NO_RESOURCES",
  ENOMEM: "LOCKSTEP_NO_RESOURCES",
  ENOSPC: "LOCKSTEP_NO_SPACE",
  EDQUOT: "LOCKSTEP_NO_SPACE",
  EACCES: "LOCKSTEP_ACCESS_DENIED",
  EPERM: "LOCKSTEP_ACCESS_DENIED",
  EROFS: "LOCKSTEP_ROOT_READ_ONLY",
};

/** The code of a failed system call that says the same whatever was called, by its errno (errno(3)). */
export function codeOfErrno(errno: string): ErrorCode | undefined {
  return Object.hasOwn(CODES_OF_ERRNO, errno) ? CODES_OF_ERRNO[errno] : undefined;
}

export function isUnavailable(error: unknown): error is LockstepError {
  return error instanceof LockstepError && error.code === "LOCKSTEP_HOLD_UNAVAILABLE";
}

/**
 * Gives any thrown value a code, keeping a LockstepError as it is.
 *
 * @param code for what has no code of its own and is no system error that has one
 */
export function toLockstepError(error: unknown, code: ErrorCode = "LOCKSTEP_INTERNAL"): LockstepError {
  if (error instanceof LockstepError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const errno = (error as { code?: unknown } | undefined)?.code;
  return new LockstepError((typeof errno === "string" && codeOfErrno(errno)) || code, message, { cause: error });
}
