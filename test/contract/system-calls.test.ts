import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { createLinuxCalls } from "../../src/tree/linux-calls.ts";
import { createPortableCalls } from "../../src/tree/portable-calls.ts";
import {
  type DirectoryHandle,
  errnoOf,
  type FileStat,
  newFileStat,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  type SystemCalls,
} from "../../src/tree/system-calls.ts";
import { hasSysAdmin } from "../fixtures/capabilities.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

interface World {
  readonly calls: SystemCalls;
  readonly root: DirectoryHandle;
  /** The root as this process sees it, beside the calls under test. */
  readonly path: string;
  readonly outside: string;
  /** Opens a directory, closed after the test. */
  open(path: string): DirectoryHandle;
  stat(directory: DirectoryHandle, name: string): FileStat | undefined;
}

const IMPLEMENTATIONS: [name: string, create: () => SystemCalls][] = [
  ["linux", createLinuxCalls],
  ["portable", createPortableCalls],
];

function createWorld(t: ExecutionContext, create: () => SystemCalls): World {
  const calls = create();
  const [path, outside] = [tempDirectory(t), tempDirectory(t)];
  fs.mkdirSync(join(path, "d"));
  fs.writeFileSync(join(path, "f"), "content");
  fs.writeFileSync(join(outside, "secret"), "secret");
  const root = calls.openRoot(path);
  t.teardown(() => calls.closeDirectory(root));
  return {
    calls,
    root,
    path,
    outside,
    open(directory) {
      const handle = calls.openDirectory(root, directory);
      t.teardown(() => calls.closeDirectory(handle));
      return handle;
    },
    stat(directory, name) {
      const stat = newFileStat();
      return calls.stat(directory, name, stat) ? stat : undefined;
    },
  };
}

/** Fails unless `run` throws an error whose code is one of these errno names. */
function refuses(t: ExecutionContext, run: () => unknown, ...codes: string[]): void {
  let code: string | undefined = "nothing was thrown";
  try {
    run();
  } catch (error) {
    code = errnoOf(error);
  }
  t.true(codes.includes(code ?? ""), `${code} instead of ${codes.join(" or ")}`);
}

const raw = (...parts: string[]): Buffer => Buffer.from(parts.join("/"), "latin1");

function both(title: string, run: (t: ExecutionContext, world: World) => void): void {
  for (const [name, create] of IMPLEMENTATIONS) {
    test(`${name}: ${title}`, (t) => run(t, createWorld(t, create)));
  }
}

const skipped: typeof both = (title) => test.skip(title, () => undefined);

// ---- the root

// Seen: without the Linux calls a root whose path is a link was listed as a link itself.
both("a root whose path is a link is the directory that it leads to", (t, { calls, path, outside, stat }) => {
  const link = join(outside, "link");
  fs.symlinkSync(path, link);
  const root = calls.openRoot(link);
  fs.rmSync(link);
  fs.symlinkSync(outside, link);
  t.is((stat(root, "")?.mode ?? 0) & S_IFMT, S_IFDIR);
  t.deepEqual(calls.readDirectory(root), ["d", "f"]);
  calls.closeDirectory(root);
});

(hasSysAdmin() ? both : skipped)("a root that is a mount is on another device than what holds it", (t, world) => {
  const { calls, path, root, stat } = world;
  const device = (handle: DirectoryHandle, name: string): string => {
    const { deviceMajor, deviceMinor } = stat(handle, name) as FileStat;
    return `${deviceMajor}:${deviceMinor}`;
  };
  t.is(device(root, ".."), device(root, ""));
  const mounted = join(path, "d");
  t.is(spawnSync("mount", ["-t", "tmpfs", "tmpfs", mounted]).status, 0);
  t.teardown(() => spawnSync("umount", [mounted]));
  const handle = calls.openRoot(mounted);
  t.is(device(handle, ".."), device(root, ""));
  t.not(device(handle, ".."), device(handle, ""));
  calls.closeDirectory(handle);
});

// ---- names

