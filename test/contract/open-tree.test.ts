import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { encodeJournalPart } from "../../src/model/apply-journal.ts";
import { WHOLE_ROOT } from "../../src/model/classification.ts";
import { ACTIONS, changeTotal } from "../../src/model/plan.ts";
import type { Problem } from "../../src/model/problem.ts";
import type { StatedEntry } from "../../src/model/statement.ts";
import { SUITE } from "../../src/model/suite.ts";
import type { Tree } from "../../src/ports/tree.ts";
import { FRAME_HEADER_BYTES, RECORD_HEADER_BYTES } from "../../src/tree/content-records.ts";
import { createHasher } from "../../src/tree/hasher.ts";
import { createLinuxCalls } from "../../src/tree/linux-calls.ts";
import { S_IFCHR, S_IFIFO, S_IFSOCK } from "../../src/tree/system-calls.ts";
import { compiledUrl, importCompiled } from "../fixtures/compiled-source.ts";
import { MemoryHashCache } from "../fixtures/memory-hash-cache.ts";
import { openPaths } from "../fixtures/open-paths.ts";
import { PLAIN } from "../fixtures/plain-framing.ts";
import { compareTrees, MemoryJournal, type SyncOptions, type SyncResult, syncTrees } from "../fixtures/sync-trees.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

const { openTree } = await importCompiled<typeof import("../../src/tree/open-tree.ts")>("src/tree/open-tree.ts");
const WALK = fileURLToPath(new URL("../fixtures/walk.py", import.meta.url));

interface World {
  /** Path of the master's tree, and of the remote's. */
  readonly a: string;
  readonly b: string;
  readonly masterTree: Tree;
  readonly remoteTree: Tree;
  readonly journal: MemoryJournal;
  readonly cache: MemoryHashCache;
  sync(options?: SyncOptions): Promise<SyncResult>;
}

function createWorld(t: ExecutionContext): World {
  const directory = tempDirectory(t);
  const [a, b] = [join(directory, "a"), join(directory, "b")];
  fs.mkdirSync(a);
  fs.mkdirSync(b);
  const [journal, cache] = [new MemoryJournal(), new MemoryHashCache()];
  const masterTree = openTree("www", a, { cache: new MemoryHashCache(), journal: new MemoryJournal() });
  const remoteTree = openTree("www", b, { cache, journal });
  // The threads of a tree do not keep the process alive by themselves.
  const alive = setInterval(() => undefined, 60_000);
  t.teardown(async () => {
    clearInterval(alive);
    await Promise.all([masterTree.close(), remoteTree.close()]);
  });
  return {
    a,
    b,
    masterTree,
    remoteTree,
    journal,
    cache,
    sync: (options) => syncTrees(masterTree, remoteTree, options),
  };
}

function write(path: string, content: string | Buffer, mtime = 1_700_000_000, mode = 0o644): void {
  fs.mkdirSync(join(path, ".."), { recursive: true });
  fs.writeFileSync(path, content);
  fs.chmodSync(path, mode);
  fs.utimesSync(path, mtime, mtime);
}

/** Asks a program that shares no code with the product whether the trees are equal. */
function assertEqualTrees(t: ExecutionContext, a: string, b: string): void {
  const { stdout, stderr, status } = spawnSync("python3", [WALK, a, b], { encoding: "utf8" });
  t.is(status, 0, stdout + stderr);
}

function codes(problems: readonly Problem[]): [string, string][] {
  return problems.map(({ path, code }) => [path, code]);
}

/** Everything odd that a tree may hold. */
function growOddities(root: string): void {
  write(join(root, "plain.txt"), "plain");
  write(join(root, "empty"), "");
  write(join(root, "large"), Buffer.alloc(3_500_000, "0123456789"));
  write(join(root, "sparse"), Buffer.alloc(1_000_000));
  write(join(root, "chunk"), Buffer.alloc(1 << 20, 7));
  write(join(root, "deep/er/est/file"), "deep", -5000);
  write(join(root, "set-id"), "x", 1, 0o6755);
  write(join(root, "unreadable"), "secret", 1, 0);
  fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from("latin-\xff-new\nline", "latin1")]), "odd name");
  fs.mkdirSync(join(root, "empty-directory"), 0o700);
  fs.mkdirSync(join(root, "closed"));
  write(join(root, "closed/inside"), "inside");
  fs.symlinkSync("/etc/passwd", join(root, "outside-link"));
  fs.symlinkSync("nowhere", join(root, "dangling"));
  write(join(root, "group/1"), "linked");
  fs.linkSync(join(root, "group/1"), join(root, "group/2"));
  fs.linkSync(join(root, "group/1"), join(root, "another-name"));
  fs.symlinkSync("x", join(root, "group/l1"));
  fs.linkSync(join(root, "group/l1"), join(root, "group/l2"));
  const calls = createLinuxCalls();
  const handle = calls.openRoot(root);
  calls.makeNode(handle, "fifo", S_IFIFO, 0, 0);
  calls.makeNode(handle, "socket", S_IFSOCK, 0, 0);
  if (calls.canMakeDevices) calls.makeNode(handle, "device", S_IFCHR, 1, 7);
  if (calls.supportsXattrs(handle)) calls.setXattr(handle, "plain.txt", "user.note", Uint8Array.of(0, 1, 255));
  if (calls.canChown) calls.chown(handle, "deep", 1234, 2345);
  calls.setTime(handle, "dangling", 1_234_567_890, 123_456_789);
  calls.setTime(handle, "closed", 2 ** 32 + 5, 7);
  calls.chmod(handle, "closed", 0o555);
  calls.setTime(handle, "", 1_000_000_000, 999_999_999);
  calls.closeDirectory(handle);
}

async function assertNothingLeftToDo(t: ExecutionContext, { masterTree, remoteTree }: World): Promise<void> {
  const [master, remote] = [masterTree.begin(), remoteTree.begin()];
  const { plan } = await compareTrees(master, remote);
  await Promise.all([master.close(false), remote.close(false)]);
  t.is(changeTotal(plan.plan.counts), 0, JSON.stringify([...plan.plan.actions, plan.plan.deletions]));
  t.deepEqual(plan.problems, []);
}

test.serial("an empty tree becomes equal to one of every oddity, and the next plan is empty", async (t) => {
  const world = createWorld(t);
  growOddities(world.a);
  const { problems, plan } = await world.sync();
  t.deepEqual(problems, []);
  t.deepEqual(plan.problems, []);
  assertEqualTrees(t, world.a, world.b);
  await assertNothingLeftToDo(t, world);
  t.false(fs.existsSync(join(world.b, ".lockstep")));
});

test.serial("blocks of one path give the same result", async (t) => {
  const world = createWorld(t);
  growOddities(world.a);
  t.deepEqual((await world.sync({ maxPaths: 1 })).problems, []);
  assertEqualTrees(t, world.a, world.b);
  await assertNothingLeftToDo(t, world);
});

