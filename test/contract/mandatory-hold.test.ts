/**
 * Files held against everybody, with real processes. Needs root, since fanotify(7) gives permission events to
 * none else; the waiters are cat, dd and the like, so that nothing here knows how the waiting is done.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { createLinuxCalls } from "../../src/tree/linux-calls.ts";
import type { HoldEnd, HoldFile, HoldProcess as HoldProcessType } from "../../src/tree/mandatory-hold.ts";
import type { DirectoryHandle, SystemCalls } from "../../src/tree/system-calls.ts";
import { hasSysAdmin } from "../fixtures/capabilities.ts";
import { compiledUrl, importCompiled } from "../fixtures/compiled-source.ts";
import { CAN_BIND, deadlyDisk } from "../fixtures/hanging-disk.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

/** fanotify(7) permission events take CAP_SYS_ADMIN. */
const asRoot = hasSysAdmin() ? test.serial : test.serial.skip;
const OWNER = new URL("../fixtures/hold-owner.js", import.meta.url).pathname;
const READER = new URL("../fixtures/version-reader.py", import.meta.url).pathname;
const LEASE_MS = 60_000;

const { HoldProcess } = await importCompiled<{ HoldProcess: typeof HoldProcessType }>("src/tree/mandatory-hold.ts");

interface Waiter {
  readonly process: ChildProcess;
  /** What it printed, and how it ended: an exit code or a signal. */
  readonly ended: Promise<{ output: string; error: string; how: number | string | null }>;
}

interface World {
  readonly calls: SystemCalls;
  readonly path: string;
  readonly root: DirectoryHandle;
  readonly staging: DirectoryHandle;
  readonly holder: HoldProcessType;
  readonly ends: [id: string, why: HoldEnd][];
  at(name: string): string;
  /** A path with something old at it and something new staged for it, and how to hold both. */
  pair(name: string, old?: string, fresh?: string): HoldFile;
  /** A staged file for a path that is not there. */
  fresh(name: string, content?: string): HoldFile;
  switchIn(file: HoldFile, how?: "exchange" | "fresh"): void;
  /** Starts a command and waits until it waits. */
  waiting(...command: string[]): Promise<Waiter>;
  starting(...command: string[]): Waiter;
}

let staged = 0;

async function createWorld(t: ExecutionContext): Promise<World> {
  const calls = createLinuxCalls();
  const path = tempDirectory(t);
  fs.mkdirSync(join(path, ".lockstep"), { mode: 0o700 });
  const root = calls.openRoot(path);
  const staging = calls.openDirectory(root, ".lockstep");
  t.teardown(() => {
    calls.closeDirectory(staging);
    calls.closeDirectory(root);
  });
  const ends: [string, HoldEnd][] = [];
  const holder = await HoldProcess.start((...end) => ends.push(end));
  t.teardown(() => holder.close());
  const at = (name: string): string => join(path, name);
  const fresh = (name: string, content = `new ${name}`): HoldFile => {
    const stagedPath = `3.${staged++}`;
    fs.writeFileSync(at(`.lockstep/${stagedPath}`), content);
    return { directory: root, path: name, staged: { directory: staging, path: stagedPath } };
  };
  const starting = (...command: string[]): Waiter => {
    const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
    t.teardown(() => child.kill("SIGKILL"));
    const text = ["", ""];
    child.stdout.setEncoding("latin1").on("data", (part: string) => (text[0] += part));
    child.stderr.setEncoding("latin1").on("data", (part: string) => (text[1] += part));
    const ended = once(child, "close").then(([code, signal]) => {
      return { output: text[0], error: text[1], how: (signal ?? code) as number | string };
    });
    return { process: child, ended };
  };
  return {
    calls,
    path,
    root,
    staging,
    holder,
    ends,
    at,
    fresh,
    pair(name, old = `old ${name}`, content = `new ${name}`) {
      fs.writeFileSync(at(name), old);
      return fresh(name, content);
    },
    switchIn(file, how = "exchange") {
      if (file.staged === undefined) throw new Error("nothing staged");
      calls.rename(file.staged.directory, file.staged.path, root, file.path, how);
    },
    starting,
    async waiting(...command) {
      const waiter = starting(...command);
      await untilHeld(t, waiter.process);
      return waiter;
    },
  };
}

