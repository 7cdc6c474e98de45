/**
 * The file system as Lockstep needs it: byte names, directory handles, nothing followed. One
 * interface, two implementations with one contract suite: `linux-calls.ts` through koffi, exact and
 * confined, and `portable-calls.ts` through node:fs, with what it lacks said in `lacks`.
 *
 * Every call throws `SystemError` unless it says otherwise. Names and targets are byte strings. A
 * name is one component, or "" for the directory itself where that makes sense.
 */
export interface SystemCalls {
  /** What this implementation or this process cannot do, as sentences for people. */
  readonly lacks: readonly string[];
  /** Whether owners can be set at will. */
  readonly canChown: boolean;
  /** Whether devices can be made. */
  readonly canMakeDevices: boolean;
  /** Whether fifos and sockets can be made. */
  readonly canMakeNodes: boolean;
  /** Whether times are set to the nanosecond. */
  readonly exactTimes: boolean;
  /** Whether files can be locked. */
  readonly canLock: boolean;
  /** Whether a `ThreadBook` is kept. */
  readonly keepsBook: boolean;
  /** Descriptors that this process may have at once. */
  readonly maxOpenFiles: number;

  openRoot(path: string): DirectoryHandle;
  /** Opens a directory below the root without following a symlink or crossing a mount. */
  openDirectory(root: DirectoryHandle, path: string): DirectoryHandle;
  closeDirectory(directory: DirectoryHandle): void;
  /** Names in byte order, without "." and "..". */
  readDirectory(directory: DirectoryHandle): string[];
  /** Fills `into` for a name, not following it; false when there is nothing of that name. */
  stat(directory: DirectoryHandle, name: string, into: FileStat): boolean;
  /** Bytes that a name's content takes on disk (st_blocks of stat(2)); 0 when there is nothing of that name. */
  allocatedBytes(directory: DirectoryHandle, name: string): number;
  readLink(directory: DirectoryHandle, name: string): string;