test.serial("every kind of change is carried over", async (t) => {
  const world = createWorld(t);
  for (const root of [world.a, world.b]) growOddities(root);
  const at = (path: string): string => join(world.a, path);
  write(at("plain.txt"), "other");
  write(at("large"), Buffer.alloc(3_500_001, "0123456789"));
  fs.rmSync(at("chunk"));
  write(at("chunk/now/a/directory"), "x");
  fs.rmSync(at("deep"), { recursive: true });
  write(at("deep"), "now a file");
  fs.rmSync(at("dangling"));
  write(at("dangling"), "now a file");
  fs.rmSync(at("empty"));
  fs.symlinkSync("plain.txt", at("empty"));
  fs.rmSync(at("group/2"));
  write(at("group/2"), "linked");
  fs.linkSync(at("group/2"), at("group/3"));
  fs.chmodSync(at("another-name"), 0o600);
  fs.rmSync(at("outside-link"));
  fs.symlinkSync("/etc/shadow", at("outside-link"));
  fs.rmSync(at("fifo"));
  fs.mkdirSync(at("fifo"), 0o711);
  fs.rmSync(at("socket"));
  fs.renameSync(at("closed"), at("closed-2"));
  t.deepEqual((await world.sync()).problems, []);
  assertEqualTrees(t, world.a, world.b);
  await assertNothingLeftToDo(t, world);
});

test.serial("a change deep in the tree leaves the times of all directories as they are on the master", async (t) => {
  const world = createWorld(t);
  for (const root of [world.a, world.b]) {
    write(join(root, "d/e/f"), "old");
    for (const directory of ["d/e", "d", ""]) fs.utimesSync(join(root, directory), 1_600_000_000, 1_600_000_000);
  }
  await assertNothingLeftToDo(t, world);
  write(join(world.a, "d/e/f"), "newer");
  for (const directory of ["d/e", "d", ""]) fs.utimesSync(join(world.a, directory), 1_600_000_000, 1_600_000_000);
  const { problems, counts } = await world.sync();
  t.deepEqual(problems, []);
  t.deepEqual(counts, { created: 0, updated: 1, deleted: 0, attributes: 0 });
  assertEqualTrees(t, world.a, world.b);
});

test.serial("what an interrupted round left in the staging area does not move the root's time", async (t) => {
  const world = createWorld(t);
  for (const root of [world.a, world.b]) write(join(root, "d/f"), root === world.a ? "newer" : "old");
  fs.mkdirSync(join(world.b, ".lockstep"));
  write(join(world.b, ".lockstep/0.0"), "left over");
  for (const root of [world.a, world.b]) {
    for (const directory of ["d", ""]) fs.utimesSync(join(root, directory), 1_600_000_000, 1_600_000_000);
  }
  t.deepEqual((await world.sync()).problems, []);
  assertEqualTrees(t, world.a, world.b);
  t.false(fs.existsSync(join(world.b, ".lockstep")));
});

test.serial("equal content of equal size is found equal and not fetched, other content is found", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "same"), "12345", 1_700_000_000);
  write(join(world.b, "same"), "12345", 1_600_000_000);
  write(join(world.a, "other"), "12345");
  write(join(world.b, "other"), "12346");
  write(join(world.a, "longer"), "123456");
  write(join(world.b, "longer"), "12345");
  for (const root of [world.a, world.b]) fs.utimesSync(root, 1_600_000_000, 1_600_000_000);
  const { counts, hashed, bytesFetched, problems } = await world.sync();
  t.deepEqual(problems, []);
  t.is(hashed, 2, "the files of the second list, and no others");
  t.is(bytesFetched, 6, "what another path has is taken from there");
  t.deepEqual(counts, { created: 0, updated: 2, deleted: 0, attributes: 1 });
  assertEqualTrees(t, world.a, world.b);
});

test.serial("a file that changed between comparison and commit is kept and reported", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "f"), "from the master");
  write(join(world.b, "f"), "old");
  write(join(world.a, "g"), "mode", 1, 0o600);
  write(join(world.b, "g"), "mode", 1, 0o644);
  const { problems, counts } = await world.sync({
    beforeCommit: () => {
      write(join(world.b, "f"), "changed by somebody");
      fs.chmodSync(join(world.b, "g"), 0o640);
    },
  });
  t.deepEqual(codes(problems), [
    ["f", "LOCKSTEP_TARGET_CHANGED"],
    ["g", "LOCKSTEP_TARGET_CHANGED"],
  ]);
  t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "changed by somebody");
  t.is(fs.statSync(join(world.b, "g")).mode & 0o777, 0o640);
  t.is(counts.updated, 0);
  t.deepEqual((await world.sync()).problems, []);
  assertEqualTrees(t, world.a, world.b);
});

test.serial("a file that appeared where one is to be created is kept and reported", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "f"), "from the master");
  fs.mkdirSync(join(world.a, "d"));
  fs.symlinkSync("x", join(world.a, "l"));
  const { problems } = await world.sync({
    beforeCommit: () => {
      for (const name of ["f", "d", "l"]) {
        if (!fs.existsSync(join(world.b, name))) write(join(world.b, name), "made by somebody");
      }
    },
    maxPaths: 10,
  });
  t.deepEqual(
    codes(problems).sort(),
    ["d", "f", "l"].map((name) => [name, "LOCKSTEP_TARGET_CHANGED"]),
  );
  for (const name of ["f", "d", "l"]) t.is(fs.readFileSync(join(world.b, name), "utf8"), "made by somebody");
});

test.serial("a file that vanished, or turned into a directory, before the commit is reported", async (t) => {
  const world = createWorld(t);
  for (const name of ["gone", "turned"]) {
    write(join(world.a, name), "from the master");
    write(join(world.b, name), "old");
  }
  const { problems } = await world.sync({
    beforeCommit: () => {
      fs.rmSync(join(world.b, "gone"));
      fs.rmSync(join(world.b, "turned"));
      write(join(world.b, "turned/precious"), "precious");
    },
  });
  t.deepEqual(codes(problems), [
    ["gone", "LOCKSTEP_TARGET_CHANGED"],
    ["turned", "LOCKSTEP_TARGET_CHANGED"],
  ]);
  t.is(fs.readFileSync(join(world.b, "turned/precious"), "utf8"), "precious");
});

test.serial("a directory swapped for a symlink before the commit leads nobody out of the root", async (t) => {
  const world = createWorld(t);
  const outside = tempDirectory(t);
  write(join(outside, "f"), "outside");
  for (const root of [world.a, world.b]) {
    write(join(root, "d/f"), root === world.a ? "from the master" : "old");
    write(join(root, "d/g"), "same", 1, root === world.a ? 0o600 : 0o644);
  }
  write(join(world.b, "d/deleted"), "x");
  write(join(outside, "g"), "outside", 1, 0o644);
  write(join(outside, "deleted"), "outside");
  const { problems } = await world.sync({
    beforeCommit: () => {
      fs.renameSync(join(world.b, "d"), join(world.b, "moved"));
      fs.symlinkSync(outside, join(world.b, "d"));
    },
  });
  // An open handle may still lead to the directory itself, wherever it has gone within the root.
  t.true(
    problems.every(({ code }) => code === "LOCKSTEP_TARGET_CHANGED"),
    JSON.stringify(problems),
  );
  for (const name of ["f", "g", "deleted"]) t.is(fs.readFileSync(join(outside, name), "utf8"), "outside");
  t.is(fs.statSync(join(outside, "g")).mode & 0o777, 0o644);
  t.deepEqual((await world.sync()).problems, []);
  assertEqualTrees(t, world.a, world.b);
  for (const name of ["f", "g", "deleted"]) t.is(fs.readFileSync(join(outside, name), "utf8"), "outside");
});

