import { createLinuxCalls } from "./linux-calls.ts";
import { createPortableCalls } from "./portable-calls.ts";
import type { SystemCalls } from "./system-calls.ts";
import type { ThreadBook } from "./thread-book.ts";

/**
 * The native calls where they can be had, else the portable ones; `LOCKSTEP_PORTABLE=1` forces these.
 *
 * @param tellLack is told of what a file system turns out to lack
 * @param book counts the calls, and has the descriptors that are open; the portable calls leave it empty
 */
export function chooseCalls(tellLack?: (lack: string) => void, book?: ThreadBook): SystemCalls {
  if (process.platform !== "linux" || process.env["LOCKSTEP_PORTABLE"] === "1") return createPortableCalls();
  try {
    return createLinuxCalls(tellLack, book);
  } catch {
    return createPortableCalls();
  }
}
