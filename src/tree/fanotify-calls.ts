import { createRequire } from "node:module";
import { constants } from "node:os";
import type Koffi from "koffi";
import { failCall } from "./fail-call.ts";
import type { DirectoryHandle, FileStat } from "./system-calls.ts";

// uapi/linux/fanotify.h
const FAN_CLOEXEC = 0x1;
const FAN_NONBLOCK = 0x2;
/** Of the classes that may forbid, the one asked first, before virus scanners; and its refusal can name an errno. */
const FAN_CLASS_PRE_CONTENT = 0x8;
const FAN_UNLIMITED_QUEUE = 0x10;
const FAN_UNLIMITED_MARKS = 0x20;
const FAN_REPORT_TID = 0x100;
const FAN_MARK_REMOVE = 0x02;
const FAN_MARK_ADD = 0x1;
const FAN_MARK_DONT_FOLLOW = 0x4;
const FAN_MARK_FLUSH = 0x80;
const FAN_OPEN_PERM = 0x10000;
const FAN_ALLOW = 0x1;
const FAN_DENY = 0x2;
const EVENT_BYTES = 24;

// asm-generic/fcntl.h; O_NOFOLLOW and O_LARGEFILE differ on arm64
const arm = process.arch === "arm64";
const O_RDONLY = 0;
const O_RDWR = 0o2;
const O_NONBLOCK = 0o4000;
const O_LARGEFILE = arm ? 0o400000 : 0o100000;
const O_NOFOLLOW = arm ? 0o100000 : 0o400000;
const O_CLOEXEC = 0o2000000;
const AT_FDCWD = -100;
const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_SETLEASE = 1024;
const POLLIN = 1;
const SIG_IGN = 1;
const UTIME_OMIT = 0x3ffffffen;

/** The system calls of the hold process, beside those of `linux-calls.ts`. */
export interface FanotifyCalls {
  /**
   * Opens a group whose marks forbid opening until it is answered (fanotify(7)). Closing it lets
   * everybody pass who waits.
   *
   * @throws SystemError EPERM without CAP_SYS_ADMIN, ENOSYS without fanotify, EMFILE
   */
  createGroup(): number;
  /**
   * Makes opens of the inode of this descriptor wait.
   *
   * @throws SystemError EINVAL when the kernel has no permission events
   */
  mark(group: number, fd: number): void;
  /** The same for the inode that the name leads to, which is not opened; not of a symlink's target. */
  markName(group: number, directory: DirectoryHandle, name: string): void;
  /** Takes back `mark`. */
  unmark(group: number, fd: number): void;
  removeMarks(group: number): void;
  /**
   * Reads the opens that wait, until there are no more.
   *
   * @param each is given a descriptor of the file, which it has to close, and the waiting thread
   * @returns how many were refused, as this process could not open a descriptor for them
   */
  readWaiters(group: number, each: (fd: number, tid: number) => void): number;
  /** Answers an open. One whose process has died meanwhile is nothing to worry about. */
  allow(group: number, fd: number): void;
  /** It fails with EBUSY, or with EPERM before Linux 6.13. */
  deny(group: number, fd: number): void;

  /**
   * Whether this descriptor is the only one of the file, in any process, and the file is mapped nowhere and
   * not executed: the kernel grants a write lease only then (fcntl(2), F_SETLEASE). Descriptors that are
   * on their way through a socket, loop devices and NFS clients count, which a look through /proc would miss.
   */
  isAlone(fd: number): boolean;
  /**
   * Whether nobody has the file open for writing, nor is waiting to: a read lease is granted only then. For
   * a descriptor that is open for reading.
   */
  isReadOnlyToAll(fd: number): boolean;

  /** A descriptor, or a negative errno. Waits like any open, so not for the thread that answers. */
  openForReading(path: Buffer): number;
  openForWriting(path: Buffer): number;
  /** Copies at most this many bytes; 0 at the end, negative where the file system cannot (copy_file_range(2)). */
  copyRange(from: number, to: number, position: number, length: number): number;
  /** Sets the modification time of an open file. */
  setFileTime(fd: number, stat: FileStat): void;

  /** Waits until one of the descriptors can be read from; returns these. At most this long, or -1: any time. */
  poll(fds: readonly number[], timeoutMs: number): Set<number>;
  /** A pipe: what is written at the second end can be read at the first. */
  pipe(): [read: number, write: number];
  setNonBlocking(fd: number): void;
  ignoreSignals(...signals: (keyof typeof constants.signals)[]): void;
  close(fd: number): void;
}

const require = createRequire(import.meta.url);

