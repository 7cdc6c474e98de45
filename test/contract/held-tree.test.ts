/** A tree whose files are held while they are switched: what others hold, and what is done to the round meanwhile. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { WHOLE_ROOT } from "../../src/model/classification.ts";
import type { Hold } from "../../src/model/order.ts";
import { ACTIONS } from "../../src/model/plan.ts";
import type { Problem } from "../../src/model/problem.ts";
import { decodeStated } from "../../src/model/statement.ts";
import type { Tree, TreeRound } from "../../src/ports/tree.ts";
import { compiledUrl, importCompiled } from "../fixtures/compiled-source.ts";
import { MemoryHashCache } from "../fixtures/memory-hash-cache.ts";
import { MemoryJournal, type SyncOptions, type SyncResult, syncTrees } from "../fixtures/sync-trees.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

const { openTree } = await importCompiled<typeof import("../../src/tree/open-tree.ts")>("src/tree/open-tree.ts");
const IS_ROOT = process.geteuid?.() === 0;
const LIST = { classification: WHOLE_ROOT, now: 0, fresh: false, isSource: false };

interface World {
  readonly a: string;
  readonly b: string;
  readonly masterTree: Tree;
  readonly remoteTree: Tree;
  sync(options?: SyncOptions): Promise<SyncResult>;
}

function createWorld(t: ExecutionContext): World {
  const directory = tempDirectory(t);
  const [a, b] = [join(directory, "a"), join(directory, "b")];
  fs.mkdirSync(a);
  fs.mkdirSync(b);
  const masterTree = openTree("www", a, { cache: new MemoryHashCache(), journal: new MemoryJournal() });
  const remoteTree = openTree("www", b, { cache: new MemoryHashCache(), journal: new MemoryJournal() });
  // The threads of a tree do not keep the process alive by themselves.
  const alive = setInterval(() => undefined, 60_000);
  t.teardown(async () => {
    clearInterval(alive);
    await Promise.all([masterTree.close(), remoteTree.close()]);
  });
  return { a, b, masterTree, remoteTree, sync: (options) => syncTrees(masterTree, remoteTree, options) };
}

function write(path: string, content: string): void {
  fs.mkdirSync(join(path, ".."), { recursive: true });
  fs.writeFileSync(path, content);
  fs.utimesSync(path, 1_700_000_000, 1_700_000_000);
}

function codes(problems: readonly Problem[]): [string, string][] {
  return problems.map(({ path, code }) => [path, code]);
}

/** Whether a program gets its lock at once. */
function isFree(path: string): boolean {
  return spawnSync("flock", ["-n", "-x", path, "true"]).status === 0;
}

async function lock(t: ExecutionContext, path: string): Promise<ChildProcess> {
  const child = spawn("flock", ["--no-fork", "-s", path, "sh", "-c", "echo locked; exec sleep 600"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

/** Makes a round ready to commit empty files in the place of old ones, each in a block of its own. */
async function stageEmpty(
  { a, b, masterTree, remoteTree }: World,
  names: string[],
  hold: Hold,
): Promise<{ round: TreeRound; stated: Uint8Array; paths: number }> {
  for (const name of names) {
    write(join(a, name), "");
    write(join(b, name), "old");
  }
  const [master, remote] = [masterTree.begin(), remoteTree.begin()];
  const { entries } = await master.scan(LIST);
  await remote.scan(LIST);
  await remote.prepare({ delete: true, deletions: 0, durability: "none", hold });
  const { stated } = await master.state([[0, entries + 1]], [[0, entries + 1]], []);
  const paths = decodeStated(stated).map(({ entry }) => entry.path);
  for (const [block, name] of names.entries()) {
    const actions = Uint8Array.from(paths, (path) => (path === name ? ACTIONS.replace : 0));
    await remote.stage({ block, stated, actions });
    await remote.staged(block);
  }
  await master.close(false);
  return { round: remote, stated, paths: paths.length };
}

for (const hold of ["advisory", "mandatory"] as const) {
  test.serial(`a host that cannot lock says so before anything is done: ${hold}`, async (t) => {
    process.env["LOCKSTEP_PORTABLE"] = "1";
    let world: World;
    try {
      world = createWorld(t);
      write(join(world.b, "f"), "old");
      const round = world.remoteTree.begin();
      await round.scan(LIST);
      const limits = { delete: true, deletions: 0, durability: "none", hold } as const;
      await t.throwsAsync(round.prepare(limits), { code: "LOCKSTEP_HOLD_UNAVAILABLE" });
      await t.throwsAsync(round.share(1, [[0, 2]]), { code: "LOCKSTEP_HOLD_UNAVAILABLE" });
      await round.prepare({ ...limits, hold: "none" });
      await round.finish();
      await round.close(true);
    } finally {
      delete process.env["LOCKSTEP_PORTABLE"];
    }
  });
}

test.serial("a directory that turns into a file stays while a program has a file in it locked", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "d"), "a file now");
  write(join(world.b, "d/deep/f"), "locked");
  const locker = await lock(t, join(world.b, "d/deep/f"));
  const { problems } = await world.sync({ hold: "advisory" });
  t.deepEqual(codes(problems), [["d", "LOCKSTEP_HELD"]]);
  t.is(fs.readFileSync(join(world.b, "d/deep/f"), "utf8"), "locked");
  locker.kill("SIGKILL");
  t.deepEqual((await world.sync({ hold: "advisory" })).problems, []);
  t.is(fs.readFileSync(join(world.b, "d"), "utf8"), "a file now");
});