test.serial("content that is not what was stated is reported, and the old file stays", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "f"), "from the master");
  write(join(world.b, "f"), "old content");
  write(join(world.a, "large"), Buffer.alloc(2_500_000, 1));
  write(join(world.a, "new"), "new");
  const { problems } = await world.sync({
    tamper: (frame) => {
      frame[frame.length - 1] ^= 1;
      frame[FRAME_HEADER_BYTES + RECORD_HEADER_BYTES] ^= 1;
      return frame;
    },
  });
  t.deepEqual(new Set(problems.map(({ code }) => code)), new Set(["LOCKSTEP_CONTENT_MISMATCH"]));
  t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "old content");
  t.false(fs.existsSync(join(world.b, "large")));
  t.deepEqual((await world.sync()).problems, []);
  assertEqualTrees(t, world.a, world.b);
});

test.serial("content that has another checksum than was stated is reported, and the old file stays", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "f"), "from the master");
  write(join(world.b, "f"), "old");
  const restate = (stated: StatedEntry): StatedEntry => {
    const checksum = stated.checksum?.slice();
    checksum?.set([checksum[31] ^ 1], 31);
    return { ...stated, checksum };
  };
  const { problems } = await world.sync({ restate });
  t.deepEqual(codes(problems), [["f", "LOCKSTEP_CONTENT_MISMATCH"]]);
  t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "old");
});

test.serial("content that has another chunk root than was stated is refused, and the old file stays", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "f"), Buffer.alloc(2_500_000, 1));
  write(join(world.b, "f"), "old and small");
  const restate = (stated: StatedEntry): StatedEntry => {
    const root = stated.chunkRoot?.slice();
    root?.set([root[31] ^ 1], 31);
    return { ...stated, chunkRoot: root };
  };
  await t.throwsAsync(world.sync({ restate }), { code: "LOCKSTEP_MALFORMED" });
  t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "old and small");
});

test.serial(
  "a file's own content is taken over only if it is what was stated, whatever action is asked for",
  async (t) => {
    const world = createWorld(t);
    write(join(world.a, "f"), "from the master");
    write(join(world.b, "f"), "of the same size".slice(0, 15));
    const { problems } = await world.sync({ action: (path, planned) => (path === "f" ? ACTIONS.relink : planned) });
    t.deepEqual(problems, []);
    assertEqualTrees(t, world.a, world.b);
  },
);

/** Leaves content in the staging area under the name of the file's checksum. */
function leave(world: World, name: string, content: string): string {
  const { hash } = createHasher();
  const checksum = Buffer.from(hash(fs.readFileSync(join(world.a, name)))).toString("hex");
  write(join(world.b, `.lockstep/${checksum}.0.0`), content);
  return checksum;
}

test.serial(
  "what an interrupted round left is taken only if it is what was stated, whatever its name says",
  async (t) => {
    const world = createWorld(t);
    for (const name of ["equal", "longer", "other", "shorter"]) write(join(world.a, name), `content of ${name}`);
    leave(world, "equal", "content of equal");
    leave(world, "longer", "content of longer, and more");
    leave(world, "other", "CONTENT of other");
    leave(world, "shorter", "content");
    const { problems } = await world.sync();
    t.deepEqual(problems, []);
    assertEqualTrees(t, world.a, world.b);
  },
);

test.serial(
  "what an interrupted round left and has got another name since is not taken, and stays as it is there",
  async (t) => {
    const world = createWorld(t);
    const outside = tempDirectory(t);
    write(join(world.a, "f"), "first");
    write(join(world.a, "g"), "left over", 1_600_000_000, 0o600);
    const checksum = leave(world, "g", "left over");
    const { problems } = await world.sync({
      maxPaths: 1,
      beforeCommit: () => {
        const staging = join(world.b, ".lockstep");
        const kept = fs.readdirSync(staging).find((name) => name.startsWith(`${checksum}.kept`));
        // Before the block of "f" is committed, that of "g" is not yet staged.
        if (kept !== undefined && !fs.existsSync(join(outside, "name"))) {
          fs.linkSync(join(staging, kept), join(outside, "name"));
        }
      },
    });
    t.deepEqual(problems, []);
    assertEqualTrees(t, world.a, world.b);
    const stat = fs.statSync(join(outside, "name"));
    t.is(stat.mtimeMs, 1_700_000_000_000);
    t.is(stat.mode & 0o777, 0o644);
    t.is(stat.nlink, 1);
  },
);

test.serial("content that never arrives is reported, and the old file stays", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "f"), "from the master");
  write(join(world.b, "f"), "old content");
  const { problems } = await world.sync({ tamper: () => new Uint8Array(5) });
  t.deepEqual(codes(problems), [["f", "LOCKSTEP_SOURCE_UNREADABLE"]]);
  t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "old content");
});

function record(index: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = FRAME_HEADER_BYTES + RECORD_HEADER_BYTES;
  const frame = new Uint8Array(head + content.length);
  const view = new DataView(frame.buffer);
  view.setUint32(FRAME_HEADER_BYTES, index, true);
  view.setUint32(FRAME_HEADER_BYTES + 4, content.length, true);
  frame.set(content, head);
  return frame;
}

/** Both trees with a file that differs and nothing else that does: it is stated first in its block. */
function differ(world: World, content: string | Buffer): void {
  write(join(world.a, "f"), content);
  write(join(world.b, "f"), "old content");
  for (const root of [world.a, world.b]) fs.utimesSync(root, 1_600_000_000, 1_600_000_000);
}

/** The records of a frame, each once more after them. */
function twice(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...frame, ...frame.subarray(5)]);
}

for (const [what, frame] of [
  ["more content than announced", (): Uint8Array<ArrayBuffer> => record(0, new Uint8Array(1000))],
  ["content that was not asked for", (): Uint8Array<ArrayBuffer> => record(77, new Uint8Array(1))],
  ["content that came before", (frame: Uint8Array): Uint8Array<ArrayBuffer> => twice(frame)],
  ["a frame cut within a record", (): Uint8Array<ArrayBuffer> => record(0, new Uint8Array(8)).slice(0, 21)],
  ["a frame cut within a record's head", (): Uint8Array<ArrayBuffer> => new Uint8Array(9)],
] as const) {
  test.serial(`a sender of ${what} is refused, and the old file stays`, async (t) => {
    const world = createWorld(t);
    differ(world, "from the master");
    await t.throwsAsync(world.sync({ tamper: frame }), { code: "LOCKSTEP_MALFORMED" });
    t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "old content");
    t.deepEqual((await world.sync()).problems, [], "and the next round works");
    assertEqualTrees(t, world.a, world.b);
  });
}

/** Bytes in which nothing repeats. */
const LARGE = createHash("shake256", { outputLength: 5_000_000 }).update("large").digest();

/** The frame with its first record at another place of the file. */
function moved(frame: Uint8Array<ArrayBuffer>, by: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(frame.buffer, frame.byteOffset);
  const at = FRAME_HEADER_BYTES + 8;
  view.setUint32(at, view.getUint32(at, true) + by, true);
  return frame;
}

