import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { chooseCalls } from "../../src/tree/choose-calls.ts";
import { type SystemCalls, SystemError } from "../../src/tree/system-calls.ts";
import { mirrorInProcess } from "../fixtures/mirror-in-process.ts";
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
