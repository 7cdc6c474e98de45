import * as fs from "node:fs";
import { join } from "node:path";
import test from "ava";
import { closedMode } from "../../src/tree/apply-context.ts";
import { chooseCalls } from "../../src/tree/choose-calls.ts";
import { type DirectoryHandle, newFileStat, type SystemCalls, SystemError } from "../../src/tree/system-calls.ts";
import { mirrorInProcess } from "../fixtures/mirror-in-process.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

test("a host that is not root replaces files of others that it cannot change in place", async (t) => {
  if (process.getuid?.() !== 0) return t.pass();
  const directory = tempDirectory(t);
  const [master, remote] = ["master", "remote"].map((name) => join(directory, name));
  for (const root of [master, remote]) {
    fs.mkdirSync(root);
    for (const name of ["mode", "time"]) fs.writeFileSync(join(root, name), "content");
  }
  const time = new Date(1_700_000_000_000);
  for (const name of ["mode", "time"]) {
    fs.utimesSync(join(master, name), time, time);
    fs.utimesSync(join(remote, name), time, name === "time" ? new Date(0) : time);
    fs.chownSync(join(remote, name), 1234, 1234);
  }
  fs.chmodSync(join(remote, "mode"), 0o666);
  const real = chooseCalls();
  const forbid = (handle: DirectoryHandle, name: string, call: string): void => {
    const stat = newFileStat();
    if (real.stat(handle, name, stat) && stat.uid === 1234) throw new SystemError("EPERM", call);
  };
  const calls: SystemCalls = {
    ...real,
    canChown: false,
    chown() {
      throw new SystemError("EPERM", "chown");
    },
    chmod(handle, name, mode) {
      forbid(handle, name, "chmod");
      real.chmod(handle, name, mode);
    },
    setTime(handle, name, sec, nsec) {
      forbid(handle, name, "utimensat");
      real.setTime(handle, name, sec, nsec);
    },
  };
  const { problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
  t.deepEqual(problems, []);
  t.is(fs.statSync(join(remote, "mode")).mode & 0o777, 0o644);
  t.is(fs.statSync(join(remote, "time")).mtimeMs, time.getTime());
});

test("the attributes of a directory of another that cannot be changed are no change", async (t) => {
  const directory = tempDirectory(t);
  const [master, remote] = ["master", "remote"].map((name) => join(directory, name));
  for (const root of [master, remote]) fs.mkdirSync(join(root, "theirs"), { recursive: true });
  fs.mkdirSync(join(remote, "own"));
  for (const path of ["", "theirs"]) fs.utimesSync(join(remote, path), 1, 1);
  fs.mkdirSync(join(master, "own"), { mode: 0o700 });
  const real = chooseCalls();
  const calls: SystemCalls = {
    ...real,
    canChown: false,
    setTime(handle, name, sec, nsec) {
      if (name === "theirs") throw new SystemError("EPERM", "utimensat");
      real.setTime(handle, name, sec, nsec);
    },
  };
  const { counts, problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
  t.deepEqual(
    problems.map(({ path, code }) => `${path} ${code}`),
    ["theirs LOCKSTEP_ACCESS_DENIED"],
  );
  t.is(counts.attributes, 2, "the root's and its own");
});

test("a host that is not root makes a file with attributes that its owner may not read", async (t) => {
  const directory = tempDirectory(t);
  const [master, remote] = ["master", "remote"].map((name) => join(directory, name));
  for (const root of [master, remote]) fs.mkdirSync(root);
  const real = chooseCalls();
  fs.writeFileSync(join(master, "secret"), "content");
  const handle = real.openRoot(master);
  t.teardown(() => real.closeDirectory(handle));
  real.setXattr(handle, "secret", "user.k", Buffer.from("v"));
  const calls: SystemCalls = {
    ...real,
    canChown: false,
    // As of a file of mode 0200.
    getXattr(at, name, attribute) {
      if (attribute.startsWith("user.")) throw new SystemError("EACCES", "lgetxattr");
      return real.getXattr(at, name, attribute);
    },
  };
  const { problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
  t.deepEqual(problems, []);
  t.is(fs.readFileSync(join(remote, "secret"), "utf8"), "content");
});

test("a directory is not widened where that would take its set-group-ID bit away", (t) => {
  const calls: SystemCalls = { ...chooseCalls(), canChown: false };
  const closed = { ...newFileStat(), uid: process.geteuid?.() ?? 0 };
  const [own, other] = [process.getegid?.() ?? 0, 54_321];
  t.is(closedMode(calls, { ...closed, mode: 0o42555, gid: own }), 0o2555);
  t.is(closedMode(calls, { ...closed, mode: 0o40555, gid: other }), 0o555);
  t.is(closedMode(calls, { ...closed, mode: 0o42555, gid: other }), undefined);
});

test("a host that is not root leaves a sticky directory of another that holds what is not its own", async (t) => {
  if (process.getuid?.() !== 0) return t.pass();
  const calls: SystemCalls = { ...chooseCalls(), canChown: false };
  const [own, other] = [0, 1234];
  for (const [what, mode, directory, file, stays] of [
    ["another's file in another's sticky directory", 0o1777, other, other, true],
    ["its own file there", 0o1777, other, own, false],
    ["another's file in its own sticky directory", 0o1777, own, other, false],
    ["another's file in another's directory that all may write in", 0o777, other, other, false],
  ] as const) {
    const [master, remote] = ["master", "remote"].map((name) => join(tempDirectory(t), name));
    for (const root of [master, remote]) fs.mkdirSync(root);
    fs.symlinkSync("target", join(master, "d"));
    fs.mkdirSync(join(remote, "d"));
    fs.writeFileSync(join(remote, "d/f"), "content");
    fs.chownSync(join(remote, "d/f"), file, file);
    fs.chownSync(join(remote, "d"), directory, directory);
    fs.chmodSync(join(remote, "d"), mode);
    const { problems } = await mirrorInProcess(master, remote, { calls, durability: "none" });
    const told = problems.map(({ path, code }) => `${path} ${code}`);
    t.deepEqual(told, stays ? ["d LOCKSTEP_ACCESS_DENIED"] : [], what);
    t.is(fs.existsSync(join(remote, "d/f")), stays, what);
  }
});
