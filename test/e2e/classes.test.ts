import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import {
  countsOf,
  differences,
  dumpTree,
  Fleet,
  IS_ROOT,
  NO_CHANGES,
  type RootOptions,
  writeTree,
} from "./mesh-harness.ts";

let fleet: Fleet;

const classes = {
  pages: { include: ["**/*.html"], exclude: ["drafts/**"], type: ["file"], size: "<1KiB" },
  old: { age: ">7d", type: ["file"] },
};
/** User of the host that is not root. */
const LOWLY = 65534;
const NAMES = [
  "group",
  "grown",
  "parents",
  "missing",
  "alive",
  "aged",
  "shrunk",
  "counted",
  "linked",
  "taken",
  "stays",
];

test.before(async () => {
  const root: RootOptions = { comparison: ["delta"], master: "alpha", remotes: ["beta"], maxDelete: "100%", classes };
  fleet = await Fleet.start({
    hosts: {
      alpha: {},
      beta: { roots: NAMES },
      delta: { roots: [] },
      ...(IS_ROOT ? { lowly: { roots: ["left"], uid: LOWLY } } : {}),
    },
    roots: {
      ...Object.fromEntries(NAMES.map((name) => [name, root])),
      ...(IS_ROOT ? { left: { ...root, remotes: ["lowly"] } } : {}),
    },
  });
  await fleet.assign();
});

test.after.always(async () => {
  await fleet?.stop();
});

function paths(root: string): { master: string; remote: string } {
  return { master: fleet.path("alpha", root), remote: fleet.path("beta", root) };
}

async function syncClass(t: ExecutionContext, root: string, name = "pages") {
  const sync = await fleet.run("sync", root, "--class", name);
  t.is(sync.exitCode, 0, sync.stdout);
  t.is(sync.json.class, name);
  return sync.json.remotes["beta"];
}

const read = (...path: string[]): string => readFileSync(join(...path), "utf8");

test.serial("only the group is created, changed and deleted", async (t) => {
  const { master, remote } = paths("group");
  writeTree(master, {
    "index.html": "new",
    "sub/page.html": "page",
    "drafts/draft.html": "draft",
    "style.css": "css",
    "sub/big.html": "x".repeat(4096),
  });
  writeTree(remote, {
    "index.html": "an old version",
    "gone.html": "gone",
    "sub/also gone.html": "gone",
    "drafts/kept.html": "kept",
    "kept.css": "kept",
    "style.css": "another style",
  });
  const plan = await fleet.run("plan", "group", "--class", "pages");
  const result = await syncClass(t, "group");
  t.deepEqual(countsOf(result), { created: 1, updated: 1, deleted: 2, attributes: 0 });
  t.deepEqual(countsOf(plan.json.remotes["beta"]), countsOf(result));
  t.is(read(remote, "index.html"), "new");
  t.is(read(remote, "sub/page.html"), "page");
  for (const gone of ["gone.html", "sub/also gone.html", "sub/big.html", "drafts/draft.html"]) {
    t.false(existsSync(join(remote, gone)), gone);
  }
  t.is(read(remote, "drafts/kept.html"), "kept");
  t.is(read(remote, "kept.css"), "kept");
  t.is(read(remote, "style.css"), "another style");
  t.deepEqual(countsOf(await syncClass(t, "group")), NO_CHANGES);
});

test.serial("a file that grew past the size on the master is updated, not deleted", async (t) => {
  const { master, remote } = paths("grown");
  writeTree(master, { "a.html": "small", "b.html": "stays" });
  await syncClass(t, "grown");
  writeFileSync(join(master, "a.html"), "x".repeat(5000));
  const result = await syncClass(t, "grown");
  t.deepEqual(countsOf(result), { ...NO_CHANGES, updated: 1 });
  // The root itself is no file, so its time is outside the group.
  utimesSync(remote, 1, 1);
  utimesSync(master, 1, 1);
  t.is(differences(master, remote), "");
});

test.serial("a file that only the remote grew past the size is put right", async (t) => {
  const { master, remote } = paths("shrunk");
  writeTree(master, { "a.html": "small" });
  await syncClass(t, "shrunk");
  writeFileSync(join(remote, "a.html"), "x".repeat(5000));
  t.deepEqual(countsOf(await syncClass(t, "shrunk")), { ...NO_CHANGES, updated: 1 });
  t.is(read(remote, "a.html"), "small");
});

