import test from "ava";
import fc from "fast-check";
import { cutBlocks, cutDeletions, unionPlanned } from "../../src/compare/blocks.ts";
import { type BlockBounds, DEFAULT_BLOCK_BOUNDS, type FileBlock } from "../../src/model/file-block.ts";
import { comparePaths, isWithin } from "../../src/model/path.ts";
import type { PlannedPath } from "../../src/model/plan.ts";
import { pathsArbitrary } from "../fixtures/entry-arbitrary.ts";

const plannedArbitrary: fc.Arbitrary<PlannedPath[]> = pathsArbitrary(25).chain((paths) =>
  fc.tuple(
    ...paths.map((path, i) =>
      fc
        .record({
          directory: fc.boolean(),
          bytes: fc.nat(60),
          statementBytes: fc.integer({ min: 1, max: 40 }),
          leader: fc.nat(3),
        })
        .map(({ directory, bytes, statementBytes, leader }): PlannedPath => {
          // A directory is whatever holds something, and some besides.
          const isDirectory =
            path === "" || directory || paths.some((other) => other !== path && isWithin(other, path));
          const member = !isDirectory && leader === 0 && i > 0 ? `leader-${i % 3}` : undefined;
          return { path, ordinal: i, isDirectory, bytes: isDirectory ? 0 : bytes, statementBytes, leader: member };
        }),
    ),
  ),
);
/** Members get the first of their group as leader, as in a list; that one is planned, or not. */
/** A first name that needs nothing, and that no generated path is. */
const UNPLANNED = "\0";
const groupedArbitrary = fc.tuple(plannedArbitrary, fc.boolean()).map(([planned, leaderPlanned]) => {
  const first = new Map<string, string>();
  return planned.map((one): PlannedPath => {
    if (one.leader === undefined) return one;
    const leader = first.get(one.leader);
    if (leader !== undefined) return { ...one, leader };
    first.set(one.leader, leaderPlanned ? one.path : UNPLANNED);
    return leaderPlanned ? { ...one, leader: undefined } : { ...one, leader: UNPLANNED };
  });
});
const boundsArbitrary: fc.Arbitrary<BlockBounds> = fc.record({
  maxBytes: fc.integer({ min: 1, max: 200 }),
  maxPaths: fc.integer({ min: 1, max: 10 }),
  maxStatementBytes: fc.integer({ min: 1, max: 200 }),
});

function group(path: PlannedPath): string {
  return path.leader ?? path.path;
}

function assertBlocks(
  t: { deepEqual: (a: unknown, b: unknown) => unknown },
  blocks: readonly FileBlock[],
  planned: readonly PlannedPath[],
  bounds: BlockBounds,
): void {
  const order = (a: PlannedPath, b: PlannedPath): number => comparePaths(a.path, b.path);
  t.deepEqual(blocks.flatMap((block) => block.paths).sort(order), [...planned].sort(order));
  const seen = new Set<string>();
  const groups = new Map<string, number>();
  const totals = new Map<string, number>();
  for (const path of planned) totals.set(group(path), (totals.get(group(path)) ?? 0) + path.statementBytes);
  for (const [i, { index, paths, bytes }] of blocks.entries()) {
    if (index !== i || paths.length === 0) throw new Error("index, or an empty block");
    if (paths.some((path, k) => k > 0 && order(paths[k - 1], path) >= 0)) throw new Error("block not in path order");
    const statement = paths.reduce((sum, path) => sum + path.statementBytes, 0);
    if (bytes !== paths.reduce((sum, path) => sum + path.bytes, 0)) throw new Error("bytes of a block");
    const alone = new Set(paths.map(group)).size === 1;
    const within = bytes <= bounds.maxBytes && paths.length <= bounds.maxPaths && statement <= bounds.maxStatementBytes;
    if (!within && !alone) throw new Error("bounds passed by more than one group");
    for (const path of paths) {
      for (const above of planned) {
        const holds = above.isDirectory && above.path !== path.path && isWithin(path.path, above.path);
        if (holds && !seen.has(above.path) && !paths.includes(above))
          throw new Error(`${path.path} before ${above.path}`);
      }
      const first = groups.get(group(path));
      const isApart = (totals.get(group(path)) ?? 0) > bounds.maxStatementBytes;
      if ((first ?? i) !== i && !isApart) throw new Error(`group of ${path.path} in two blocks`);
      if (first !== undefined && first !== i && path.leader === undefined)
        throw new Error("the first name is not first");
      groups.set(group(path), first ?? i);
    }
    for (const path of paths) seen.add(path.path);
  }
}

