import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, linkSync, mkdirSync, openSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { AdvisoryHold, type LockTarget } from "../../src/tree/advisory-hold.ts";
import { createLinuxCalls } from "../../src/tree/linux-calls.ts";
import { createPortableCalls } from "../../src/tree/portable-calls.ts";
import { errnoOf, type SystemCalls } from "../../src/tree/system-calls.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

const LOCKER = new URL("../fixtures/locker.py", import.meta.url).pathname;

interface World {
  readonly calls: SystemCalls;
  readonly path: string;
  targets(...names: string[]): LockTarget[];
  /** Whether flock(1) gets the lock at once. */
  flock(name: string, option: "-x" | "-s"): boolean;
  /** Whether another process gets this lock at once. */
  locker(name: string, kind: string): string;
  /** Another process that has the lock; its end lets it go. */
  holder(name: string, kind: string): Promise<ChildProcess>;
}

function createWorld(t: ExecutionContext, ...names: string[]): World {
  const calls = createLinuxCalls();
  const path = tempDirectory(t);
  for (const name of names) writeFileSync(join(path, name), "old");
  const root = calls.openRoot(path);
  t.teardown(() => calls.closeDirectory(root));
  return {
    calls,
    path,
    targets: (...wanted) => wanted.map((name) => ({ path: name, locate: () => ({ directory: root, name }) })),
    flock: (name, option) => spawnSync("flock", ["-n", option, join(path, name), "true"]).status === 0,
    locker: (name, kind) => spawnSync("python3", [LOCKER, join(path, name), kind], { encoding: "utf8" }).stdout.trim(),
    async holder(name, kind) {
      const child = spawn("python3", [LOCKER, join(path, name), kind, "hold"], { stdio: ["pipe", "pipe", "inherit"] });
      t.teardown(() => child.kill("SIGKILL"));
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      t.is(line.toString().trim(), "locked");
      return child;
    },
  };
}

function take(t: ExecutionContext, world: World, names: string[], kind: "exclusive" | "shared") {
  const taken = AdvisoryHold.take(world.calls, world.targets(...names), kind);
  t.teardown(() => taken.hold.release());
  return taken;
}

test("an exclusive hold keeps out flock, fcntl read and write locks until its release", (t) => {
  const world = createWorld(t, "a", "b");
  const { hold, refused } = take(t, world, ["a", "b"], "exclusive");
  t.deepEqual([hold.held, refused], [2, []]);
  t.false(world.flock("a", "-x"));
  t.false(world.flock("b", "-s"));
  t.is(world.locker("a", "ofd-write"), "refused");
  t.is(world.locker("b", "ofd-read"), "refused");
  hold.release();
  t.is(hold.held, 0);
  t.true(world.flock("a", "-x"));
  t.is(world.locker("a", "ofd-write"), "locked");
});

test("a shared hold lets readers in and keeps writers out", (t) => {
  const world = createWorld(t, "a");
  take(t, world, ["a"], "shared");
  t.true(world.flock("a", "-s"));
  t.false(world.flock("a", "-x"));
  t.is(world.locker("a", "ofd-read"), "locked");
  t.is(world.locker("a", "ofd-write"), "refused");
  t.is(take(t, world, ["a"], "shared").hold.held, 1);
});

for (const kind of ["flock", "ofd-read", "ofd-write"]) {
  test(`what another process has locked is refused until it lets go: ${kind}`, async (t) => {
    const world = createWorld(t, "a", "b", "c");
    const other = await world.holder("b", kind);
    const before = take(t, world, ["a", "b", "c"], "exclusive");
    t.deepEqual([before.refused, before.hold.held], [["b"], 2]);
    before.hold.release();
    other.kill();
    await once(other, "exit");
    const { hold, refused } = take(t, world, ["a", "b", "c"], "exclusive");
    t.deepEqual([hold.held, refused], [3, []]);
  });
}

test("a read lease of another process is asked for, and the lock is had when it is given up", async (t) => {
  const world = createWorld(t, "a");
  await world.holder("a", "lease");
  let taken = take(t, world, ["a"], "exclusive");
  t.deepEqual(taken.refused, ["a"]);
  for (let tries = 0; tries < 500 && taken.hold.held === 0; tries++) {
    await sleep(20);
    taken = take(t, world, ["a"], "exclusive");
  }
  t.is(taken.hold.held, 1);
});

