import { createLinuxCalls } from "./linux-calls.ts";
import { createPortableCalls } from "./portable-calls.ts";
import type { SystemCalls } from "./system-calls.ts";

/**
 * The native calls where they can be had, else the portable ones; `LOCKSTEP_PORTABLE=1` forces these.
 *
 * @param tellLack is told of what a file system turns out to lack
 */
export function chooseCalls(tellLack?: (lack: string) => void): SystemCalls {
  if (process.platform !== "linux" || process.env["LOCKSTEP_PORTABLE"] === "1") return createPortableCalls();
  try {
    return createLinuxCalls(tellLack);
  } catch {
    return createPortableCalls();
  }
}