const NAMES = [
  "plain",
  "new\nline",
  "\xff\xfe",
  "a\x80b",
  " ",
  "-rf",
  "back\\slash",
  "%41",
  "\x01",
  "*",
  "x".repeat(255),
];
for (const name of NAMES) {
  both(`names are bytes: ${JSON.stringify(name.slice(0, 20))}`, (t, { calls, root, path, stat, open }) => {
    const fd = calls.createFile(root, name);
    calls.write(fd, Buffer.from("hello"), 0, 5, 0);
    calls.closeFile(fd);
    t.is(fs.readFileSync(raw(path, name), "utf8"), "hello");
    t.is(stat(root, name)?.size, 5);
    t.true(calls.readDirectory(root).includes(name));
    calls.unlink(root, name);
    calls.makeDirectory(root, name, 0o700);
    calls.makeSymlink(open(name), name, name);
    t.is(calls.readLink(open(name), name), name);
    t.true(fs.readlinkSync(raw(path, name, name), { encoding: "buffer" }).equals(Buffer.from(name, "latin1")));
    calls.rename(open(name), name, root, "moved", "fresh");
    t.is(stat(root, "moved")?.size, name.length);
  });
}

both("a name of 256 bytes is refused", (t, { calls, root }) => {
  refuses(t, () => calls.makeDirectory(root, "x".repeat(256), 0o700), "ENAMETOOLONG");
  refuses(t, () => calls.createFile(root, "x".repeat(256)), "ENAMETOOLONG");
});

both("a directory is listed in the order of its names' bytes, without . and ..", (t, { calls, path, open }) => {
  const names = ["a", "a-", "a.b", "B", "b", "\x7f", "\x80", "\xff", " ", "\n", ".x", "..y"];
  for (const name of names) fs.writeFileSync(raw(path, "d", name), "");
  const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a, "latin1"), Buffer.from(b, "latin1")));
  t.deepEqual(calls.readDirectory(open("d")), byBytes);
});

both("a large directory is listed whole", (t, { calls, path, open }) => {
  const names = Array.from({ length: 5000 }, (_, i) => `entry-with-a-rather-long-name-${String(i).padStart(6, "0")}`);
  for (const name of names) fs.writeFileSync(join(path, "d", name), "");
  t.deepEqual(calls.readDirectory(open("d")), names);
});

both("an empty directory is listed as empty", (t, { calls, open }) => {
  t.deepEqual(calls.readDirectory(open("d")), []);
});

both("a directory can be read twice by one handle", (t, { calls, root }) => {
  t.deepEqual(calls.readDirectory(root), ["d", "f"]);
  t.deepEqual(calls.readDirectory(root), ["d", "f"]);
});

// ---- stat

both("stat says what lstat says, for every type that can be made", (t, { calls, root, path, stat }) => {
  fs.symlinkSync("nowhere", join(path, "l"));
  fs.linkSync(join(path, "f"), join(path, "f2"));
  fs.chmodSync(join(path, "d"), 0o3751);
  fs.utimesSync(join(path, "f"), 1_500_000_000, 1_500_000_000.25);
  for (const name of ["f", "f2", "d", "l"]) {
    const expected = fs.lstatSync(join(path, name), { bigint: true });
    const found = stat(root, name);
    t.is(found?.mode, Number(expected.mode), name);
    t.is(found?.uid, Number(expected.uid));
    t.is(found?.gid, Number(expected.gid));
    t.is(found?.size, Number(expected.size));
    t.is(found?.links, Number(expected.nlink));
    t.is(BigInt(found?.inodeHigh ?? 0) * 2n ** 32n + BigInt(found?.inodeLow ?? 0), expected.ino);
    t.is(BigInt(found?.mtimeSec ?? 0) * 10n ** 9n + BigInt(found?.mtimeNsec ?? 0), expected.mtimeNs);
    t.is(BigInt(found?.ctimeSec ?? 0) * 10n ** 9n + BigInt(found?.ctimeNsec ?? 0), expected.ctimeNs);
    t.false(found?.mountPoint);
  }
  t.deepEqual(
    ["f", "d", "l"].map((name) => (stat(root, name)?.mode ?? 0) & S_IFMT),
    [S_IFREG, S_IFDIR, S_IFLNK],
  );
  t.is(calls.readDirectory(root).length, 4);
});

both("stat says false when there is nothing", (t, { root, stat, open }) => {
  t.is(stat(root, "none"), undefined);
  t.is(stat(open("d"), "f"), undefined);
});

both("stat of a directory itself, and of all names in it, names one device", (t, { root, stat, open }) => {
  const [self, file, inner] = [stat(root, ""), stat(root, "f"), stat(open("d"), "")];
  t.is((self?.mode ?? 0) & S_IFMT, S_IFDIR);
  t.deepEqual([self?.deviceMajor, self?.deviceMinor], [file?.deviceMajor, file?.deviceMinor]);
  t.is(inner?.inodeLow, stat(root, "d")?.inodeLow);
});