test.serial("directories outside the group keep their attributes", async (t) => {
  const { master, remote } = paths("parents");
  writeTree(master, { "dir/sub/a.html": "new", "dir/b.html": "b" });
  writeTree(remote, { "dir/sub/old.html": "old", "dir/sub/a.html": "old" });
  chmodSync(join(remote, "dir"), 0o700);
  chmodSync(join(remote, "dir/sub"), 0o750);
  const times = { "": 1_000_000_001, dir: 1_000_000_002, "dir/sub": 1_000_000_003 };
  for (const [path, time] of Object.entries(times)) utimesSync(join(remote, path), time, time);
  await syncClass(t, "parents");
  t.is(read(remote, "dir/sub/a.html"), "new");
  t.false(existsSync(join(remote, "dir/sub/old.html")));
  t.is(statSync(join(remote, "dir")).mode & 0o7777, 0o700);
  t.is(statSync(join(remote, "dir/sub")).mode & 0o7777, 0o750);
  for (const [path, time] of Object.entries(times)) t.is(statSync(join(remote, path)).mtimeMs, time * 1000, path);
});

test.serial("a directory that the group needs is created with the master's attributes", async (t) => {
  const { master, remote } = paths("missing");
  writeTree(master, { "some/deep/directory/a.html": "a", "unneeded/b.css": "b" });
  chmodSync(join(master, "some/deep"), 0o750);
  utimesSync(join(master, "some/deep"), 1_000_000_004, 1_000_000_004);
  await syncClass(t, "missing");
  t.is(read(remote, "some/deep/directory/a.html"), "a");
  t.is(statSync(join(remote, "some/deep")).mode & 0o7777, 0o750);
  t.is(statSync(join(remote, "some/deep")).mtimeMs, 1_000_000_004_000);
  t.false(existsSync(join(remote, "unneeded")));
});

// Seen: the sync said of it, again and again, that it had changed, and the plan did not foresee it.
test.serial("what stands outside the group where it needs a directory is told, and stays", async (t) => {
  const { master, remote } = paths("taken");
  writeTree(master, { "a/b/page.html": "page", "c/page.html": "page", "other/page.html": "page" });
  writeTree(remote, { a: "a file" });
  symlinkSync("nowhere", join(remote, "c"));
  for (const command of ["plan", "sync", "sync"]) {
    const { exitCode, json } = await fleet.run(command, "taken", "--class", "pages");
    t.is(exitCode, 3, command);
    const problems = json.remotes["beta"].problems.map(({ path, code }) => `${path} ${code}`);
    t.deepEqual(problems, ["a LOCKSTEP_DELETE_FORBIDDEN", "c LOCKSTEP_DELETE_FORBIDDEN"], command);
  }
  t.is(read(remote, "a"), "a file");
  t.is(read(remote, "other/page.html"), "page");
});

test.serial("entries outside the group keep a directory alive", async (t) => {
  const { master, remote } = paths("alive");
  fleet.configure("alive", { classes: { ...classes, notes: { include: ["notes/"], exclude: ["*.keep"] } } });
  writeTree(master, { "other.txt": "other" });
  writeTree(remote, { "notes/unselected.keep": "stays", "other.txt": "other" });
  for (const name of ["selected.txt", "b", "c", "d"]) writeTree(remote, { [`notes/${name}`]: "goes" });
  // The guard is another test's business.
  fleet.configure("alive", { maxDelete: 100 });
  const sync = await fleet.run("sync", "alive", "--class", "notes");
  t.false(existsSync(join(remote, "notes/selected.txt")), sync.stdout);
  t.is(read(remote, "notes/unselected.keep"), "stays");
  t.is(sync.exitCode, 3);
  t.deepEqual(
    sync.json.remotes["beta"].problems.map(({ path, code }) => [path, code]),
    [["notes", "LOCKSTEP_DIRECTORY_NOT_EMPTY"]],
  );
});

// Defect: the root is subtracted from the entries although a class does not list it.
test.serial("the entries of a group are counted, and maxDelete is a share of them", async (t) => {
  const { master, remote } = paths("counted");
  writeTree(master, { "other.txt": "other" });
  writeTree(remote, { "a.html": "a", "b.html": "b" });
  const plan = await fleet.run("plan", "counted", "--class", "pages");
  t.is(plan.json.remotes["beta"].entries, 2);
  const sync = await fleet.run("sync", "counted", "--class", "pages");
  t.is(sync.exitCode, 0, sync.stdout);
  t.deepEqual(countsOf(sync.json.remotes["beta"]), { ...NO_CHANGES, deleted: 2 });
});

