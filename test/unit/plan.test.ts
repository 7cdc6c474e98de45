import test from "ava";
import fc from "fast-check";
import { cutBlocks } from "../../src/compare/blocks.ts";
import { completePairs, mergeEntries, type Pair, withoutBlind } from "../../src/compare/diff.ts";
import { type PlanOptions, type PlanResult, planRemote } from "../../src/compare/plan.ts";
import { type ChecksumGroup, GROUP_ENTRIES, secondList } from "../../src/compare/second-list.ts";
import {
  ABILITY,
  ALL_ABILITIES,
  COLUMN_BIT,
  DIRECTORY,
  ENTRY_TYPES,
  type Entry,
  FILE,
  SYMLINK,
} from "../../src/model/entry.ts";
import { decodeGroups, eachOrdinal, encodeGroups } from "../../src/model/ordinals.ts";
import { comparePaths, isWithin } from "../../src/model/path.ts";
import { ACTIONS, type Action, changeTotal } from "../../src/model/plan.ts";
import { compareByManifest } from "../fixtures/compare-in-memory.ts";
import { entriesArbitrary } from "../fixtures/entry-arbitrary.ts";
import { type MemoryTree, treesArbitrary } from "../fixtures/memory-tree.ts";
import { plainEntry } from "../fixtures/plain-entry.ts";

const OPTIONS: PlanOptions = { contentDiffers: new Set(), represents: ALL_ABILITIES, delete: true };
const BOUNDS = { maxBytes: 5, maxPaths: 3, maxStatementBytes: 500 };

/** Fails unless the group names the same paths on both sides, files of one size where a file is. */
function assertGroup(group: ChecksumGroup, master: readonly Entry[], remote: readonly Entry[]): [Entry, Entry][] {
  const [left, right] = [[...eachOrdinal(group.master)], [...eachOrdinal(group.remote)]];
  if (left.length !== right.length || left.length > GROUP_ENTRIES) throw new Error("group of unequal or too many");
  return left.map((ordinal, i) => {
    const [m, r] = [master[ordinal], remote[right[i]]];
    if (m.path !== r.path || m.type !== r.type || m.size !== r.size)
      throw new Error(`${m.path} and ${r.path} in a group`);
    if (group.paths !== undefined && (group.paths[i] !== m.path || m.type !== FILE))
      throw new Error("paths of a group");
    return [m, r];
  });
}

interface Compared extends PlanResult {
  readonly checksummed: string[];
}

/** Plans as a comparison server does, taking contents for their own checksums. */
function compare(master: MemoryTree, remote: MemoryTree, options: PlanOptions = OPTIONS): Compared {
  const [m, r] = [master.entries(), remote.entries()];
  const { equal, pairs } = compareByManifest(m, r);
  const all = new Map(pairs.map((pair) => [pair.path, pair]));
  const contentDiffers = new Set<string>();
  const checksummed: string[] = [];
  for (const group of secondList(equal, pairs)) {
    for (const [left, right] of assertGroup(group, m, r)) {
      if (left.type !== FILE) continue;
      checksummed.push(left.path);
      if (master.content(left.path) === remote.content(right.path)) continue;
      contentDiffers.add(left.path);
      const located = (entries: Entry[]) => ({
        entry: left,
        ordinal: entries.findIndex(({ path }) => path === left.path),
      });
      if (!all.has(left.path))
        all.set(left.path, { path: left.path, master: located(m), remote: located(r), columns: 0 });
    }
  }
  const ordered = [...all.values()].sort((a, b) => comparePaths(a.path, b.path));
  return { ...planRemote(ordered, { ...options, contentDiffers }), checksummed };
}

function treeText(tree: MemoryTree): string {
  return JSON.stringify(tree.entries().map((entry) => [entry, tree.content(entry.path)]));
}