both("stat of an open file says what stat of its name says", (t, { calls, root, stat }) => {
  const fd = calls.openFile(root, "f");
  const open = newFileStat();
  calls.statFile(fd, open);
  calls.closeFile(fd);
  const { mountPoint: _, ...named } = stat(root, "f") ?? newFileStat();
  const { mountPoint: __, ...opened } = open;
  t.deepEqual(opened, named);
});

both("a mount point is told from a directory", (t, { calls, stat }) => {
  const root = calls.openRoot("/");
  t.teardown(() => calls.closeDirectory(root));
  t.true(stat(root, "proc")?.mountPoint);
  t.false(stat(root, "etc")?.mountPoint);
});

// ---- confinement

both("a symlink is never followed", (t, { calls, root, path, outside, stat }) => {
  fs.symlinkSync(join(outside, "secret"), join(path, "l"));
  t.is((stat(root, "l")?.mode ?? 0) & S_IFMT, S_IFLNK);
  refuses(t, () => calls.openFile(root, "l"), "ELOOP");
  refuses(t, () => calls.createFile(root, "l"), "EEXIST", "ELOOP");
  calls.setTime(root, "l", 1_000_000_000, 0);
  t.is(stat(root, "l")?.mtimeSec, 1_000_000_000);
  calls.makeLink(root, "l", root, "l2");
  t.is((stat(root, "l2")?.mode ?? 0) & S_IFMT, S_IFLNK);
  if (calls.canChown) calls.chown(root, "l", 1234, 1235);
  const secret = fs.lstatSync(join(outside, "secret"));
  t.not(Math.floor(secret.mtimeMs / 1000), 1_000_000_000);
  t.not(secret.uid, 1234);
  calls.unlink(root, "l");
  calls.unlink(root, "l2");
  t.is(fs.readFileSync(join(outside, "secret"), "utf8"), "secret");
});

both("chmod of a symlink does not change what it leads to", (t, { calls, root, path, outside }) => {
  fs.chmodSync(join(outside, "secret"), 0o600);
  fs.symlinkSync(join(outside, "secret"), join(path, "l"));
  try {
    calls.chmod(root, "l", 0o666);
  } catch {
    // Refusing is fine.
  }
  t.is(fs.statSync(join(outside, "secret")).mode & 0o777, 0o600);
});

both("a directory is opened through directories only, never through a symlink", (t, { calls, root, path, outside }) => {
  fs.mkdirSync(join(path, "d/e"));
  fs.symlinkSync("d", join(path, "inner"));
  fs.symlinkSync(outside, join(path, "outer"));
  fs.symlinkSync(outside, join(path, "d/outer"));
  const handle = calls.openDirectory(root, "d/e");
  calls.closeDirectory(handle);
  for (const through of ["inner", "outer", "inner/e", "outer/x", "d/outer"]) {
    refuses(t, () => calls.openDirectory(root, through), "ELOOP", "ENOTDIR", "EXDEV");
  }
  refuses(t, () => calls.openDirectory(root, "f"), "ENOTDIR");
  refuses(t, () => calls.openDirectory(root, "f/x"), "ENOTDIR");
  refuses(t, () => calls.openDirectory(root, "none"), "ENOENT");
  refuses(t, () => calls.openDirectory(root, "none/x"), "ENOENT");
});

for (const path of ["..", "d/../.."]) {
  both(`a directory outside the root cannot be opened: ${path}`, (t, { calls, root }) => {
    refuses(t, () => calls.openDirectory(root, path), "EXDEV", "ELOOP", "ENOTDIR", "EPERM", "EINVAL", "EACCES");
  });
}

both("the path of the root itself may lead through a symlink, but not to a file", (t, { calls, path, outside }) => {
  fs.symlinkSync(path, join(outside, "to-root"));
  const root = calls.openRoot(join(outside, "to-root"));
  t.deepEqual(calls.readDirectory(root), ["d", "f"]);
  calls.closeDirectory(root);
  refuses(t, () => calls.openRoot(join(path, "f")), "ENOTDIR");
  refuses(t, () => calls.openRoot(join(path, "none")), "ENOENT");
});

