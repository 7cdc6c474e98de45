import { execFileSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { JournalPart } from "../../src/model/apply-journal.ts";
import { chooseCalls } from "../../src/tree/choose-calls.ts";
import type { SystemCalls } from "../../src/tree/system-calls.ts";
import { mirrorInProcess, recoverInProcess } from "../fixtures/mirror-in-process.ts";
import { contents, makeOldAndNew, temporaryDirectory } from "../fixtures/small-trees.ts";

class Crash extends Error {}

const MUTATIONS: ReadonlySet<string> = new Set([
  "createFile",
  "write",
  "truncate",
  "chmod",
  "chown",
  "setTime",
  "setXattr",
  "removeXattr",
  "makeDirectory",
  "makeSymlink",
  "makeLink",
  "makeNode",
  "rename",
  "unlink",
  "removeDirectory",
  "syncFileSystem",
]);

/** System calls that stop for good before the n-th change, as a killed process does. */
function crashingCalls(stopBefore: number): { calls: SystemCalls; changes: () => number } {
  const real = chooseCalls();
  let changes = 0;
  let dead = false;
  const calls = new Proxy(real, {
    get(target, name: keyof SystemCalls) {
      const value = target[name];
      if (typeof value !== "function") return value;
      return (...args: never[]) => {
        if (!dead && MUTATIONS.has(name)) dead = changes++ === stopBefore;
        if (dead) throw new Crash(`stopped before change ${stopBefore}`);
        return (value as (...args: never[]) => unknown).apply(target, args);
      };
    },
  });
  return { calls, changes: () => changes };
}

function copyTree(from: string, to: string): void {
  execFileSync("cp", ["-a", from, to]);
}

test("whatever change a killed remote stops before, every path is wholly old or wholly new, and the next round converges", async (t) => {
  t.timeout(300_000);
  const directory = temporaryDirectory("crash");
  const { oldTree, newTree } = makeOldAndNew(directory);
  const [before, after] = [contents(oldTree), contents(newTree)];
  const walk = join(import.meta.dirname, "../fixtures/walk.py");
  let points = 0;
  for (let n = 0; ; n++) {
    const remote = join(directory, `remote-${n}`);
    copyTree(oldTree, remote);
    const journal: JournalPart[] = [];
    const { calls, changes } = crashingCalls(n);
    let crashed = false;
    try {
      await mirrorInProcess(newTree, remote, { calls, journal, blockPaths: 4 });
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      crashed = true;
    }
    const found = contents(remote);
    for (const [path, content] of found) {
      const whole = content === before.get(path) || content === after.get(path);
      if (!whole) t.fail(`crash before change ${n}: ${path} holds ${content}`);
    }
    for (const path of before.keys()) {
      // A path that both have must never be missing, whatever type it has on either side.
      if (after.has(path) && !found.has(path)) t.fail(`crash before change ${n}: ${path} is missing`);
    }
    recoverInProcess(remote, journal);
    const { problems } = await mirrorInProcess(newTree, remote, { blockPaths: 4 });
    t.deepEqual(problems, [], `after the crash before change ${n}`);
    t.notThrows(
      () => execFileSync("python3", [walk, newTree, remote], { encoding: "utf8" }),
      `crash before change ${n}`,
    );
    rmSync(remote, { recursive: true });
    points = changes();
    if (!crashed) break;
  }
  t.log(`${points} changes, each tried as the last`);
  t.true(points > 60);
  rmSync(directory, { recursive: true });
});

test("a round after an interrupted one reuses what was staged", async (t) => {
  const directory = temporaryDirectory("reuse");
  const { oldTree, newTree } = makeOldAndNew(directory);
  const remote = join(directory, "remote");
  cpSync(oldTree, remote, { recursive: true });
  const { calls } = crashingCalls(40);
  await t.throwsAsync(mirrorInProcess(newTree, remote, { calls, blockPaths: 100 }), { instanceOf: Crash });
  const { bytesReused, problems } = await mirrorInProcess(newTree, remote, { blockPaths: 100 });
  t.deepEqual(problems, []);
  t.true(bytesReused > 20, `${bytesReused} bytes were reused`);
  rmSync(directory, { recursive: true });
});
