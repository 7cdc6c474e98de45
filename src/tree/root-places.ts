import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

/** A directory of this host that no root may have to do with. */
export interface Place {
  /** As a sentence about it begins. */
  readonly what: string;
  readonly path: string;
}

/** The first of these that the path leads to, into, or that lies within what it leads to. */
export function findOverlap(path: string, places: readonly Place[]): Place | undefined {
  const one = canonical(path);
  const mounts = readMounts();
  return places.find((place) => {
    const other = canonical(place.path);
    return isWithin(one, other, mounts) || isWithin(other, one, mounts);
  });
}

/** By names, and by what the directories are: one, or a part of it, may be mounted at several paths. */
function isWithin(path: string, of: string, mounts: readonly Mount[]): boolean {
  if (isBelow(path, of)) return true;
  const identity = identityOf(of);
  if (identity === undefined) return false;
  for (let at = path; ; at = dirname(at)) {
    if (identityOf(at) === identity) return true;
    if (dirname(at) === at) break;
  }
  return isMountedFrom(path, of, mounts);
}

function isBelow(path: string, of: string): boolean {
  return path === of || path.startsWith(of.endsWith(sep) ? of : of + sep);
}

/** Whether what is at the path, which lies below a mount, is also reached through the other directory. */
function isMountedFrom(path: string, of: string, mounts: readonly Mount[]): boolean {
  let existing = path;
  while (identityOf(existing) === undefined && dirname(existing) !== existing) existing = dirname(existing);
  const [one, other] = [inFileSystem(toBytes(existing), mounts), inFileSystem(toBytes(of), mounts)];
  if (one === undefined || other === undefined || one.device !== other.device) return false;
  if (!isBelow(one.path, other.path)) return false;
  // Several exports of one NFS server may all be named "/".
  const same = join(toBytes(of), relative(other.path, one.path));
  return identityOf(existing) === identityOf(Buffer.from(same, "latin1"));
}

/** A path as bytes in a one-byte string, as mounts are told. */
function toBytes(path: string): string {
  return Buffer.from(path).toString("latin1");
}

/** Where the path leads in its file system; undefined where the mounts do not tell. */
function inFileSystem(path: string, mounts: readonly Mount[]): { device: string; path: string } | undefined {
  const onTheWay = mounts.filter((mount) => isBelow(path, mount.point));
  const seen = new Set(mounts.map(({ id }) => id));
  let at: Mount | undefined;
  let next = nearest(onTheWay.filter(({ id, holder }) => holder === id || !seen.has(holder)));
  // As the kernel walks: what is mounted on a directory above hides what was mounted below it before.
  while (next !== undefined) {
    at = next;
    const { id } = at;
    next = nearest(onTheWay.filter((mount) => mount.holder === id && mount.id !== id));
  }
  return at && { device: at.device, path: join(at.top, relative(at.point, path)) };
}

function nearest(mounts: readonly Mount[]): Mount | undefined {
  return [...mounts].sort((a, b) => a.point.length - b.point.length)[0];
}

interface Mount {
  readonly id: string;
  /** The id of the mount that it is mounted on. */
  readonly holder: string;
  readonly device: string;
  /** The directory of its file system that is mounted. */
  readonly top: string;
  readonly point: string;
}

/** By proc_pid_mountinfo(5); none where there is no such file. */
function readMounts(): Mount[] {
  let lines: string[];
  try {
    // Paths are bytes.
    lines = readFileSync("/proc/self/mountinfo", "latin1").trimEnd().split("\n");
  } catch {
    return [];
  }
  return lines.map((line) => {
    const [id, holder, device, top, point] = line.split(" ").map(unescaped);
    return { id, holder, device, top, point };
  });
}

/** Blanks and the like are told by their octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function identityOf(path: string | Buffer): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** The path without symlinks, also of what does not exist yet. */
export function canonical(path: string): string {
  let existing = resolve(path);
  const missing: string[] = [];
  for (;;) {
    try {
      return join(realpathSync(existing), ...missing);
    } catch {
      const parent = resolve(existing, "..");
      if (parent === existing) return resolve(path);
      missing.unshift(existing.slice(parent.endsWith(sep) ? parent.length : parent.length + 1));
      existing = parent;
    }
  }
}