for (const [what, tamper] of [
  // Hashed as it comes, it has the right digest, and lies in the wrong place of the file.
  [
    "the content of a chunk at another place",
    (frame: Uint8Array<ArrayBuffer>, n: number) => (n === 1 ? moved(frame, -1000) : frame),
  ],
  [
    "more than was asked for of a chunk",
    // And nothing after it, which would be refused for its place.
    (_: Uint8Array<ArrayBuffer>, n: number) =>
      n === 0 ? record(0, LARGE.subarray(0, SUITE.chunk.maxBytes + 1)) : new Uint8Array(FRAME_HEADER_BYTES),
  ],
] as const) {
  test.serial(`a sender of ${what} is refused, and the old file stays`, async (t) => {
    const world = createWorld(t);
    differ(world, LARGE);
    let frames = 0;
    await t.throwsAsync(world.sync({ tamper: (frame) => tamper(frame, frames++) }), { code: "LOCKSTEP_MALFORMED" });
    t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "old content");
    t.deepEqual((await world.sync()).problems, [], "and the next round works");
    assertEqualTrees(t, world.a, world.b);
  });
}

test.serial("a source that changes after it was stated is reported, and the old file stays", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "f"), Buffer.alloc(3_000_000, 1));
  write(join(world.b, "f"), "old content");
  let first = true;
  const { problems } = await world.sync({
    tamper: (frame) => {
      if (first) write(join(world.a, "f"), "short now");
      first = false;
      return frame;
    },
    afterPlan: () => write(join(world.a, "f"), Buffer.alloc(3_000_000, 2)),
  });
  // The whole may have been read before it changed: then it is what was stated, and is put into place.
  const now = fs.readFileSync(join(world.b, "f"));
  if (problems.length > 0) t.is(now.toString(), "old content");
  else t.true(now.equals(Buffer.alloc(3_000_000, 2)));
});

const PAGES = { ...WHOLE_ROOT, include: ["*.html"] };

test.serial("a directory that is to go but holds something unselected stays, with it", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "keep.html"), "x");
  write(join(world.b, "keep.html"), "x");
  write(join(world.b, "old.html/page.html"), "selected by its directory's name");
  write(join(world.b, "dir/a.html"), "goes");
  write(join(world.b, "dir/b.txt"), "stays");
  const { problems } = await world.sync({ classification: PAGES });
  t.deepEqual(problems, []);
  t.deepEqual(fs.readdirSync(join(world.b, "dir")), ["b.txt"]);
  t.false(fs.existsSync(join(world.b, "old.html")));
});

test.serial(
  "a directory that is to go and into which something came since stays, with it, and is reported",
  async (t) => {
    const world = createWorld(t);
    write(join(world.b, "d/old"), "goes");
    const { problems } = await world.sync({ beforeDelete: () => write(join(world.b, "d/new"), "precious") });
    t.deepEqual(codes(problems), [["d", "LOCKSTEP_DIRECTORY_NOT_EMPTY"]]);
    t.deepEqual(fs.readdirSync(join(world.b, "d")), ["new"]);
  },
);

test.serial("a selected directory with an unselected file stays, and is reported", async (t) => {
  const world = createWorld(t);
  write(join(world.b, "d/a"), "small");
  write(join(world.b, "d/b"), "larger than five bytes");
  const { problems } = await world.sync({ classification: { ...WHOLE_ROOT, size: { op: "<=", value: 5 } } });
  t.deepEqual(codes(problems), [["d", "LOCKSTEP_DIRECTORY_NOT_EMPTY"]]);
  t.deepEqual(fs.readdirSync(join(world.b, "d")), ["b"]);
});

test.serial("a directory that turns into a file keeps what nobody compared", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "d"), "now a file");
  write(join(world.b, "d/a"), "known");
  const { problems } = await world.sync({
    // More than enough: it is not the number of deletions that saves the entry.
    deletions: 10,
    beforeCommit: () => write(join(world.b, "d/b"), "precious"),
  });
  t.deepEqual(codes(problems), [["d", "LOCKSTEP_TARGET_CHANGED"]]);
  t.deepEqual(fs.readdirSync(join(world.b, "d")), ["a", "b"]);
});

test.serial("a directory that turns into a file keeps what was changed in it meanwhile", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "d"), "now a file");
  write(join(world.b, "d/deep/a"), "known");
  // The same inode, with other content.
  const { problems } = await world.sync({ beforeCommit: () => write(join(world.b, "d/deep/a"), "precious") });
  t.deepEqual(codes(problems), [["d", "LOCKSTEP_TARGET_CHANGED"]]);
  t.is(fs.readFileSync(join(world.b, "d/deep/a"), "utf8"), "precious");
});

test.serial("a directory that turns into a file keeps what took the place of something known", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "d"), "now a file");
  write(join(world.b, "d/a"), "known");
  const elsewhere = join(tempDirectory(t), "a");
  write(elsewhere, "precious");
  const { problems } = await world.sync({ beforeCommit: () => fs.renameSync(elsewhere, join(world.b, "d/a")) });
  t.deepEqual(codes(problems), [["d", "LOCKSTEP_TARGET_CHANGED"]]);
  t.is(fs.readFileSync(join(world.b, "d/a"), "utf8"), "precious");
});

(process.getuid?.() === 0 ? test.serial : test.serial.skip)(
  "a directory that turns into a file and in which something was mounted since stays",
  async (t) => {
    const world = createWorld(t);
    write(join(world.a, "d"), "now a file");
    write(join(world.b, "d/a"), "known");
    const inner = join(world.b, "d/a");
    t.teardown(() => spawnSync("umount", ["--lazy", inner]));
    const { problems } = await world.sync({
      // A file mounted on itself keeps its inode, and only the mount tells it from what was listed.
      beforeCommit: () => t.is(spawnSync("mount", ["--bind", inner, inner]).status, 0),
    });
    t.deepEqual(codes(problems), [["d", "LOCKSTEP_TARGET_CHANGED"]]);
    t.is(fs.readFileSync(inner, "utf8"), "known");
  },
);

test.serial("a directory that turns into a file stays when more would go with it than was announced", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "d"), "now a file");
  for (const name of ["d/1", "d/2"]) write(join(world.b, name), "x");
  const { problems, counts } = await world.sync({ deletions: 1 });
  t.deepEqual(codes(problems), [["d", "LOCKSTEP_TARGET_CHANGED"]]);
  t.is(counts.deleted, 0);
  t.deepEqual(fs.readdirSync(join(world.b, "d")), ["1", "2"]);
});

/**
 * Whether chattr(1) works here, which takes root and a file system that knows it.
 *
 * @param within where the path may have been moved to
 */
function fix(t: ExecutionContext, path: string, within = path): boolean {
  t.teardown(() => spawnSync("chattr", ["-R", "-i", within]));
  return spawnSync("chattr", ["+i", path]).status === 0;
}