test("carrying out the plan makes the remote equal to the master, and the next plan is empty", (t) => {
  fc.assert(
    fc.property(treesArbitrary, ({ master, remote }) => {
      const { plan, planned } = compare(master, remote);
      const copy = remote.clone();
      copy.apply(plan, cutBlocks(planned, BOUNDS), master);
      if (treeText(copy) !== treeText(master)) throw new Error(`made ${treeText(copy)} instead of ${treeText(master)}`);
      const again = compare(master, copy);
      if (again.plan.actions.size + again.plan.deletions.length + changeTotal(again.plan.counts) > 0) {
        throw new Error("the second plan is not empty");
      }
    }),
    { numRuns: 3000 },
  );
  t.pass();
});

test("equal trees have an empty plan", (t) => {
  fc.assert(
    fc.property(treesArbitrary, ({ master }) => {
      const { plan, planned, problems } = compare(master, master.clone());
      return plan.actions.size + plan.deletions.length + planned.length + problems.length === 0;
    }),
  );
  t.pass();
});

test("the second list holds exactly the files that both sides have with the same size", (t) => {
  fc.assert(
    fc.property(treesArbitrary, ({ master, remote }) => {
      const right = new Map(remote.entries().map((entry) => [entry.path, entry]));
      const both = master
        .entries()
        .filter(
          ({ path, type, size }) => type === FILE && right.get(path)?.type === FILE && right.get(path)?.size === size,
        );
      t.deepEqual(
        compare(master, remote).checksummed.sort(comparePaths),
        both.map(({ path }) => path),
      );
    }),
    { numRuns: 500 },
  );
});

test("the second list is right for arbitrary entries", (t) => {
  fc.assert(
    fc.property(entriesArbitrary(), entriesArbitrary(), (a, b) => {
      const { equal, pairs } = compareByManifest(a, b);
      for (const group of secondList(equal, pairs)) assertGroup(group, a, b);
    }),
  );
  t.pass();
});

test("large equal stretches and many pairs are cut into groups", (t) => {
  const entry = (i: number): Entry => plainEntry({ path: `f${String(i).padStart(5, "0")}` });
  const entries = Array.from({ length: 1000 }, (_, i) => entry(i));
  const pairs = [
    ...mergeEntries(
      entries.map((one, i) => ({ entry: one, ordinal: i })),
      entries.map((one, i) => ({ entry: { ...one, mode: 0 }, ordinal: i })),
    ),
  ];
  const stretch = [{ masterFirst: 0, remoteFirst: 0, entries: 1000 }];
  for (const groups of [secondList(stretch, []), secondList([], pairs)]) {
    t.deepEqual(
      groups.flatMap((group) => [...eachOrdinal(group.master)]),
      entries.map((_, i) => i),
    );
    for (const group of groups) t.notThrows(() => assertGroup(group, entries, entries));
  }
});

test("the plan's counts tell its paths apart", (t) => {
  fc.assert(
    fc.property(treesArbitrary, ({ master, remote }) => {
      const { plan, planned } = compare(master, remote);
      const of = (...actions: number[]): number => [...plan.actions.values()].filter((a) => actions.includes(a)).length;
      const right = new Set(remote.entries().map(({ path }) => path));
      const left = new Set(master.entries().map(({ path }) => path));
      t.deepEqual(plan.counts, {
        created: [...left].filter((path) => !right.has(path)).length,
        updated: of(ACTIONS.replace, ACTIONS.relink),
        deleted: [...right].filter((path) => !left.has(path)).length,
        attributes: of(ACTIONS.attributes),
      });
      t.is(of(ACTIONS.create), plan.counts.created);
      t.deepEqual(
        planned.map(({ path }) => path),
        [...plan.actions.keys()],
      );
      t.true(planned.every(({ path }, i) => i === 0 || comparePaths(planned[i - 1].path, path) < 0));
    }),
    { numRuns: 500 },
  );
});

test("only paths that the master does not have are deleted, in order", (t) => {
  fc.assert(
    fc.property(treesArbitrary, ({ master, remote }) => {
      const { plan } = compare(master, remote);
      return plan.deletions.every(
        (path, i) =>
          !master.nodes.has(path) &&
          remote.nodes.has(path) &&
          (i === 0 || comparePaths(plan.deletions[i - 1], path) < 0),
      );
    }),
  );
  t.pass();
});