// ---- files

both("what is written is read back, at any position", (t, { calls, root }) => {
  const fd = calls.createFile(root, "new");
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
  calls.write(fd, bytes, 50_000, 50_000, 50_000);
  calls.write(fd, bytes, 0, 50_000, 0);
  const back = Buffer.alloc(bytes.length + 10);
  let done = 0;
  for (let count = 1; count > 0; done += count) count = calls.read(fd, back, done, back.length - done, done);
  t.is(done, bytes.length);
  t.true(back.subarray(0, done).equals(bytes));
  t.is(calls.read(fd, back, 0, 10, bytes.length), 0);
  t.is(calls.read(fd, back, 0, 10, bytes.length + 100), 0);
  t.is(calls.read(fd, back, 5, 3, 7), 3);
  t.deepEqual([...back.subarray(5, 8)], [7, 8, 9]);
  calls.closeFile(fd);
});

both("a truncated file has that length, and what is added reads as zeros", (t, { calls, root, path }) => {
  const fd = calls.createFile(root, "new");
  calls.write(fd, Buffer.from("abcdef"), 0, 6, 0);
  calls.truncate(fd, 3);
  calls.truncate(fd, 5);
  calls.closeFile(fd);
  t.is(fs.readFileSync(join(path, "new"), "latin1"), "abc\0\0");
});

both("a file is created only where there is nothing, with mode 0600", (t, { calls, root, path, stat }) => {
  calls.closeFile(calls.createFile(root, "new"));
  t.is((stat(root, "new")?.mode ?? 0) & 0o7777, 0o600);
  refuses(t, () => calls.createFile(root, "new"), "EEXIST");
  refuses(t, () => calls.createFile(root, "d"), "EEXIST", "EISDIR");
  fs.symlinkSync("nowhere", join(path, "dangling"));
  refuses(t, () => calls.createFile(root, "dangling"), "EEXIST", "ELOOP");
  t.false(fs.existsSync(join(path, "nowhere")));
});

both("opening what is not there says ENOENT", (t, { calls, root }) => {
  refuses(t, () => calls.openFile(root, "none"), "ENOENT");
});