// Seen: each removed what the other had staged, and both went on.
test.serial("what another process works in is left alone, and told", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "f"), "new");
  write(join(world.b, ".lockstep/0.0"), "staged by another");
  const claims = `
import fcntl, os, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print("claimed", flush=True)
sys.stdin.read()`;
  const other = spawn("python3", ["-c", claims, join(world.b, ".lockstep")], { stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(() => other.kill());
  await once(other.stdout, "data");
  await t.throwsAsync(world.sync(), { code: "LOCKSTEP_ROOT_IN_USE" });
  t.is(fs.readFileSync(join(world.b, ".lockstep/0.0"), "utf8"), "staged by another");
  t.deepEqual(fs.readdirSync(world.b), [".lockstep"]);
  other.stdin.end();
  await once(other, "exit");
  t.deepEqual((await world.sync()).problems, []);
  t.deepEqual(fs.readdirSync(world.b), ["f"]);
});

// Seen: switched, and then nothing in the root was ever synced again.
test.serial("a directory that holds what cannot be removed stays, and is reported", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "d"), "a file now");
  write(join(world.a, "other"), "new");
  write(join(world.b, "d/below/fixed"), "fixed");
  if (!fix(t, join(world.b, "d/below/fixed"))) return t.pass();
  const { problems } = await world.sync();
  t.deepEqual(codes(problems), [["d", "LOCKSTEP_ACCESS_DENIED"]]);
  t.is(fs.readFileSync(join(world.b, "d/below/fixed"), "utf8"), "fixed");
  t.deepEqual(fs.readdirSync(world.b).sort(), ["d", "other"]);
});

test.serial("what is left in the staging area and cannot be removed is told, and disturbs nothing", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "f"), "new");
  write(join(world.b, ".lockstep/0.0/fixed"), "fixed");
  write(join(world.b, ".lockstep/0.1"), "not fixed");
  if (!fix(t, join(world.b, ".lockstep/0.0/fixed"), join(world.b, ".lockstep"))) return t.pass();
  const { problems } = await world.sync();
  t.deepEqual(codes(problems), [["", "LOCKSTEP_NOT_REMOVED"]]);
  t.regex(problems[0].message, /stuck-.*: EPERM/);
  t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "new");
  t.is(fs.readdirSync(join(world.b, ".lockstep")).length, 1);
});

// Seen: whatever path got its name was refused in each round.
test.serial("what is left in the staging area and cannot be removed takes no name that a round gives", async (t) => {
  const world = createWorld(t);
  for (const [i, name] of ["link", "another"].entries()) {
    fs.symlinkSync("target", join(world.a, name));
    write(join(world.b, ".lockstep", `${i}.0`, "fixed"), "fixed");
    write(join(world.b, ".lockstep", `0.${i}`, "fixed"), "fixed");
  }
  write(join(world.b, ".lockstep/deleted.0/fixed"), "fixed");
  write(join(world.b, "deleted"), "deleted");
  for (const name of ["0.0", "0.1", "1.0", "deleted.0"]) {
    const area = join(world.b, ".lockstep");
    if (!fix(t, join(area, name, "fixed"), area)) return t.pass();
  }
  t.deepEqual(codes((await world.sync()).problems), [["", "LOCKSTEP_NOT_REMOVED"]]);
  t.deepEqual(fs.readdirSync(world.b).sort(), [".lockstep", "another", "link"]);
  const stuck = fs.readdirSync(join(world.b, ".lockstep"));
  t.is(stuck.length, 4);
  fs.writeFileSync(join(world.a, "more"), "more");
  await world.sync();
  t.deepEqual(fs.readdirSync(join(world.b, ".lockstep")), stuck);
});

test.serial("a staging area that cannot be opened at the end keeps no digest from being remembered", async (t) => {
  const world = createWorld(t);
  write(join(world.b, "f"), "content");
  fs.mkdirSync(join(world.b, ".lockstep"));
  if (!fix(t, join(world.b, ".lockstep"))) return t.pass();
  await sleep(2_100);
  const round = world.remoteTree.begin();
  await round.scan({ classification: WHOLE_ROOT, now: 0, fresh: false, isSource: true });
  t.is((await round.groupDigests([[[0, 2]]])).hashed, 1);
  await t.notThrowsAsync(round.close(true));
  t.is(world.cache.stored, 1);
});

test.serial("a staging area with directories that forbid to be emptied is removed", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "f"), "new");
  write(join(world.b, ".lockstep/0.0/closed/inside"), "old");
  for (const path of ["0.0/closed", "0.0"]) fs.chmodSync(join(world.b, ".lockstep", path), 0o555);
  t.deepEqual((await world.sync()).problems, []);
  t.deepEqual(fs.readdirSync(world.b), ["f"]);
});

test.serial("an order that forbids deletions allows none, whatever number is announced", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "d"), "now a file");
  write(join(world.b, "d/a"), "stays");
  write(join(world.b, "f"), "stays");
  const { problems, counts } = await world.sync({ delete: false, deletions: 10 });
  t.deepEqual(codes(problems), [
    ["d", "LOCKSTEP_DELETE_FORBIDDEN"],
    ["f", "LOCKSTEP_DELETE_FORBIDDEN"],
  ]);
  t.is(counts.deleted, 0);
  for (const name of ["d/a", "f"]) t.is(fs.readFileSync(join(world.b, name), "utf8"), "stays");
});

test.serial("a directory that turns into a file and was swapped for another since stays", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "d"), "now a file");
  fs.mkdirSync(join(world.b, "d"));
  const { problems } = await world.sync({
    beforeCommit: () => {
      // The old one lives on, so that the new one cannot get its inode.
      fs.renameSync(join(world.b, "d"), join(world.b, "was-d"));
      fs.mkdirSync(join(world.b, "d"));
    },
  });
  t.deepEqual(codes(problems), [["d", "LOCKSTEP_TARGET_CHANGED"]]);
  t.true(fs.statSync(join(world.b, "d")).isDirectory());
});

/** Writes d/f and e/f so that they have the very same ctime. */
function writeAtOnce(root: string, contents: Readonly<Record<"d" | "e", string>>): void {
  const ctime = (path: string): bigint => fs.statSync(join(root, path), { bigint: true }).ctimeNs;
  for (let tries = 0; tries < 1000; tries++) {
    for (const directory of ["d", "e"]) fs.rmSync(join(root, directory), { recursive: true, force: true });
    for (const directory of ["d", "e"]) fs.mkdirSync(join(root, directory));
    for (const [directory, content] of Object.entries(contents)) fs.writeFileSync(join(root, directory, "f"), content);
    if (ctime("d/f") === ctime("e/f")) return;
  }
  throw new Error("no two files got the same ctime");
}

/** Puts e/f in the place of d/f. Moving a directory leaves the ctime of what it holds alone. */
function putInPlace(root: string): void {
  fs.renameSync(join(root, "d"), join(root, "was-d"));
  fs.renameSync(join(root, "e"), join(root, "d"));
}

test.serial("a file in whose place came another of the very same ctime is kept and reported", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "d/f"), "from the master");
  write(join(world.a, "e/f"), "precious");
  writeAtOnce(world.b, { d: "old", e: "precious" });
  const { problems } = await world.sync({
    action: (path, planned) => (path === "d/f" ? planned : 0),
    beforeCommit: () => putInPlace(world.b),
  });
  t.deepEqual(codes(problems), [["d/f", "LOCKSTEP_TARGET_CHANGED"]]);
  t.is(fs.readFileSync(join(world.b, "d/f"), "utf8"), "precious");
});

