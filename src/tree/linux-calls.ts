import { ftruncateSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import type Koffi from "koffi";
import { failCall } from "./fail-call.ts";
import { exchange, LACKS_EXCHANGE, type PlainNames, renameFresh } from "./plain-renames.ts";
import { type DirectoryHandle, type FileStat, type SystemCalls, SystemError } from "./system-calls.ts";
import type { ThreadBook } from "./thread-book.ts";

/** Numbers of the system calls that not every libc wraps (arch/…/syscall tables of Linux). */
const SYSCALLS: Readonly<Record<string, { statx: number; getdents64: number; renameat2: number }>> = {
  x64: { statx: 332, getdents64: 217, renameat2: 316 },
  arm64: { statx: 291, getdents64: 61, renameat2: 276 },
};
/** Linux 6.13; the same number everywhere. */
const LISTXATTRAT = 465;
const OPENAT2 = 437;
const FCHMODAT2 = 452;

// uapi/linux/fcntl.h, asm-generic/fcntl.h; O_DIRECTORY and O_NOFOLLOW differ on arm64
const arm = process.arch === "arm64";
const O_RDONLY = 0;
const O_RDWR = 0o2;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_NOCTTY = 0o400;
const O_NONBLOCK = 0o4000;
const O_DIRECTORY = arm ? 0o40000 : 0o200000;
const O_NOFOLLOW = arm ? 0o100000 : 0o400000;
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const AT_EMPTY_PATH = 0x1000;
const AT_NO_AUTOMOUNT = 0x800;
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;
/** File systems (statfs(2)) that move a file's times with the first store into a clean mapped page: ext4, XFS, btrfs. */
const MOVES_TIMES = new Set([0xef53, 0x58465342, 0x9123683e]);
/** A flag of statvfs(3). */
const ST_RDONLY = 1n;
/** Modes of access(2). */
const X_OK = 1;
const W_OK = 2;
const STATX_BASIC = 0x7ff;
/** Of st_blocks, whatever the file system's own are. */
const BLOCK_BYTES = 512;
const STATX_ATTR_MOUNT_ROOT = 0x2000;
/** Immutable or append-only. */
const STATX_ATTR_FIXED = 0x30;
// uapi/linux/openat2.h: no mount crossing, no symlinks at all, nothing above the root
const RESOLVE = 0x01 | 0x04 | 0x08;
const SEEK_DATA = 3;
const POSIX_FADV_DONTNEED = 4;
// _IOW(0x94, 9, int), uapi/linux/fs.h
const FICLONE = 0x40049409;
const F_SETSIG = 10;
const F_SETLEASE = 1024;
const F_GETLEASE = 1025;
const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;
const F_OFD_SETLK = 37;
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
const UTIME_OMIT = 0x3ffffffe;
/** No file system keeps times more coarsely than FAT. */
const TIME_STEP_SEC = 2;
/** A broken lease raises this signal; by default SIGIO would end the process, SIGURG is ignored. */
const SIGURG = 23;

/** The attributes of the system namespace that are a file's own: POSIX ACLs (acl(5)). */
const ACLS = new Set(["system.posix_acl_access", "system.posix_acl_default"]);

const NAME_BYTES = 256;
const PATH_BYTES = 4096;
/** The kernel allocates what is offered for names of attributes, at each call; most paths have none. */
const FEW_NAMES_BYTES = 256;

const require = createRequire(import.meta.url);

/** By proc_pid_limits(5): soft limit, then hard limit. */
function openFileLimit(): number {
  const limit = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1];
  return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
}

/** A file system that has no flags for renames (renameat2(2)), or a kernel before 3.15. */
const NO_FLAGS: ReadonlySet<number> = new Set([constants.errno.EINVAL, constants.errno.ENOSYS]);

/** Whether this process has an flock on the inode of that number, by proc_locks(5). */
function ownsLock(inode: number): boolean {
  const lock = new RegExp(`FLOCK +ADVISORY +WRITE +${process.pid} +[0-9a-f]+:[0-9a-f]+:${inode} `);
  return lock.test(readFileSync("/proc/locks", "latin1"));
}

