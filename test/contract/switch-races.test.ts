/**
 * What changes in the moment between a check and the switch that follows it. Something real is put
 * into place right before the system call that the check was for.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { chooseCalls } from "../../src/tree/choose-calls.ts";
import { newFileStat, type SystemCalls, SystemError } from "../../src/tree/system-calls.ts";
import { mirrorInProcess } from "../fixtures/mirror-in-process.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

interface World {
  readonly master: string;
  readonly remote: string;
  /** Puts a file of somebody else's at this path of the remote's. */
  intrude(name: string): void;
}

function createWorld(t: ExecutionContext): World {
  const directory = tempDirectory(t);
  const [master, remote, elsewhere] = ["master", "remote", "elsewhere"].map((name) => join(directory, name));
  for (const path of [master, remote, elsewhere]) fs.mkdirSync(path);
  return {
    master,
    remote,
    intrude(name) {
      fs.writeFileSync(join(elsewhere, name), "precious");
      fs.renameSync(join(elsewhere, name), join(remote, name));
    },
  };
}

/** Real system calls; `run` comes before the first call of this name that it is asked about and says true. */
function before<Name extends "rename" | "makeLink">(
  name: Name,
  run: (...args: Parameters<SystemCalls[Name]>) => boolean,
): SystemCalls {
  const real = chooseCalls();
  let done = false;
  const call = (...args: Parameters<SystemCalls[Name]>): void => {
    if (!done) done = run(...args);
    (real[name] as (...args: Parameters<SystemCalls[Name]>) => void)(...args);
  };
  return { ...real, [name]: call };
}