test.serial(
  "a file of the master in whose place came another of the very same ctime is stated as it is now",
  async (t) => {
    const world = createWorld(t);
    writeAtOnce(world.a, { d: "as listed", e: "as it is." });
    // Of the same size, so that the digest of what was listed is known.
    write(join(world.b, "d/f"), "the old 1");
    // The directories that the master keeps open are these when it looks again.
    for (const root of [world.a, world.b]) {
      for (let i = 0; i < 20; i++) write(join(root, `others/${i}/f`), "equal");
    }
    const { problems } = await world.sync({
      action: (path, planned) => (path === "d/f" ? planned : 0),
      afterPlan: () => putInPlace(world.a),
    });
    t.deepEqual(
      problems.filter(({ path }) => path === "d/f"),
      [],
    );
    t.is(fs.readFileSync(join(world.b, "d/f"), "utf8"), "as it is.");
  },
);

test.serial("a file of the master that changed behind the same size and time is stated as it is now", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "f"), "as listed");
  write(join(world.b, "f"), "the old 1");
  const { problems } = await world.sync({ afterPlan: () => write(join(world.a, "f"), "as it is.") });
  t.deepEqual(problems, []);
  t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "as it is.");
});

test.serial("a name is not linked to a first name that has changed since", async (t) => {
  const world = createWorld(t);
  const changes: Record<string, (path: string) => void> = {
    content: (path) => write(path, "LINKED"),
    type: (path) => {
      fs.rmSync(path);
      fs.symlinkSync("elsewhere", path);
    },
  };
  for (const name of Object.keys(changes)) {
    for (const root of [world.a, world.b]) write(join(root, `${name} 1`), "linked");
    fs.linkSync(join(world.a, `${name} 1`), join(world.a, `${name} 2`));
  }
  const { problems } = await world.sync({
    beforeCommit: () => {
      for (const [name, change] of Object.entries(changes)) change(join(world.b, `${name} 1`));
    },
  });
  t.deepEqual(
    codes(problems),
    Object.keys(changes).map((name) => [`${name} 2`, "LOCKSTEP_TARGET_CHANGED"]),
  );
  for (const name of Object.keys(changes)) t.false(fs.existsSync(join(world.b, `${name} 2`)));
});

test.serial("a path that is to be deleted and changed since stays, and is reported", async (t) => {
  const world = createWorld(t);
  write(join(world.b, "f"), "old");
  write(join(world.b, "g"), "old");
  const { problems } = await world.sync({ beforeDelete: () => write(join(world.b, "f"), "precious", 1_800_000_000) });
  t.deepEqual(codes(problems), [["f", "LOCKSTEP_TARGET_CHANGED"]]);
  t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "precious");
  t.false(fs.existsSync(join(world.b, "g")));
});

test.serial("a path to be deleted whose content changed behind the same size and time stays", async (t) => {
  const world = createWorld(t);
  write(join(world.b, "f"), "old");
  const { problems } = await world.sync({ beforeDelete: () => write(join(world.b, "f"), "new") });
  t.deepEqual(codes(problems), [["f", "LOCKSTEP_TARGET_CHANGED"]]);
  t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "new");
});

test.serial("no more is deleted than was announced, by deletions and type changes together", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "d"), "now a file");
  for (const name of ["d/1", "d/2", "x", "y"]) write(join(world.b, name), "x");
  const { problems, counts } = await world.sync({ deletions: 3 });
  t.is(counts.deleted, 3);
  t.is(problems.length, 1);
  t.is(["x", "y"].filter((name) => fs.existsSync(join(world.b, name))).length, 1);
});

test.serial("a name outside the root of a file whose mode changes keeps its mode, and its content", async (t) => {
  const world = createWorld(t);
  const outside = tempDirectory(t);
  const parts: [name: string, masterContent: string, masterMode: number, masterTime: number][] = [
    ["mode", "same", 0o600, 1_700_000_000],
    ["time", "same", 0o644, 1_600_000_000],
    ["content", "other", 0o644, 1_700_000_000],
    ["deleted", "", 0, 0],
  ];
  for (const [name, content, mode, time] of parts) {
    if (name !== "deleted") write(join(world.a, name), content, time, mode);
    write(join(world.b, name), "same", 1_700_000_000, 0o644);
    fs.linkSync(join(world.b, name), join(outside, name));
  }
  t.deepEqual((await world.sync()).problems, []);
  for (const [name] of parts) {
    const stat = fs.statSync(join(outside, name));
    t.is(stat.mode & 0o777, 0o644, name);
    t.is(stat.mtimeMs, 1_700_000_000_000, name);
    t.is(fs.readFileSync(join(outside, name), "utf8"), "same", name);
  }
  assertEqualTrees(t, world.a, world.b);
});

test.serial("a link group with a name outside the root is made anew inside, whole", async (t) => {
  const world = createWorld(t);
  const outside = tempDirectory(t);
  for (const [root, mode] of [
    [world.a, 0o600],
    [world.b, 0o644],
  ] as const) {
    write(join(root, "1"), "linked", 1_700_000_000, mode);
    fs.linkSync(join(root, "1"), join(root, "2"));
  }
  fs.linkSync(join(world.b, "1"), join(outside, "3"));
  t.deepEqual((await world.sync()).problems, []);
  t.is(fs.statSync(join(outside, "3")).mode & 0o777, 0o644);
  assertEqualTrees(t, world.a, world.b);
});

test.serial("a file of the class that is linked with one outside the class is not modified in place", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "a.html"), "same", 1_700_000_000, 0o600);
  write(join(world.b, "a.html"), "same", 1_700_000_000, 0o644);
  fs.linkSync(join(world.b, "a.html"), join(world.b, "a.txt"));
  t.deepEqual((await world.sync({ classification: PAGES })).problems, []);
  t.is(fs.statSync(join(world.b, "a.html")).mode & 0o777, 0o600);
  t.is(fs.statSync(join(world.b, "a.txt")).mode & 0o777, 0o644);
});

test.serial("groups and ACLs that the root hands down do not reach what is made in it", async (t) => {
  const world = createWorld(t);
  const calls = createLinuxCalls();
  const handle = calls.openRoot(world.b);
  t.teardown(() => calls.closeDirectory(handle));
  if (!calls.canChown || !calls.supportsXattrs(handle)) return t.pass();
  for (const root of [world.a, world.b]) {
    fs.chownSync(root, 0, 4242);
    fs.chmodSync(root, 0o2775);
    const own = calls.openRoot(root);
    // A default ACL, version 2: user::rwx, user 4242:rwx, group::rx, mask::rwx, other::-
    const entries: [tag: number, perm: number, id: number][] = [
      [1, 7, 0xffffffff],
      [2, 7, 4242],
      [4, 5, 0xffffffff],
      [16, 7, 0xffffffff],
      [32, 0, 0xffffffff],
    ];
    const value = Buffer.alloc(4 + entries.length * 8);
    value.writeUInt32LE(2, 0);
    for (const [i, [tag, perm, id]] of entries.entries()) {
      value.writeUInt16LE(tag, 4 + i * 8);
      value.writeUInt16LE(perm, 6 + i * 8);
      value.writeUInt32LE(id, 8 + i * 8);
    }
    calls.setXattr(own, "", "system.posix_acl_default", value);
    calls.closeDirectory(own);
  }
  // Made elsewhere and moved in, these have neither the group nor an ACL.
  const elsewhere = tempDirectory(t);
  write(join(elsewhere, "f"), "x");
  write(join(elsewhere, "d/g"), "x");
  fs.symlinkSync("x", join(elsewhere, "l"));
  for (const name of ["f", "d", "l"]) fs.renameSync(join(elsewhere, name), join(world.a, name));
  t.deepEqual((await world.sync()).problems, []);
  assertEqualTrees(t, world.a, world.b);
});