test.serial(
  "what is locked stays as it was, whatever was to become of it, and nothing else waits for it",
  async (t) => {
    const world = createWorld(t);
    const { a, b } = world;
    // A link group with new content; one whose names are single files yet; a directory; other attributes; nothing.
    for (const root of [a, b]) {
      write(join(root, "group/1"), root === a ? "new" : "old");
      fs.linkSync(join(root, "group/1"), join(root, "group/2"));
      write(join(root, "single/1"), root === a ? "new" : "old");
      if (root === a) fs.linkSync(join(root, "single/1"), join(root, "single/2"));
      else write(join(root, "single/2"), "old");
      write(join(root, root === a ? "grown/f" : "grown"), "grown");
      write(join(root, "attributes"), "same");
      fs.chmodSync(join(root, "attributes"), root === a ? 0o600 : 0o644);
      if (root === b) write(join(root, "deleted/f"), "deleted");
      write(join(root, "free"), root);
    }
    const locked = ["attributes", "deleted/f", "group/1", "grown", "single/1"];
    const before = locked.map((path) => fs.statSync(join(b, path)));
    const lockers = await Promise.all(locked.map((path) => lock(t, join(b, path))));
    const { problems } = await world.sync({ hold: "advisory" });
    t.deepEqual(
      codes(problems)
        .map(([path, code]) => `${path} ${code}`)
        .sort(),
      [
        "attributes LOCKSTEP_HELD",
        "deleted LOCKSTEP_DIRECTORY_NOT_EMPTY",
        "deleted/f LOCKSTEP_HELD",
        "group/1 LOCKSTEP_HELD",
        "group/2 LOCKSTEP_HELD",
        "grown LOCKSTEP_HELD",
        "grown/f LOCKSTEP_TARGET_CHANGED",
        "single/1 LOCKSTEP_HELD",
        "single/2 LOCKSTEP_TARGET_CHANGED",
      ],
    );
    for (const [i, path] of locked.entries()) {
      const { ino, mode } = fs.statSync(join(b, path));
      t.deepEqual([ino, mode], [before[i].ino, before[i].mode], path);
    }
    t.is(fs.readFileSync(join(b, "free"), "utf8"), a);
    for (const locker of lockers) locker.kill("SIGKILL");
    t.deepEqual((await world.sync({ hold: "advisory" })).problems, []);
    t.is(fs.statSync(join(b, "group/1")).ino, fs.statSync(join(b, "group/2")).ino);
    t.is(fs.statSync(join(b, "single/1")).ino, fs.statSync(join(b, "single/2")).ino);
    t.is(fs.readFileSync(join(b, "group/2"), "utf8"), "new");
    t.false(fs.existsSync(join(b, "deleted")));
  },
);

