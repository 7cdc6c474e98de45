import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { type CommandResult, differences, dumpTree, Fleet, IS_ROOT, isTidy, until, writeTree } from "./mesh-harness.ts";

const NAMES = ["bytes", "inodes", "readonly", "handles"];
const LOWLY = 12345;
const asRoot = IS_ROOT ? test.serial : test.serial.skip;
let fleet: Fleet | undefined;

test.before(async (t) => {
  if (!IS_ROOT) {
    t.log("not root: nothing can be mounted, and limits cannot be raised again");
    return;
  }
  const root = { comparison: ["delta"], master: "alpha", remotes: ["beta"], maxDelete: "100%" };
  fleet = await Fleet.start({
    hosts: {
      alpha: {},
      beta: { roots: NAMES },
      delta: { roots: [] },
      lowly: { roots: ["forbidden"], uid: LOWLY },
    },
    roots: { ...Object.fromEntries(NAMES.map((name) => [name, root])), forbidden: { ...root, remotes: ["lowly"] } },
  });
  await fleet.assign();
});

test.after.always(async () => {
  await fleet?.stop();
});

function theFleet(): Fleet {
  if (fleet === undefined) throw new Error("no fleet");
  return fleet;
}

function run(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}

type Files = Readonly<Record<string, string | Buffer>>;