// Seen: a plan that promised to replace a directory, and a sync that could not.
test("without deletions nothing goes, also not with a directory that would turn into something else", (t) => {
  let stayed = 0;
  fc.assert(
    fc.property(treesArbitrary, ({ master, remote }) => {
      const { plan, planned, kept, problems } = compare(master, remote, { ...OPTIONS, delete: false });
      const extra = remote.entries().filter(({ path }) => !master.nodes.has(path));
      const replaced = [...plan.actions].filter(([, action]) => action === ACTIONS.replace).map(([path]) => path);
      const forbidden = problems.filter(({ code }) => code === "LOCKSTEP_DELETE_FORBIDDEN").map(({ path }) => path);
      stayed += forbidden.length;
      return (
        plan.deletions.length === 0 &&
        plan.counts.deleted === 0 &&
        kept === extra.length &&
        changeTotal(plan.counts) === planned.length &&
        replaced.every((path) => !extra.some((entry) => isWithin(entry.path, path))) &&
        forbidden.every((path) => extra.some((entry) => isWithin(entry.path, path)) && !plan.actions.has(path))
      );
    }),
  );
  t.true(stayed > 0);
});

test("what a remote cannot represent is reported by path and not planned", (t) => {
  fc.assert(
    fc.property(treesArbitrary, ({ master, remote }) => {
      const represents = ALL_ABILITIES & ~COLUMN_BIT.owner;
      const { plan, problems } = compare(master, remote, { ...OPTIONS, represents });
      const right = new Map(remote.entries().map((entry) => [entry.path, entry]));
      const left = new Map(master.entries().map((entry) => [entry.path, entry]));
      for (const { path, code } of problems) {
        t.is(code, "LOCKSTEP_UNREPRESENTABLE");
        t.not(left.get(path)?.uid, right.get(path)?.uid);
      }
      const reported = new Set(problems.map(({ path }) => path));
      for (const [path, entry] of left) {
        const other = right.get(path);
        if (other === undefined || other.uid === entry.uid || plan.actions.get(path) === ACTIONS.replace) continue;
        t.true(reported.has(path), path);
      }
      for (const [path, action] of plan.actions) {
        if (action !== ACTIONS.attributes) continue;
        const [m, r] = [left.get(path), right.get(path)];
        t.true(m?.mode !== r?.mode || m?.mtimeSec !== r?.mtimeSec, `${path} is planned for its owner alone`);
      }
    }),
    { numRuns: 500 },
  );
});

function pairOf(master: Entry | undefined, remote: Entry | undefined): Pair {
  const merged = mergeEntries(
    master === undefined ? [] : [{ entry: master, ordinal: 0 }],
    remote === undefined ? [] : [{ entry: remote, ordinal: 0 }],
  );
  return merged.next().value as Pair;
}

const A = plainEntry({ path: "b", size: 10 });
const DECISIONS: [
  what: string,
  master: Entry,
  remote: Entry | undefined,
  differs: boolean,
  action: string | undefined,
][] = [
  ["equal", A, A, false, undefined],
  ["absent on the remote", A, undefined, false, "create"],
  ["other size", A, { ...A, size: 11 }, false, "replace"],
  ["other content", A, A, true, "replace"],
  ["other content and mode", A, { ...A, mode: 0 }, true, "replace"],
  ["other mode", A, { ...A, mode: 0 }, false, "attributes"],
  ["other mtime", A, { ...A, mtimeNsec: 1 }, false, "attributes"],
  ["other group", A, { ...A, gid: 5 }, false, "attributes"],
  ["other xattrs", A, { ...A, xattrs: [{ name: "user.x", value: new Uint8Array(1) }] }, false, "attributes"],
  ["other type", A, { ...A, type: DIRECTORY, size: 0 }, false, "replace"],
  ["other target", { ...A, type: SYMLINK, target: "x" }, { ...A, type: SYMLINK, target: "y" }, false, "replace"],
  ["other device", { ...A, type: 5, rdevMajor: 1 }, { ...A, type: 5, rdevMajor: 2 }, false, "replace"],
  ["to be linked", { ...A, leader: "a" }, A, false, "relink"],
  ["to be linked elsewhere", { ...A, leader: "a" }, { ...A, leader: "aa" }, false, "relink"],
  ["to be parted", A, { ...A, leader: "a" }, false, "relink"],
  [
    "a linked symlink to be parted",
    { ...A, type: SYMLINK, target: "x" },
    { ...A, type: SYMLINK, target: "x", leader: "a" },
    false,
    "replace",
  ],
  ["to be parted and other content", A, { ...A, leader: "a" }, true, "replace"],
];
for (const [what, master, remote, differs, action] of DECISIONS) {
  test(`an action is decided: ${what}`, (t) => {
    const contentDiffers = new Set(differs ? ["b"] : []);
    const { plan } = planRemote([pairOf(master, remote)], { ...OPTIONS, contentDiffers });
    const decided = Object.entries(ACTIONS).find(([, number]) => number === plan.actions.get("b"))?.[0];
    t.is(decided, action);
  });
}