/** Until the process stands in the kernel and waits for the answer of a fanotify group. */
async function untilHeld(t: ExecutionContext, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (child.exitCode !== null || child.signalCode !== null) t.fail("it ended instead of waiting");
    if (fs.readFileSync(`/proc/${child.pid}/wchan`, "latin1").startsWith("fanotify")) return;
    await sleep(10);
  }
  t.fail("it does not wait");
}

function statusOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/status`, "latin1");
  } catch {
    return "";
  }
}

const REST = { refreshed: 0, denied: 0, lapsed: false };

function counted(report: { waiters: number; refreshed: number; denied: number; lapsed: boolean }) {
  const { waiters, refreshed, denied, lapsed } = report;
  return { waiters, refreshed, denied, lapsed };
}

asRoot("who opens a held file waits, and gets the new content after the exchange", async (t) => {
  const world = await createWorld(t);
  const file = world.pair("a", "old and rather longer than the new");
  world.calls.setTime(world.staging, file.staged?.path ?? "", 1_600_000_000, 123_456_789);
  t.deepEqual(await world.holder.hold("1", [file], LEASE_MS), { held: 1 });
  const before = await world.waiting("sh", "-c", `exec cat ${world.at("a")}`);
  const timed = await world.waiting(
    "python3",
    "-c",
    `import os; print(os.fstat(os.open('${world.at("a")}', 0)).st_mtime_ns)`,
  );
  world.switchIn(file);
  const after = await world.waiting("cat", world.at("a"));
  const report = await world.holder.release("1");
  t.deepEqual(counted(report), { ...REST, waiters: 3, refreshed: 2 });
  t.true(report.heldMs > 0);
  t.like(await before.ended, { output: "new a", how: 0 });
  t.like(await after.ended, { output: "new a", how: 0 });
  t.is((await timed.ended).output.trim(), "1600000000123456789");
  t.is(fs.readFileSync(world.at("a"), "utf8"), "new a");
});

asRoot("a file that is not switched, and one that is changed in place, are opened as they are", async (t) => {
  const world = await createWorld(t);
  const [untouched, inPlace] = [world.pair("a"), world.pair("b")];
  await world.holder.hold("1", [untouched, { directory: world.root, path: inPlace.path }], LEASE_MS);
  const [a, b, writer] = [
    await world.waiting("cat", world.at("a")),
    await world.waiting("cat", world.at("b")),
    await world.waiting("sh", "-c", `echo more >> ${world.at("a")}`),
  ];
  world.calls.chmod(world.root, "b", 0o600);
  t.deepEqual(counted(await world.holder.release("1")), { ...REST, waiters: 3 });
  t.regex((await a.ended).output, /^old a/);
  t.like(await b.ended, { output: "old b", how: 0 });
  t.like(await writer.ended, { how: 0 });
  t.is(fs.readFileSync(world.at("a"), "utf8"), "old amore\n");
});

asRoot("who opens an exchanged file for writing is refused, and readers beside it are not", async (t) => {
  const world = await createWorld(t);
  const file = world.pair("a");
  await world.holder.hold("1", [file], LEASE_MS);
  const writer = await world.waiting("sh", "-c", `echo more >> ${world.at("a")}`);
  const reader = await world.waiting("cat", world.at("a"));
  const both = await world.waiting("python3", "-c", `open('${world.at("a")}', 'r+')`);
  world.switchIn(file);
  t.deepEqual(counted(await world.holder.release("1")), { ...REST, waiters: 3, refreshed: 1, denied: 2 });
  t.not((await writer.ended).how, 0);
  t.regex((await both.ended).error, /busy|permitted/i);
  t.like(await reader.ended, { output: "new a", how: 0 });
  t.is(fs.readFileSync(world.at("a"), "utf8"), "new a");
});

asRoot("a program that is started while it is held runs in its new version", async (t) => {
  const world = await createWorld(t);
  const file = world.pair("a", "#!/bin/sh\necho old\n", "#!/bin/sh\necho new\n");
  for (const name of ["a", `.lockstep/${file.staged?.path}`]) fs.chmodSync(world.at(name), 0o755);
  await world.holder.hold("1", [file], LEASE_MS);
  const runner = await world.waiting("env", world.at("a"));
  world.switchIn(file);
  // Its interpreter opens it once more, before or after the end.
  const { waiters, ...rest } = counted(await world.holder.release("1"));
  t.true(waiters === 1 || waiters === 2, `${waiters}`);
  t.like(rest, { lapsed: false, refreshed: 1, denied: 0 });
  t.like(await runner.ended, { output: "new\n", how: 0 });
});

asRoot("openat2 is told apart by its flags", async (t) => {
  const world = await createWorld(t);
  const file = world.pair("a");
  await world.holder.hold("1", [file], LEASE_MS);
  const openat2 = (flags: number): string[] => [
    "python3",
    "-c",
    `import ctypes, os, struct
