import { execFileSync } from "node:child_process";
import { constants, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { baseName, joinPath, parentPath } from "../../src/model/path.ts";
import { chooseCalls } from "../../src/tree/choose-calls.ts";
import type { DirectoryHandle, SystemCalls } from "../../src/tree/system-calls.ts";
import { mirrorInProcess } from "../fixtures/mirror-in-process.ts";
import { seededRandom } from "../fixtures/seeded-random.ts";
import { contents, makeOldAndNew, temporaryDirectory } from "../fixtures/small-trees.ts";

/** One change to the file system, by paths, so that it can be made again on a copy. */
type Change = (calls: SystemCalls, at: (path: string) => { directory: DirectoryHandle; name: string }) => void;

/** A change, or the point up to which everything is on disk. */
type Recorded = Change | "sync";

/** System calls that do their work and write down what they changed. */
function recordingCalls(record: Recorded[]): SystemCalls {
  const real = chooseCalls();
  const directories = new Map<DirectoryHandle, string>();
  const files = new Map<number, string>();
  const pathOf = (directory: DirectoryHandle, name: string): string => joinPath(directories.get(directory) ?? "", name);
  return {
    ...real,
    openRoot(path) {
      const handle = real.openRoot(path);
      directories.set(handle, "");
      return handle;
    },
    openDirectory(root, path) {
      const handle = real.openDirectory(root, path);
      const base = directories.get(root) ?? "";
      directories.set(handle, path === "" ? base : joinPath(base, path));
      return handle;
    },
    createFile(directory, name) {
      const fd = real.createFile(directory, name);
      const path = pathOf(directory, name);
      files.set(fd, path);
      record.push((calls, at) => {
        const target = at(path);
        calls.closeFile(calls.createFile(target.directory, target.name));
      });
      return fd;
    },
    write(fd, buffer, offset, length, position) {
      real.write(fd, buffer, offset, length, position);
      const path = files.get(fd) ?? "";
      const data = Uint8Array.prototype.slice.call(buffer, offset, offset + length);
      record.push((_calls, at) => {
        const target = at(path);
        const again = openSync(
          `/proc/self/fd/${target.directory}/${target.name}`,
          constants.O_WRONLY | constants.O_NOFOLLOW,
        );
        try {
          real.write(again, data, 0, length, position);
        } finally {
          real.closeFile(again);
        }
      });
    },
    chmod(directory, name, mode) {
      real.chmod(directory, name, mode);
      const path = pathOf(directory, name);
      record.push((calls, at) => calls.chmod(at(path).directory, at(path).name, mode));
    },
    chown(directory, name, uid, gid) {
      real.chown(directory, name, uid, gid);
      const path = pathOf(directory, name);
      record.push((calls, at) => calls.chown(at(path).directory, at(path).name, uid, gid));
    },
    setTime(directory, name, sec, nsec) {
      real.setTime(directory, name, sec, nsec);
      const path = pathOf(directory, name);
      record.push((calls, at) => calls.setTime(at(path).directory, at(path).name, sec, nsec));
    },
    makeDirectory(directory, name, mode) {
      real.makeDirectory(directory, name, mode);
      const path = pathOf(directory, name);
      record.push((calls, at) => calls.makeDirectory(at(path).directory, at(path).name, mode));
    },
    makeSymlink(directory, name, target) {
      real.makeSymlink(directory, name, target);
      const path = pathOf(directory, name);
      record.push((calls, at) => calls.makeSymlink(at(path).directory, at(path).name, target));
    },
    makeLink(from, fromName, to, toName) {
      real.makeLink(from, fromName, to, toName);
      const [a, b] = [pathOf(from, fromName), pathOf(to, toName)];
      record.push((calls, at) => calls.makeLink(at(a).directory, at(a).name, at(b).directory, at(b).name));
    },
    rename(from, fromName, to, toName, how) {
      real.rename(from, fromName, to, toName, how);
      const [a, b] = [pathOf(from, fromName), pathOf(to, toName)];
      record.push((calls, at) => calls.rename(at(a).directory, at(a).name, at(b).directory, at(b).name, how));
    },
    unlink(directory, name) {
      real.unlink(directory, name);
      const path = pathOf(directory, name);
      record.push((calls, at) => calls.unlink(at(path).directory, at(path).name));
    },
    removeDirectory(directory, name) {
      real.removeDirectory(directory, name);
      const path = pathOf(directory, name);
      record.push((calls, at) => calls.removeDirectory(at(path).directory, at(path).name));
    },
    syncFileSystem(directory) {
      real.syncFileSystem(directory);
      record.push("sync");
    },
  };
}

/** Makes some of the changes on the tree; one whose ground is missing cannot have reached the disk. */
function replay(tree: string, changes: readonly Change[]): void {
  const calls = chooseCalls();
  const root = calls.openRoot(tree);
  for (const change of changes) {
    const opened: DirectoryHandle[] = [];
    const at = (path: string): { directory: DirectoryHandle; name: string } => {
      const directory = calls.openDirectory(root, parentPath(path));
      opened.push(directory);
      return { directory, name: baseName(path) };
    };
    try {
      change(calls, at);
    } catch {
      // Not feasible without a change that was lost.
    }
    for (const directory of opened) calls.closeDirectory(directory);
  }
  calls.closeDirectory(root);
}

test("whatever the syncs leave open when power fails, every path is wholly old or wholly new, and the next round converges", async (t) => {
  t.timeout(300_000);
  const directory = temporaryDirectory("power");
  const { oldTree, newTree } = makeOldAndNew(directory);
  const [before, after] = [contents(oldTree), contents(newTree)];
  const recorded: Recorded[] = [];
  const done = join(directory, "done");
  execFileSync("cp", ["-a", oldTree, done]);
  await mirrorInProcess(newTree, done, { calls: recordingCalls(recorded), blockPaths: 4 });
  t.true(recorded.filter((change) => change === "sync").length > 3);
  const random = seededRandom(Number(process.env["LOCKSTEP_SEED"] ?? 7));
  const walk = join(import.meta.dirname, "../fixtures/walk.py");
  let cases = 0;
  for (let stop = 0; stop <= recorded.length; stop++) {
    const durable = recorded.lastIndexOf("sync", stop - 1);
    const safe = recorded.slice(0, durable + 1).filter((change) => change !== "sync");
    const open = recorded.slice(durable + 1, stop).filter((change) => change !== "sync");
    // Nothing more, everything, and some of what was not synced yet.
    const subsets = [[], open, ...[1, 2].map(() => open.filter(() => random(2) === 0))];
    for (const [i, lucky] of subsets.entries()) {
      if (i > 0 && open.length === 0) continue;
      const tree = join(directory, "tree");
      execFileSync("cp", ["-a", oldTree, tree]);
      replay(tree, [...safe, ...lucky]);
      const found = contents(tree);
      for (const [path, content] of found) {
        const whole = content === before.get(path) || content === after.get(path);
        if (!whole) t.fail(`power lost after change ${stop}, case ${i}: ${path} holds ${content}`);
      }
      for (const path of before.keys()) {
        if (after.has(path) && !found.has(path))
          t.fail(`power lost after change ${stop}, case ${i}: ${path} is missing`);
      }
      if (cases++ % 10 === 0) {
        await mirrorInProcess(newTree, tree, { durability: "none" });
        t.notThrows(() => execFileSync("python3", [walk, newTree, tree]), `after change ${stop}, case ${i}`);
      }
      rmSync(tree, { recursive: true });
    }
  }
  t.log(`${recorded.length} changes and syncs, ${cases} states of the disk`);
  rmSync(directory, { recursive: true });
});
