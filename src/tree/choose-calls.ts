import type { DescriptorBook } from "./descriptor-book.ts";
import { createLinuxCalls } from "./linux-calls.ts";
import { createPortableCalls } from "./portable-calls.ts";
import type { SystemCalls } from "./system-calls.ts";

/**
 * The native calls where they can be had, else the portable ones; `LOCKSTEP_PORTABLE=1` forces these.
 *
 * @param tellLack is told of what a file system turns out to lack
 * @param book has the descriptors that are open; not those of the portable calls
 */
export function chooseCalls(tellLack?: (lack: string) => void, book?: DescriptorBook): SystemCalls {
  if (process.platform !== "linux" || process.env["LOCKSTEP_PORTABLE"] === "1") return createPortableCalls();
  try {
    return createLinuxCalls(tellLack, book);
  } catch {
    return createPortableCalls();
  }
}
