import test from "ava";
import fc from "fast-check";
import { ByteWriter } from "../../src/model/canonical-bytes.ts";
import { type ContentRange, decodeRanges, encodeRanges } from "../../src/model/content-ranges.ts";
import { COLUMNS, FILE } from "../../src/model/entry.ts";
import {
  decodeListRoot,
  decodeNodes,
  encodeListRoot,
  encodeNodes,
  type ListRoot,
  type ManifestNode,
} from "../../src/model/manifest.ts";
import {
  countOrdinals,
  decodeGroups,
  eachOrdinal,
  encodeGroups,
  type OrdinalRanges,
  rangesOf,
} from "../../src/model/ordinals.ts";
import { decodePaths, encodePaths } from "../../src/model/path-list.ts";
import { decodeStatement, encodeStatement, hasChunkList, type Statement } from "../../src/model/statement.ts";
import { SUITE } from "../../src/model/suite.ts";
import { assertCanonicalDecoder, type Codec } from "../fixtures/decoder-checks.ts";
import { entriesArbitrary, pathsArbitrary } from "../fixtures/entry-arbitrary.ts";
import { plainEntry } from "../fixtures/plain-entry.ts";

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const digests = fc.uint8Array({ minLength: 32 * COLUMNS.length, maxLength: 32 * COLUMNS.length });
const ordinal = fc.nat(1_000_000_000);

function assertRoundTrip<T>(codec: Codec<T>, valid: fc.Arbitrary<T>, same: (a: T, b: T) => void): void {
  fc.assert(fc.property(valid, (value) => same(codec.decode(codec.encode(value)), value)));
}

// ---- statement

const statement: fc.Arbitrary<Statement> = fc
  .tuple(
    fc.record({
      round: fc.record({
        root: fc.constantFrom("www", "a".repeat(64), ""),
        epoch: fc.maxSafeNat(),
        sequence: fc.maxSafeNat(),
        term: fc.maxSafeNat(),
      }),
      number: fc.nat(0xffffffff),
      suite: fc.nat(255),
      absent: pathsArbitrary(4),
    }),
    entriesArbitrary(5),
    fc.array(digest, { minLength: 12, maxLength: 12 }),
  )
  .map(([head, entries, sums]) => ({
    ...head,
    stated: entries.map((entry, i) => ({
      entry,
      checksum: entry.type === FILE ? sums[2 * i] : undefined,
      chunkRoot: hasChunkList(entry, SUITE) && sums[2 * i][0] % 2 === 0 ? sums[2 * i + 1] : undefined,
    })),
  }));

const STATEMENT: Codec<Statement> = {
  decode: decodeStatement,
  encode: encodeStatement,
  codes: ["LOCKSTEP_MALFORMED", "LOCKSTEP_BAD_PATH"],
};

test("a statement makes the round trip", (t) => {
  assertRoundTrip(STATEMENT, statement, (a, b) => void t.deepEqual(a, b));
});

// Entries without shared prefixes, because of the defect that batch.test.ts shows.
const statementOfOne = statement.map((all) => ({ ...all, stated: all.stated.slice(0, 1) }));

test("a damaged statement is refused with a code, or is the one encoding of what it says", (t) => {
  assertCanonicalDecoder(t, STATEMENT, statementOfOne, 20);
});

test("a file without its checksum cannot be stated", (t) => {
  const stated = [{ entry: plainEntry({ path: "a" }), checksum: undefined, chunkRoot: undefined }];
  const round = { root: "www", epoch: 1, sequence: 1, term: 1 };
  t.throws(() => encodeStatement({ round, number: 1, suite: 1, stated, absent: [] }), { instanceOf: TypeError });
});

test("absent paths that are not in order, or twice, are refused", (t) => {
  const round = { root: "www", epoch: 1, sequence: 1, term: 1 };
  for (const absent of [
    ["b", "a"],
    ["a", "a"],
    ["a-b", "a/b"],
  ]) {
    const bytes = encodeStatement({ round, number: 1, suite: 1, stated: [], absent });
    t.throws(() => decodeStatement(bytes), { code: "LOCKSTEP_MALFORMED" });
  }
});