test.serial("the staging area is never listed, and one that is a symlink or a file leads nobody out", async (t) => {
  for (const kind of ["symlink", "file"]) {
    const world = createWorld(t);
    const outside = tempDirectory(t);
    write(join(outside, "precious"), "precious");
    write(join(world.a, "f"), "new");
    if (kind === "symlink") fs.symlinkSync(outside, join(world.b, ".lockstep"));
    else write(join(world.b, ".lockstep"), "a file");
    await world.sync().catch(() => undefined);
    t.deepEqual(fs.readdirSync(outside), ["precious"], kind);
    t.is(fs.readFileSync(join(outside, "precious"), "utf8"), "precious");
    await world.sync().catch(() => undefined);
    t.is(fs.readFileSync(join(outside, "precious"), "utf8"), "precious");
  }
});

test.serial("a root that is missing, or a file, is said so by code", async (t) => {
  const directory = tempDirectory(t);
  write(join(directory, "file"), "x");
  fs.mkdirSync(join(directory, "empty"));
  const scan = async (name: string, isSource: boolean): Promise<unknown> => {
    const tree = openTree("www", join(directory, name), { cache: new MemoryHashCache(), journal: new MemoryJournal() });
    const alive = setInterval(() => undefined, 60_000);
    try {
      return await tree.begin().scan({ classification: WHOLE_ROOT, now: 0, fresh: false, isSource });
    } finally {
      clearInterval(alive);
      await tree.close();
    }
  };
  await t.throwsAsync(scan("missing", false), { code: "LOCKSTEP_ROOT_MISSING" });
  await t.throwsAsync(scan("file", false), { code: "LOCKSTEP_ROOT_NOT_DIRECTORY" });
  await t.throwsAsync(scan("empty", true), { code: "LOCKSTEP_ROOT_EMPTY" });
  await t.notThrowsAsync(scan("empty", false));
});

test.serial("a tree that is closed while its threads still load does not take the process with it", (t) => {
  const directory = tempDirectory(t);
  // As on a slow machine: each thread is at its first native calls for a while.
  const slow = `
    import { writeSync } from "node:fs";
    import { isMainThread } from "node:worker_threads";
    import koffi from ${JSON.stringify(import.meta.resolve("koffi"))};
    const { load } = koffi;
    koffi.load = (...args) => {
      const library = load(...args);
      if (isMainThread) return library;
      for (const end = Date.now() + 300; Date.now() < end; ) library.func("close", "int", ["int"]);
      writeSync(1, "loaded\\n");
      return library;
    };`;
  const program = `
    import { openTree } from ${JSON.stringify(compiledUrl("src/tree/open-tree.ts"))};
    for (const after of [0, 100, 200]) {
      const tree = openTree("www", "/nowhere", { cache: {}, journal: {} });
      await new Promise((resolve) => setTimeout(resolve, after));
      await tree.close();
    }
    console.log("closed");`;
  fs.writeFileSync(join(directory, "slow.mjs"), slow);
  fs.writeFileSync(join(directory, "program.mjs"), program);
  const args = ["--import", join(directory, "slow.mjs"), join(directory, "program.mjs")];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
  // The C library and zstd, in both threads of each tree.
  t.is(stdout, `${"loaded\n".repeat(12)}closed\n`, stderr);
});

test.serial("steps out of order are refused by code", async (t) => {
  const { remoteTree } = createWorld(t);
  const round = remoteTree.begin();
  await t.throwsAsync(round.nodes(0, 0, 1), { code: "LOCKSTEP_OUT_OF_ORDER" });
  await t.throwsAsync(round.commit(0), { code: "LOCKSTEP_OUT_OF_ORDER" });
  await round.scan({ classification: WHOLE_ROOT, now: 0, fresh: false, isSource: false });
  await t.throwsAsync(round.stage({ block: 0, stated: new Uint8Array(), actions: new Uint8Array() }), {
    code: "LOCKSTEP_OUT_OF_ORDER",
  });
  await t.throwsAsync(round.delete([]), { code: "LOCKSTEP_OUT_OF_ORDER" });
  await round.prepare({ delete: true, deletions: 0, durability: "none", hold: "none" });
  await t.throwsAsync(round.commit(3), { code: "LOCKSTEP_OUT_OF_ORDER" });
  await t.throwsAsync(round.nodes(0, 5, 1), { code: "LOCKSTEP_MALFORMED" });
  await t.throwsAsync(round.state([[50, 1]], [], []), { code: "LOCKSTEP_MALFORMED" });
  await t.throwsAsync(round.groupDigests([[[0, 99]]]), { code: "LOCKSTEP_MALFORMED" });
  await round.close(true);
});

// Seen: a release that took the old one's place on the master while a sync ran, and whose old directory was being
// removed: what was gone from there was deleted on the remote, though the root had it; and "in step" was said of it.
for (const isSource of [true, false]) {
  const [side, code] = isSource ? ["master", "LOCKSTEP_SOURCE_CHANGED"] : ["remote", "LOCKSTEP_TARGET_CHANGED"];
  test.serial(
    `a root whose directory another one replaces during a round is not listed any more, ${side}`,
    async (t) => {
      const { a, masterTree } = createWorld(t);
      for (const name of ["kept", "gone"]) write(join(a, name), name);
      const options = { classification: WHOLE_ROOT, now: 0, fresh: false, isSource };
      const round = masterTree.begin();
      await round.scan(options);
      t.deepEqual(await round.absent(["missing"]), ["missing"]);
      fs.cpSync(a, `${a}.new`, { recursive: true });
      fs.renameSync(a, `${a}.old`);
      await t.throwsAsync(round.scan(options), { code: "LOCKSTEP_ROOT_MISSING" });
      fs.renameSync(`${a}.new`, a);
      fs.rmSync(join(`${a}.old`, "gone"));
      await t.throwsAsync(round.absent(["gone"]), { code });
      await t.throwsAsync(round.scan(options), { code });
      fs.rmSync(`${a}.old`, { recursive: true });
      await t.throwsAsync(round.scan(options), { code });
      await round.close(false);
      t.is((await masterTree.begin().scan(options)).entries, 2);
    },
  );
}

// Seen: a fault in Lockstep, to be reported.
test.serial("content of a root that cannot be opened is told as unreadable", async (t) => {
  const { a, masterTree } = createWorld(t);
  fs.rmdirSync(a);
  const reading = masterTree.content.read([{ index: 0, path: "f", size: 1, offset: 0, length: 1 }], PLAIN);
  await t.throwsAsync(reading, { code: "LOCKSTEP_SOURCE_UNREADABLE", message: /ENOENT/ });
});