both("a file is opened without waiting", (t, { calls, root }) => {
  const fd = calls.openFile(root, "f");
  const flags = /flags:\s*(\d+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "";
  calls.closeFile(fd);
  t.not(Number.parseInt(flags, 8) & fs.constants.O_NONBLOCK, 0);
});

// ---- attributes

both("modes are set, with set-id and sticky bits, of directories too", (t, { calls, root, stat, open }) => {
  for (const mode of [0, 0o644, 0o4755, 0o7777]) {
    calls.chmod(root, "f", mode);
    t.is((stat(root, "f")?.mode ?? 0) & 0o7777, mode);
  }
  calls.chmod(root, "d", 0o2750);
  t.is((stat(root, "d")?.mode ?? 0) & 0o7777, 0o2750);
  calls.chmod(open("d"), "", 0o711);
  t.is((stat(root, "d")?.mode ?? 0) & 0o7777, 0o711);
  refuses(t, () => calls.chmod(root, "none", 0o644), "ENOENT");
});

both("owners are set where this process may", (t, { calls, root, stat }) => {
  if (!calls.canChown) return t.pass();
  calls.chown(root, "f", 4_000_000_000, 77);
  t.deepEqual([stat(root, "f")?.uid, stat(root, "f")?.gid], [4_000_000_000, 77]);
});

const MICRO = 1500;
/** How far a time may be off: the portable calls promise microseconds. */
function timeError(found: FileStat | undefined, sec: number, nsec: number): number {
  return found === undefined ? Number.NaN : Math.abs((found.mtimeSec - sec) * 1e9 + (found.mtimeNsec - nsec));
}

const TIMES: [what: string, sec: number, nsec: number][] = [
  ["of today", 1_790_000_000, 123_456_789],
  ["of the epoch", 0, 0],
  ["just after the epoch", 0, 999_999_000],
  ["after 2038", 2 ** 31 + 5, 1000],
  ["after 2106", 2 ** 32 + 5, 7000],
  ["of one nanosecond", 1_000_000_000, 1],
];
for (const [what, sec, nsec] of TIMES) {
  both(`a time ${what} is set, of files, directories and symlinks`, (t, { calls, root, path, stat, open }) => {
    fs.symlinkSync("x", join(path, "l"));
    const allowed = calls.exactTimes ? 0 : MICRO;
    for (const name of ["f", "l", "d"]) {
      calls.setTime(root, name, sec, nsec);
      t.true(timeError(stat(root, name), sec, nsec) <= allowed, name);
    }
    calls.setTime(open("d"), "", sec + 1, nsec);
    t.true(timeError(stat(root, "d"), sec + 1, nsec) <= allowed);
  });
}

both("a time before 1970 is set to the microsecond", (t, { calls, root, stat }) => {
  for (const [sec, nsec] of [
    [-1, 0],
    [-1, 999_000_000],
    [-(2 ** 31) + 1, 5000],
  ]) {
    calls.setTime(root, "f", sec, nsec);
    t.true(timeError(stat(root, "f"), sec, nsec) <= (calls.exactTimes ? 0 : MICRO), `${sec} ${nsec}`);
  }
});

both("setting a time leaves the access time alone", (t, { calls, root, path }) => {
  fs.utimesSync(join(path, "f"), 1_234_567, 1_234_568);
  calls.setTime(root, "f", 1_000_000_000, 0);
  t.is(fs.statSync(join(path, "f")).atimeMs, 1_234_567_000);
});

both("setting the time of what is not there says ENOENT", (t, { calls, root }) => {
  refuses(t, () => calls.setTime(root, "none", 1, 0), "ENOENT");
});

both("extended attributes are listed, set and removed where they are supported", (t, { calls, root, path }) => {
  if (!calls.supportsXattrs(root)) {
    t.deepEqual(calls.listXattrs(root, "f"), []);
    return;
  }
  const value = Uint8Array.of(0, 255, 10);
  for (const name of ["user.b", "user.a\xff", "user.empty"]) {
    calls.setXattr(root, "f", name, name === "user.empty" ? new Uint8Array(0) : value);
  }
  t.deepEqual(calls.listXattrs(root, "f"), ["user.a\xff", "user.b", "user.empty"]);
  const get = (name: string): number[] => [...calls.getXattr(root, "f", name)];
  t.deepEqual(get("user.a\xff"), [...value]);
  t.deepEqual(get("user.empty"), []);
  calls.setXattr(root, "f", "user.b", Uint8Array.of(1));
  t.deepEqual(get("user.b"), [1]);
  calls.removeXattr(root, "f", "user.b");
  t.deepEqual(calls.listXattrs(root, "f"), ["user.a\xff", "user.empty"]);
  refuses(t, () => calls.removeXattr(root, "f", "user.b"), "ENODATA");
  refuses(t, () => get("user.b"), "ENODATA");
  const many = Array.from({ length: 30 }, (_, i) => `user.one-of-more-than-256-bytes-of-names-${10 + i}`);
  for (const name of many) calls.setXattr(root, "f", name, value);
  t.deepEqual(calls.listXattrs(root, "f"), ["user.a\xff", "user.empty", ...many]);
  fs.symlinkSync("f", join(path, "l"));
  t.deepEqual(calls.listXattrs(root, "l"), []);
  calls.setXattr(root, "", "user.root", value);
  t.deepEqual(calls.listXattrs(root, ""), ["user.root"]);
});

// ---- making, moving and removing

both("directories are made and removed, with errno codes", (t, { calls, root, open, stat }) => {
  calls.makeDirectory(root, "new", 0o700);
  t.is((stat(root, "new")?.mode ?? 0) & 0o777, 0o700);
  refuses(t, () => calls.makeDirectory(root, "new", 0o700), "EEXIST");
  refuses(t, () => calls.makeDirectory(root, "f", 0o700), "EEXIST");
  calls.makeDirectory(open("new"), "inner", 0o700);
  refuses(t, () => calls.removeDirectory(root, "new"), "ENOTEMPTY", "EEXIST");
  refuses(t, () => calls.removeDirectory(root, "f"), "ENOTDIR");
  refuses(t, () => calls.removeDirectory(root, "none"), "ENOENT");
  calls.removeDirectory(open("new"), "inner");
  calls.removeDirectory(root, "new");
  t.is(stat(root, "new"), undefined);
});

both("files are unlinked and directories are not, with errno codes", (t, { calls, root, stat }) => {
  refuses(t, () => calls.unlink(root, "d"), "EISDIR", "EPERM");
  refuses(t, () => calls.unlink(root, "none"), "ENOENT");
  calls.unlink(root, "f");
  t.is(stat(root, "f"), undefined);
});

both("symlinks keep the bytes of their target, up to 4095", (t, { calls, root }) => {
  for (const [i, target] of ["../../etc", "\xff\n", "/", `${"x".repeat(250)}/`.repeat(16)].entries()) {
    calls.makeSymlink(root, `l${i}`, target);
    t.is(calls.readLink(root, `l${i}`), target);
  }
  refuses(t, () => calls.makeSymlink(root, "f", "x"), "EEXIST");
  refuses(t, () => calls.readLink(root, "f"), "EINVAL");
  refuses(t, () => calls.readLink(root, "none"), "ENOENT");
});

both("a further name leads to the same inode", (t, { calls, root, open, stat }) => {
  calls.makeLink(root, "f", open("d"), "g");
  t.is(stat(open("d"), "g")?.inodeLow, stat(root, "f")?.inodeLow);
  t.is(stat(root, "f")?.links, 2);
  refuses(t, () => calls.makeLink(root, "f", open("d"), "g"), "EEXIST");
  refuses(t, () => calls.makeLink(root, "none", open("d"), "h"), "ENOENT");
  refuses(t, () => calls.makeLink(root, "d", open("d"), "h"), "EPERM");
});

both("fifos, sockets and devices are made, or refused with a code where they cannot be", (t, { calls, root, stat }) => {
  const kinds: [name: string, format: number, can: boolean][] = [
    ["fifo", S_IFIFO, calls.canMakeNodes],
    ["socket", S_IFSOCK, calls.canMakeNodes],
    ["device", S_IFCHR, calls.canMakeDevices],
  ];
  for (const [name, format, can] of kinds) {
    const [major, minor] = format === S_IFCHR ? [0xabc, 0xfffff] : [0, 0];
    if (!can) {
      refuses(t, () => calls.makeNode(root, name, format, major, minor), "ENOTSUP", "EPERM");
      continue;
    }
    calls.makeNode(root, name, format, major, minor);
    const found = stat(root, name);
    t.is((found?.mode ?? 0) & S_IFMT, format);
    t.deepEqual([found?.rdevMajor, found?.rdevMinor], [major, minor]);
    refuses(t, () => calls.makeNode(root, name, format, major, minor), "EEXIST");
  }
});

both("a device's number is read in full", (t, { calls, stat, outside }) => {
  if (process.geteuid?.() !== 0) return t.pass();
  const linux = createLinuxCalls();
  const made = linux.openRoot(outside);
  const root = calls.openRoot(outside);
  t.teardown(() => [linux.closeDirectory(made), calls.closeDirectory(root)]);
  for (const [i, [major, minor]] of [
    [1, 3],
    [0xfff, 0xff],
    [0xabc, 0xfffff],
  ].entries()) {
    linux.makeNode(made, `dev${i}`, S_IFCHR, major, minor);
    const found = stat(root, `dev${i}`);
    t.deepEqual([found?.rdevMajor, found?.rdevMinor], [major, minor]);
  }
});

both("rename fresh moves to a name that is free", (t, { calls, root, open, stat }) => {
  calls.rename(root, "f", open("d"), "g", "fresh");
  t.is(stat(root, "f"), undefined);
  t.is(stat(open("d"), "g")?.size, 7);
  calls.rename(root, "d", root, "e", "fresh");
  t.is(stat(root, "d"), undefined);
  refuses(t, () => calls.rename(root, "none", root, "x", "fresh"), "ENOENT");
});

both("rename fresh refuses a name that is taken, and changes nothing", (t, { calls, root, path, stat }) => {
  fs.writeFileSync(join(path, "g"), "other");
  fs.symlinkSync("f", join(path, "l"));
  fs.mkdirSync(join(path, "empty"));
  for (const [from, to] of [
    ["f", "g"],
    ["f", "d"],
    ["d", "empty"],
    ["d", "f"],
    ["f", "l"],
    ["g", "l"],
  ]) {
    refuses(t, () => calls.rename(root, from, root, to, "fresh"), "EEXIST");
  }
  t.is(stat(root, "g")?.size, 5);
  t.is(stat(root, "f")?.size, 7);
  t.is(fs.readlinkSync(join(path, "l")), "f");
});

both("rename fresh refuses a symlink that leads nowhere", (t, { calls, root, path }) => {
  fs.symlinkSync("nowhere", join(path, "dangling"));
  refuses(t, () => calls.rename(root, "f", root, "dangling", "fresh"), "EEXIST");
  t.is(fs.readlinkSync(join(path, "dangling")), "nowhere");
});

both("rename exchange swaps two names of any types", (t, { calls, root, path, stat, open }) => {
  fs.writeFileSync(join(path, "d/inner"), "1");
  fs.symlinkSync("target", join(path, "d/l"));
  const inode = (directory: DirectoryHandle, name: string): number | undefined => stat(directory, name)?.inodeLow;
  for (const [a, b] of [
    ["f", "inner"],
    ["f", "l"],
    ["l", "f"],
  ]) {
    const before = [inode(root, "f"), inode(open("d"), "inner"), inode(open("d"), "l")];
    if (a === "l") continue;
    calls.rename(root, a, open("d"), b, "exchange");
    const after = [inode(root, "f"), inode(open("d"), "inner"), inode(open("d"), "l")];
    const at = b === "inner" ? 1 : 2;
    t.is(after[0], before[at]);
    t.is(after[at], before[0]);
  }
  // A directory with content against a symlink.
  fs.symlinkSync("x", join(path, "link"));
  const [directory, link] = [inode(root, "d"), inode(root, "link")];
  calls.rename(root, "link", root, "d", "exchange");
  t.deepEqual([inode(root, "d"), inode(root, "link")], [link, directory]);
  t.is(fs.readlinkSync(join(path, "d")), "x");
  t.deepEqual(calls.readDirectory(calls.openDirectory(root, "link")), ["inner", "l"]);
  t.deepEqual(fs.readdirSync(path).sort(), ["d", "f", "link"]);
});

both("rename exchange needs both names", (t, { calls, root, stat }) => {
  refuses(t, () => calls.rename(root, "f", root, "none", "exchange"), "ENOENT");
  refuses(t, () => calls.rename(root, "none", root, "f", "exchange"), "ENOENT");
  t.is(stat(root, "f")?.size, 7);
  t.deepEqual(calls.readDirectory(root), ["d", "f"]);
});

both("rename exchange of two names of one file leaves both and nothing else", (t, { calls, root, path }) => {
  fs.linkSync(join(path, "f"), join(path, "g"));
  calls.rename(root, "f", root, "g", "exchange");
  t.deepEqual(calls.readDirectory(root), ["d", "f", "g"]);
});

// ---- the file system as a whole

both("free bytes are those of the file system, and syncing is accepted", (t, { calls, root, path }) => {
  const { bavail, bsize } = fs.statfsSync(path);
  const free = calls.freeBytes(root);
  t.true(free > 0 && Math.abs(free - bavail * bsize) < 2 ** 33, `${free}`);
  t.notThrows(() => calls.syncFileSystem(root));
});

both("what a file takes on disk is told without its holes", (t, { calls, root, path }) => {
  fs.writeFileSync(join(path, "sparse"), Buffer.alloc(64 << 10, 1));
  t.true(calls.allocatedBytes(root, "sparse") >= 64 << 10);
  fs.truncateSync(join(path, "sparse"), 8 * 2 ** 30);
  const allocated = calls.allocatedBytes(root, "sparse");
  t.true(allocated >= 64 << 10 && allocated < 1 << 20, `${allocated}`);
  t.is(calls.allocatedBytes(root, "missing"), 0);
});

both("a file system that is mounted read-only is told from one that is not", (t, { calls, root, path }) => {
  t.false(calls.isReadOnly(root));
  if (process.getuid?.() !== 0) return;
  const mounted = join(path, "d");
  spawnSync("mount", ["-t", "tmpfs", "-o", "ro", "none", mounted]);
  t.teardown(() => spawnSync("umount", [mounted]));
  const handle = calls.openRoot(mounted);
  t.true(calls.isReadOnly(handle));
  calls.closeDirectory(handle);
});

both("data is found behind a hole, and never behind itself", (t, { calls, root, path }) => {
  const MIB = 1 << 20;
  const writer = fs.openSync(join(path, "sparse"), "w");
  fs.writeSync(writer, "a", 0);
  fs.writeSync(writer, "b", 8 * MIB);
  fs.ftruncateSync(writer, 16 * MIB);
  fs.closeSync(writer);
  const fd = calls.openFile(root, "sparse");
  t.is(calls.seekData(fd, 0, 16 * MIB), 0);
  t.is(calls.seekData(fd, 8 * MIB, 16 * MIB), 8 * MIB);
  for (const at of [MIB, 4 * MIB]) {
    const found = calls.seekData(fd, at, 16 * MIB);
    t.true(found >= at && found <= 8 * MIB, `${found}`);
  }
  calls.closeFile(fd);
});

test("linux: what is on disk is dropped from memory when that is asked for", (t) => {
  const { calls, root, path } = createWorld(t, createLinuxCalls);
  const file = join(path, "cached");
  fs.writeFileSync(file, Buffer.alloc(1 << 20, 1));
  const resident = (): number | undefined => {
    const { stdout, status } = spawnSync("fincore", ["--bytes", "--noheadings", "--output", "RES", file]);
    return status === 0 ? Number(stdout.toString()) : undefined;
  };
  const onTmpfs = fs.statfsSync(path).type === 0x01021994;
  if (resident() === undefined || onTmpfs) {
    t.log("no fincore(1), or nothing but memory to keep the file in");
    t.pass();
    return;
  }
  const fd = calls.openFile(root, "cached");
  t.true((resident() ?? 0) > 0);
  calls.syncFileSystem(root);
  calls.dropCache(fd);
  t.is(resident(), 0);
  calls.closeFile(fd);
});

test("linux: holes are told", (t) => {
  const { calls, root, path } = createWorld(t, createLinuxCalls);
  const MIB = 1 << 20;
  fs.writeFileSync(join(path, "sparse"), "a");
  fs.truncateSync(join(path, "sparse"), 16 * MIB);
  const fd = calls.openFile(root, "sparse");
  t.is(calls.seekData(fd, MIB, 16 * MIB), 16 * MIB);
  // A file that shrank meanwhile has no data there either.
  fs.truncateSync(join(path, "sparse"), 1);
  t.is(calls.seekData(fd, MIB, 16 * MIB), 16 * MIB);
  calls.closeFile(fd);
});

both("a lease is refused while somebody has the file open for writing", (t, { calls, root, path }) => {
  const writer = fs.openSync(join(path, "f"), "r+");
  const fd = calls.openFile(root, "f");
  t.not(calls.lease(fd), "taken");
  t.false(calls.leaseHeld(fd));
  calls.closeFile(fd);
  fs.closeSync(writer);
});

both("a file that somebody else has open is not opened once", (t, { calls, root, path }) => {
  const other = fs.openSync(join(path, "f"), "r");
  const fd = calls.reopenFile(root, "f");
  t.false(calls.isOpenedOnce(fd));
  fs.closeSync(other);
  calls.closeFile(fd);
});

test("linux: a file that nobody else has open is opened once, and can be opened again", (t) => {
  const { calls, root, path } = createWorld(t, createLinuxCalls);
  const fd = calls.reopenFile(root, "f");
  t.true(calls.isOpenedOnce(fd));
  fs.closeSync(fs.openSync(join(path, "f"), fs.constants.O_RDWR | fs.constants.O_NONBLOCK));
  calls.closeFile(fd);
});

test("linux: a lease is granted on a file at rest, and held until a writer comes", (t) => {
  const { calls, root, path } = createWorld(t, createLinuxCalls);
  const fd = calls.openFile(root, "f");
  t.is(calls.lease(fd), "taken");
  t.true(calls.leaseHeld(fd));
  // Not waiting, the writer is turned away at once, and the lease is marked as broken.
  const { O_WRONLY, O_NONBLOCK } = fs.constants;
  t.throws(() => fs.openSync(join(path, "f"), O_WRONLY | O_NONBLOCK), { code: "EAGAIN" });
  t.false(calls.leaseHeld(fd));
  calls.closeFile(fd);
});

// What a thread that died has left open must not keep this process out.
both("a directory that this process has claimed can be claimed by it again", (t, { calls, open }) => {
  t.true(calls.claimDirectory(open("d")));
  t.true(calls.claimDirectory(open("d")));
});

both("handles are given back: thousands of files and directories in turn", (t, { calls, root }) => {
  for (let i = 0; i < 3000; i++) {
    calls.closeDirectory(calls.openDirectory(root, "d"));
    calls.closeFile(calls.openFile(root, "f"));
  }
  t.true(fs.readdirSync("/proc/self/fd").length < 1000);
});