  openFile(directory: DirectoryHandle, name: string): number;
  /**
   * Makes a new file that must not exist, for reading and writing.
   *
   * @param mode permission bits 0777, of which the process's umask(2) may take some away; default 0600
   */
  createFile(directory: DirectoryHandle, name: string, mode?: number): number;
  /** Opens a file that this process made, for reading and writing. */
  reopenFile(directory: DirectoryHandle, name: string): number;
  /**
   * Lets the second, empty file share the blocks of the first (ioctl_ficlone(2)); false where the file
   * system cannot.
   */
  cloneFile(from: number, to: number): boolean;
  statFile(fd: number, into: FileStat): void;
  /** Bytes read; 0 at the end. */
  read(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  write(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): void;
  /** Gives the file this length; what is added reads as zeros and takes no space. */
  truncate(fd: number, length: number): void;
  /**
   * Where the next content at or after this position begins; the file's size when only a hole is
   * left, which reads as zeros (lseek(2), SEEK_DATA). Where holes are not told, the position itself.
   */
  seekData(fd: number, position: number, size: number): number;
  /**
   * Drops the file's pages from memory, but for those that are not yet on disk, so that what is read
   * next comes from there (posix_fadvise(2), POSIX_FADV_DONTNEED). Does nothing where that cannot be asked.
   */
  dropCache(fd: number): void;
  /** From now on another thread is to close this file. */
  handOver(fd: number): void;
  closeFile(fd: number): void;

  chmod(directory: DirectoryHandle, name: string, mode: number): void;
  chown(directory: DirectoryHandle, name: string, uid: number, gid: number): void;
  /** Sets the modification time exactly; never follows a symlink. */
  setTime(directory: DirectoryHandle, name: string, sec: number, nsec: number): void;

  /**
   * Names of the extended attributes, as byte strings in order; empty where the file system has
   * none. Of the system namespace only POSIX ACLs are named.
   */
  listXattrs(directory: DirectoryHandle, name: string): string[];
  getXattr(directory: DirectoryHandle, name: string, attribute: string): Uint8Array;
  setXattr(directory: DirectoryHandle, name: string, attribute: string, value: Uint8Array): void;
  removeXattr(directory: DirectoryHandle, name: string, attribute: string): void;
  /** Whether the file system of this directory can hold extended attributes. */
  supportsXattrs(directory: DirectoryHandle): boolean;

  /**
   * Keeps other processes from claiming the directory until this handle is closed (flock(2)). False while one of
   * them has; true where that cannot be told.
   */
  claimDirectory(directory: DirectoryHandle): boolean;
  /** Whether names in the directory may be made and removed, as far as its mode and owner say. */
  mayChange(directory: DirectoryHandle): boolean;
  makeDirectory(directory: DirectoryHandle, name: string, mode: number): void;
  makeSymlink(directory: DirectoryHandle, name: string, target: string): void;
  makeLink(from: DirectoryHandle, fromName: string, to: DirectoryHandle, toName: string): void;
  /** Makes a fifo, device or socket; `format` holds the S_IF bits. */
  makeNode(directory: DirectoryHandle, name: string, format: number, major: number, minor: number): void;
  /**
   * - `fresh`: the new name must not exist
   * - `exchange`: both names exist and swap, atomically
   */
  rename(from: DirectoryHandle, fromName: string, to: DirectoryHandle, toName: string, how: "fresh" | "exchange"): void;
  unlink(directory: DirectoryHandle, name: string): void;
  removeDirectory(directory: DirectoryHandle, name: string): void;

  /** Writes everything of the directory's file system to disk. */
  syncFileSystem(directory: DirectoryHandle): void;
  freeBytes(directory: DirectoryHandle): number;
  /** Whether the directory's file system is mounted so that nothing can be written. */
  isReadOnly(directory: DirectoryHandle): boolean;

  /**
   * Takes a read lease: refused while anybody has the file open for writing, or mapped so; a later writer
   * waits, and is seen by `leaseHeld` (fcntl(2), F_SETLEASE).
   */
  lease(fd: number): LeaseAnswer;
  leaseHeld(fd: number): boolean;
  /**
   * Whether it is known that nobody has the file open or mapped but by this descriptor (fcntl(2), F_WRLCK); false
   * where that cannot be told.
   */
  isOpenedOnce(fd: number): boolean;
  /**
   * Writes out what programs have stored into mappings of the file: whoever stores there again moves its times,
   * which a page that is dirty already does not.
   *
   * @returns false where that is not known of the file system, such as tmpfs
   */
  cleanMappings(fd: number): boolean;

  /**
   * Opens a file only to lock it; never waits. EAGAIN while somebody's lease on it forbids (it is asked to
   * give that up), ETXTBSY for a running program that is to be writable.
   *
   * @param writable a lock that keeps out read locks too needs a descriptor that could write (fcntl(2))
   */
  openToLock(directory: DirectoryHandle, name: string, writable: boolean): number;
  /**
   * Takes two locks on one descriptor, or none: flock(2), and an open file description lock over all of
   * the file (fcntl(2), F_OFD_SETLK), since programs use one or the other and these do not see each
   * other. Both go when the descriptor is closed.
   *
   * @param range keeps out others' read and write locks, or their write locks only
   * @returns false when somebody else's lock forbids it
   */
  lockFile(fd: number, kind: LockKind, range: "write" | "read"): boolean;
}

/**
 * `writer`: somebody can write; `foreign`: it cannot be told of another user's file without CAP_LEASE (fcntl(2));
 * `unavailable`: nor by anybody, as the file system has no leases.
 */
export type LeaseAnswer = "taken" | "writer" | "foreign" | "unavailable";

/** Who else is let in: nobody, or those who share. */
export type LockKind = "exclusive" | "shared";

export type DirectoryHandle = number;

/** What stat says, in a record that is filled again and again, as 50,000 new ones cost time. */
export interface FileStat {
  /** S_IF bits and permission bits. */
  mode: number;
  uid: number;
  gid: number;
  size: number;
  links: number;
  inodeLow: number;
  inodeHigh: number;
  deviceMajor: number;
  deviceMinor: number;
  rdevMajor: number;
  rdevMinor: number;
  mtimeSec: number;
  mtimeNsec: number;
  ctimeSec: number;
  ctimeNsec: number;
  /** True where another file system is mounted here. */
  mountPoint: boolean;
  /** Marked as immutable or append-only (chattr(1)): not even root may change or remove it. */
  fixed: boolean;
}

export function newFileStat(): FileStat {
  return {
    mode: 0,
    uid: 0,
    gid: 0,
    size: 0,
    links: 0,
    inodeLow: 0,
    inodeHigh: 0,
    deviceMajor: 0,
    deviceMinor: 0,
    rdevMajor: 0,
    rdevMinor: 0,
    mtimeSec: 0,
    mtimeNsec: 0,
    ctimeSec: 0,
    ctimeNsec: 0,
    mountPoint: false,
    fixed: false,
  };
}

export const S_IFMT = 0o170000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;
export const S_IFLNK = 0o120000;
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;
export const S_IFSOCK = 0o140000;

/** A failed system call: `code` is the errno's name, such as ENOENT. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  readonly code: string;
  readonly call: string;

  constructor(code: string, call: string) {
    super(`${call}: ${code}`);
    this.code = code;
    this.call = call;
  }
}

export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