test("an absent path that leaves the root is refused", (t) => {
  const round = { root: "www", epoch: 1, sequence: 1, term: 1 };
  const bytes = encodeStatement({ round, number: 1, suite: 1, stated: [], absent: ["../x"] });
  t.throws(() => decodeStatement(bytes), { code: "LOCKSTEP_BAD_PATH" });
});

// ---- list root

const listRoot: fc.Arbitrary<ListRoot> = fc.oneof(
  fc.constant({ count: 0, levelSizes: [0], digests: new Uint8Array(0) }),
  fc.record({
    count: fc.integer({ min: 1, max: 1_000_000_000 }),
    levelSizes: fc.array(fc.nat(1_000_000), { maxLength: 5 }).map((sizes) => [...sizes, 1]),
    digests,
  }),
);
const LIST_ROOT: Codec<ListRoot> = { decode: decodeListRoot, encode: encodeListRoot, codes: ["LOCKSTEP_MALFORMED"] };

test("a list root makes the round trip", (t) => {
  assertRoundTrip(LIST_ROOT, listRoot, (a, b) => void t.deepEqual(a, b));
});

test("a damaged list root is refused with a code, or is the one encoding of what it says", (t) => {
  assertCanonicalDecoder(t, LIST_ROOT, listRoot);
});

test("a list root whose parts do not fit together is refused", (t) => {
  const sums = new Uint8Array(32 * COLUMNS.length);
  const bad: ListRoot[] = [
    { count: 0, levelSizes: [], digests: new Uint8Array(0) },
    { count: 0, levelSizes: [1], digests: new Uint8Array(0) },
    { count: 0, levelSizes: [0], digests: sums },
    { count: 5, levelSizes: [], digests: sums },
    { count: 5, levelSizes: [2], digests: sums },
    { count: 5, levelSizes: [1], digests: sums.subarray(1) },
    { count: 5, levelSizes: [1], digests: new Uint8Array(0) },
    { count: 1e9 + 1, levelSizes: [1], digests: sums },
  ];
  for (const root of bad) t.throws(() => decodeListRoot(encodeListRoot(root)), { code: "LOCKSTEP_MALFORMED" });
});

// ---- nodes

const node: fc.Arbitrary<ManifestNode> = fc.record({
  firstEntry: ordinal,
  entries: ordinal,
  firstChild: ordinal,
  children: ordinal,
  digests,
});
const NODES: Codec<ManifestNode[]> = {
  decode: (bytes) => decodeNodes(bytes, 10),
  encode: encodeNodes,
  codes: ["LOCKSTEP_MALFORMED"],
};

test("nodes make the round trip", (t) => {
  assertRoundTrip(NODES, fc.array(node, { maxLength: 10 }), (a, b) => void t.deepEqual(a, b));
});

test("damaged nodes are refused with a code, or are the one encoding of what they say", (t) => {
  assertCanonicalDecoder(t, NODES, fc.array(node, { maxLength: 2 }), 10);
});

// ---- ordinals

const ranges: fc.Arbitrary<OrdinalRanges> = fc
  .array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 200 })), { maxLength: 5 })
  .map((gaps) => {
    let end = 0;
    return gaps.map(([gap, count]) => {
      const first = end + gap;
      end = first + count;
      return [first, count] as const;
    });
  });
const GROUPS: Codec<OrdinalRanges[]> = {
  decode: (bytes) => decodeGroups(bytes, 10, 1000),
  encode: encodeGroups,
  codes: ["LOCKSTEP_MALFORMED"],
};

test("groups of positions make the round trip", (t) => {
  assertRoundTrip(GROUPS, fc.array(ranges, { maxLength: 5 }), (a, b) => void t.deepEqual(a, b as typeof a));
});

test("damaged groups are refused with a code, or are the one encoding of what they say", (t) => {
  assertCanonicalDecoder(t, GROUPS, fc.array(ranges, { maxLength: 4 }));
});