function files(count: number, name: string, content: (i: number) => string | Buffer): Files {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}/${i}`, content(i)]));
}

/** Every path of `old` holds its old or its new content, and nothing is there that neither side has. */
function holdsWholeVersions(t: ExecutionContext, remote: string, old: Files, fresh: Files): void {
  for (const path of Object.keys({ ...old, ...fresh })) {
    const full = join(remote, path);
    if (!existsSync(full)) {
      t.false(path in old, `${path} is gone`);
      continue;
    }
    const content = readFileSync(full);
    const whole = [old[path], fresh[path]].some((one) => one !== undefined && content.equals(Buffer.from(one)));
    t.true(whole, `${path} is neither old nor new`);
  }
  const known = new Set(Object.keys({ ...old, ...fresh }));
  for (const directory of readdirSync(remote).filter((name) => name !== ".lockstep")) {
    for (const name of readdirSync(join(remote, directory))) t.true(known.has(`${directory}/${name}`), name);
  }
}

async function comesInStep(t: ExecutionContext, root: string, host = "beta"): Promise<void> {
  const sync = await theFleet().run("sync", root);
  t.is(sync.exitCode, 0, sync.stdout);
  t.is(differences(theFleet().path("alpha", root), theFleet().path(host, root)), "");
  t.true(isTidy(theFleet().path(host, root)), "nothing is left of the staging area");
}

function codesOf(result: CommandResult, host = "beta"): string[] {
  return [...new Set(result.json.remotes[host].problems.map(({ code }) => code))].sort();
}

const oldContent = (i: number): string => `old ${i}`;

asRoot(
  "space that goes while a round is under way leaves whole versions, and the next round comes in step",
  async (t) => {
    theFleet().mountTmpfs("beta", "bytes", "32m");
    const [master, remote] = [theFleet().path("alpha", "bytes"), theFleet().path("beta", "bytes")];
    const old = files(12, "a", oldContent);
    const fresh = { ...files(12, "a", (i) => Buffer.alloc(1 << 20, i + 1)), ...files(4, "b", () => "new") };
    writeTree(master, old);
    await comesInStep(t, "bytes");
    writeTree(master, fresh);
    // The master is held, so that nothing can arrive between the space guard and what takes the space.
    const sync = theFleet().begin("sync", "bytes");
    await until(() => existsSync(join(remote, ".lockstep")), "the round passed its guards");
    theFleet().host("alpha").signal("SIGSTOP");
    const ballast = openSync(join(remote, ".lockstep", "..", "ballast"), "w");
    let result: CommandResult;
    try {
      // Without a name it takes space, and is no difference.
      unlinkSync(join(remote, "ballast"));
      const block = Buffer.alloc(1 << 16);
      t.throws(
        () => {
          for (;;) writeSync(ballast, block);
        },
        { code: "ENOSPC" },
      );
      theFleet().host("alpha").signal("SIGCONT");
      result = await sync.finished;
      t.is(result.exitCode, 3, result.stdout);
      // Whatever stops a further pass over what failed, the paths and their codes are told.
      t.deepEqual(codesOf(result), ["LOCKSTEP_NO_SPACE"], result.stdout);
      for (const { path } of result.json.remotes["beta"].problems) t.true(path in fresh || path === "b", path);
      holdsWholeVersions(t, remote, old, fresh);
    } finally {
      closeSync(ballast);
    }
    await comesInStep(t, "bytes");
  },
);

asRoot("inodes that run out are named by path, and the next round comes in step", async (t) => {
  theFleet().mountTmpfs("beta", "inodes", "16m,nr_inodes=60");
  const [master, remote] = [theFleet().path("alpha", "inodes"), theFleet().path("beta", "inodes")];
  const old = files(20, "a", oldContent);
  const fresh = { ...files(20, "a", (i) => `new content ${i}`), ...files(100, "b", (i) => `b ${i}`) };
  writeTree(master, old);
  await comesInStep(t, "inodes");
  writeTree(master, fresh);
  const sync = await theFleet().run("sync", "inodes");
  t.is(sync.exitCode, 3, sync.stdout);
  t.deepEqual(codesOf(sync), ["LOCKSTEP_NO_SPACE"], sync.stdout);
  holdsWholeVersions(t, remote, old, fresh);
  // What is not in step is named, and only that.
  const named = new Set(sync.json.remotes["beta"].problems.map(({ path }) => path));
  for (const [path, content] of Object.entries(fresh)) {
    const full = join(remote, path);
    const arrived = existsSync(full) && readFileSync(full, "utf8") === content;
    t.is(named.has(path), !arrived, path);
  }
  run("mount", "-o", "remount,size=16m,nr_inodes=1000", remote);
  await comesInStep(t, "inodes");
});

asRoot("a read-only root is refused and unchanged, and comes in step when it can be written", async (t) => {
  theFleet().mountTmpfs("beta", "readonly", "8m");
  const [master, remote] = [theFleet().path("alpha", "readonly"), theFleet().path("beta", "readonly")];
  writeTree(master, files(5, "a", oldContent));
  await comesInStep(t, "readonly");
  writeTree(master, { ...files(3, "a", () => "new"), "b/new": "new" });
  unlinkSync(join(master, "a/4"));
  run("mount", "-o", "remount,ro", remote);
  const before = dumpTree(remote);
  const plan = await theFleet().run("plan", "readonly");
  t.deepEqual([plan.exitCode, codesOf(plan)], [3, ["LOCKSTEP_ROOT_READ_ONLY"]], plan.stdout);
  const sync = await theFleet().run("sync", "readonly");
  t.is(sync.exitCode, 3, sync.stdout);
  t.is(sync.json.remotes["beta"].outcome, "failed");
  t.deepEqual(codesOf(sync), ["LOCKSTEP_ROOT_READ_ONLY"], sync.stdout);
  t.is(dumpTree(remote), before);
  run("mount", "-o", "remount,rw", remote);
  await comesInStep(t, "readonly");
});

asRoot("a directory that a remote may not write is named, and all else comes in step", async (t) => {
  const [master, remote] = [theFleet().path("alpha", "forbidden"), theFleet().path("lowly", "forbidden")];
  writeTree(master, { "closed/old": "old", "closed/gone": "gone", "open/old": "old" });
  run("chown", "-R", `${LOWLY}:${LOWLY}`, master);
  await comesInStep(t, "forbidden", "lowly");
  chownSync(join(remote, "closed"), 0, 0);
  writeTree(master, { "closed/old": "changed", "closed/new": "new", "open/old": "changed", "open/new": "new" });
  unlinkSync(join(master, "closed/gone"));
  run("chown", "-R", `${LOWLY}:${LOWLY}`, master);
  const sync = await theFleet().run("sync", "forbidden");
  t.is(sync.exitCode, 3, sync.stdout);
  const { problems } = sync.json.remotes["lowly"];
  const named = [...new Set(problems.map(({ path }) => path))].sort();
  t.deepEqual(named, ["closed", "closed/gone", "closed/new", "closed/old"], sync.stdout);
  for (const { path, code } of problems) {
    // The owner of the directory itself is a matter of what the remote can represent.
    t.is(
      code,
      path === "closed" && code !== "LOCKSTEP_ACCESS_DENIED" ? "LOCKSTEP_UNREPRESENTABLE" : "LOCKSTEP_ACCESS_DENIED",
    );
  }
  t.deepEqual(readdirSync(join(remote, "closed")).sort(), ["gone", "old"]);
  t.is(readFileSync(join(remote, "closed/old"), "utf8"), "old");
  t.is(differences(master, remote, { ignore: ["/closed"] }), "");
  chownSync(join(remote, "closed"), LOWLY, LOWLY);
  await comesInStep(t, "forbidden", "lowly");
});

// Seen: it made them, and could change nothing in them ever after.
asRoot("an unprivileged remote changes what lies in read-only directories of its own", async (t) => {
  const [master, remote] = [theFleet().path("alpha", "forbidden"), theFleet().path("lowly", "forbidden")];
  const close = (...names: string[]): void => {
    run("chown", "-R", `${LOWLY}:${LOWLY}`, master);
    for (const name of names) chmodSync(join(master, name), 0o555);
  };
  const tree = { "cache/a": "a", "cache/b": "b", "cache/deep/er/c": "c", "turns/x/y": "y", "stays/s": "s", read: "r" };
  writeTree(master, tree);
  run("setfattr", "-n", "user.note", "-v", "old", join(master, "read"));
  chmodSync(join(master, "read"), 0o444);
  close("cache/deep/er", "cache/deep", "cache", "turns/x", "turns", "stays");
  await comesInStep(t, "forbidden", "lowly");
  const before = statSync(join(remote, "stays"), { bigint: true });

  writeTree(master, { "cache/a": "changed", "cache/new": "new", "cache/deep/er/c": "changed" });
  unlinkSync(join(master, "cache/b"));
  rmSync(join(master, "turns"), { recursive: true });
  writeTree(master, { turns: "a file now" });
  run("setfattr", "-n", "user.note", "-v", "new", join(master, "read"));
  close();
  await comesInStep(t, "forbidden", "lowly");
  t.is(statSync(join(remote, "cache")).mode & 0o777, 0o555);
  const after = statSync(join(remote, "stays"), { bigint: true });
  t.deepEqual([after.ctimeNs, after.mode], [before.ctimeNs, before.mode], "and leaves the others alone");
  // For whoever removes them.
  chmodSync(join(remote, "cache"), 0o755);
});

asRoot("a remote without file handles keeps whole versions, and comes in step when it has some", async (t) => {
  const [master, remote] = [theFleet().path("alpha", "handles"), theFleet().path("beta", "handles")];
  let old = files(50, "a", oldContent);
  writeTree(master, old);
  await comesInStep(t, "handles");
  const pid = String(theFleet().host("beta").pid);
  const usual = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))?.[1];
  for (const spare of [24, 9, 6, 4, 2, 0]) {
    const fresh = { ...files(50, "a", (i) => `new ${spare} ${i}`), ...files(50, `b${spare}`, (i) => `b ${i}`) };
    writeTree(master, fresh);
    const open = readdirSync(`/proc/${pid}/fd`).length;
    run("prlimit", "--pid", pid, `--nofile=${open + spare}:`);
    const sync = await theFleet().run("sync", "handles");
    if (sync.exitCode !== 0) {
      t.true(sync.exitCode === 3 || sync.exitCode === 1, sync.stdout);
      t.true(
        codesOf(sync).length > 0 && codesOf(sync).every((code) => /^LOCKSTEP_(?!INTERNAL)/.test(code)),
        sync.stdout,
      );
    }
    t.log(`${spare} handles: exit ${sync.exitCode} ${codesOf(sync)}`);
    holdsWholeVersions(t, remote, old, fresh);
    run("prlimit", "--pid", pid, `--nofile=${usual}:`);
    await comesInStep(t, "handles");
    old = { ...old, ...fresh };
  }
});