how = struct.pack('QQQ', ${flags}, 0, 0)
libc = ctypes.CDLL(None, use_errno=True)
fd = libc.syscall(437, -100, b'${world.at("a")}', how, 24)
print(os.read(fd, 99).decode() if fd >= 0 else os.strerror(ctypes.get_errno()))`,
  ];
  const reader = await world.waiting(...openat2(0));
  const writer = await world.waiting(...openat2(2));
  world.switchIn(file);
  t.deepEqual(counted(await world.holder.release("1")), { ...REST, waiters: 2, refreshed: 1, denied: 1 });
  t.is((await reader.ended).output, "new a\n");
  t.regex((await writer.ended).output, /busy|permitted/i);
});

asRoot("a new file that is opened before the release is waited for", async (t) => {
  const world = await createWorld(t);
  const file = world.fresh("a");
  t.deepEqual(await world.holder.hold("1", [file], LEASE_MS), { held: 1 });
  world.switchIn(file, "fresh");
  const reader = await world.waiting("cat", world.at("a"));
  t.deepEqual(counted(await world.holder.release("1")), { ...REST, waiters: 1 });
  t.like(await reader.ended, { output: "new a", how: 0 });
});

asRoot("a switch that was taken back leaves those who wait with what is there", async (t) => {
  const world = await createWorld(t);
  const file = world.pair("a");
  await world.holder.hold("1", [file], LEASE_MS);
  const before = await world.waiting("cat", world.at("a"));
  world.switchIn(file);
  const between = await world.waiting("cat", world.at("a"));
  world.switchIn(file);
  t.deepEqual(counted(await world.holder.release("1")), { ...REST, waiters: 2 });
  t.is((await before.ended).output, "old a");
  t.is((await between.ended).output, "new a");
});

asRoot("who reads an old version since before the hold never sees it change", async (t) => {
  const world = await createWorld(t);
  const file = world.pair("a");
  const mapped = world.pair("b");
  const since = fs.openSync(world.at("a"), "r");
  const mapper = world.starting(
    "python3",
    "-c",
    `import mmap, os, sys, time
