import { createLinuxCalls } from "./linux-calls.ts";
import { createPortableCalls } from "./portable-calls.ts";
import type { SystemCalls } from "./system-calls.ts";

/** The native calls where they can be had, else the portable ones; `LOCKSTEP_PORTABLE=1` forces these. */
export function chooseCalls(): SystemCalls {
  if (process.platform !== "linux" || process.env["LOCKSTEP_PORTABLE"] === "1") return createPortableCalls();
  try {
    return createLinuxCalls();
  } catch {
    return createPortableCalls();
  }
}
