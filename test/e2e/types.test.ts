import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { countsOf, differences, Fleet, IS_ROOT, NO_CHANGES, writeTree } from "./mesh-harness.ts";

const NAMES = [
  "special",
  "types",
  "links",
  "outside",
  "readonly",
  "times",
  "modes",
  "targets",
  "names",
  "xattrs",
  "mounted",
  "shielded",
];
const NOBODY = 65534;
const asRoot = IS_ROOT ? test.serial : test.serial.skip;
let fleet: Fleet;

test.before(async (t) => {
  if (!IS_ROOT) t.log("not root: devices, owners and hosts of other users are left out");
  const root = { comparison: ["delta"], master: "alpha", remotes: ["beta"], maxDelete: "100%" };
  const lowly = { comparison: ["delta"], master: "alpha", remotes: ["lowly"], maxDelete: "100%" };
  const roots = { ...Object.fromEntries(NAMES.map((name) => [name, root])), unreadable: lowly, foreign: lowly };
  fleet = await Fleet.start({
    hosts: {
      alpha: {},
      beta: { roots: NAMES },
      delta: { roots: [] },
      lowly: { roots: ["unreadable", "foreign"], ...(IS_ROOT ? { uid: NOBODY } : {}) },
    },
    roots,
  });
  await fleet.assign();
});

test.after.always(async () => {
  await fleet?.stop();
});

/** Syncs, and demands that the remote is equal and a further plan is empty. */
async function comesInStep(t: ExecutionContext, root: string): Promise<void> {
  const plan = await fleet.run("plan", root);
  const sync = await fleet.run("sync", root);
  t.is(sync.exitCode, 0, sync.stdout);
  t.is(differences(fleet.path("alpha", root), fleet.path("beta", root)), "");
  t.deepEqual(countsOf(sync.json.remotes["beta"]), countsOf(plan.json.remotes["beta"]), "sync did what plan said");
  const again = await fleet.run("plan", root);
  t.deepEqual(countsOf(again.json.remotes["beta"]), NO_CHANGES);
}

function run(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}

asRoot("fifos, devices and sockets are made, kept and changed", async (t) => {
  const master = fleet.path("alpha", "special");
  run("mkfifo", "-m", "640", join(master, "fifo"));
  run("mknod", join(master, "character"), "c", "1", "3");
  run("mknod", join(master, "block"), "b", "259", "300");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(master, "socket"), resolve));
  try {
    await comesInStep(t, "special");
    // Another device number, and types among each other.
    run("rm", join(master, "character"), join(master, "block"), join(master, "fifo"));
    run("mknod", join(master, "character"), "c", "1", "5");
    run("mkfifo", join(master, "block"));
    writeFileSync(join(master, "fifo"), "a file now");
    await comesInStep(t, "special");
  } finally {
    server.close();
  }
});

test.serial("a path turns from any type into any other, with all that it holds", async (t) => {
  const master = fleet.path("alpha", "types");
  const make: Record<string, (path: string) => void> = {
    file: (path) => writeFileSync(path, `content of ${path.slice(-20)}`),
    empty: (path) => writeFileSync(path, ""),
    directory: (path) => writeTree(path, { "a/b": "deep", c: "flat", "a/e/": "" }),
    hollow: (path) => mkdirSync(path),
    symlink: (path) => symlinkSync("somewhere", path),
    "symlink to a directory": (path) => symlinkSync(".", path),
  };
  const kinds = Object.keys(make);
  const pairs = kinds.flatMap((from) => kinds.map((to) => ({ from, to, path: join(master, `${from} to ${to}`) })));
  for (const { from, path } of pairs) make[from](path);
  await comesInStep(t, "types");
  for (const { to, path } of pairs) {
    rmSync(path, { recursive: true });
    make[to](path);
  }
  await comesInStep(t, "types");
});

