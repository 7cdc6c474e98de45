import { cutPoint, cutPointBy, GEAR, type Roller } from "./cut.ts";
import { GEAR_MODULE } from "./gear-module.ts";
import type { CutBounds } from "./suite.ts";

/** Content to be cut, and what cuts it where it lies. */
export interface Cutter {
  /** To be filled with content. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** As `cutPoint` of cut.ts. */
  cutPoint(start: number, end: number, bounds: CutBounds): number;
}

/** The smallest unit of WebAssembly's memory; the first one holds the gear table. */
const PAGE_BYTES = 65_536;

interface GearExports {
  readonly hash: WebAssembly.Global<"i32">;
  roll(from: number, to: number, bound: number): number;
}

/**
 * A cutter of so many bytes, in WebAssembly where that can be had: it needs room for several GiB of
 * addresses, which not everybody may take.
 */
export function createCutter(bytes: number): Cutter {
  try {
    return wasmCutter(bytes);
  } catch {
    return plainCutter(bytes);
  }
}

/** In plain JavaScript, which takes about three times as long. */
export function plainCutter(bytes: number): Cutter {
  const own = new Uint8Array(bytes);
  return { bytes: own, cutPoint: (start, end, bounds) => cutPoint(own, start, end, bounds) };
}

/** @throws where there is no WebAssembly with SIMD, or no room for its memory */
export function wasmCutter(bytes: number): Cutter {
  const pages = 1 + Math.ceil(bytes / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const module = new WebAssembly.Module(Uint8Array.from(atob(GEAR_MODULE), (letter) => letter.charCodeAt(0)));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const { hash, roll } = exports as unknown as GearExports;
  const buffer = memory.buffer as ArrayBuffer;
  // WebAssembly reads little endian everywhere.
  const table = new DataView(buffer);
  for (const [i, word] of GEAR.entries()) table.setInt32(4 * i, word, true);
  const own = new Uint8Array(buffer, PAGE_BYTES, bytes);
  const roller: Roller = {
    begin: () => {
      hash.value = 0;
    },
    roll: (from, to, bound) => {
      const end = roll(PAGE_BYTES + from, PAGE_BYTES + to, bound);
      return end < 0 ? -1 : end - PAGE_BYTES;
    },
  };
  return {
    bytes: own,
    cutPoint(start, end, bounds) {
      // What lies behind it is not this memory's.
      if (!(start >= 0 && end <= bytes)) throw new RangeError("outside the content");
      return cutPointBy(roller, start, end, bounds);
    },
  };
}
