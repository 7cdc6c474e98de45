import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { WHOLE_ROOT } from "../../src/model/classification.ts";
import { LockstepError } from "../../src/model/errors.ts";
import { chooseCalls } from "../../src/tree/choose-calls.ts";
import { tellDisk } from "../../src/tree/disk-errors.ts";
import { type SystemCalls, SystemError } from "../../src/tree/system-calls.ts";
import { mirrorInProcess, openRoot } from "../fixtures/mirror-in-process.ts";
import { openPaths } from "../fixtures/open-paths.ts";
import { contents, makeOldAndNew, temporaryDirectory } from "../fixtures/small-trees.ts";

/** What each error can meet: a full disk meets what takes space, and so on. */
const FAULTS: Readonly<Record<string, ReadonlySet<string>>> = {
  ENOSPC: new Set(["createFile", "write", "makeDirectory", "makeSymlink", "makeLink", "rename"]),
  EACCES: new Set([
    "createFile",
    "makeDirectory",
    "makeSymlink",
    "makeLink",
    "rename",
    "unlink",
    "removeDirectory",
    "chmod",
  ]),
  EMFILE: new Set(["createFile", "openFile"]),
};

/** System calls of which the n-th that can meet the error does, once. */
function faultyCalls(errno: string, failing: number): { calls: SystemCalls; met: () => boolean } {
  let count = 0;
  const calls = new Proxy(chooseCalls(), {
    get(target, name: keyof SystemCalls) {
      const value = target[name];
      if (typeof value !== "function" || !FAULTS[errno].has(name)) return value;
      return (...args: never[]) => {
        if (count++ === failing) throw new SystemError(errno, name);
        return (value as (...args: never[]) => unknown).apply(target, args);
      };
    },
  });
  return { calls, met: () => count > failing };
}

const walk = join(import.meta.dirname, "../fixtures/walk.py");

for (const errno of Object.keys(FAULTS)) {
  test(`${errno} at any point leaves old or new content, is told by path, and the next round converges`, async (t) => {
    t.timeout(300_000);
    const directory = temporaryDirectory(`fault-${errno}`);
    const { oldTree, newTree } = makeOldAndNew(directory);
    const [before, after] = [contents(oldTree), contents(newTree)];
    for (let n = 0; ; n++) {
      const remote = join(directory, `remote-${n}`);
      execFileSync("cp", ["-a", oldTree, remote]);
      const { calls, met } = faultyCalls(errno, n);
      let problems: readonly { path: string; code: string }[] = [];
      let thrown: unknown;
      try {
        ({ problems } = await mirrorInProcess(newTree, remote, { calls, durability: "none", blockPaths: 8 }));
      } catch (error) {
        // Where nothing can be done without the call, the round ends with the system's error.
        if (!(error instanceof SystemError) || error.code !== errno) throw error;
        thrown = error;
      }
      const found = contents(remote);
      for (const [path, content] of found) {
        const whole = content === before.get(path) || content === after.get(path);
        if (!whole) t.fail(`${errno} at ${n}: ${path} holds ${content}`);
      }
      for (const path of before.keys())
        if (after.has(path) && !found.has(path)) t.fail(`${errno} at ${n}: ${path} is missing`);
      if (thrown === undefined && problems.length === 0) {
        // Met where it does not matter, as when an old version could not be removed at once.
        const left = [...after].filter(([path, content]) => found.get(path) !== content);
        t.deepEqual(left, [], `${errno} at ${n} was not told`);
      }
      for (const problem of problems) t.regex(problem.code, /^LOCKSTEP_/);
      const next = await mirrorInProcess(newTree, remote, { durability: "none" });
      t.deepEqual(next.problems, [], `after ${errno} at ${n}`);
      t.notThrows(() => execFileSync("python3", [walk, newTree, remote]), `after ${errno} at ${n}`);
      rmSync(remote, { recursive: true });
      if (!met()) break;
    }
    rmSync(directory, { recursive: true });
  });
}