test("a file that came between the check and the exchange is given its place back, and reported", async (t) => {
  const { master, remote, intrude } = createWorld(t);
  fs.writeFileSync(join(master, "f"), "from the master");
  fs.writeFileSync(join(remote, "f"), "old");
  const calls = before("rename", (_from, _staged, _to, name, how) => {
    if (how !== "exchange" || name !== "f") return false;
    intrude("f");
    return true;
  });
  const { problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
  t.deepEqual(
    problems.map(({ path, code }) => [path, code]),
    [["f", "LOCKSTEP_TARGET_CHANGED"]],
  );
  t.is(fs.readFileSync(join(remote, "f"), "utf8"), "precious");
});

test("a file that came between the check and the deletion stays, and is reported", async (t) => {
  const { master, remote, intrude } = createWorld(t);
  fs.writeFileSync(join(master, "kept"), "from the master");
  fs.writeFileSync(join(remote, "f"), "old");
  let intruded = false;
  const real = chooseCalls();
  const coming = (name: string): void => {
    if (name !== "f" || intruded) return;
    intruded = true;
    intrude("f");
  };
  const calls: SystemCalls = {
    ...real,
    rename(from, fromName, to, toName, how) {
      coming(fromName);
      real.rename(from, fromName, to, toName, how);
    },
    unlink(directory, name) {
      coming(name);
      real.unlink(directory, name);
    },
  };
  const { problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
  t.true(intruded);
  t.deepEqual(
    problems.map(({ path, code }) => [path, code]),
    [["f", "LOCKSTEP_TARGET_CHANGED"]],
  );
  t.is(fs.readFileSync(join(remote, "f"), "utf8"), "precious");
  t.false(fs.existsSync(join(remote, ".lockstep")));
});

// Seen: the deletions after it failed as well, as directories that are not empty.
test("where the name is made anew before it can be given back, the others are deleted all the same", async (t) => {
  const { master, remote, intrude } = createWorld(t);
  fs.writeFileSync(join(master, "kept"), "from the master");
  for (const name of ["a", "b", "f"]) fs.writeFileSync(join(remote, name), "old");
  const real = chooseCalls();
  const calls: SystemCalls = {
    ...real,
    rename(from, fromName, to, toName, how) {
      if (fromName === "f" || toName === "f") intrude("f");
      real.rename(from, fromName, to, toName, how);
    },
  };
  const { problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
  t.deepEqual(
    problems.map(({ path, code }) => [path, code]),
    [["f", "LOCKSTEP_TARGET_CHANGED"]],
  );
  t.deepEqual(fs.readdirSync(remote).sort(), ["f", "kept"]);
  t.is(fs.readFileSync(join(remote, "f"), "utf8"), "precious");
});

/** Real system calls of a file system that moves the time of a directory that gets another parent, as XFS does. */
function movingTimes(intrude: () => void = () => undefined): SystemCalls {
  const real = chooseCalls();
  return {
    ...real,
    rename(from, fromName, to, toName, how) {
      real.rename(from, fromName, to, toName, how);
      const stat = newFileStat();
      if (how !== "exchange" || !real.stat(from, fromName, stat) || (stat.mode & 0o170000) !== 0o040000) return;
      real.setTime(from, fromName, 1_234_567_890, 0);
      intrude();
    },
  };
}

// Seen on XFS: never, in no round.
test("a directory turns into a file also where its time moves with the switch", async (t) => {
  const { master, remote } = createWorld(t);
  fs.writeFileSync(join(master, "d"), "a file now");
  fs.mkdirSync(join(remote, "d/below"), { recursive: true });
  fs.writeFileSync(join(remote, "d/below/known"), "known");
  const { problems } = await mirrorInProcess(master, remote, { calls: movingTimes(), durability: "none" });
  t.deepEqual(problems, []);
  t.is(fs.readFileSync(join(remote, "d"), "utf8"), "a file now");
});

// Seen on overlayfs, with a directory of the lower layer: never, in no round.
test("a directory that the file system cannot move is removed path by path", async (t) => {
  const { master, remote } = createWorld(t);
  fs.symlinkSync("elsewhere", join(master, "d"));
  fs.mkdirSync(join(remote, "d/below/deep"), { recursive: true });
  for (const name of ["d/a", "d/below/b", "d/below/deep/c"]) fs.writeFileSync(join(remote, name), name);
  const real = chooseCalls();
  const calls: SystemCalls = {
    ...real,
    rename(from, fromName, to, toName, how) {
      if (how === "exchange" && fs.statSync(join(remote, toName)).isDirectory())
        throw new SystemError("EXDEV", "renameat2");
      real.rename(from, fromName, to, toName, how);
    },
  };
  const { problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
  t.deepEqual(problems, []);
  t.is(fs.readlinkSync(join(remote, "d")), "elsewhere");

  t.deepEqual(fs.readdirSync(remote), ["d"]);
});

test("what came into a directory while it was switched out stays, also where its time moves", async (t) => {
  const { master, remote } = createWorld(t);
  fs.writeFileSync(join(master, "d"), "a file now");
  fs.mkdirSync(join(remote, "d"));
  fs.writeFileSync(join(remote, "d/known"), "known");
  const within = fs.openSync(join(remote, "d"), fs.constants.O_DIRECTORY);
  t.teardown(() => fs.closeSync(within));
  let intruded = false;
  const calls = movingTimes(() => {
    if (!intruded) fs.writeFileSync(`/proc/self/fd/${within}/precious`, "precious");
    intruded = true;
  });
  const { problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
  t.deepEqual(
    problems.map(({ path, code }) => [path, code]),
    [["d", "LOCKSTEP_TARGET_CHANGED"]],
  );
  t.is(fs.readFileSync(join(remote, "d/precious"), "utf8"), "precious");
});

test("a name is not linked to what took the place of its group's first name after the check", async (t) => {
  const { master, remote, intrude } = createWorld(t);
  for (const root of [master, remote]) {
    fs.writeFileSync(join(root, "1"), "linked");
    fs.utimesSync(join(root, "1"), 1_700_000_000, 1_700_000_000);
  }
  fs.linkSync(join(master, "1"), join(master, "2"));
  const calls = before("makeLink", (_from, name) => {
    if (name !== "1") return false;
    intrude("1");
    return true;
  });
  const { problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
  t.deepEqual(
    problems.map(({ path, code }) => [path, code]),
    [["2", "LOCKSTEP_TARGET_CHANGED"]],
  );
  t.deepEqual(fs.readdirSync(remote), ["1"]);
  t.is(fs.readFileSync(join(remote, "1"), "utf8"), "precious");
});

// Seen: the finish removed the directory with what had come into it.
test("what came into a directory stays also when it cannot be looked at after the switch", async (t) => {
  const { master, remote } = createWorld(t);
  fs.writeFileSync(join(master, "d"), "a file now");
  fs.mkdirSync(join(remote, "d"));
  fs.writeFileSync(join(remote, "d/known"), "known");
  const real = chooseCalls();
  let [switched, failed] = [false, false];
  const calls: SystemCalls = {
    ...real,
    rename(from, fromName, to, toName, how) {
      if (toName === "d" && how === "exchange" && !switched) {
        switched = true;
        fs.writeFileSync(join(remote, "d/precious"), "precious");
      }
      real.rename(from, fromName, to, toName, how);
    },
    openDirectory(root, path) {
      if (switched && !failed) {
        failed = true;
        throw new SystemError("EMFILE", "open");
      }
      return real.openDirectory(root, path);
    },
  };
  const { problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
  t.true(failed);
  t.deepEqual(
    problems.map(({ path }) => path),
    ["d"],
  );
  t.is(fs.readFileSync(join(remote, "d/precious"), "utf8"), "precious");
});

// Seen on a full overlayfs, which copies what it renames: what was to make room could not be deleted.
test("what cannot be taken out for want of room is deleted in its place, unless it has changed", async (t) => {
  const { master, remote, intrude } = createWorld(t);
  fs.writeFileSync(join(master, "kept"), "kept");
  for (const name of ["kept", "f", "g"]) fs.writeFileSync(join(remote, name), name);
  const real = chooseCalls();
  const calls: SystemCalls = {
    ...real,
    rename(from, fromName, to, toName, how) {
      if (toName.startsWith("deleted.")) {
        if (fromName === "g") intrude("g");
        throw new SystemError("ENOSPC", "renameat2");
      }
      real.rename(from, fromName, to, toName, how);
    },
  };
  const { problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
  t.deepEqual(
    problems.map(({ path, code }) => [path, code]),
    [["g", "LOCKSTEP_TARGET_CHANGED"]],
  );
  t.deepEqual(fs.readdirSync(remote).sort(), ["g", "kept"]);
  t.is(fs.readFileSync(join(remote, "g"), "utf8"), "precious");
});