/**
 * @param tellLack is told of what turns out later
 * @param book counts the calls, and has the descriptors that are open
 * @throws when koffi or this processor is not supported; the caller falls back
 */
export function createLinuxCalls(tellLack: (lack: string) => void = () => undefined, book?: ThreadBook): SystemCalls {
  const numbers = SYSCALLS[process.arch];
  if (process.platform !== "linux" || numbers === undefined) throw new Error(`no native calls on ${process.arch}`);
  // Here and not above: where it has nothing for this system, importing it fails.
  const koffi = require("koffi") as typeof Koffi;
  const libc = koffi.load(null);
  const openat = libc.func("openat", "int", ["int", "void *", "int", "uint"]);
  const openat2 = libc.func("syscall", "long", ["long", "int", "void *", "void *", "size_t"]);
  const getdents = libc.func("syscall", "long", ["long", "int", "void *", "size_t"]);
  const statx = libc.func("syscall", "long", ["long", "int", "void *", "int", "uint", "void *"]);
  const renameat2 = libc.func("syscall", "long", ["long", "int", "void *", "int", "void *", "uint"]);
  const renameat = libc.func("renameat", "int", ["int", "void *", "int", "void *"]);
  const fchmodat2 = libc.func("syscall", "long", ["long", "int", "void *", "uint", "int"]);
  const readlinkat = libc.func("readlinkat", "long", ["int", "void *", "void *", "size_t"]);
  const fchownat = libc.func("fchownat", "int", ["int", "void *", "uint", "uint", "int"]);
  const utimensat = libc.func("utimensat", "int", ["int", "void *", "void *", "int"]);
  const mkdirat = libc.func("mkdirat", "int", ["int", "void *", "uint"]);
  const symlinkat = libc.func("symlinkat", "int", ["void *", "int", "void *"]);
  const linkat = libc.func("linkat", "int", ["int", "void *", "int", "void *", "int"]);
  const mknodat = libc.func("mknodat", "int", ["int", "void *", "uint", "uint64"]);
  const unlinkat = libc.func("unlinkat", "int", ["int", "void *", "int"]);
  const syncfs = libc.func("syncfs", "int", ["int"]);
  const faccessat = libc.func("faccessat", "int", ["int", "void *", "int", "int"]);
  const fstatfs = libc.func("fstatfs", "int", ["int", "void *"]);
  const fdatasync = libc.func("fdatasync", "int", ["int"]);
  const fstatvfs = libc.func("fstatvfs", "int", ["int", "void *"]);
  const fcntl = libc.func("fcntl", "int", ["int", "int", "int"]);
  const fcntlLock = libc.func("fcntl", "int", ["int", "int", "void *"]);
  const flock = libc.func("flock", "int", ["int", "int"]);
  const ioctl = libc.func("ioctl", "int", ["int", "ulong", "int"]);
  const fadvise = libc.func("posix_fadvise", "int", ["int", "int64", "int64", "int"]);
  const lseek = libc.func("lseek", "int64", ["int", "int64", "int"]);
  const pread = libc.func("pread", "long", ["int", "void *", "size_t", "int64"]);
  const pwrite = libc.func("pwrite", "long", ["int", "void *", "size_t", "int64"]);
  const close = libc.func("close", "int", ["int"]);
  const chmodPath = libc.func("chmod", "int", ["void *", "uint"]);

  const listxattrat = libc.func("syscall", "long", ["long", "int", "void *", "uint", "void *", "size_t"]);
  const llistxattr = libc.func("llistxattr", "long", ["void *", "void *", "size_t"]);
  const lgetxattr = libc.func("lgetxattr", "long", ["void *", "void *", "void *", "size_t"]);
  const lsetxattr = libc.func("lsetxattr", "int", ["void *", "void *", "void *", "size_t", "int"]);
  const lremovexattr = libc.func("lremovexattr", "int", ["void *", "void *"]);

  const xattrPath = Buffer.alloc(512);
  const xattrName = Buffer.alloc(257);
  const xattrNames = Buffer.alloc(65536);
  const xattrValue = Buffer.alloc(65536);
  const nameA = Buffer.alloc(PATH_BYTES + 1);
  const nameB = Buffer.alloc(PATH_BYTES + 1);
  const noName = Buffer.alloc(1);
  const listing = Buffer.alloc(256 * 1024);
  const linkTarget = Buffer.alloc(PATH_BYTES);
  // struct timespec[2]: access time, which stays (UTIME_OMIT), then modification time; in 4-byte words
  const times = new Int32Array(8);
  const vfs = Buffer.alloc(256);
  const lockRange = Buffer.alloc(32);
  const how = Buffer.alloc(24);
  const stx = Buffer.alloc(256);
  const stx16 = new Uint16Array(stx.buffer, stx.byteOffset, 128);
  const stx32 = new Uint32Array(stx.buffer, stx.byteOffset, 64);
  const stx32s = new Int32Array(stx.buffer, stx.byteOffset, 64);

  function check(result: number, call: string): void {
    if (result < 0) failCall(call);
  }
  function noted(fd: number, call: string): number {
    if (fd < 0) failCall(call);
    book?.note(fd);
    return fd;
  }
  function closeNoted(fd: number): void {
    book?.count();
    book?.forget(fd);
    // Not fs.closeSync: Node keeps book of the descriptors that it opened itself.
    close(fd);
  }
  function put(buffer: Buffer, text: string, limit: number): Buffer {
    if (text.length >= limit) throw new SystemError("ENAMETOOLONG", "name");
    buffer.write(text, 0, "latin1");
    buffer[text.length] = 0;
    return buffer;
  }
  /** Of a buffer, what a call may read or fill: bounds that do not fit must not reach other memory. */
  function view(buffer: Uint8Array, offset: number, length: number): Uint8Array {
    if (!(offset >= 0 && length >= 0 && offset + length <= buffer.length)) throw new RangeError("outside the buffer");
    book?.count();
    return offset === 0 ? buffer : buffer.subarray(offset);
  }
  /** What is in `nameA`: most names are asked for several times, one call after the other. */
  let inNameA = "";
  function first(text: string, limit = NAME_BYTES): Buffer {
    book?.count();
    if (text === inNameA && text.length < limit) return nameA;
    put(nameA, text, limit);
    inNameA = text;
    return nameA;
  }
  const second = (text: string): Buffer => put(nameB, text, NAME_BYTES);

  /** The l*xattr calls take no directory handle; its /proc name leads to exactly that directory. */
  function inProc(directory: DirectoryHandle, name: string): Buffer {
    return put(xattrPath, `/proc/self/fd/${directory}/${name === "" ? "." : name}`, xattrPath.length);
  }
  let hasListxattrat = true;
  /** Asked of every path of every list: through /proc it costs five times as much. */
  function listNames(directory: DirectoryHandle, name: string): number {
    const length = listNamesIn(directory, name, FEW_NAMES_BYTES);
    const isMore = length < 0 && koffi.errno() === constants.errno.ERANGE;
    return isMore ? listNamesIn(directory, name, xattrNames.length) : length;
  }
  function listNamesIn(directory: DirectoryHandle, name: string, size: number): number {
    if (hasListxattrat) {
      const path = first(name === "" ? "." : name);
      const length = listxattrat(LISTXATTRAT, directory, path, AT_SYMLINK_NOFOLLOW, xattrNames, size) as number;
      if (length >= 0 || koffi.errno() !== constants.errno.ENOSYS) return length;
      hasListxattrat = false;
    }
    return llistxattr(inProc(directory, name), xattrNames, size) as number;
  }
  const attributeName = (attribute: string): Buffer => put(xattrName, attribute, 256);

  /** Asks for a name's state, which is in `stx` then. */
  function look(directory: DirectoryHandle, name: string): boolean {
    const flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name === "" ? AT_EMPTY_PATH : 0);
    if ((statx(numbers.statx, directory, first(name), flags, STATX_BASIC, stx) as number) >= 0) return true;
    const errno = koffi.errno();
    if (errno === constants.errno.ENOENT || errno === constants.errno.ENOTDIR) return false;
    failCall("statx");
  }
  const modifiedSec = (): number => stx32s[29] * 4294967296 + stx32[28];
  function putTime(at: number, sec: number, nsec: number): void {
    times[at] = sec;
    times[at + 1] = Math.floor(sec / 4294967296);
    times[at + 2] = nsec;
  }
  /** Whether the root's file system sets one time by itself; much of FUSE says so and does nothing. Undefined: not known yet. */
  let setsOneTime: boolean | undefined;
  function fill(into: FileStat): void {
    // struct statx, uapi/linux/stat.h; offsets in 4-byte words
    into.links = stx32[4];
    into.uid = stx32[5];
    into.gid = stx32[6];
    into.mode = stx16[14];
    into.inodeLow = stx32[8];
    into.inodeHigh = stx32[9];
    into.size = stx32[11] * 4294967296 + stx32[10];
    into.ctimeSec = stx32s[25] * 4294967296 + stx32[24];
    into.ctimeNsec = stx32[26];
    into.mtimeSec = modifiedSec();
    into.mtimeNsec = stx32[30];
    into.rdevMajor = stx32[32];
    into.rdevMinor = stx32[33];
    into.deviceMajor = stx32[34];
    into.deviceMinor = stx32[35];
    into.mountPoint = (stx32[2] & STATX_ATTR_MOUNT_ROOT) !== 0;
    into.fixed = (stx32[2] & STATX_ATTR_FIXED) !== 0;
  }

  function openBeneath(root: DirectoryHandle, path: string): number {
    how.writeUInt32LE(O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    how.writeUInt32LE(0, 4);
    how.writeBigUInt64LE(0n, 8);
    how.writeUInt32LE(RESOLVE, 16);
    return openat2(OPENAT2, root, first(path === "" ? "." : path, PATH_BYTES), how, 24) as number;
  }

  /** For kernels before 5.6: every component by itself, none followed. */
  function openStepwise(root: DirectoryHandle, path: string): number {
    // openat alone climbs out of the root.
    if (path.split("/").includes("..")) throw new SystemError("EXDEV", "open");
    let fd = openat(root, first("."), O_DIRECTORY | O_CLOEXEC, 0) as number;
    if (path === "" || fd < 0) return fd;
    for (const name of path.split("/")) {
      const next = openat(fd, first(name), O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0) as number;
      const errno = koffi.errno();
      close(fd);
      koffi.errno(errno);
      if (next < 0) return next;
      fd = next;
    }
    return fd;
  }
  const probe = openat(AT_FDCWD, first("/"), O_DIRECTORY | O_CLOEXEC, 0) as number;
  const beneath = openBeneath(probe, "");
  const hasOpenat2 = beneath >= 0;
  if (hasOpenat2) close(beneath);
  const hasFchmodat2 =
    fchmodat2(FCHMODAT2, probe, first("\x01none"), 0, AT_SYMLINK_NOFOLLOW) >= 0 ||
    koffi.errno() !== constants.errno.ENOSYS;
  close(probe);

  const canChown = process.geteuid?.() === 0;
  const lacks: string[] = [];
  if (!canChown) {
    lacks.push(
      "the node does not run as root: it cannot set other owners, trusted and security xattrs, or make devices",
    );
  }

  const calls: SystemCalls = {
    lacks,
    canChown,
    canMakeDevices: canChown,
    canMakeNodes: true,
    exactTimes: true,
    canLock: true,
    keepsBook: true,
    maxOpenFiles: openFileLimit(),
    openRoot(path) {
      const bytes = Buffer.from(`${path}\0`);
      const fd = noted(openat(AT_FDCWD, bytes, O_DIRECTORY | O_CLOEXEC, 0) as number, "open");
      setsOneTime = undefined;
      return fd;
    },
    openDirectory: (root, path) => noted(hasOpenat2 ? openBeneath(root, path) : openStepwise(root, path), "open"),
    closeDirectory: closeNoted,
    readDirectory(directory) {
      const names: string[] = [];
      // From the start, whoever read this handle before.
      lseek(directory, 0, 0);
      for (;;) {
        book?.count();
        const length = getdents(numbers.getdents64, directory, listing, listing.length) as number;
        if (length < 0) failCall("getdents64");
        if (length === 0) break;
        // struct linux_dirent64: inode 8, offset 8, record length 2, type 1, name to the NUL
        for (let at = 0; at < length; ) {
          const record = listing[at + 16] | (listing[at + 17] << 8);
          let end = at + 19;
          while (listing[end] !== 0) end++;
          const name = listing.toString("latin1", at + 19, end);
          if (name !== "." && name !== "..") names.push(name);
          at += record;
        }
      }
      names.sort();
      // Of a directory that changes meanwhile some file systems name an entry twice.
      return names.filter((name, i) => name !== names[i - 1]);
    },
    stat(directory, name, into) {
      if (!look(directory, name)) return false;
      fill(into);
      return true;
    },
    allocatedBytes: (directory, name) =>
      look(directory, name) ? (stx32[13] * 4294967296 + stx32[12]) * BLOCK_BYTES : 0,
    readLink(directory, name) {
      const length = readlinkat(directory, first(name), linkTarget, linkTarget.length) as number;
      if (length < 0) failCall("readlinkat");
      return linkTarget.toString("latin1", 0, length);
    },
    openFile(directory, name) {
      // Not blocking, should a fifo or a leased file have taken the place of a plain file.
      return noted(openat(directory, first(name), O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0) as number, "open");
    },
    createFile(directory, name, mode = 0o600) {
      const flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
      return noted(openat(directory, first(name), flags, mode) as number, "create");
    },
    reopenFile(directory, name) {
      return noted(openat(directory, first(name), O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0) as number, "open");
    },
    cloneFile: (from, to) => (ioctl(to, FICLONE, from) as number) === 0,
    statFile(fd, into) {
      if ((statx(numbers.statx, fd, noName, AT_EMPTY_PATH, STATX_BASIC, stx) as number) < 0) failCall("statx");
      fill(into);
    },
    // Not those of node:fs, which take twice as long to reach the call.
    read(fd, buffer, offset, length, position) {
      for (;;) {
        const count = pread(fd, view(buffer, offset, length), length, position) as number;
        if (count >= 0) return count;
        if (koffi.errno() !== constants.errno.EINTR) failCall("read");
      }
    },
    write(fd, buffer, offset, length, position) {
      for (let done = 0; done < length; ) {
        const left = length - done;
        const count = pwrite(fd, view(buffer, offset + done, left), left, position + done) as number;
        if (count >= 0) done += count;
        else if (koffi.errno() !== constants.errno.EINTR) failCall("write");
      }
    },
    truncate: (fd, length) => ftruncateSync(fd, length),
    seekData(fd, position, size) {
      const at = Number(lseek(fd, position, SEEK_DATA));
      if (at >= 0) return Math.min(at, size);
      // ENXIO: nothing but a hole follows. Any other refusal: read it all.
      return koffi.errno() === constants.errno.ENXIO ? size : position;
    },
    dropCache(fd) {
      fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    },
    handOver: (fd) => book?.forget(fd),
    closeFile: closeNoted,
    chmod(directory, name, mode) {
      if (hasFchmodat2) {
        const flags = AT_SYMLINK_NOFOLLOW | (name === "" ? AT_EMPTY_PATH : 0);
        check(fchmodat2(FCHMODAT2, directory, first(name), mode, flags) as number, "fchmodat2");
        return;
      }
      // A path handle does not follow; its /proc name reaches exactly that inode.
      const handle = openat(directory, first(name === "" ? "." : name), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0) as number;
      if (handle < 0) failCall("open");
      const result = chmodPath(Buffer.from(`/proc/self/fd/${handle}\0`), mode) as number;
      const errno = koffi.errno();
      close(handle);
      koffi.errno(errno);
      check(result, "chmod");
    },
    chown(directory, name, uid, gid) {
      const flags = AT_SYMLINK_NOFOLLOW | (name === "" ? AT_EMPTY_PATH : 0);
      check(fchownat(directory, first(name), uid, gid, flags) as number, "fchownat");
    },
    setTime(directory, name, sec, nsec) {
      putTime(4, sec, nsec);
      // Looking at it leaves another name in the buffer.
      const set = (): void =>
        check(utimensat(directory, first(name === "" ? "." : name), times, AT_SYMLINK_NOFOLLOW) as number, "utimensat");
      const isNear = (): boolean => look(directory, name) && Math.abs(modifiedSec() - sec) <= TIME_STEP_SEC;
      // Where it hardly moves, what came of it would not tell.
      const tries = setsOneTime === undefined && !isNear();
      if (setsOneTime || tries) {
        times[2] = UTIME_OMIT;
        set();
        if (tries) setsOneTime = isNear();
        if (setsOneTime) return;
      }
      if (!look(directory, name)) throw new SystemError("ENOENT", "utimensat");
      putTime(0, stx32s[17] * 4294967296 + stx32[16], stx32[18]);
      set();
    },
    listXattrs(directory, name) {
      const length = listNames(directory, name);
      if (length === 0) return [];
      if (length < 0) {
        const errno = koffi.errno();
        if (errno === constants.errno.EOPNOTSUPP || errno === constants.errno.ENOSYS) return [];
        failCall("llistxattr");
      }
      const names = xattrNames.toString("latin1", 0, length - 1).split("\0");
      return names.filter((attribute) => !attribute.startsWith("system.") || ACLS.has(attribute)).sort();
    },
    getXattr(directory, name, attribute) {
      const path = inProc(directory, name);
      const length = lgetxattr(path, attributeName(attribute), xattrValue, xattrValue.length) as number;
      if (length < 0) failCall("lgetxattr");
      return Uint8Array.prototype.slice.call(xattrValue, 0, length);
    },
    setXattr(directory, name, attribute, value) {
      const path = inProc(directory, name);
      xattrValue.set(value);
      check(lsetxattr(path, attributeName(attribute), xattrValue, value.length, 0) as number, "lsetxattr");
    },
    removeXattr(directory, name, attribute) {
      check(lremovexattr(inProc(directory, name), attributeName(attribute)) as number, "lremovexattr");
    },
    supportsXattrs(directory) {
      if ((llistxattr(inProc(directory, ""), xattrNames, xattrNames.length) as number) < 0) return false;
      const probe = lgetxattr(inProc(directory, ""), attributeName("user.lockstep"), xattrValue, 16) as number;
      return probe >= 0 || koffi.errno() !== constants.errno.EOPNOTSUPP;
    },
    claimDirectory(directory) {
      if ((flock(directory, LOCK_EX | LOCK_NB) as number) === 0 || koffi.errno() !== constants.errno.EAGAIN)
        return true;
      // A thread that died left it open.
      return look(directory, "") && ownsLock(stx32[9] * 4294967296 + stx32[8]);
    },
    mayChange: (directory) => (faccessat(directory, first("."), W_OK | X_OK, 0) as number) === 0,
    makeDirectory(directory, name, mode) {
      check(mkdirat(directory, first(name), mode) as number, "mkdirat");
    },
    makeSymlink(directory, name, target) {
      check(symlinkat(put(nameB, target, PATH_BYTES), directory, first(name)) as number, "symlinkat");
    },
    makeLink(from, fromName, to, toName) {
      check(linkat(from, first(fromName), to, second(toName), 0) as number, "linkat");
    },
    makeNode(directory, name, format, major, minor) {
      // dev_t as glibc's makedev packs it
      const dev =
        ((BigInt(major) & 0xfffff000n) << 32n) |
        ((BigInt(major) & 0xfffn) << 8n) |
        ((BigInt(minor) & 0xffffff00n) << 12n) |
        (BigInt(minor) & 0xffn);
      check(mknodat(directory, first(name), format | 0o600, dev) as number, "mknodat");
    },
    rename(from, fromName, to, toName, how) {
      const flags = how === "fresh" ? RENAME_NOREPLACE : RENAME_EXCHANGE;
      const result = renameat2(numbers.renameat2, from, first(fromName), to, second(toName), flags) as number;
      if (result >= 0) return;
      if (!NO_FLAGS.has(koffi.errno())) failCall("renameat2");
      if (!lacks.includes(LACKS_EXCHANGE)) {
        lacks.push(LACKS_EXCHANGE);
        tellLack(LACKS_EXCHANGE);
      }
      (how === "fresh" ? renameFresh : exchange)(names, from, fromName, to, toName);
    },
    unlink(directory, name) {
      check(unlinkat(directory, first(name), 0) as number, "unlinkat");
    },
    removeDirectory(directory, name) {
      check(unlinkat(directory, first(name), AT_REMOVEDIR) as number, "rmdir");
    },
    syncFileSystem(directory) {
      book?.count();
      check(syncfs(directory) as number, "syncfs");
    },
    freeBytes(directory) {
      // struct statvfs: bsize, frsize, blocks, bfree, bavail
      check(fstatvfs(directory, vfs) as number, "fstatvfs");
      return Number(vfs.readBigUInt64LE(8)) * Number(vfs.readBigUInt64LE(32));
    },
    isReadOnly(directory) {
      // Behind the fields above: files, ffree, favail, fsid, flag
      check(fstatvfs(directory, vfs) as number, "fstatvfs");
      return (vfs.readBigUInt64LE(72) & ST_RDONLY) !== 0n;
    },
    lease(fd) {
      fcntl(fd, F_SETSIG, SIGURG);
      if ((fcntl(fd, F_SETLEASE, F_RDLCK) as number) === 0) return "taken";
      const errno = koffi.errno();
      if (errno === constants.errno.EACCES) return "foreign";
      return errno === constants.errno.EAGAIN ? "writer" : "unavailable";
    },
    cleanMappings(fd) {
      // struct statfs: f_type, a long
      if ((fstatfs(fd, vfs) as number) !== 0 || !MOVES_TIMES.has(vfs.readUInt32LE(0))) return false;
      return (fdatasync(fd) as number) === 0;
    },
    isOpenedOnce(fd) {
      if ((fcntl(fd, F_SETLEASE, F_WRLCK) as number) !== 0) return false;
      fcntl(fd, F_SETLEASE, F_UNLCK);
      return true;
    },
    leaseHeld: (fd) => (fcntl(fd, F_GETLEASE, 0) as number) === F_RDLCK,
    openToLock(directory, name, writable) {
      const flags = (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
      return noted(openat(directory, first(name), flags, 0) as number, "open");
    },
    lockFile(fd, kind, range) {
      if ((flock(fd, (kind === "exclusive" ? LOCK_EX : LOCK_SH) | LOCK_NB) as number) < 0) {
        if (koffi.errno() === constants.errno.EAGAIN) return false;
        failCall("flock");
      }
      // struct flock: type 2, whence 2, start at 8, length at 16, 0 being all; pid at 24, which must be 0
      lockRange.fill(0);
      lockRange.writeInt16LE(range === "write" ? F_WRLCK : F_RDLCK, 0);
      if ((fcntlLock(fd, F_OFD_SETLK, lockRange) as number) === 0) return true;
      const errno = koffi.errno();
      flock(fd, LOCK_UN);
      if (errno === constants.errno.EAGAIN || errno === constants.errno.EACCES) return false;
      koffi.errno(errno);
      failCall("fcntl");
    },
  };
  const names: PlainNames = {
    stat: calls.stat,
    makeLink: calls.makeLink,
    canChown: calls.canChown,
    unlink: calls.unlink,
    linksSymlinks: true,
    replace(from, fromName, to, toName) {
      check(renameat(from, first(fromName), to, second(toName)) as number, "renameat");
    },
  };
  return calls;
}