test("bytes are counted once for a link group, and never for what is only linked", (t) => {
  const leader = plainEntry({ path: "a", size: 100 });
  const member = plainEntry({ path: "b", size: 100, leader: "a" });
  const { plan, planned } = planRemote([pairOf(leader, undefined), pairOf(member, undefined)], OPTIONS);
  t.is(plan.newBytes, 100);
  t.deepEqual(
    planned.map(({ bytes }) => bytes),
    [100, 0],
  );
});

test("what lies in a directory that turns into a file goes with the switch, not as a deletion", (t) => {
  const directory = plainEntry({ path: "d", type: DIRECTORY });
  const file = plainEntry({ path: "d", size: 1 });
  const inner = ["d/x", "d/y"].map((path) => pairOf(undefined, plainEntry({ path })));
  const beside = pairOf(undefined, plainEntry({ path: "d-x" }));
  const { plan } = planRemote([pairOf(file, directory), ...inner, beside], OPTIONS);
  t.deepEqual(plan.deletions, ["d-x"]);
  t.is(plan.counts.deleted, 3);
});

test("an entry found by looking it up joins its pair", (t) => {
  const here = plainEntry({ path: "a" });
  const there = plainEntry({ path: "a", mode: 0o600 });
  const [onlyMaster, onlyRemote] = [pairOf(here, undefined), pairOf(undefined, plainEntry({ path: "b" }))];
  const [joined, absent] = completePairs(
    [onlyMaster, onlyRemote],
    new Map(),
    new Map([["a", { entry: there, ordinal: 9 }]]),
  );
  t.deepEqual(joined.remote, { entry: there, ordinal: 9 });
  t.is(joined.columns, COLUMN_BIT.mode);
  t.is(absent, onlyRemote);
});

test("at and below a blind path nothing is compared", (t) => {
  const pairs = ["a", "a/b", "a-b", "b"].map((path) => pairOf(undefined, plainEntry({ path })));
  const rest = withoutBlind(pairs, new Set(["a"])).map(({ path }) => path);
  t.deepEqual(rest, ["a-b", "b"]);
  t.is(withoutBlind(pairs, new Set([""])).length, 0);
  t.is(withoutBlind(pairs, new Set()).length, 4);
  t.true(pairs.filter(({ path }) => isWithin(path, "a")).length === 2);
});

test("merging lists yields every path once, in order, with both sides", (t) => {
  fc.assert(
    fc.property(entriesArbitrary(), entriesArbitrary(), (a, b) => {
      const locate = (entries: Entry[]) => entries.map((entry, ordinal) => ({ entry, ordinal }));
      const pairs = [...mergeEntries(locate(a), locate(b))];
      const paths = [...new Set([...a, ...b].map(({ path }) => path))].sort(comparePaths);
      t.deepEqual(
        pairs.map(({ path }) => path),
        paths,
      );
      for (const { path, master, remote } of pairs) {
        t.is(
          master?.entry,
          a.find((entry) => entry.path === path),
        );
        t.is(
          remote?.entry,
          b.find((entry) => entry.path === path),
        );
      }
    }),
  );
});