// Seen: one descriptor more with each round that was cut short.
test.serial("a round that is cut short leaves nothing open", async (t) => {
  const { b, remoteTree } = createWorld(t);
  for (let i = 0; i < 3; i++) {
    const round = remoteTree.begin();
    await round.scan({ classification: WHOLE_ROOT, now: 0, fresh: false, isSource: false });
    for (let pass = 0; pass < 2; pass++) {
      await round.prepare({ delete: true, deletions: 0, durability: "none", hold: "none" });
    }
    await round.close(false);
  }
  t.deepEqual(
    openPaths().filter((path) => path.startsWith(b)),
    [],
  );
});

test.serial("digests of files changed within the last two seconds are not written to the cache", async (t) => {
  const world = createWorld(t);
  for (let i = 0; i < 10; i++) {
    const before = world.cache.stored;
    const at = performance.now();
    for (const root of [world.a, world.b]) write(join(root, `f${i}`), root);
    await world.sync();
    // On a busy machine they may have been at rest for so long.
    if (performance.now() - at > 1_500) continue;
    t.is(world.cache.stored, before);
    return;
  }
  t.fail("this machine is too busy for a sync within two seconds");
});

test.serial(
  "a round cut short between commit and finish gives directories their times back when it closes",
  async (t) => {
    const world = createWorld(t);
    for (const root of [world.a, world.b]) {
      write(join(root, "d/f"), root === world.a ? "newer" : "old");
      for (const directory of ["d", ""]) fs.utimesSync(join(root, directory), 1_600_000_000, 1_600_000_000);
    }
    await t.throwsAsync(
      world.sync({
        beforeDelete: () => {
          throw new Error("cut short");
        },
      }),
      { message: "cut short" },
    );
    t.is(fs.statSync(join(world.b, "d")).mtimeMs, 1_600_000_000_000);
    t.is(fs.readFileSync(join(world.b, "d/f"), "utf8"), "newer");
    t.is(world.journal.parts.size, 0);
    t.deepEqual((await world.sync()).problems, []);
    assertEqualTrees(t, world.a, world.b);
  },
);

// Seen: the report said that nothing was deleted.
test.serial("what goes with a directory that turns into a further name of a link is counted", async (t) => {
  const world = createWorld(t);
  for (const root of [world.a, world.b]) write(join(root, "keep/5"), "5");
  fs.linkSync(join(world.a, "keep/5"), join(world.a, "p"));
  for (const name of ["p/x", "p/y"]) write(join(world.b, name), name);
  const { problems, counts } = await world.sync();
  t.deepEqual(problems, []);
  t.is(counts.deleted, 2);
  assertEqualTrees(t, world.a, world.b);
});

// Seen: a second pass, and a path that somebody was said to have changed.
test.serial("the other name of what went with a directory is as it was listed", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "p"), "a file now");
  write(join(world.b, "p/h"), "linked");
  fs.linkSync(join(world.b, "p/h"), join(world.b, "z"));
  const { problems, counts } = await world.sync();
  t.deepEqual(problems, []);
  t.is(counts.deleted, 2);
  assertEqualTrees(t, world.a, world.b);
});

const DIRECTORY_TIME = 1_600_000_000;

/** What a crash leaves behind: a directory whose mode was widened and whose time has moved. */
async function crashedIn(world: World): Promise<void> {
  for (const root of [world.a, world.b]) {
    write(join(root, "d/f"), "same");
    fs.utimesSync(join(root, "d/f"), DIRECTORY_TIME, DIRECTORY_TIME);
  }
  fs.chmodSync(join(world.b, "d"), 0o755);
  const touched = [{ path: "d", sec: DIRECTORY_TIME, nsec: 0, closed: 0o555 }];
  const { ino } = fs.statSync(world.b, { bigint: true });
  const place = `${ino >> 32n}:${ino & 0xffff_ffffn} ${world.b}`;
  await world.journal.write(0, encodeJournalPart({ place, touched, directories: [] }));
}

// Seen: the next round began its journal anew, and directories stayed writable.
test.serial(
  "what could not be put right at the start, as the root was not there, is put right by a round",
  async (t) => {
    const world = createWorld(t);
    await crashedIn(world);
    fs.renameSync(world.b, `${world.b}.away`);
    await t.throwsAsync(world.remoteTree.recover());
    fs.renameSync(`${world.b}.away`, world.b);
    const round = world.remoteTree.begin();
    await round.scan({ classification: WHOLE_ROOT, now: 0, fresh: false, isSource: false });
    await round.close(false);
    const stat = fs.statSync(join(world.b, "d"));
    t.is(stat.mode & 0o777, 0o555);
    t.is(stat.mtimeMs, DIRECTORY_TIME * 1000);
    t.is(world.journal.parts.size, 0);
  },
);

// Seen: with another directory given for the root, directories there got modes and times of those in the first one.
test.serial("what a crash left undone is put right in its own directory only", async (t) => {
  const world = createWorld(t);
  await crashedIn(world);
  fs.renameSync(world.b, `${world.b}.first`);
  write(join(world.b, "d/f"), "other");
  fs.chmodSync(join(world.b, "d"), 0o755);
  const modified = fs.statSync(join(world.b, "d")).mtimeMs;
  const looks = async (): Promise<void> => {
    const round = world.remoteTree.begin();
    await round.scan({ classification: WHOLE_ROOT, now: 0, fresh: false, isSource: false });
    await round.close(false);
  };
  await world.remoteTree.recover();
  await looks();
  const other = fs.statSync(join(world.b, "d"));
  t.deepEqual([other.mode & 0o777, other.mtimeMs], [0o755, modified]);
  t.is(world.journal.parts.size, 1);
  fs.renameSync(world.b, `${world.b}.second`);
  fs.renameSync(`${world.b}.first`, world.b);
  await looks();
  const first = fs.statSync(join(world.b, "d"));
  t.deepEqual([first.mode & 0o777, first.mtimeMs], [0o555, DIRECTORY_TIME * 1000]);
  t.is(world.journal.parts.size, 0);
});

test.serial("nothing more is begun while what a crash left undone cannot be put right", async (t) => {
  const world = createWorld(t);
  await crashedIn(world);
  const { read } = world.journal;
  let broken = true;
  world.journal.read = () => (broken ? Promise.reject(new Error("cannot be read")) : read.call(world.journal));
  const round = world.remoteTree.begin();
  await round.scan({ classification: WHOLE_ROOT, now: 0, fresh: false, isSource: false });
  const limits = { delete: true, deletions: 0, durability: "none", hold: "none" } as const;
  await t.throwsAsync(round.prepare(limits), { message: "cannot be read" });
  t.is(world.journal.parts.size, 1);
  broken = false;
  await round.prepare(limits);
  t.is(fs.statSync(join(world.b, "d")).mode & 0o777, 0o555);
  await round.close(false);
});

test.serial("a journal that cannot be read does not keep a root from being synced", async (t) => {
  const world = createWorld(t);
  await world.journal.write(0, Uint8Array.of(2, 255, 255));
  write(join(world.a, "f"), "new");
  t.deepEqual((await world.sync()).problems, []);
  assertEqualTrees(t, world.a, world.b);
});