test("decoded positions ascend and are no more than allowed", (t) => {
  const some = fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ maxLength: 30, max: 8 }));
  fc.assert(
    fc.property(some, (bytes) => {
      let groups: OrdinalRanges[];
      try {
        groups = decodeGroups(bytes, 10, 1000);
      } catch {
        return true;
      }
      return groups.every((group) => {
        const all = [...eachOrdinal(group)];
        return all.length <= 1000 && all.every((position, i) => i === 0 || position > all[i - 1]);
      });
    }),
    { numRuns: 3000 },
  );
  t.pass();
});

test("more groups or positions than allowed are refused", (t) => {
  t.throws(() => decodeGroups(encodeGroups(Array.from({ length: 11 }, () => [])), 10, 1000), {
    code: "LOCKSTEP_MALFORMED",
  });
  t.throws(
    () =>
      decodeGroups(
        encodeGroups([
          [
            [0, 600],
            [700, 401],
          ],
        ]),
        10,
        1000,
      ),
    { code: "LOCKSTEP_MALFORMED" },
  );
  t.throws(() => decodeGroups(encodeGroups([[[0, 0]]]), 10, 1000), { code: "LOCKSTEP_MALFORMED" });
  t.throws(() => decodeGroups(encodeGroups([[[2e9, 1]]]), 10, 1000), { code: "LOCKSTEP_MALFORMED" });
});

test("ordinals gather into ranges and come out again", (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(60)), (ordinals) => {
      const ascending = ordinals.sort((a, b) => a - b);
      const gathered = rangesOf(ascending);
      t.deepEqual([...eachOrdinal(gathered)], ascending);
      t.is(countOrdinals(gathered), ascending.length);
      t.true(gathered.every(([first], i) => i === 0 || first > gathered[i - 1][0] + gathered[i - 1][1]));
    }),
  );
});

// ---- paths

const PATHS: Codec<string[]> = {
  decode: (bytes) => decodePaths(bytes, 20),
  encode: encodePaths,
  codes: ["LOCKSTEP_MALFORMED", "LOCKSTEP_BAD_PATH"],
};

test("a path list makes the round trip", (t) => {
  assertRoundTrip(PATHS, pathsArbitrary(8), (a, b) => void t.deepEqual(a, b));
});

test("a damaged path list is refused with a code, or is the one encoding of what it says", (t) => {
  assertCanonicalDecoder(t, PATHS, pathsArbitrary(5));
});

test("a path list with a path that leaves the root is refused", (t) => {
  t.throws(() => decodePaths(encodePaths(["a", "../b"]), 20), { code: "LOCKSTEP_BAD_PATH" });
  t.throws(() => decodePaths(encodePaths(["a", "b", "c"]), 2), { code: "LOCKSTEP_MALFORMED" });
});

// ---- content ranges

const contentRanges: fc.Arbitrary<ContentRange[]> = fc.array(
  fc.record({ index: fc.nat(0xffffffff), offset: fc.maxSafeNat(), length: fc.maxSafeNat() }),
  { maxLength: 5 },
);
const RANGES: Codec<ContentRange[]> = {
  decode: (bytes) => decodeRanges(bytes, 10),
  encode: encodeRanges,
  codes: ["LOCKSTEP_MALFORMED"],
};

test("content ranges make the round trip", (t) => {
  assertRoundTrip(RANGES, contentRanges, (a, b) => void t.deepEqual(a, b));
});

test("damaged content ranges are refused with a code, or are the one encoding of what they say", (t) => {
  assertCanonicalDecoder(t, RANGES, contentRanges);
});

test("a count that no bytes follow costs nothing", (t) => {
  const writer = new ByteWriter();
  writer.integer(0xffffffff);
  const bytes = writer.take();
  t.throws(() => decodeRanges(bytes, 0xffffffff), { code: "LOCKSTEP_MALFORMED" });
  t.throws(() => decodePaths(bytes, 0xffffffff), { code: "LOCKSTEP_MALFORMED" });
  t.throws(() => decodeNodes(bytes, 0xffffffff), { code: "LOCKSTEP_MALFORMED" });
  t.throws(() => decodeGroups(bytes, 0xffffffff, 1000), { code: "LOCKSTEP_MALFORMED" });
});