test.serial("hard-link groups grow, shrink, split, merge, move and change content", async (t) => {
  const master = fleet.path("alpha", "links");
  const at = (name: string): string => join(master, name);
  mkdirSync(at("sub"));
  for (const group of ["grow", "shrink", "split", "content", "dissolve", "attributes", "first", "a-one", "b-one"]) {
    writeFileSync(at(`${group} 1`), `content of ${group}`);
    for (const n of [2, 3, 4]) linkSync(at(`${group} 1`), at(n === 3 ? `sub/${group} ${n}` : `${group} ${n}`));
  }
  writeFileSync(at("alone"), "alone");
  await comesInStep(t, "links");

  const alone = (name: string): void => {
    const content = readFileSync(at(name));
    unlinkSync(at(name));
    writeFileSync(at(name), content);
  };
  linkSync(at("grow 1"), at("grow 5"));
  linkSync(at("grow 1"), at("a grow 0"));
  unlinkSync(at("shrink 1"));
  alone("split 4");
  alone("sub/split 3");
  unlinkSync(at("split 4"));
  linkSync(at("sub/split 3"), at("split 4"));
  writeFileSync(at("content 2"), "other content for all of them");
  for (const name of ["dissolve 1", "dissolve 2", "sub/dissolve 3"]) alone(name);
  chmodSync(at("attributes 4"), 0o600);
  utimesSync(at("attributes 4"), 1_000_000_000, 1_000_000_000);
  alone("first 1");
  // Two groups become one.
  for (const name of ["b-one 1", "b-one 2", "sub/b-one 3", "b-one 4"]) {
    unlinkSync(at(name));
    linkSync(at("a-one 1"), at(name));
  }
  unlinkSync(at("alone"));
  linkSync(at("grow 1"), at("alone"));
  await comesInStep(t, "links");
});

test.serial("a hard-linked file outside of the root is not written to", async (t) => {
  const [master, remote] = [fleet.path("alpha", "outside"), fleet.path("beta", "outside")];
  const stranger = join(fleet.directory, "beta", "a name outside of the root");
  const another = join(fleet.directory, "beta", "another name outside of the root");
  writeTree(master, { content: "right", attributes: "same" });
  writeTree(remote, { content: "wrong", attributes: "same" });
  linkSync(join(remote, "content"), stranger);
  linkSync(join(remote, "attributes"), another);
  chmodSync(join(remote, "attributes"), 0o600);
  utimesSync(another, 1_000_000_000, 1_000_000_000);
  await comesInStep(t, "outside");
  t.is(readFileSync(stranger, "utf8"), "wrong");
  t.is(lstatSync(another).mode & 0o7777, 0o600);
  t.is(lstatSync(another).mtimeMs, 1_000_000_000_000);
});

test.serial("a symlink in place of a directory leads nothing out of the root", async (t) => {
  const [master, remote] = [fleet.path("alpha", "targets"), fleet.path("beta", "targets")];
  const outside = join(fleet.directory, "beta", "outside");
  writeTree(outside, { file: "not yours", extra: "not yours" });
  writeTree(master, { "directory/file": "right", "other/x": "x" });
  symlinkSync(outside, join(remote, "directory"));
  symlinkSync("/etc", join(remote, "extra link"));
  for (const root of [master, remote]) utimesSync(root, 1_000_000_000, 1_000_000_000);
  await comesInStep(t, "targets");
  t.deepEqual(readdirSync(outside).sort(), ["extra", "file"]);
  t.is(readFileSync(join(outside, "file"), "utf8"), "not yours");
});

test.serial("read-only directories are filled, changed and emptied", async (t) => {
  const master = fleet.path("alpha", "readonly");
  writeTree(master, { "closed/inner/file": "one", "closed/b": "b", "gone/x/y": "y" });
  const modes = (mode: number): void => {
    for (const path of ["closed/inner", "closed", "gone/x", "gone"]) chmodSync(join(master, path), mode);
  };
  modes(0o555);
  await comesInStep(t, "readonly");
  modes(0o755);
  writeTree(master, { "closed/inner/file": "two", "closed/new": "new" });
  unlinkSync(join(master, "closed/b"));
  modes(0o555);
  chmodSync(join(master, "gone"), 0o755);
  chmodSync(join(master, "gone/x"), 0o755);
  rmSync(join(master, "gone"), { recursive: true });
  await comesInStep(t, "readonly");
});

test.serial("directory times survive work inside, and come right where nothing else changed", async (t) => {
  const [master, remote] = [fleet.path("alpha", "times"), fleet.path("beta", "times")];
  writeTree(master, { "a/b/c/file": "1", "a/d/": "", "e/f": "2", "z/z": "z" });
  for (const [i, path] of ["a/b/c", "a/b", "a/d", "a", "e", ""].entries()) {
    utimesSync(join(master, path), 1_000_000_000 + i, 1_000_000_000.5 + i);
  }
  symlinkSync("a", join(master, "e/link"));
  lutimesSync(join(master, "e/link"), 1, 978_307_200.123);
  utimesSync(join(master, "e"), 5, 5);
  // Before 1970 too.
  run("touch", "-d", "1960-01-02 03:04:05.678901234 UTC", join(master, "e/f"));
  await comesInStep(t, "times");
  utimesSync(join(master, "a/d"), 7, 7);
  utimesSync(join(remote, "e"), 9, 9);
  await comesInStep(t, "times");
  // Content deep inside changes while the times of all directories stay as they are.
  writeFileSync(join(master, "a/b/c/file"), "another length");
  await comesInStep(t, "times");
});

