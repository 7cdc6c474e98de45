import { codeOfErrno, type ErrorCode, LockstepError } from "../model/errors.ts";
import type { BytePath } from "../model/path.ts";
import { errnoOf } from "./system-calls.ts";
import type { Handlers } from "./worker-port.ts";

/** Node's own errors (ERR_…) and Lockstep's have codes too. */
const ERRNO = /^E[A-Z0-9]+$/;

/**
 * Tells the failure of a system call that concerns no single path, as a fault of the system and not of
 * Lockstep; whatever else was thrown is returned as it is.
 *
 * @param say from the errno's name
 * @param code where the errno has none that says the same whatever was called
 */
export function diskError(error: unknown, say: (errno: string) => string, code: ErrorCode, path?: BytePath): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || !ERRNO.test(errno)) return error;
  const detail = path === undefined ? { cause: error } : { cause: error, path };
  return new LockstepError(codeOfErrno(errno) ?? code, say(errno), detail);
}

/** The name of the system call, without the local path that is in an error's sentence. */
function callOf(error: unknown): string {
  const { call, syscall } = error as { call?: unknown; syscall?: unknown };
  return [call, syscall].find((name) => typeof name === "string") ?? "a system call";
}

/**
 * Verbs of a worker that tell every failed system call as one.
 *
 * @param codeOf what a failure of that verb means
 */
export function tellDisk(handlers: Handlers, codeOf: (verb: string) => ErrorCode): Handlers {
  const telling = (verb: string) => {
    const handler = handlers[verb] as (...args: readonly unknown[]) => unknown;
    return async (...args: readonly unknown[]): Promise<unknown> => {
      try {
        return await handler(...args);
      } catch (error) {
        throw diskError(error, (errno) => `${callOf(error)} failed in the root (${errno})`, codeOf(verb));
      }
    };
  };
  return Object.fromEntries(Object.keys(handlers).map((verb) => [verb, telling(verb)]));
}
