import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { cutPoint } from "../../src/model/cut.ts";
import { createCutter, plainCutter, wasmCutter } from "../../src/model/cutter.ts";
import { type CutBounds, SUITE } from "../../src/model/suite.ts";

const SIZE = 600_000;
const ROOT = join(import.meta.dirname, "../..");

function cuts(cut: (start: number, end: number) => number, from: number, end: number): number[] {
  const ends: number[] = [];
  for (let at = from; at < end; ) {
    at = cut(at, end);
    ends.push(at);
  }
  return ends;
}

/** Content that repeats itself in part, as hashes of few kinds of bytes meet the bounds more often or never. */
const content = fc
  .array(
    fc.record({
      kind: fc.constantFrom("random", "text", "same", "repeated"),
      length: fc.integer({ min: 1, max: 60_000 }),
      seed: fc.integer({ min: 0, max: 255 }),
    }),
    { minLength: 1, maxLength: 10 },
  )
  .map((parts) =>
    Buffer.concat(
      parts.map(({ kind, length, seed }) => {
        if (kind === "random") return randomBytes(length);
        if (kind === "text") return Buffer.from(Array.from(randomBytes(length), (byte) => 97 + ((byte + seed) & 7)));
        return Buffer.alloc(length, kind === "same" ? seed : randomBytes(1 + seed));
      }),
    ),
  );

const bounds = fc.oneof(
  fc.constantFrom<CutBounds>(SUITE.fragment, { minBytes: 64 << 10, normalBytes: 128 << 10, maxBytes: 256 << 10 }),
  fc.record({
    minBytes: fc.integer({ min: 1, max: 3_000 }),
    normalBytes: fc.integer({ min: 1, max: 40_000 }),
    maxBytes: fc.integer({ min: 3_000, max: 80_000 }),
  }),
);

test("cuts in WebAssembly are those in plain JavaScript", (t) => {
  const cutter = wasmCutter(SIZE);
  fc.assert(
    fc.property(content, bounds, fc.nat(100), (bytes, within, from) => {
      cutter.bytes.set(bytes);
      const plain = cuts((start, end) => cutPoint(bytes, start, end, within), from, bytes.length);
      t.deepEqual(
        cuts((start, end) => cutter.cutPoint(start, end, within), from, bytes.length),
        plain,
      );
    }),
    { numRuns: 300 },
  );
});

test("chunks of the suite are cut alike, too", (t) => {
  const bytes = randomBytes(12 << 20);
  const [wasm, plain] = [wasmCutter, plainCutter].map((create) => {
    const cutter = create(bytes.length);
    cutter.bytes.set(bytes);
    return cuts((start, end) => cutter.cutPoint(start, end, SUITE.chunk), 0, bytes.length);
  });
  t.deepEqual(wasm, plain);
});

test("nothing outside the content is looked at", (t) => {
  const cutter = createCutter(1000);
  t.is(cutter.bytes.length, 1000);
  t.throws(() => wasmCutter(1000).cutPoint(0, 1001, SUITE.fragment), { instanceOf: RangeError });
  t.throws(() => wasmCutter(1000).cutPoint(-1, 1000, SUITE.fragment), { instanceOf: RangeError });
});

test("without room for WebAssembly's memory plain JavaScript cuts", (t) => {
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class {
    constructor() {
      throw new RangeError("could not allocate memory");
    }
  } as never;
  try {
    const cutter = createCutter(100_000);
    const bytes = randomBytes(100_000);
    cutter.bytes.set(bytes);
    t.is(cutter.cutPoint(0, 100_000, SUITE.fragment), cutPoint(bytes, 0, 100_000, SUITE.fragment));
  } finally {
    WebAssembly.Memory = Memory;
  }
});

test("the module is what its generator makes", (t) => {
  const made = execFileSync(process.execPath, [join(ROOT, "scripts/generate-gear.mjs"), "--print"], {
    encoding: "utf8",
  });
  t.is(readFileSync(join(ROOT, "src/model/gear-module.ts"), "utf8"), made);
});