asRoot("set-user-ID and set-group-ID bits and owners arrive and change", async (t) => {
  const master = fleet.path("alpha", "modes");
  writeTree(master, { setuid: "#!", setgid: "#!", sticky: "s", "directory/file": "f", owned: "o", secret: "s" });
  const modes = { setuid: 0o4755, setgid: 0o2755, sticky: 0o1644, directory: 0o3775, owned: 0o6711, secret: 0 };
  chownSync(join(master, "owned"), 1234, 4321);
  chownSync(join(master, "directory"), 1234, 4321);
  for (const [path, mode] of Object.entries(modes)) chmodSync(join(master, path), mode);
  await comesInStep(t, "modes");
  chownSync(join(master, "setuid"), 99, 98);
  chmodSync(join(master, "setuid"), 0o6755);
  chmodSync(join(master, "setgid"), 0o755);
  writeFileSync(join(master, "owned"), "other content");
  chmodSync(join(master, "owned"), 0o6711);
  await comesInStep(t, "modes");
});

test.serial("names differ by one byte, by case or by order, and swap places", async (t) => {
  const master = fleet.path("alpha", "names");
  const names = [
    "a",
    "A",
    "a-b",
    "a b",
    "a.b",
    "a\u0301",
    "\u00e1",
    "a\nb",
    "%41",
    "%",
    "a\\b",
    "-a",
    "...",
    ".lockstep2",
  ];
  for (const name of names) writeTree(master, { [`d/${name}/x`]: name, [`f/${name}`]: name });
  writeTree(master, { "f/swap 1": "one", "f/swap 2": "two", "sub/.lockstep/file": "an ordinary name below the root" });
  await comesInStep(t, "names");
  renameSync(join(master, "f/swap 1"), join(master, "f/swap 3"));
  renameSync(join(master, "f/swap 2"), join(master, "f/swap 1"));
  renameSync(join(master, "f/swap 3"), join(master, "f/swap 2"));
  renameSync(join(master, "d/a"), join(master, "d/a-c"));
  await comesInStep(t, "names");
});

asRoot("a file system mounted inside a root is reported, not entered, and left as it is", async (t) => {
  const [master, remote] = [fleet.path("alpha", "mounted"), fleet.path("beta", "mounted")];
  writeTree(master, { file: "content", "mount/on the master": "m" });
  mkdirSync(join(remote, "mount"));
  fleet.mountTmpfs("beta", "mounted/mount", "1m");
  writeTree(remote, { "mount/inside": "another file system" });
  const sync = await fleet.run("sync", "mounted");
  t.is(sync.exitCode, 3);
  t.deepEqual(
    sync.json.remotes["beta"].problems.map(({ path, code }) => [path, code]),
    [["mount", "LOCKSTEP_MOUNT_POINT"]],
  );
  t.is(readFileSync(join(remote, "file"), "utf8"), "content");
  t.deepEqual(readdirSync(join(remote, "mount")), ["inside"]);
  // The master lacks the directory altogether.
  rmSync(join(master, "mount"), { recursive: true });
  const again = await fleet.run("sync", "mounted");
  t.is(again.exitCode, 3);
  t.deepEqual(readdirSync(join(remote, "mount")), ["inside"]);
});

test.serial("with delete: false a directory that holds extras does not turn into a file", async (t) => {
  const [master, remote] = [fleet.path("alpha", "shielded"), fleet.path("beta", "shielded")];
  fleet.configure("shielded", { delete: false });
  writeTree(master, { thing: "a file", other: "other" });
  writeTree(remote, { "thing/precious": "precious" });
  const sync = await fleet.run("sync", "shielded");
  t.is(sync.exitCode, 3, sync.stdout);
  t.deepEqual(
    sync.json.remotes["beta"].problems.map(({ path }) => path),
    ["thing"],
  );
  t.is(readFileSync(join(remote, "thing/precious"), "utf8"), "precious");
  t.is(readFileSync(join(remote, "other"), "utf8"), "other");
});

