import type { FanotifyCalls } from "./fanotify-calls.ts";
import type { OpenerThread } from "./opener-thread.ts";
import { type DirectoryHandle, type FileStat, newFileStat, S_IFMT, S_IFREG, type SystemCalls } from "./system-calls.ts";

/** Copied at a time, between answers to others. */
const SLICE_BYTES = 16 << 20;
/** Longer ones are only refreshed where the file system shares blocks: nobody should wait that long. */
const MAX_COPY_BYTES = 2 ** 30;
const SET_ID_BITS = 0o6000;
/** Writing takes it away. */
const CAPABILITIES = "security.capability";

export interface RefreshTools {
  readonly calls: SystemCalls;
  readonly fanotify: FanotifyCalls;
  readonly opener: OpenerThread;
}

/** A name in a directory. */
export interface Place {
  readonly directory: DirectoryHandle;
  readonly name: string;
}

/**
 * Gives an inode that was exchanged out of the tree the content and time of the version that replaced it,
 * for those who had reached it before the exchange and whose open() has yet to return. Only to be called
 * when nobody has it open.
 *
 * Done only where the two are alike in all but content and time: type, mode, owner, xattrs and ACLs; and
 * where the inode has no other name, under which its old content may be wanted.
 *
 * @param orphan a descriptor of the inode, open for reading
 * @param at where it lies
 * @param now where the new version lies
 * @returns whether the inode holds wholly the new version; if not, it may hold anything
 */
export function* refreshOrphan(
  { calls, fanotify, opener }: RefreshTools,
  orphan: number,
  at: Place,
  now: Place,
): Generator<"now" | "soon", boolean> {
  const [old, fresh, source] = [newFileStat(), newFileStat(), newFileStat()];
  calls.statFile(orphan, old);
  if (!calls.stat(now.directory, now.name, fresh)) return false;
  if (!isAlike(old, fresh) || old.links !== 1 || !haveSameXattrs(calls, at, now)) return false;
  const from = yield* opener.open(`/proc/self/fd/${now.directory}/${now.name}`, false);
  if (from < 0) return false;
  try {
    calls.statFile(from, source);
    if (!isSameVersion(source, fresh)) return false;
    const to = yield* opener.open(`/proc/self/fd/${orphan}`, true);
    if (to < 0) return false;
    try {
      if (!calls.cloneFile(from, to)) {
        if (source.size > MAX_COPY_BYTES) return false;
        yield* copy(calls, fanotify, from, to, source.size);
      }
      calls.truncate(to, source.size);
      calls.statFile(from, source);
      if (!isSameVersion(source, fresh)) return false;
      fanotify.setFileTime(to, fresh);
      return true;
    } finally {
      // Before anybody is answered, as a file that is open for writing cannot be executed.
      calls.closeFile(to);
    }
  } finally {
    calls.closeFile(from);
  }
}

function isAlike(old: FileStat, fresh: FileStat): boolean {
  return (
    (fresh.mode & S_IFMT) === S_IFREG &&
    // Writing may take these bits away.
    (fresh.mode & SET_ID_BITS) === 0 &&
    old.mode === fresh.mode &&
    old.uid === fresh.uid &&
    old.gid === fresh.gid
  );
}

function isSameVersion(a: FileStat, b: FileStat): boolean {
  return (
    a.inodeLow === b.inodeLow &&
    a.inodeHigh === b.inodeHigh &&
    a.deviceMajor === b.deviceMajor &&
    a.deviceMinor === b.deviceMinor &&
    a.size === b.size &&
    a.mtimeSec === b.mtimeSec &&
    a.mtimeNsec === b.mtimeNsec
  );
}

function haveSameXattrs(calls: SystemCalls, a: Place, b: Place): boolean {
  const names = calls.listXattrs(a.directory, a.name);
  const others = calls.listXattrs(b.directory, b.name);
  if (names.includes(CAPABILITIES) || names.join("\0") !== others.join("\0")) return false;
  return names.every((name) => {
    const value = Buffer.from(calls.getXattr(a.directory, a.name, name));
    return value.equals(calls.getXattr(b.directory, b.name, name));
  });
}

function* copy(
  calls: SystemCalls,
  fanotify: FanotifyCalls,
  from: number,
  to: number,
  size: number,
): Generator<"now", void> {
  let buffer: Buffer | undefined;
  for (let at = 0; at < size; ) {
    const length = Math.min(SLICE_BYTES, size - at);
    if (buffer === undefined) {
      const copied = fanotify.copyRange(from, to, at, length);
      if (copied > 0) at += copied;
      else buffer = Buffer.allocUnsafeSlow(1 << 20);
    } else {
      const read = calls.read(from, buffer, 0, Math.min(buffer.length, length), at);
      // Shorter than it was: what comes of it is compared afterwards.
      if (read === 0) return;
      calls.write(to, buffer, 0, read, at);
      at += read;
    }
    yield "now";
  }
}