test("a shared hold leaves a read lease alone", async (t) => {
  const world = createWorld(t, "a");
  await world.holder("a", "lease");
  t.deepEqual(take(t, world, ["a"], "shared").refused, []);
});

test("what vanished or is no regular file needs no lock, and a link group is locked once", (t) => {
  const world = createWorld(t, "a");
  linkSync(join(world.path, "a"), join(world.path, "b"));
  symlinkSync("a", join(world.path, "link"));
  mkdirSync(join(world.path, "directory"));
  spawnSync("mkfifo", [join(world.path, "fifo")]);
  const gone: LockTarget = {
    path: "gone/x",
    locate: () => ({ directory: world.calls.openDirectory(world.calls.openRoot(world.path), "gone"), name: "x" }),
  };
  const targets = [...world.targets("a", "b", "link", "directory", "fifo", "missing"), gone];
  const { hold, refused } = AdvisoryHold.take(world.calls, targets, "exclusive");
  t.teardown(() => hold.release());
  t.deepEqual([hold.held, refused], [1, []]);
});

test("a program is flocked and can still be executed", (t) => {
  const world = createWorld(t);
  const program = join(world.path, "program");
  writeFileSync(program, "#!/bin/sh\nexit 7\n");
  chmodSync(program, 0o755);
  const { hold } = take(t, world, ["program"], "exclusive");
  t.is(hold.held, 1);
  t.is(spawnSync(program).status, 7);
  t.false(world.flock("program", "-s"));
  t.is(world.locker("program", "ofd-write"), "refused");
});

test("a name with a newline and bytes that are not UTF-8", (t) => {
  const world = createWorld(t);
  const name = "a\n\xff\xfe";
  closeSync(openSync(Buffer.concat([Buffer.from(`${world.path}/`), Buffer.from(name, "latin1")]), "w"));
  t.is(take(t, world, [name], "exclusive").hold.held, 1);
});

test("without descriptors everything is given back, and the error says so", (t) => {
  const names = Array.from({ length: 20 }, (_, i) => `f${i}`);
  const world = createWorld(t, ...names);
  let opened = 0;
  const calls: SystemCalls = {
    ...world.calls,
    openToLock(...args) {
      if (opened++ === 10) throw Object.assign(new Error("open: EMFILE"), { code: "EMFILE" });
      return world.calls.openToLock(...args);
    },
  };
  const error = t.throws(() => AdvisoryHold.take(calls, world.targets(...names), "exclusive"));
  t.is(errnoOf(error), "EMFILE");
  for (const name of names) t.is(AdvisoryHold.take(world.calls, world.targets(name), "exclusive").refused.length, 0);
});

test("what may not be opened is told apart from what is locked, and not waited for", (t) => {
  const world = createWorld(t, "a", "b");
  const calls: SystemCalls = {
    ...world.calls,
    openToLock(directory, name, writable) {
      if (name === "a") throw Object.assign(new Error("open: EACCES"), { code: "EACCES" });
      return world.calls.openToLock(directory, name, writable);
    },
  };
  const started = performance.now();
  const { hold, refused, forbidden } = AdvisoryHold.take(calls, world.targets("a", "b"), "exclusive");
  t.deepEqual([hold.held, refused, forbidden], [1, [], ["a"]]);
  t.true(performance.now() - started < 5000);
  hold.release();
});

test("the portable calls say that they cannot lock", (t) => {
  const calls = createPortableCalls();
  t.false(calls.canLock);
  t.true(calls.lacks.some((sentence) => sentence.includes("locked")));
  const path = tempDirectory(t);
  writeFileSync(join(path, "a"), "");
  const directory = calls.openRoot(path);
  const target = { path: "a", locate: () => ({ directory, name: "a" }) };
  t.is(errnoOf(t.throws(() => AdvisoryHold.take(calls, [target], "shared"))), "ENOTSUP");
});

test("ten thousand files", (t) => {
  const names = Array.from({ length: 10_000 }, (_, i) => `file-${i}`);
  const world = createWorld(t, ...names);
  const targets = world.targets(...names);
  for (const kind of ["exclusive", "shared"] as const) {
    const started = performance.now();
    const { hold } = AdvisoryHold.take(world.calls, targets, kind);
    const taken = performance.now();
    t.is(hold.held, 10_000);
    hold.release();
    const released = performance.now();
    t.log(`${kind}: taken in ${(taken - started).toFixed(0)} ms, released in ${(released - taken).toFixed(0)} ms`);
  }
});
