import test from "ava";
import fc from "fast-check";
import { BATCH_CUT_BYTES, MAX_BATCH_ENTRIES } from "../../src/model/batch.ts";
import { DIGEST_BYTES } from "../../src/model/digest.ts";
import { COLUMNS, type Column, differingColumns, type Entry, FILE } from "../../src/model/entry.ts";
import { cutLevel, listRoot, MAX_NODE_CHILDREN, type Manifest, sameListRoot } from "../../src/model/manifest.ts";
import { comparePaths } from "../../src/model/path.ts";
import { compareByManifest, manifestOf } from "../fixtures/compare-in-memory.ts";
import { entriesArbitrary } from "../fixtures/entry-arbitrary.ts";
import { plainEntry } from "../fixtures/plain-entry.ts";
import { seededRandom } from "../fixtures/seeded-random.ts";

/** A list of about `count` files in directories of some size. */
function randomList(random: (limit: number) => number, count: number): Entry[] {
  const paths = new Set<string>();
  for (let i = 0; i < count; i++) paths.add(`d${random(20)}/e${random(10)}/f${random(1_000_000)}`);
  return [...paths].sort(comparePaths).map((path) => plainEntry({ path, size: random(100), mtimeNsec: random(1000) }));
}

const EDITS: ((entry: Entry, random: (limit: number) => number) => Entry[])[] = [
  () => [],
  (entry) => [entry, { ...entry, path: `${entry.path}-added` }],
  (entry) => [{ ...entry, path: `${entry.path}.moved` }],
  (entry) => [entry.type === FILE ? { ...entry, size: (entry.size + 1) % 2 ** 40 } : { ...entry, gid: entry.gid + 1 }],
  (entry) => [{ ...entry, mode: entry.mode ^ 0o100 }],
  (entry) => [{ ...entry, uid: entry.uid + 1 }],
  (entry) => [{ ...entry, mtimeNsec: entry.mtimeNsec + 1 }],
  (entry) => [{ ...entry, xattrs: [{ name: "user.x", value: Uint8Array.of(1) }] }],
];

function edited(list: readonly Entry[], random: (limit: number) => number, edits: number): Entry[] {
  const chosen = new Set(Array.from({ length: edits }, () => random(Math.max(1, list.length))));
  const next = list.flatMap((entry, i) => (chosen.has(i) ? EDITS[random(EDITS.length)](entry, random) : [entry]));
  return [...new Map(next.map((entry) => [entry.path, entry])).values()].sort((a, b) => comparePaths(a.path, b.path));
}

function differenceNaively(a: readonly Entry[], b: readonly Entry[]): string[] {
  const right = new Map(b.map((entry) => [entry.path, entry]));
  const left = new Map(a.map((entry) => [entry.path, entry]));
  const all = [...new Set([...left.keys(), ...right.keys()])].sort(comparePaths);
  return all.filter((path) => {
    const [x, y] = [left.get(path), right.get(path)];
    return x === undefined || y === undefined || differingColumns(x, y) !== 0;
  });
}

function assertSameDifference(a: readonly Entry[], b: readonly Entry[]): void {
  const { pairs, equal } = compareByManifest(a, b);
  const found = pairs.filter((pair) => !pair.master || !pair.remote || pair.columns !== 0).map((pair) => pair.path);
  const naive = differenceNaively(a, b);
  if (JSON.stringify(found) !== JSON.stringify(naive)) throw new Error(`found ${found}, should be ${naive}`);
  for (const { masterFirst, remoteFirst, entries } of equal) {
    for (let i = 0; i < entries; i++) {
      const [x, y] = [a[masterFirst + i], b[remoteFirst + i]];
      if (x.path !== y.path || differingColumns(x, y) !== 0) throw new Error(`${x.path} was called equal`);
    }
  }
  // Every entry is either in an equal stretch or was looked at.
  const stretch = equal.reduce((sum, { entries }) => sum + entries, 0);
  if (stretch + pairs.filter((pair) => pair.master).length !== a.length)
    throw new Error("entries of the master got lost");
  if (stretch + pairs.filter((pair) => pair.remote).length !== b.length)
    throw new Error("entries of the remote got lost");
}