test.serial("blocks that are committed at once, and twice, leave no lock behind", async (t) => {
  const world = createWorld(t);
  const names = ["f", "g", "h"];
  const { round } = await stageEmpty(world, names, "advisory");
  // So that one waits while the others come.
  const locker = await lock(t, join(world.b, "f"));
  const kept = names.map((name) => fs.openSync(join(world.b, name), "r"));
  const commits = [0, 1, 0, 2, 1].map((block) => round.commit(block).catch((error: Error) => error));
  const deletion = round.delete(["f"]).catch((error: Error) => error);
  setTimeout(() => locker.kill("SIGKILL"), 300);
  await Promise.all([...commits, deletion]);
  for (const name of names) t.true(isFree(join(world.b, name)), name);
  // Their old versions too.
  for (const fd of kept) t.true(isFree(`/proc/${process.pid}/fd/${fd}`));
  for (const fd of kept) fs.closeSync(fd);
  await round.finish();
  await round.close(true);
});

test.serial("a commit that waits for a lock ends with its round, and does not meddle with the next", async (t) => {
  const world = createWorld(t);
  const { round: first } = await stageEmpty(world, ["f"], "advisory");
  const locker = await lock(t, join(world.b, "f"));
  const commit = first.commit(0).then(
    () => "committed",
    () => "refused",
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  await first.close(false);
  const { round: second } = await stageEmpty(world, ["f"], "advisory");
  const [old] = [fs.statSync(join(world.b, "f")).ino];
  locker.kill("SIGKILL");
  t.is(await commit, "refused");
  t.is(fs.statSync(join(world.b, "f")).ino, old);
  t.deepEqual((await second.commit(0)).problems, []);
  await second.finish();
  await second.close(true);
});

test.serial("a tree that is closed while a commit waits ends its round, and starts no thread again", async (t) => {
  const world = createWorld(t);
  const { round } = await stageEmpty(world, ["f"], "advisory");
  await lock(t, join(world.b, "f"));
  const commit = round.commit(0).then(
    () => "committed",
    () => "refused",
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  const closing = round.close(false);
  await world.remoteTree.close();
  t.deepEqual([await commit, await closing], ["refused", undefined]);
  t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "old");
  await t.throwsAsync(world.remoteTree.begin().scan(LIST));
});

test.serial("the master does not state what a writer has locked, and keeps its lock off the rest", async (t) => {
  const { b, remoteTree } = createWorld(t);
  write(join(b, "f"), "f");
  write(join(b, "g"), "g");
  const writer = spawn("flock", ["--no-fork", "-x", join(b, "f"), "sh", "-c", "echo locked; exec sleep 600"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => writer.kill("SIGKILL"));
  await once(writer.stdout, "data");
  const round = remoteTree.begin();
  await round.scan(LIST);
  const refused = await round.share(1, [[0, 3]]);
  t.deepEqual(refused, ["f"]);
  const { paths, problems } = await round.state([[0, 3]], [], refused);
  t.deepEqual([paths, codes(problems)], [["", "g"], [["f", "LOCKSTEP_HELD"]]]);
  t.false(isFree(join(b, "g")));
  await round.unshare(1);
  t.true(isFree(join(b, "g")));
  await round.share(2, [[2, 1]]);
  await round.close(false);
  t.true(isFree(join(b, "g")));
});

test.serial("a master that holds many files keeps descriptors for everything else", (t) => {
  const directory = tempDirectory(t);
  for (let i = 0; i < 320; i++) fs.writeFileSync(join(directory, `f${i}`), "");
  // Seen: a group of links was refused, though it is one file and takes one descriptor.
  fs.writeFileSync(join(directory, "g"), "");
  for (let i = 1; i < 320; i++) fs.linkSync(join(directory, "g"), join(directory, `g${i}`));
  const program = `
    import { closeSync, openSync } from "node:fs";
    import { openTree } from ${JSON.stringify(compiledUrl("src/tree/open-tree.ts"))};
    const nothing = { lookup: async ({ size }) => ({ known: new Uint8Array(size.length), digests: new Uint8Array(32 * size.length) }) };
    const tree = openTree("www", process.argv[2], { cache: nothing, journal: {} });
    const round = tree.begin();
    await round.scan({ classification: ${JSON.stringify(WHOLE_ROOT)}, now: 0, fresh: false, isSource: false });
    const share = (id, first) => round.share(id, [[first, 160]]).then(() => "shared", ({ code }) => code);
    console.log(await share(1, 1), await share(2, 161));
    const fds = Array.from({ length: 100 }, () => openSync("/dev/null"));
    for (const fd of fds) closeSync(fd);
    await round.unshare(1);
    console.log(await share(3, 161));
    await round.unshare(3);
    console.log(await round.share(4, [[321, 320]]).then(() => "shared", ({ code }) => code));
    await round.close(false);
    await tree.close();
    process.exit(0);`;
  const file = join(tempDirectory(t), "program.mjs");
  fs.writeFileSync(file, program);
  const args = ["-c", 'ulimit -n 400 && exec "$@"', "sh", process.execPath, file, directory];
  const { stdout, stderr } = spawnSync("sh", args, { encoding: "utf8", timeout: 60_000 });
  t.is(stdout, "shared LOCKSTEP_NO_RESOURCES\nshared\nshared\n", stderr);
});

test.serial("a share that waits for a lock ends with its round, and takes nothing in the next", async (t) => {
  const { b, remoteTree } = createWorld(t);
  write(join(b, "f"), "f");
  write(join(b, "g"), "g");
  const writer = spawn("flock", ["--no-fork", "-x", join(b, "f"), "sh", "-c", "echo locked; exec sleep 600"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => writer.kill("SIGKILL"));
  await once(writer.stdout, "data");
  const first = remoteTree.begin();
  await first.scan(LIST);
  const share = first.share(1, [[0, 3]]).then(
    () => "shared",
    () => "refused",
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  await first.close(false);
  const second = remoteTree.begin();
  await second.scan(LIST);
  writer.kill("SIGKILL");
  t.is(await share, "refused");
  t.true(isFree(join(b, "g")));
  await second.close(false);
});

for (const hold of ["advisory", ...(IS_ROOT ? ["mandatory"] : [])] as Hold[]) {
  test.serial(`other work of the round does not lengthen a hold: ${hold}`, async (t) => {
    const world = createWorld(t);
    for (let i = 0; i < 5000; i++) fs.writeFileSync(join(world.a, `other-${i}`), "");
    const { round, stated, paths } = await stageEmpty(world, ["f"], hold);
    let block = 1;
    const stage = (): Promise<unknown> => round.stage({ block: block++, stated, actions: new Uint8Array(paths) });
    let busy = true;
    const work = Array.from({ length: 60 }, async () => {
      while (busy) await stage();
    });
    const started = performance.now();
    await stage();
    const queue = performance.now() - started;
    const { held, problems } = await round.commit(0);
    busy = false;
    await Promise.all(work);
    t.deepEqual(problems, []);
    t.is(held?.files, 1);
    t.true((held?.ms ?? 0) < queue / 4, `held for ${held?.ms} ms, with work of ${queue} ms before it`);
    await round.finish();
    await round.close(true);
  });
}

(IS_ROOT ? test.serial : test.serial.skip)(
  "a hold process that dies stops the switch, and the next pass has another",
  async (t) => {
    const world = createWorld(t);
    const { round } = await stageEmpty(world, ["f", "g"], "mandatory");
    const { stdout } = spawnSync("pgrep", ["-P", `${process.pid}`, "-f", "hold-process"], { encoding: "utf8" });
    t.regex(stdout, /^\d+\n$/);
    process.kill(Number(stdout), "SIGKILL");
    for (const block of [0, 1]) await t.throwsAsync(round.commit(block), { code: "LOCKSTEP_HOLD_ENDED" });
    t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "old");
    await round.finish();
    await round.close(true);
    t.deepEqual((await world.sync({ hold: "mandatory" })).problems, []);
    t.is(fs.readFileSync(join(world.b, "f"), "utf8"), "");
  },
);