test.serial("a class by age takes what either side has left alone for so long", async (t) => {
  const { master, remote } = paths("aged");
  writeTree(master, { old: "old", young: "young", "touched lately": "new" });
  writeTree(remote, { "old extra": "x", "young extra": "y", "touched lately": "old" });
  const ago = Date.now() / 1000 - 30 * 86_400;
  utimesSync(join(master, "old"), ago, ago);
  utimesSync(join(remote, "old extra"), ago, ago);
  utimesSync(join(remote, "touched lately"), ago, ago);
  const result = await syncClass(t, "aged", "old");
  t.deepEqual(countsOf(result), { created: 1, updated: 1, deleted: 1, attributes: 0 });
  t.is(read(remote, "old"), "old");
  t.is(read(remote, "touched lately"), "new");
  t.is(read(remote, "young extra"), "y");
  t.false(existsSync(join(remote, "young")));
});

test.serial("a class never touches the rest, whatever lies there", async (t) => {
  const { master, remote } = paths("group");
  mkdirSync(join(master, "new directory"));
  rmSync(join(master, "style.css"));
  const before = dumpTree(remote);
  t.deepEqual(countsOf(await syncClass(t, "group")), NO_CHANGES);
  t.is(dumpTree(remote), before);
});

test.serial("names of one file stay so when the master's has left the group", async (t) => {
  const { master, remote } = paths("linked");
  writeTree(master, { "a.html": "short" });
  for (const name of ["b.html", "c.html"]) linkSync(join(master, "a.html"), join(master, name));
  t.is((await fleet.run("sync", "linked")).exitCode, 0);
  const inodes = (): number[] => ["a.html", "b.html", "c.html"].map((name) => statSync(join(remote, name)).ino);
  t.is(new Set(inodes()).size, 1);
  writeFileSync(join(master, "a.html"), "x".repeat(4096));
  const { bytesFromMaster } = await syncClass(t, "linked");
  t.is(read(remote, "c.html").length, 4096);
  t.is(new Set(inodes()).size, 1);
  t.is(bytesFromMaster, 4096);
  t.is(differences(master, remote), "");
});

(IS_ROOT ? test.serial : test.serial.skip)(
  "what leaves the class by its own update is compared all the same",
  async (t) => {
    const [master, remote] = [fleet.path("alpha", "left"), fleet.path("lowly", "left")];
    writeTree(master, { foreign: "new", own: "new" });
    writeTree(remote, { foreign: "old", own: "old" });
    chownSync(join(master, "foreign"), 99, 98);
    chownSync(join(master, "own"), LOWLY, LOWLY);
    const old = Date.now() / 1000 - 8 * 86_400;
    for (const name of ["foreign", "own"]) {
      utimesSync(join(remote, name), old, old);
      chownSync(join(remote, name), LOWLY, LOWLY);
    }
    const sync = await fleet.run("sync", "left", "--class", "old");
    t.is(sync.exitCode, 3, sync.stdout);
    const { problems, updated } = sync.json.remotes["lowly"];
    t.is(updated, 2);
    t.deepEqual(
      problems.map(({ path, code }) => [path, code]),
      [["foreign", "LOCKSTEP_UNREPRESENTABLE"]],
    );
    for (const name of ["foreign", "own"]) t.is(read(remote, name), "new");
  },
);

// Seen: LOCKSTEP_TARGET_CHANGED, which says that it is worth another try.
test.serial("a directory that holds what is outside the group stays where a file of it should be", async (t) => {
  const { master, remote } = paths("stays");
  writeTree(master, { "logs.html": "small" });
  writeTree(remote, { "logs.html/large": "x".repeat(4096) });
  const sync = await fleet.run("sync", "stays", "--class", "pages");
  t.is(sync.exitCode, 3, sync.stdout);
  const [{ path, code }] = sync.json.remotes["beta"].problems;
  t.deepEqual([path, code], ["logs.html", "LOCKSTEP_DIRECTORY_NOT_EMPTY"]);
  t.is(read(remote, "logs.html/large").length, 4096);
});
