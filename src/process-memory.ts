import { createRequire } from "node:module";
import type Koffi from "koffi";
import { collectGarbage } from "./tree/collect-garbage.ts";

const require = createRequire(import.meta.url);

/** Parameters of mallopt(3), as glibc numbers them (malloc.h). */
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;
const TRIM_FROM_BYTES = 128 * 1024 * 1024;
/** The most that it takes; all that a round asks for is shorter. */
const MMAP_FROM_BYTES = 32 * 1024 * 1024;

interface Malloc {
  /** malloc_trim(3) */
  trim(pad: number): number;
  /** mallopt(3) */
  set(parameter: number, value: number): number;
}

let malloc: Malloc | undefined;
let isSought = false;

/** Undefined where the C library is not glibc. */
function findMalloc(): Malloc | undefined {
  if (isSought || process.env["LOCKSTEP_PORTABLE"] === "1") return malloc;
  isSought = true;
  try {
    const library = (require("koffi") as typeof Koffi).load(null);
    malloc = {
      trim: library.func("malloc_trim", "int", ["size_t"]),
      set: library.func("mallopt", "int", ["int", "int"]),
    };
  } catch {
    // Then the library keeps and gives back as it thinks best.
  }
  return malloc;
}

/**
 * Has the process keep what is freed. A round goes through buffers of some MiB by the hundred, and glibc
 * gives them back to the system now and then, only to get them again, page by page: of a first copy of large
 * files a third of what the master's `content-worker` does.
 */
export function keepFreedMemory(): void {
  findMalloc()?.set(M_MMAP_THRESHOLD, MMAP_FROM_BYTES);
  findMalloc()?.set(M_TRIM_THRESHOLD, TRIM_FROM_BYTES);
}

/**
 * Collects what this thread does not need, and gives the system back what all threads have freed, which glibc
 * keeps. Takes some 20 ms, so it is for a host that has nothing to do.
 */
export function releaseMemory(): void {
  collectGarbage();
  findMalloc()?.trim(0);
}