test("files whose attributes cannot be set leave no descriptor open", async (t) => {
  const directory = temporaryDirectory("fault-attributes");
  const [master, remote] = [join(directory, "master"), join(directory, "remote")];
  for (const root of [master, remote]) mkdirSync(root);
  for (let i = 0; i < 20; i++) writeFileSync(join(master, `empty-${i}`), "");
  for (let i = 0; i < 20; i++) writeFileSync(join(master, `full-${i}`), "content");
  const real = chooseCalls();
  const calls: SystemCalls = {
    ...real,
    setTime(handle, name, sec, nsec) {
      // As a chown in a user namespace that knows no such owner.
      if (/\.\d+\.\d+$/.test(name)) throw new SystemError("EINVAL", "utimensat");
      real.setTime(handle, name, sec, nsec);
    },
  };
  const { problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
  t.is(problems.length, 40);
  t.deepEqual(
    openPaths().filter((path) => path.includes("/empty-") || path.includes(`${remote}/.lockstep/`)),
    [],
  );
  rmSync(directory, { recursive: true });
});

/** Calls of which this one fails as a damaged disk lets it, where the condition holds. */
function damagedDisk(name: "readDirectory" | "syncFileSystem", isMet: (handle: unknown) => boolean): SystemCalls {
  const real = chooseCalls();
  const failing = (handle: never): never => {
    if (isMet(handle)) throw new SystemError("EIO", name);
    return (real[name] as (handle: never) => never)(handle);
  };
  return { ...real, [name]: failing };
}

test("a root directory that the disk does not give is told as unreadable, not as a fault in Lockstep", async (t) => {
  const root = temporaryDirectory("fault-root");
  writeFileSync(join(root, "a"), "x");
  const { list, directories } = openRoot(
    damagedDisk("readDirectory", () => true),
    root,
  );
  const scan = list.scan({ classification: WHOLE_ROOT, now: Date.now(), fresh: false, isSource: true });
  const error = await t.throwsAsync(scan, { code: "LOCKSTEP_SOURCE_UNREADABLE" });
  t.is(error?.message, "the root directory cannot be read (EIO)");
  directories.close();
  rmSync(root, { recursive: true });
});

for (const [which, when] of [
  ["content", 0],
  ["the finish", 1],
] as const) {
  test(`a disk that does not take ${which} is told as a failed change`, async (t) => {
    const directory = temporaryDirectory(`fault-sync-${when}`);
    const [master, remote] = [join(directory, "master"), join(directory, "remote")];
    for (const root of [master, remote]) mkdirSync(root);
    writeFileSync(join(master, "a"), "x");
    let count = 0;
    const calls = damagedDisk("syncFileSystem", () => count++ === when);
    const error = await t.throwsAsync(mirrorInProcess(master, remote, { calls, durability: "full" }), {
      code: "LOCKSTEP_APPLY_FAILED",
    });
    t.is(error?.message, "the root's file system cannot be written to disk (EIO)");
    t.is(contents(remote).has("a"), when === 1);
    rmSync(directory, { recursive: true });
  });
}

test("a staging area that cannot be listed at the end is left behind, and everything else is done", async (t) => {
  const directory = temporaryDirectory("fault-staging");
  const [master, remote] = [join(directory, "master"), join(directory, "remote")];
  for (const root of [master, remote]) mkdirSync(root);
  writeFileSync(join(master, "a"), "x");
  const real = chooseCalls();
  let area: unknown;
  const calls: SystemCalls = {
    ...damagedDisk("readDirectory", (handle) => handle === area),
    openDirectory(root, path) {
      const handle = real.openDirectory(root, path);
      if (path === ".lockstep") area = handle;
      return handle;
    },
  };
  const { problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
  t.deepEqual(
    problems.map(({ code }) => code),
    ["LOCKSTEP_NOT_REMOVED"],
  );
  t.regex(problems[0].message, /EIO/);
  const next = await mirrorInProcess(master, remote, { durability: "none" });
  t.deepEqual(next.problems, []);
  t.notThrows(() => execFileSync("python3", [walk, master, remote]));
  rmSync(directory, { recursive: true });
});

test("whatever else the system refuses a worker has a code by what the worker was doing", async (t) => {
  const failing = (error: Error) => () => {
    throw error;
  };
  const told = tellDisk(
    {
      freeBytes: failing(new SystemError("EIO", "statfs")),
      nodes: failing(
        Object.assign(new Error("ESTALE: stale handle, scandir '/srv/www'"), { code: "ESTALE", syscall: "scandir" }),
      ),
      stage: failing(new SystemError("EMFILE", "openat")),
      finish: failing(new TypeError("a fault in Lockstep")),
      close: failing(new LockstepError("LOCKSTEP_OUT_OF_ORDER", "not now")),
      fine: async (a: number, b: number) => a + b,
    },
    (verb) => (verb === "nodes" ? "LOCKSTEP_SOURCE_UNREADABLE" : "LOCKSTEP_APPLY_FAILED"),
  );
  const call = async (verb: string): Promise<unknown> => (told[verb] as (...args: unknown[]) => unknown)(1, 2);
  const expect = { code: "LOCKSTEP_APPLY_FAILED", message: "statfs failed in the root (EIO)" };
  await t.throwsAsync(call("freeBytes"), { instanceOf: LockstepError, ...expect });
  const stale = { code: "LOCKSTEP_SOURCE_UNREADABLE", message: "scandir failed in the root (ESTALE)" };
  await t.throwsAsync(call("nodes"), { instanceOf: LockstepError, ...stale });
  await t.throwsAsync(call("stage"), { code: "LOCKSTEP_NO_RESOURCES", message: /EMFILE/ });
  await t.throwsAsync(call("finish"), { instanceOf: TypeError });
  await t.throwsAsync(call("close"), { code: "LOCKSTEP_OUT_OF_ORDER", message: "not now" });
  t.is(await call("fine"), 3);
});
