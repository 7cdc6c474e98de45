import * as fs from "node:fs";
import { exchange, LACKS_EXCHANGE, moveFresh, type PlainNames, renameFresh } from "./plain-renames.ts";
import {
  type DirectoryHandle,
  errnoOf,
  type FileStat,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
  type SystemCalls,
  SystemError,
} from "./system-calls.ts";

/** Calls fs and turns its errors into SystemError. */
function attempt<T>(call: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new SystemError(errnoOf(error) ?? "EIO", call);
  }
}

const EXCLUSIVE = fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL;
/** Should a fifo have taken the place of a plain file. */
const NO_BLOCK = fs.constants.O_NONBLOCK ?? 0;
const NO_FOLLOW = fs.constants.O_NOFOLLOW ?? 0;

/** Works wherever node:fs does; a handle is a number that stands for a path. */
export function createPortableCalls(): SystemCalls {
  const directories = new Map<DirectoryHandle, Buffer>();
  let nextHandle = 1;
  const separator = Buffer.from("/");

  const register = (path: Buffer): DirectoryHandle => {
    directories.set(nextHandle, path);
    return nextHandle++;
  };
  const at = (directory: DirectoryHandle, name: string): Buffer => {
    const base = directories.get(directory);
    if (base === undefined) throw new SystemError("EBADF", "directory");
    return name === "" ? base : Buffer.concat([base, separator, Buffer.from(name, "latin1")]);
  };
  const fill = (stat: fs.BigIntStats, into: FileStat, parentDevice: bigint | undefined): void => {
    into.mode = Number(stat.mode);
    into.uid = Number(stat.uid);
    into.gid = Number(stat.gid);
    into.size = Number(stat.size);
    into.links = Number(stat.nlink);
    into.inodeLow = Number(stat.ino & 0xffffffffn);
    into.inodeHigh = Number(stat.ino >> 32n);
    into.deviceMajor = Number(stat.dev >> 32n);
    into.deviceMinor = Number(stat.dev & 0xffffffffn);
    into.rdevMajor = Number((stat.rdev >> 8n) & 0xfffn);
    into.rdevMinor = Number((stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xffffff00n));
    // Division of bigints rounds towards zero; times before 1970 need the floor.
    into.mtimeSec = Number((stat.mtimeNs - (((stat.mtimeNs % 1000000000n) + 1000000000n) % 1000000000n)) / 1000000000n);
    into.mtimeNsec = Number(((stat.mtimeNs % 1000000000n) + 1000000000n) % 1000000000n);
    into.ctimeSec = Number(stat.ctimeNs / 1000000000n);
    into.ctimeNsec = Number(stat.ctimeNs % 1000000000n);
    into.fixed = false;
    into.mountPoint = parentDevice !== undefined && stat.dev !== parentDevice;
  };
  const notFollowed = (path: Buffer): fs.BigIntStats => fs.lstatSync(path, { bigint: true });
  /** A name's state; undefined when there is nothing of that name. */
  const look = (directory: DirectoryHandle, name: string): fs.BigIntStats | undefined => {
    try {
      return notFollowed(at(directory, name));
    } catch (error) {
      const code = errnoOf(error);
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw new SystemError(code ?? "EIO", "lstat");
    }
  };

  const calls: SystemCalls = {
    lacks: [
      "times are set to about a microsecond only",
      "a directory swapped for a symlink during a sync is noticed, but not excluded (no openat2)",
      LACKS_EXCHANGE,
      "files are not read under a lease",
      "fifos, devices and sockets cannot be made",
      "extended attributes and ACLs are not carried",
      "files cannot be locked, so no hold can be taken",
      "two nodes on one directory are not told from one",
    ],
    canChown: process.geteuid?.() === 0,
    canMakeDevices: false,
    canMakeNodes: false,
    exactTimes: false,
    canLock: false,
    keepsBook: false,
    maxOpenFiles: Number.POSITIVE_INFINITY,
    openRoot(path) {
      return attempt("open", () => {
        if (!fs.statSync(path).isDirectory()) throw new SystemError("ENOTDIR", "open");
        return register(fs.realpathSync(path, { encoding: "buffer" }));
      });
    },
    openDirectory(root, path) {
      let handle = at(root, "");
      return attempt("open", () => {
        for (const name of path === "" ? [] : path.split("/")) {
          if (name === "" || name === "." || name === "..") throw new SystemError("EXDEV", "open");
          handle = Buffer.concat([handle, separator, Buffer.from(name, "latin1")]);
          if ((Number(notFollowed(handle).mode) & S_IFMT) !== S_IFDIR) throw new SystemError("ENOTDIR", "open");
        }
        return register(handle);
      });
    },
    closeDirectory(directory) {
      directories.delete(directory);
    },
    readDirectory(directory) {
      const names = attempt("readdir", () => fs.readdirSync(at(directory, ""), { encoding: "buffer" }));
      // Of a directory that changes meanwhile some file systems name an entry twice.
      return [...new Set(names.map((name) => name.toString("latin1")))].sort();
    },
    stat(directory, name, into) {
      const stat = look(directory, name);
      const parent = name === "" ? undefined : look(directory, "")?.dev;
      if (stat === undefined) return false;
      fill(stat, into, parent);
      return true;
    },
    allocatedBytes: (directory, name) => Number(look(directory, name)?.blocks ?? 0n) * 512,
    readLink: (directory, name) =>
      attempt("readlink", () => fs.readlinkSync(at(directory, name), { encoding: "buffer" }).toString("latin1")),
    openFile: (directory, name) =>
      attempt("open", () => fs.openSync(at(directory, name), fs.constants.O_RDONLY | NO_FOLLOW | NO_BLOCK)),
    createFile: (directory, name, mode = 0o600) =>
      attempt("create", () => fs.openSync(at(directory, name), EXCLUSIVE | NO_FOLLOW, mode)),
    reopenFile: (directory, name) =>
      attempt("open", () => fs.openSync(at(directory, name), fs.constants.O_RDWR | NO_FOLLOW)),
    cloneFile: () => false,
    statFile: (fd, into) => attempt("fstat", () => fill(fs.fstatSync(fd, { bigint: true }), into, undefined)),
    read: (fd, buffer, offset, length, position) => fs.readSync(fd, buffer, offset, length, position),
    write(fd, buffer, offset, length, position) {
      for (let done = 0; done < length; ) {
        done += fs.writeSync(fd, buffer, offset + done, length - done, position + done);
      }
    },
    truncate: (fd, length) => fs.ftruncateSync(fd, length),
    seekData: (_fd, position) => position,
    dropCache: () => undefined,
    handOver: () => undefined,
    closeFile: (fd) => fs.closeSync(fd),
    chmod: (directory, name, mode) =>
      attempt("chmod", () => {
        // chmod follows; there is no other call for it here.
        if (notFollowed(at(directory, name)).isSymbolicLink()) throw new SystemError("ELOOP", "chmod");
        fs.chmodSync(at(directory, name), mode);
      }),
    chown: (directory, name, uid, gid) => attempt("lchown", () => fs.lchownSync(at(directory, name), uid, gid)),
    setTime(directory, name, sec, nsec) {
      const path = at(directory, name);
      attempt("lutimes", () => {
        const stat = fs.lstatSync(path);
        // As text, since a negative number would be taken for now.
        // Cut, or the last microsecond of a second would be the next one.
        fs.lutimesSync(path, stat.atimeMs / 1000, String(sec + Math.floor(nsec / 1000) / 1e6));
      });
    },
    listXattrs: () => [],
    getXattr() {
      throw new SystemError("ENOTSUP", "getxattr");
    },
    setXattr() {
      throw new SystemError("ENOTSUP", "setxattr");
    },
    removeXattr() {
      throw new SystemError("ENOTSUP", "removexattr");
    },
    supportsXattrs: () => false,
    claimDirectory: () => true,
    mayChange(directory) {
      try {
        fs.accessSync(at(directory, ""), fs.constants.W_OK | fs.constants.X_OK);
        return true;
      } catch {
        return false;
      }
    },
    makeDirectory: (directory, name, mode) => attempt("mkdir", () => fs.mkdirSync(at(directory, name), mode)),
    makeSymlink: (directory, name, target) =>
      attempt("symlink", () => fs.symlinkSync(Buffer.from(target, "latin1"), at(directory, name))),
    makeLink: (from, fromName, to, toName) => attempt("link", () => fs.linkSync(at(from, fromName), at(to, toName))),
    makeNode(_directory, _name, format) {
      throw new SystemError(format === S_IFIFO ? "ENOTSUP" : "EPERM", "mknod");
    },
    rename(from, fromName, to, toName, how) {
      // On Windows to unlink one name of a read-only file makes the others writable.
      const fresh = process.platform === "win32" ? moveFresh : renameFresh;
      (how === "fresh" ? fresh : exchange)(names, from, fromName, to, toName);
    },
    unlink: (directory, name) => attempt("unlink", () => fs.unlinkSync(at(directory, name))),
    removeDirectory: (directory, name) => attempt("rmdir", () => fs.rmdirSync(at(directory, name))),
    syncFileSystem(directory) {
      attempt("fsync", () => {
        const fd = fs.openSync(at(directory, ""), "r");
        try {
          fs.fsyncSync(fd);
        } finally {
          fs.closeSync(fd);
        }
      });
    },
    freeBytes: (directory) =>
      attempt("statfs", () => {
        const stat = fs.statfsSync(at(directory, ""));
        return stat.bavail * stat.bsize;
      }),
    isReadOnly(directory) {
      try {
        fs.accessSync(at(directory, ""), fs.constants.W_OK);
        return false;
      } catch (error) {
        return errnoOf(error) === "EROFS";
      }
    },
    lease: () => "unavailable",
    leaseHeld: () => false,
    isOpenedOnce: () => false,
    cleanMappings: () => false,
    openToLock() {
      throw new SystemError("ENOTSUP", "flock");
    },
    lockFile() {
      throw new SystemError("ENOTSUP", "flock");
    },
  };
  const names: PlainNames = {
    stat: calls.stat,
    makeLink: calls.makeLink,
    canChown: calls.canChown,
    unlink: calls.unlink,
    linksSymlinks: process.platform === "linux",
    replace: (from, fromName, to, toName) => attempt("rename", () => fs.renameSync(at(from, fromName), at(to, toName))),
  };
  return calls;
}