/** @throws when koffi does not run here */
export function createFanotifyCalls(): FanotifyCalls {
  const koffi = require("koffi") as typeof Koffi;
  const libc = koffi.load(null);
  const fanotifyInit = libc.func("fanotify_init", "int", ["uint", "uint"]);
  const fanotifyMark = libc.func("fanotify_mark", "int", ["int", "uint", "uint64", "int", "void *"]);
  const read = libc.func("read", "long", ["int", "void *", "size_t"]);
  const write = libc.func("write", "long", ["int", "void *", "size_t"]);
  const openat = libc.func("openat", "int", ["int", "void *", "int", "uint"]);
  const fcntl = libc.func("fcntl", "int", ["int", "int", "int"]);
  const copyFileRange = libc.func("copy_file_range", "long", ["int", "void *", "int", "void *", "size_t", "uint"]);
  const futimens = libc.func("futimens", "int", ["int", "void *"]);
  const poll = libc.func("poll", "int", ["void *", "ulong", "int"]);
  const pipe2 = libc.func("pipe2", "int", ["void *", "int"]);
  const signal = libc.func("signal", "intptr_t", ["int", "intptr_t"]);
  const close = libc.func("close", "int", ["int"]);

  const events = Buffer.alloc(EVENT_BYTES * 256);
  const response = Buffer.alloc(8);
  const name = Buffer.alloc(257);
  const offsets = [Buffer.alloc(8), Buffer.alloc(8)] as const;
  const times = Buffer.alloc(32);
  let polled = Buffer.alloc(8 * 16);
  let denial = FAN_DENY | (constants.errno.EBUSY << 24);

  function lease(fd: number, kind: number): boolean {
    if ((fcntl(fd, F_SETLEASE, kind) as number) !== 0) return false;
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return true;
  }
  function respond(group: number, fd: number, answer: number): boolean {
    response.writeInt32LE(fd, 0);
    response.writeUInt32LE(answer >>> 0, 4);
    return (write(group, response, 8) as number) >= 0 || koffi.errno() !== constants.errno.EINVAL;
  }
  function open(path: Buffer, flags: number): number {
    const fd = openat(AT_FDCWD, path, flags | O_NONBLOCK | O_CLOEXEC | O_LARGEFILE, 0) as number;
    return fd < 0 ? -koffi.errno() : fd;
  }

  return {
    createGroup() {
      const flags =
        FAN_CLASS_PRE_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS | FAN_REPORT_TID;
      const group = fanotifyInit(flags, O_RDONLY | O_LARGEFILE | O_CLOEXEC) as number;
      if (group < 0) failCall("fanotify_init");
      return group;
    },
    mark(group, fd) {
      if ((fanotifyMark(group, FAN_MARK_ADD, FAN_OPEN_PERM, fd, null) as number) < 0) failCall("fanotify_mark");
    },
    markName(group, directory, text) {
      name.write(`${text}\0`, 0, "latin1");
      const flags = FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW;
      if ((fanotifyMark(group, flags, FAN_OPEN_PERM, directory, name) as number) < 0) failCall("fanotify_mark");
    },
    unmark(group, fd) {
      if ((fanotifyMark(group, FAN_MARK_REMOVE, FAN_OPEN_PERM, fd, null) as number) < 0) failCall("fanotify_mark");
    },
    removeMarks(group) {
      if ((fanotifyMark(group, FAN_MARK_FLUSH, 0, AT_FDCWD, null) as number) < 0) failCall("fanotify_mark");
    },
    readWaiters(group, each) {
      let refused = 0;
      for (;;) {
        const length = read(group, events, events.length) as number;
        if (length < 0) {
          const errno = koffi.errno();
          if (errno === constants.errno.EINTR) continue;
          if (errno === constants.errno.EAGAIN) return refused;
          if (errno === constants.errno.EBADF || errno === constants.errno.EINVAL) failCall("read");
          // No descriptor for the first event: the kernel has refused that open.
          refused++;
          continue;
        }
        // struct fanotify_event_metadata: length 4, version 1, reserved 1, own length 2, mask 8, fd 4, tid 4
        for (let at = 0; at < length; at += events.readUInt32LE(at)) {
          const fd = events.readInt32LE(at + 16);
          if (fd >= 0) each(fd, events.readInt32LE(at + 20));
        }
      }
    },
    allow(group, fd) {
      respond(group, fd, FAN_ALLOW);
    },
    deny(group, fd) {
      if (respond(group, fd, denial)) return;
      denial = FAN_DENY;
      respond(group, fd, denial);
    },
    isAlone: (fd) => lease(fd, F_WRLCK),
    isReadOnlyToAll: (fd) => lease(fd, F_RDLCK),
    openForReading: (path) => open(path, O_RDONLY | O_NOFOLLOW),
    openForWriting: (path) => open(path, O_RDWR),
    copyRange(from, to, position, length) {
      for (const offset of offsets) offset.writeBigInt64LE(BigInt(position), 0);
      return copyFileRange(from, offsets[0], to, offsets[1], length, 0) as number;
    },
    setFileTime(fd, stat) {
      // struct timespec[2]: access time, modification time
      times.writeBigInt64LE(0n, 0);
      times.writeBigInt64LE(UTIME_OMIT, 8);
      times.writeBigInt64LE(BigInt(stat.mtimeSec), 16);
      times.writeBigInt64LE(BigInt(stat.mtimeNsec), 24);
      if ((futimens(fd, times) as number) < 0) failCall("futimens");
    },
    poll(fds, timeoutMs) {
      if (polled.length < fds.length * 8) polled = Buffer.alloc(fds.length * 16);
      // struct pollfd: fd 4, events 2, revents 2
      for (const [i, fd] of fds.entries()) {
        polled.writeInt32LE(fd, i * 8);
        polled.writeInt32LE(POLLIN, i * 8 + 4);
      }
      const ready = new Set<number>();
      if ((poll(polled, fds.length, timeoutMs) as number) <= 0) return ready;
      for (const [i, fd] of fds.entries()) if (polled.readUInt16LE(i * 8 + 6) !== 0) ready.add(fd);
      return ready;
    },
    pipe() {
      const ends = Buffer.alloc(8);
      if ((pipe2(ends, O_CLOEXEC | O_NONBLOCK) as number) < 0) failCall("pipe2");
      return [ends.readInt32LE(0), ends.readInt32LE(4)];
    },
    setNonBlocking(fd) {
      fcntl(fd, F_SETFL, (fcntl(fd, F_GETFL, 0) as number) | O_NONBLOCK);
    },
    ignoreSignals(...signals) {
      for (const which of signals) signal(constants.signals[which], SIG_IGN);
    },
    close(fd) {
      close(fd);
    },
  };
}
