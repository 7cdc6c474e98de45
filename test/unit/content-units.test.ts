import test from "ava";
import fc from "fast-check";
import {
  chunksOfUnit,
  cutPacks,
  decodeUnitNames,
  encodeUnitNames,
  extentOfChunks,
  joinRuns,
} from "../../src/model/content-units.ts";
import { ENTRY_TYPES } from "../../src/model/entry.ts";
import { LockstepError } from "../../src/model/errors.ts";
import type { StatedEntry } from "../../src/model/statement.ts";
import { SUITE } from "../../src/model/suite.ts";
import { plainEntry } from "../fixtures/plain-entry.ts";

const ALONE = 64 * 1024;
const KINDS = [ENTRY_TYPES.file, ENTRY_TYPES.file, ENTRY_TYPES.file, ENTRY_TYPES.directory, ENTRY_TYPES.symlink];

const stated = fc
  .array(
    fc.record({
      kind: fc.constantFrom(...KINDS),
      size: fc.oneof(
        fc.constantFrom(0, 1, ALONE - 1, ALONE, SUITE.singleBytes, SUITE.singleBytes + 1),
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: 0, max: 5 << 20 }),
      ),
      isLinked: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((all): StatedEntry[] =>
    all.map(({ kind, size, isLinked }, i) => {
      const leader = isLinked && i % 7 === 6 ? "a" : undefined;
      const entry = { path: `p${i}`, type: kind, leader };
      return {
        entry: plainEntry(kind === ENTRY_TYPES.file ? { ...entry, size } : entry),
        checksum: undefined,
        chunkRoot: undefined,
      };
    }),
  );

test("packs hold each file of one chunk once, in order and within their bounds", (t) => {
  fc.assert(
    fc.property(stated, (all) => {
      const { packs, starts, bytes, mostUnits } = cutPacks(all, SUITE, ALONE);
      const isPacked = ({ entry }: StatedEntry): boolean =>
        entry.type === ENTRY_TYPES.file &&
        entry.leader === undefined &&
        entry.size > 0 &&
        entry.size <= SUITE.singleBytes;
      const wanted = all.flatMap((one, i) => (isPacked(one) ? [i] : []));
      const members = packs.flatMap((pack) => pack.members);
      t.deepEqual(
        [...members].sort((a, b) => a - b),
        wanted,
      );
      let chunks = 0;
      for (const pack of packs) {
        const sizes = pack.members.map((i) => all[i].entry.size);
        const total = sizes.reduce((sum, size) => sum + size, 0);
        t.deepEqual(
          [...pack.members],
          [...pack.members].sort((a, b) => a - b),
        );
        t.is(pack.at, starts[pack.members[0]]);
        if (sizes.length > 1) t.true(total <= 512 * 1024 && sizes.every((size) => size < ALONE));
        if (sizes.some((size) => size >= ALONE)) t.is(sizes.length, 1);
      }
      for (const { entry } of all) {
        if (entry.type === ENTRY_TYPES.file && entry.leader === undefined && entry.size > SUITE.singleBytes) {
          chunks += Math.ceil(entry.size / SUITE.chunk.minBytes);
        }
      }
      // Seen: without the files that are rewritten and then a unit each, of which remotes took each other for liars.
      t.is(mostUnits, packs.length + wanted.length + chunks);
      t.true(bytes >= members.reduce((sum, i) => sum + all[i].entry.size, 0));
      // Whoever cuts it cuts it alike.
      t.deepEqual(cutPacks([...all], SUITE, ALONE).packs, packs);
    }),
  );
});

test("a pack holds no more files than may be asked for at once", (t) => {
  const all = Array.from({ length: 3000 }, (_, i): StatedEntry => {
    const entry = plainEntry({ path: `p${String(i).padStart(5, "0")}`, type: ENTRY_TYPES.file, size: 1 });
    return { entry, checksum: undefined, chunkRoot: undefined };
  });
  const { packs } = cutPacks(all, SUITE, ALONE);
  t.deepEqual(
    packs.map(({ members }) => members.length),
    [1024, 1024, 952],
  );
});

test("names of units are what was encoded, and no more than may be", (t) => {
  const name = fc.record({ index: fc.integer({ min: 0, max: 0xffffffff }), offset: fc.maxSafeNat() });
  fc.assert(
    fc.property(fc.array(name, { maxLength: 50 }), (units) => {
      const bytes = encodeUnitNames(units);
      t.deepEqual(decodeUnitNames(bytes, 50), units);
      if (units.length === 0) return;
      t.throws(() => decodeUnitNames(bytes, units.length - 1), { instanceOf: LockstepError });
      t.throws(() => decodeUnitNames(bytes.subarray(0, bytes.length - 1), 50), { instanceOf: LockstepError });
    }),
  );
});

const chunks = fc
  .array(fc.record({ length: fc.integer({ min: 1, max: 2000 }), gap: fc.constantFrom(0, 0, 0, 1, 500) }), {
    maxLength: 40,
  })
  .map((all) => {
    let offset = 0;
    return all.map(({ length, gap }) => {
      const chunk = { index: 3, offset: offset + gap, length };
      offset = chunk.offset + length;
      return chunk;
    });
  });

test("runs hold each chunk once, in order, without a gap and within their bound", (t) => {
  fc.assert(
    fc.property(chunks, fc.constantFrom(0, 1000, 4000), (all, most) => {
      const runs = joinRuns(all, most);
      t.deepEqual(runs.flat(), all);
      for (const [i, run] of runs.entries()) {
        const bytes = run.reduce((sum, { length }) => sum + length, 0);
        t.true(run.length === 1 || bytes <= most);
        for (const [j, chunk] of run.slice(1).entries()) t.is(chunk.offset, run[j].offset + run[j].length);
        const [from, to] = chunksOfUnit(extentOfChunks(run));
        t.deepEqual(
          all.filter(({ offset }) => offset >= from && offset < to),
          run,
        );
        // As long as they can be.
        const next = runs[i + 1]?.[0];
        if (next?.offset === from + bytes) t.true(bytes + next.length > most);
      }
    }),
  );
});