test("the comparison by digests finds exactly what a naive one finds", (t) => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.constantFrom(0, 1, 5, 70, 700, 5000),
      fc.constantFrom(0, 1, 2, 20, 300),
      (seed, size, edits) => {
        const random = seededRandom(seed);
        const list = randomList(random, size);
        assertSameDifference(list, edited(list, random, edits));
        assertSameDifference(edited(list, random, edits), list);
      },
    ),
    { numRuns: 60 },
  );
  t.pass();
});

test("the comparison by digests is right for lists of every shape and for unrelated ones", (t) => {
  fc.assert(
    fc.property(entriesArbitrary(15), entriesArbitrary(15), (a, b) => {
      assertSameDifference(a, b);
      assertSameDifference(a, a);
    }),
  );
  assertSameDifference([], []);
  assertSameDifference(randomList(seededRandom(1), 3000), []);
  assertSameDifference(randomList(seededRandom(1), 3000), randomList(seededRandom(2), 500));
  t.pass();
});

test("two lists have the same root exactly if they have the same entries", (t) => {
  fc.assert(
    fc.property(entriesArbitrary(10), entriesArbitrary(10), fc.integer(), (a, other, seed) => {
      const same = (x: readonly Entry[], y: readonly Entry[]): boolean =>
        sameListRoot(listRoot(manifestOf(x)), listRoot(manifestOf(y)));
      if (!same(a, structuredClone(a))) throw new Error("equal entries, other roots");
      for (const b of [other, edited(a, seededRandom(seed), 1)]) {
        if (same(a, b) !== (differenceNaively(a, b).length === 0)) throw new Error("roots and entries disagree");
      }
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test("every single field of an entry changes the root", (t) => {
  const base = plainEntry({ path: "b", leader: "a", size: 1 });
  const changes: Partial<Entry>[] = [
    { path: "c" },
    { type: 4 },
    { size: 2 },
    { leader: undefined },
    { leader: "aa" },
    { mode: 0 },
    { uid: 1 },
    { gid: 1 },
    { mtimeSec: 1 },
    { mtimeNsec: 1 },
    { xattrs: [{ name: "user.x", value: new Uint8Array(0) }] },
  ];
  const root = listRoot(manifestOf([base]));
  for (const change of changes)
    t.false(sameListRoot(root, listRoot(manifestOf([{ ...base, ...change }]))), JSON.stringify(change));
  const link = plainEntry({ path: "l", type: 3, target: "x" });
  t.false(sameListRoot(listRoot(manifestOf([link])), listRoot(manifestOf([{ ...link, target: "y" }]))));
  const device = plainEntry({ path: "d", type: 5, rdevMajor: 1, rdevMinor: 2 });
  t.false(sameListRoot(listRoot(manifestOf([device])), listRoot(manifestOf([{ ...device, rdevMinor: 3 }]))));
  t.false(sameListRoot(listRoot(manifestOf([device])), listRoot(manifestOf([{ ...device, rdevMajor: 2 }]))));
});

test("columns are digested apart: a change in one changes no other digest at the root", (t) => {
  const list = randomList(seededRandom(7), 2000);
  const before = listRoot(manifestOf(list)).digests;
  const changes: Record<Column, Partial<Entry>> = {
    structure: { size: 12345 },
    mode: { mode: 0o400 },
    owner: { uid: 4321 },
    mtime: { mtimeSec: -5 },
    xattrs: { xattrs: [{ name: "user.x", value: Uint8Array.of(9) }] },
  };
  for (const [at, column] of COLUMNS.entries()) {
    const after = listRoot(
      manifestOf(list.map((entry, i) => (i === 999 ? { ...entry, ...changes[column] } : entry))),
    ).digests;
    const changed = COLUMNS.map((_, i) => {
      const [x, y] = [before, after].map((all) => all.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES));
      return Buffer.compare(x, y) !== 0;
    });
    t.deepEqual(
      changed,
      COLUMNS.map((_, i) => i === at),
      column,
    );
  }
});

test("one added, removed or changed file changes one batch, seldom a second", (t) => {
  const random = seededRandom(3);
  const list = randomList(random, 20_000);
  let batches = 0;
  const trials = 60;
  for (let i = 0; i < trials; i++) {
    const at = random(list.length);
    const next = list.flatMap((entry, k) => (k === at ? EDITS[i % 3](entry, random) : [entry]));
    next.sort((a, b) => comparePaths(a.path, b.path));
    const { masterBatches, remoteBatches } = compareByManifest(list, next);
    t.true(masterBatches <= 4 && remoteBatches <= 4, `${masterBatches} and ${remoteBatches} batches differ`);
    batches += remoteBatches;
  }
  t.true(batches < trials * 1.5, `${batches} batches in ${trials} trials`);
});

function assertWellFormed({ count, levels }: Manifest): void {
  let covered = 0;
  for (const batch of levels[0]) {
    if (batch.firstEntry !== covered || batch.entries > MAX_BATCH_ENTRIES || batch.entries < 1)
      throw new Error("batch");
    covered += batch.entries;
  }
  if (covered !== count) throw new Error("batches do not cover the list");
  for (let level = 1; level < levels.length; level++) {
    let [child, entry] = [0, 0];
    for (const node of levels[level]) {
      if (node.firstChild !== child || node.firstEntry !== entry) throw new Error("gap");
      const children = levels[level - 1].slice(child, child + node.children);
      if (node.entries !== children.reduce((sum, below) => sum + below.entries, 0)) throw new Error("count");
      [child, entry] = [child + node.children, entry + node.entries];
    }
    if (child !== levels[level - 1].length || entry !== count) throw new Error("level does not cover the one below");
  }
  if (levels[levels.length - 1].length !== Math.min(count, 1)) throw new Error("no single root");
}

test("the tree is well-formed: it covers the list without gaps and ends in one root", (t) => {
  for (const size of [0, 1, 2, 63, 64, 65, 700, 5000, 30_000]) {
    const manifest = manifestOf(randomList(seededRandom(size + 1), size));
    t.notThrows(() => assertWellFormed(manifest));
    for (const level of manifest.levels.slice(1)) t.true(level.every((node) => node.children <= MAX_NODE_CHILDREN));
  }
});

test("paths that never cut still make bounded batches and one root", (t) => {
  const paths: string[] = [];
  for (let i = 0; paths.length < 30_000; i++) {
    const path = `p${String(i).padStart(7, "0")}`;
    if (cutLevel(path) === 0) paths.push(path);
  }
  const manifest = manifestOf(paths.map((path) => plainEntry({ path })));
  t.notThrows(() => assertWellFormed(manifest));
  t.true(manifest.levels[0].every((batch) => batch.entries <= MAX_BATCH_ENTRIES));
});

test("paths that all cut still make one root", (t) => {
  const paths: string[] = [];
  for (let i = 0; paths.length < 600; i++) {
    const path = `p${String(i).padStart(7, "0")}`;
    if (cutLevel(path) > 0) paths.push(path);
  }
  const manifest = manifestOf(paths.map((path) => plainEntry({ path })));
  t.notThrows(() => assertWellFormed(manifest));
});

test("a batch of large entries is cut by its bytes", (t) => {
  const value = new Uint8Array(60_000);
  const entries = Array.from({ length: 10 }, (_, i) =>
    plainEntry({ path: `x${i}`, xattrs: [{ name: "user.x", value }] }),
  );
  const [batches] = manifestOf(entries).levels;
  t.true(batches.every((batch) => batch.entries <= Math.ceil(BATCH_CUT_BYTES / value.length)));
  t.notThrows(() => assertWellFormed(manifestOf(entries)));
});