asRoot("xattrs and ACLs arrive, change and go", async (t) => {
  const master = fleet.path("alpha", "xattrs");
  writeTree(master, { "directory/file": "f", other: "o" });
  symlinkSync("other", join(master, "link"));
  // POSIX ACL, version 2: owner, user 1234, group, mask, others.
  const acl =
    "struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *e) for e in " +
    "[(1, 6, 2**32-1), (2, 4, 1234), (4, 4, 2**32-1), (16, 4, 2**32-1), (32, 0, 2**32-1)])";
  const python = (code: string): void =>
    run("python3", "-c", `import os, struct\nos.chdir(${JSON.stringify(master)})\n${code}`);
  python(
    "os.setxattr('other', 'user.text', b'value')\n" +
      "os.setxattr('other', 'user.binary', bytes(range(256)))\n" +
      "os.setxattr('directory', 'user.empty', b'')\n" +
      "os.setxattr('link', 'trusted.on-link', b'x', follow_symlinks=False)\n" +
      `os.setxattr('directory/file', 'system.posix_acl_access', ${acl})\n` +
      `os.setxattr('directory', 'system.posix_acl_default', ${acl})`,
  );
  await comesInStep(t, "xattrs");
  python(
    "os.setxattr('other', 'user.text', b'another value')\n" +
      "os.removexattr('other', 'user.binary')\n" +
      "os.removexattr('directory', 'system.posix_acl_default')\n" +
      "os.removexattr('directory/file', 'system.posix_acl_access')\n" +
      "os.setxattr('.', 'user.of-the-root', b'r')",
  );
  await comesInStep(t, "xattrs");
});

asRoot("what a remote cannot read is named, and nothing below it is deleted", async (t) => {
  const [master, remote] = [fleet.path("alpha", "unreadable"), fleet.path("lowly", "unreadable")];
  writeTree(master, { "closed/file": "closed", "open/file": "open", "closed elsewhere/keep": "keep" });
  spawnSync("chown", ["-R", `${NOBODY}:${NOBODY}`, master]);
  t.is((await fleet.run("sync", "unreadable")).exitCode, 0);
  t.is(differences(master, remote), "");
  // Root's own directory, with something that the master lacks.
  writeTree(remote, { "closed/extra": "extra", "closed elsewhere/extra": "extra" });
  for (const path of ["closed", "closed elsewhere"]) {
    chownSync(join(remote, path), 0, 0);
    chmodSync(join(remote, path), 0o700);
  }
  rmSync(join(master, "closed elsewhere"), { recursive: true });
  writeFileSync(join(master, "open/file"), "changed");
  const sync = await fleet.run("sync", "unreadable");
  t.is(sync.exitCode, 3, sync.stdout);
  // These and no others: nothing is planned at or below what could not be looked into.
  t.deepEqual(sync.json.remotes["lowly"].problems.map(({ path, code }) => `${path} ${code}`).sort(), [
    "closed LOCKSTEP_ACCESS_DENIED",
    "closed elsewhere LOCKSTEP_ACCESS_DENIED",
  ]);
  t.is(readFileSync(join(remote, "open/file"), "utf8"), "changed");
  t.deepEqual(readdirSync(join(remote, "closed")).sort(), ["extra", "file"]);
  t.deepEqual(readdirSync(join(remote, "closed elsewhere")).sort(), ["extra", "keep"]);
});

asRoot("owners that a remote cannot set are reported once, and are no change afterwards", async (t) => {
  const [master, remote] = [fleet.path("alpha", "foreign"), fleet.path("lowly", "foreign")];
  writeTree(master, { mine: "mine", theirs: "theirs" });
  chownSync(join(master, "mine"), NOBODY, NOBODY);
  chownSync(master, NOBODY, NOBODY);
  const sync = await fleet.run("sync", "foreign");
  t.is(sync.exitCode, 3);
  t.deepEqual(
    sync.json.remotes["lowly"].problems.map(({ path, code }) => [path, code]),
    [["theirs", "LOCKSTEP_UNREPRESENTABLE"]],
  );
  t.is(differences(master, remote, { ignoreOwner: true }), "");
  const plan = await fleet.run("plan", "foreign");
  t.deepEqual(countsOf(plan.json.remotes["lowly"]), NO_CHANGES);
});