// Seen: one statement of more than a message holds, and with it the end of every round.
test("a link group that no statement could name is taken apart, its first name first", (t) => {
  const planned = ["a", "b", "c", "d"].map((path, i) => plannedPath(path, { leader: i === 0 ? undefined : "a" }));
  const blocks = cutBlocks(planned, { ...DEFAULT_BLOCK_BOUNDS, maxStatementBytes: 20 });
  t.deepEqual(
    blocks.map((block) => block.paths.map(({ path }) => path)),
    [
      ["a", "b"],
      ["c", "d"],
    ],
  );
});

test("blocks hold every path once, whole link groups, directories first, within their bounds", (t) => {
  fc.assert(
    fc.property(groupedArbitrary, boundsArbitrary, (planned, bounds) => {
      assertBlocks(t, cutBlocks(planned, bounds), planned, bounds);
    }),
    { numRuns: 1000 },
  );
});

function plannedPath(path: string, fields: Partial<PlannedPath> = {}): PlannedPath {
  return { path, ordinal: 0, isDirectory: false, bytes: 10, statementBytes: 10, leader: undefined, ...fields };
}

test("nothing planned makes no block", (t) => {
  t.deepEqual(cutBlocks([], DEFAULT_BLOCK_BOUNDS), []);
});

test("a block is filled up to its bound and not over it", (t) => {
  const planned = ["a", "b", "c", "d", "e"].map((path) => plannedPath(path));
  const sizes = (bounds: Partial<BlockBounds>): number[] =>
    cutBlocks(planned, { ...DEFAULT_BLOCK_BOUNDS, ...bounds }).map((block) => block.paths.length);
  t.deepEqual(sizes({}), [5]);
  t.deepEqual(sizes({ maxBytes: 20 }), [2, 2, 1]);
  t.deepEqual(sizes({ maxBytes: 29 }), [2, 2, 1]);
  t.deepEqual(sizes({ maxPaths: 3 }), [3, 2]);
  t.deepEqual(sizes({ maxStatementBytes: 10 }), [1, 1, 1, 1, 1]);
  t.deepEqual(sizes({ maxBytes: 1 }), [1, 1, 1, 1, 1]);
});

test("a file larger than a block stands alone in one", (t) => {
  const planned = [plannedPath("a"), plannedPath("b", { bytes: 1000 }), plannedPath("c")];
  const blocks = cutBlocks(planned, { ...DEFAULT_BLOCK_BOUNDS, maxBytes: 100 });
  t.deepEqual(
    blocks.map((block) => block.paths.map(({ path }) => path)),
    [["a"], ["b"], ["c"]],
  );
});

test("a link group stays whole even when it passes the bounds, and pulls its members forward", (t) => {
  const planned = [
    plannedPath("a"),
    plannedPath("b"),
    plannedPath("y", { leader: "a", bytes: 0 }),
    plannedPath("z", { leader: "a" }),
  ];
  const blocks = cutBlocks(planned, { ...DEFAULT_BLOCK_BOUNDS, maxPaths: 2 });
  t.deepEqual(
    blocks.map((block) => block.paths.map(({ path }) => path)),
    [["a", "y", "z"], ["b"]],
  );
});

test("what several remotes need is united, each path once, in order", (t) => {
  const union = unionPlanned([["c", "a"], ["b", "a"], []].map((paths) => paths.map((path) => plannedPath(path))));
  t.deepEqual(
    union.map(({ path }) => path),
    ["a", "b", "c"],
  );
});

test("deletions are cut into groups within the bounds that keep their order", (t) => {
  fc.assert(
    fc.property(pathsArbitrary(25), boundsArbitrary, (paths, bounds) => {
      const roomy = { ...bounds, maxStatementBytes: bounds.maxStatementBytes + 60 };
      const groups = cutDeletions(paths, roomy);
      t.deepEqual(groups.flat(), paths);
      for (const one of groups) {
        t.true(one.length > 0 && one.length <= roomy.maxPaths);
        t.true(one.slice(0, -1).reduce((sum, path) => sum + path.length + 3, 0) <= roomy.maxStatementBytes);
      }
    }),
  );
});

test("a path longer than a group's bound makes no empty group", (t) => {
  const groups = cutDeletions(["a".repeat(20)], { maxBytes: 1, maxPaths: 10, maxStatementBytes: 10 });
  t.deepEqual(groups, [["a".repeat(20)]]);
});
