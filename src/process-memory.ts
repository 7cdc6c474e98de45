import koffi from "koffi";
import { collectGarbage } from "./tree/collect-garbage.ts";

/** malloc_trim(3); undefined where the C library has none. */
function findTrim(): ((pad: number) => number) | undefined {
  if (process.env["LOCKSTEP_PORTABLE"] === "1") return undefined;
  try {
    return koffi.load(null).func("malloc_trim", "int", ["size_t"]);
  } catch {
    return undefined;
  }
}

let trim: ((pad: number) => number) | undefined;

/**
 * Collects what this thread does not need, and gives the system back what all threads have freed, which glibc
 * keeps. Takes some 20 ms, so it is for a host that has nothing to do.
 */
export function releaseMemory(): void {
  collectGarbage();
  trim ??= findTrim();
  trim?.(0);
}