fd = os.open('${world.at("b")}', os.O_RDONLY)
view = mmap.mmap(fd, 0, prot=mmap.PROT_READ)
os.close(fd)
print('ready', flush=True)
while not os.path.exists('${world.at("done")}'): time.sleep(0.01)
print(view[:].decode())`,
  );
  await once(mapper.process.stdout ?? process.stdin, "data");
  await world.holder.hold("1", [file, mapped], LEASE_MS);
  const [a, b] = [await world.waiting("cat", world.at("a")), await world.waiting("cat", world.at("b"))];
  world.switchIn(file);
  world.switchIn(mapped);
  // Neither may be given the old content after the release, so both are refused.
  t.deepEqual(counted(await world.holder.release("1")), { ...REST, waiters: 2, denied: 2 });
  const content = Buffer.alloc(99);
  t.is(content.toString("utf8", 0, fs.readSync(since, content)), "old a");
  fs.closeSync(since);
  fs.writeFileSync(world.at("done"), "");
  t.is((await mapper.ended).output, "ready\nold b\n");
  t.not((await a.ended).how, 0);
  t.not((await b.ended).how, 0);
});

for (const [what, change] of [
  ["another mode", (at: string) => fs.chmodSync(at, 0o640)],
  ["another owner", (at: string) => fs.chownSync(at, 12, 0)],
  ["another group", (at: string) => fs.chownSync(at, 0, 34)],
  ["another xattr", (at: string) => void spawnSync("setfattr", ["-n", "user.x", "-v", "1", at])],
  ["a set-id bit", (at: string) => fs.chmodSync(at, 0o4755)],
] as [string, (at: string) => void][]) {
  asRoot(`an old version whose successor has ${what} is not refreshed, but refused`, async (t) => {
    const world = await createWorld(t);
    const file = world.pair("a");
    const at = world.at(`.lockstep/${file.staged?.path}`);
    change(at);
    if (what.startsWith("a set-id")) change(world.at("a"));
    if (what.includes("xattr"))
      world.calls.setXattr(world.staging, file.staged?.path ?? "", "user.x", Buffer.from("1"));
    await world.holder.hold("1", [file], LEASE_MS);
    const reader = await world.waiting("cat", world.at("a"));
    world.switchIn(file);
    t.deepEqual(counted(await world.holder.release("1")), { ...REST, waiters: 1, denied: 1 });
    t.not((await reader.ended).how, 0);
    t.is(fs.readFileSync(at, "utf8"), "old a");
  });
}

asRoot("an old version that has another name is not refreshed, but refused", async (t) => {
  const world = await createWorld(t);
  const file = world.pair("a");
  fs.linkSync(world.at("a"), world.at("other"));
  await world.holder.hold("1", [file], LEASE_MS);
  const reader = await world.waiting("cat", world.at("a"));
  world.switchIn(file);
  t.deepEqual(counted(await world.holder.release("1")), { ...REST, waiters: 1, denied: 1 });
  t.not((await reader.ended).how, 0);
  t.is(fs.readFileSync(world.at("other"), "utf8"), "old a");
});

asRoot("a link group is held and switched as one", async (t) => {
  const world = await createWorld(t);
  const [a, b] = [world.pair("a"), world.fresh("b")];
  fs.linkSync(world.at("a"), world.at("b"));
  fs.unlinkSync(world.at(`.lockstep/${b.staged?.path}`));
  t.deepEqual(await world.holder.hold("1", [a, b], LEASE_MS), { held: 2 });
  const before = await world.waiting("cat", world.at("b"));
  world.switchIn(a);
  world.calls.makeLink(world.root, "a", world.staging, b.staged?.path ?? "");
  world.switchIn(b);
  const after = await world.waiting("cat", world.at("b"));
  // The old inode still has two names in the staging area.
  t.deepEqual(counted(await world.holder.release("1")), { ...REST, waiters: 2, denied: 1 });
  t.not((await before.ended).how, 0);
  t.is((await after.ended).output, "new a");
});

asRoot("two hundred wait and get the new content", async (t) => {
  const world = await createWorld(t);
  const files = Array.from({ length: 20 }, (_, i) => world.pair(`f${i}`));
  await world.holder.hold("1", files, LEASE_MS);
  const waiters = Array.from({ length: 200 }, (_, i) => world.starting("cat", world.at(`f${i % 20}`)));
  for (const { process } of waiters) await untilHeld(t, process);
  for (const file of files) world.switchIn(file);
  const report = await world.holder.release("1");
  t.deepEqual(counted(report), { ...REST, waiters: 200, refreshed: 200 });
  for (const [i, { ended }] of waiters.entries()) t.like(await ended, { output: `new f${i % 20}`, how: 0 });
});

asRoot("a large file is copied whole for those who wait, while other holds go on", async (t) => {
  const world = await createWorld(t);
  const file = world.pair("a", "x".repeat(99_000_000), "y".repeat(150_000_001));
  await world.holder.hold("1", [file], LEASE_MS);
  const reader = await world.waiting("sh", "-c", `exec md5sum < ${world.at("a")}`);
  world.switchIn(file);
  const other = world.pair("b");
  const [report, { held }] = await Promise.all([world.holder.release("1"), world.holder.hold("2", [other], LEASE_MS)]);
  t.deepEqual([report.refreshed, held], [1, 1]);
  await world.holder.release("2");
  const expected = spawnSync("md5sum", { input: "y".repeat(150_000_001), encoding: "utf8" }).stdout;
  t.is((await reader.ended).output, expected);
});

asRoot("the death of the hold process frees all who wait, and is noticed", async (t) => {
  const world = await createWorld(t);
  await world.holder.hold("1", [world.pair("a")], LEASE_MS);
  const reader = await world.waiting("cat", world.at("a"));
  const killed = performance.now();
  process.kill(world.holder.pid ?? 0, "SIGKILL");
  t.like(await reader.ended, { output: "old a", how: 0 });
  t.true(performance.now() - killed < 1000, "within a second");
  await sleep(50);
  t.false(world.holder.alive);
  t.deepEqual(world.ends, [["1", "hold process died"]]);
  t.true((await world.holder.release("1")).lapsed);
  await t.throwsAsync(world.holder.hold("2", [], 1), { code: "LOCKSTEP_HOLD_UNAVAILABLE" });
});

asRoot("the death of the node frees all who wait, and ends the hold process", async (t) => {
  const world = await createWorld(t);
  world.pair("a");
  const source = new URL(".", compiledUrl("src/tree/mandatory-hold.ts")).href.replace(/\/$/, "");
  const owner = spawn(process.execPath, [OWNER, source, world.path, String(LEASE_MS), "a"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => owner.kill("SIGKILL"));
  const [line] = (await once(owner.stdout, "data")) as [Buffer];
  const reader = await world.waiting("cat", world.at("a"));
  const killed = performance.now();
  owner.kill("SIGKILL");
  t.like(await reader.ended, { output: "old a", how: 0 });
  t.true(performance.now() - killed < 1000, "within a second");
  // Not reaped by anybody, perhaps.
  const runs = (): boolean => /State:\s[^ZX]/.test(statusOf(Number(line)));
  for (let tries = 0; tries < 100 && runs(); tries++) await sleep(10);
  t.false(runs());
});

asRoot("a lease that is over frees all who wait", async (t) => {
  const world = await createWorld(t);
  const file = world.pair("a");
  await world.holder.hold("1", [file], 600);
  const reader = await world.waiting("cat", world.at("a"));
  world.switchIn(file);
  t.like(await reader.ended, { output: "new a", how: 0 });
  await sleep(50);
  t.deepEqual(world.ends, [["1", "lease over"]]);
  t.true((await world.holder.release("1")).lapsed);
  t.true(world.holder.alive);
});

asRoot("who waits can be killed, and that disturbs nobody", async (t) => {
  const world = await createWorld(t);
  const file = world.pair("a");
  await world.holder.hold("1", [file], LEASE_MS);
  const [first, second] = [await world.waiting("cat", world.at("a")), await world.waiting("cat", world.at("a"))];
  first.process.kill("SIGTERM");
  t.is((await first.ended).how, "SIGTERM");
  world.switchIn(file);
  await world.holder.release("1");
  t.is((await second.ended).output, "new a");
});

asRoot("a hold process that is stopped is killed, which frees all who wait", async (t) => {
  const world = await createWorld(t);
  await world.holder.hold("1", [world.pair("a")], LEASE_MS);
  const reader = await world.waiting("cat", world.at("a"));
  process.kill(world.holder.pid ?? 0, "SIGSTOP");
  t.like(await reader.ended, { output: "old a", how: 0 });
  await sleep(50);
  t.false(world.holder.alive);
  t.deepEqual(world.ends, [["1", "hold process died"]]);
});

(CAN_BIND ? test.serial : test.serial.skip)(
  "a hold process that not even SIGKILL ends, as its disk hangs, is not waited for",
  async (t) => {
    const path = tempDirectory(t);
    const holder = await HoldProcess.start();
    t.teardown(() => holder.close());
    const disk = await deadlyDisk(t, path);
    fs.writeFileSync(join(disk.behind, "a"), "old a");
    const calls = createLinuxCalls();
    const root = calls.openRoot(path);
    t.teardown(() => calls.closeDirectory(root));
    disk.hang();
    await t.throwsAsync(holder.hold("1", [{ directory: root, path: "a" }], LEASE_MS), {
      code: "LOCKSTEP_HOLD_UNAVAILABLE",
      message: /hangs/,
    });
    t.true(fs.existsSync(`/proc/${holder.pid}`));
    t.false(holder.alive);
    await holder.close();
  },
);

asRoot("a hold process ends neither by a terminal's nor by a service manager's signals", async (t) => {
  const world = await createWorld(t);
  await world.holder.hold("1", [world.pair("a")], LEASE_MS);
  const reader = await world.waiting("cat", world.at("a"));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(world.holder.pid ?? 0, signal);
  await sleep(300);
  t.true(world.holder.alive);
  t.is(reader.process.exitCode, null);
  await world.holder.release("1");
  t.is((await reader.ended).output, "old a");
});

asRoot("a node that is stuck for longer than the hold process may be silent does not kill it", async (t) => {
  const world = await createWorld(t);
  const held = world.holder.hold("1", [world.pair("a")], LEASE_MS);
  // Right after each ping, before its answer can be read.
  const stuck = setInterval(() => {
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1300));
  }, 250);
  await held;
  await sleep(4000);
  clearInterval(stuck);
  await sleep(600);
  t.true(world.holder.alive);
  t.false((await world.holder.release("1")).lapsed);
});

asRoot("the node's own opens pass, also those of its other threads", async (t) => {
  const world = await createWorld(t);
  const file = world.pair("a");
  await world.holder.hold("1", [file], LEASE_MS);
  t.is(fs.readFileSync(world.at("a"), "utf8"), "old a");
  t.is(await fs.promises.readFile(world.at("a"), "utf8"), "old a");
  fs.appendFileSync(world.at("a"), "!");
  t.deepEqual(counted(await world.holder.release("1")), { ...REST, waiters: 0 });
});

asRoot("several holds at once end one by one, and a file in two of them waits for both", async (t) => {
  const world = await createWorld(t);
  const [a, b] = [world.pair("a"), world.pair("b")];
  await Promise.all([world.holder.hold("1", [a], LEASE_MS), world.holder.hold("2", [b], LEASE_MS)]);
  await world.holder.hold("3", [a], LEASE_MS);
  const [first, second] = [await world.waiting("cat", world.at("a")), await world.waiting("cat", world.at("b"))];
  world.switchIn(b);
  t.deepEqual(counted(await world.holder.release("2")), { ...REST, waiters: 1, refreshed: 1 });
  t.is((await second.ended).output, "new b");
  await world.holder.release("1");
  await sleep(200);
  t.is(first.process.exitCode, null);
  await world.holder.release("3");
  t.is((await first.ended).output, "old a");
});

asRoot("a symlink is not followed, neither at the path nor on the way", async (t) => {
  const world = await createWorld(t);
  const outside = tempDirectory(t);
  fs.writeFileSync(join(outside, "a"), "outside");
  fs.symlinkSync(join(outside, "a"), world.at("link"));
  fs.symlinkSync(outside, world.at("directory"));
  const files = ["link", "directory/a", "../a", "missing", "missing/a", ".lockstep"];
  const held = await world.holder.hold(
    "1",
    files.map((path) => ({ directory: world.root, path })),
    LEASE_MS,
  );
  t.deepEqual(held, { held: 0 });
  t.like(await world.starting("cat", join(outside, "a")).ended, { output: "outside", how: 0 });
  t.deepEqual(counted(await world.holder.release("1")), { ...REST, waiters: 0 });
});

asRoot("names with newlines and bytes that are not UTF-8, in directories below", async (t) => {
  const world = await createWorld(t);
  const raw = (name: string): Buffer => Buffer.concat([Buffer.from(`${world.path}/`), Buffer.from(name, "latin1")]);
  fs.mkdirSync(raw("d\n\xfe"));
  fs.writeFileSync(raw('d\n\xfe/x\n"\xff'), "old");
  const file = world.fresh('d\n\xfe/x\n"\xff', "new");
  await world.holder.hold("1", [file], LEASE_MS);
  const reader = await world.waiting("sh", "-c", `cd ${world.path}/d*; exec cat x*`);
  const directory = world.calls.openDirectory(world.root, "d\n\xfe");
  world.calls.rename(world.staging, file.staged?.path ?? "", directory, 'x\n"\xff', "exchange");
  world.calls.closeDirectory(directory);
  t.deepEqual(counted(await world.holder.release("1")), { ...REST, waiters: 1, refreshed: 1 });
  t.is((await reader.ended).output, "new");
});

asRoot("what is looked at but not opened does not wait", async (t) => {
  const world = await createWorld(t);
  await world.holder.hold("1", [world.pair("a")], LEASE_MS);
  t.is(spawnSync("stat", [world.at("a")], { timeout: 10_000 }).status, 0);
  t.is(spawnSync("ls", ["-l", world.path], { timeout: 10_000 }).status, 0);
  t.is(spawnSync("mv", [world.at("a"), world.at("b")], { timeout: 10_000 }).status, 0);
  const reader = await world.waiting("cat", world.at("b"));
  t.deepEqual(counted(await world.holder.release("1")), { ...REST, waiters: 1 });
  t.is((await reader.ended).output, "old a");
});

asRoot("without the capability it is unavailable, and says so", async (t) => {
  const source = compiledUrl("src/tree/mandatory-hold.ts");
  const script = `import(${JSON.stringify(source)}).then((m) => m.HoldProcess.start()).catch((e) => console.log(e.code, e.message))`;
  const { stdout } = spawnSync(
    "setpriv",
    ["--bounding-set=-sys_admin", "--inh-caps=-sys_admin", process.execPath, "-e", script],
    {
      encoding: "utf8",
    },
  );
  t.regex(stdout, /^LOCKSTEP_HOLD_UNAVAILABLE .*CAP_SYS_ADMIN/);
});

asRoot(
  "who reads all the time sees whole versions only, and none older than a hold that was there before",
  async (t) => {
    const world = await createWorld(t);
    const version = (number: number): string => `${number}\n`.repeat(50_000);
    fs.writeFileSync(world.at("a"), version(0));
    const readers = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const reader = spawn("python3", [READER, world.at("a")], { stdio: ["pipe", "pipe", "inherit"] });
        t.teardown(() => reader.kill("SIGKILL"));
        await once(reader.stdout, "data");
        return reader;
      }),
    );
    // A version counts from the moment at which its hold is taken: whoever opens later waits for it.
    const heldAt: bigint[] = [];
    let refreshed = 0;
    for (let number = 1; number <= 60; number++) {
      const file = world.fresh("a", version(number));
      await world.holder.hold(String(number), [file], LEASE_MS);
      heldAt[number] = process.hrtime.bigint();
      await sleep(number % 3);
      world.switchIn(file);
      const report = await world.holder.release(String(number));
      refreshed += report.refreshed;
      fs.unlinkSync(world.at(`.lockstep/${file.staged?.path}`));
      await sleep(number % 5);
    }
    let [reads, refused] = [0, 0];
    for (const reader of readers) {
      let text = "";
      reader.stdout.setEncoding("latin1").on("data", (part: string) => {
        text += part;
      });
      reader.stdin.end();
      await once(reader, "close");
      for (const line of text.trim().split("\n")) {
        const [at, what] = line.split(" ");
        reads++;
        if (what === "refused") refused++;
        else {
          t.regex(what, /^\d+$/);
          const wanted = heldAt.findLastIndex((time) => time !== undefined && time < BigInt(at));
          if (Number(what) < wanted) t.fail(`version ${what} instead of ${wanted}`);
        }
      }
    }
    t.log(`${reads} reads, ${refreshed} of them refreshed, ${refused} refused`);
  },
);

asRoot("ten thousand files", async (t) => {
  const world = await createWorld(t);
  const files = Array.from({ length: 10_000 }, (_, i) => world.pair(`f${i}`, "o", "n"));
  for (const staged of [false, true]) {
    const list = staged ? files : files.map(({ directory, path }) => ({ directory, path }));
    const started = performance.now();
    t.deepEqual(await world.holder.hold("1", list, LEASE_MS), { held: 10_000 });
    const held = performance.now();
    const reader = await world.waiting("cat", world.at("f9999"));
    const releasing = performance.now();
    await world.holder.release("1");
    const released = performance.now();
    t.is((await reader.ended).output, "o");
    const ms = (from: number, to: number): string => `${(to - from).toFixed(0)} ms`;
    t.log(
      `${staged ? "with" : "without"} staged: held in ${ms(started, held)}, released in ${ms(releasing, released)}`,
    );
  }
});