const LACKING: [what: string, ability: number, master: Entry, remote: Entry | undefined, action: Action | undefined][] =
  [
    ["devices", ABILITY.devices, { ...A, type: 5 }, undefined, undefined],
    ["devices in place of a file", ABILITY.devices, { ...A, type: 6 }, A, undefined],
    ["fifos", ABILITY.nodes, { ...A, type: 4 }, undefined, undefined],
    ["sockets", ABILITY.nodes, { ...A, type: 7 }, undefined, undefined],
    [
      "exact times",
      ABILITY.exactTimes,
      { ...A, mtimeNsec: 999_999_999 },
      { ...A, mtimeSec: A.mtimeSec + 1, mtimeNsec: 0 },
      undefined,
    ],
    [
      "exact times, mode differs too",
      ABILITY.exactTimes,
      A,
      { ...A, mtimeNsec: A.mtimeNsec + 1, mode: 0 },
      ACTIONS.attributes,
    ],
    [
      "privileged xattrs",
      ABILITY.privilegedXattrs,
      { ...A, xattrs: [{ name: "security.x", value: Uint8Array.of(1) }] },
      A,
      undefined,
    ],
    ["any xattrs", COLUMN_BIT.xattrs, { ...A, xattrs: [{ name: "user.x", value: Uint8Array.of(1) }] }, A, undefined],
  ];
for (const [what, ability, master, remote, action] of LACKING) {
  test(`a host that lacks ${what} has it reported by path, and no plan that never ends`, (t) => {
    const { plan, problems } = planRemote([pairOf(master, remote)], {
      ...OPTIONS,
      represents: ALL_ABILITIES & ~ability,
    });
    t.is(plan.actions.get("b"), action);
    t.deepEqual(
      problems.map(({ path, code }) => [path, code]),
      [["b", "LOCKSTEP_UNREPRESENTABLE"]],
    );
    const able = planRemote([pairOf(master, remote)], OPTIONS);
    t.true(able.plan.actions.has("b"));
    t.deepEqual(able.problems, []);
  });
}

test("a host without exact times still sets a time that differs by two microseconds", (t) => {
  const represents = ALL_ABILITIES & ~ABILITY.exactTimes;
  const { plan } = planRemote([pairOf(A, { ...A, mtimeNsec: A.mtimeNsec + 2000 })], { ...OPTIONS, represents });
  t.is(plan.actions.get("b"), ACTIONS.attributes);
});

test("a host without privileged xattrs still sets the others", (t) => {
  const represents = ALL_ABILITIES & ~ABILITY.privilegedXattrs;
  const xattrs = ["trusted.x", "user.x"].map((name) => ({ name, value: Uint8Array.of(1) }));
  const { plan } = planRemote([pairOf({ ...A, xattrs }, A)], { ...OPTIONS, represents });
  t.is(plan.actions.get("b"), ACTIONS.attributes);
});

test("every type of entry can be created and deleted", (t) => {
  for (const type of Object.values(ENTRY_TYPES)) {
    const entry = plainEntry({ path: "x", type });
    t.is(planRemote([pairOf(entry, undefined)], OPTIONS).plan.actions.get("x"), ACTIONS.create);
    t.deepEqual(planRemote([pairOf(undefined, entry)], OPTIONS).plan.deletions, ["x"]);
  }
});

// Seen: a round with a class ended with LOCKSTEP_MALFORMED where a path that had to be looked up was not the last one.
test("positions of a group ascend, wherever what was looked up lies", (t) => {
  const at = (path: string, master: number, remote: number): Pair => {
    const entry = plainEntry({ path, size: 1 });
    return { path, master: { entry, ordinal: master }, remote: { entry, ordinal: remote }, columns: 0 };
  };
  const groups = secondList([], [at("a", 0, 70), at("b", 60, 1), at("c", 1, 2), at("d", 2, 3), at("e", 3, 71)]);
  t.deepEqual(
    groups.map(({ paths }) => paths),
    [["a"], ["b"], ["c", "d", "e"]],
  );
  for (const side of ["master", "remote"] as const) {
    const ranges = groups.map((group) => group[side]);
    t.deepEqual(decodeGroups(encodeGroups(ranges), 10, 10), ranges);
  }
});
