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
  return places.find((place) => {
    const other = canonical(place.path);
    return isWithin(one, other) || isWithin(other, one);
  });
}

/** By names, and by what the directories are: one, or a part of it, may be mounted at several paths. */
function isWithin(path: string, of: string): boolean {
  if (isBelow(path, of)) return true;
  const identity = identityOf(of);
  if (identity === undefined) return false;
  for (let at = path; ; at = dirname(at)) {
    if (identityOf(at) === identity) return true;
    if (dirname(at) === at) break;
  }
  return isMountedFrom(path, of);
}

function isBelow(path: string, of: string): boolean {
  return path === of || path.startsWith(of.endsWith(sep) ? of : of + sep);
}

/** Whether what is at the path, which lies below a mount, is also reached through the other directory. */
function isMountedFrom(path: string, of: string): boolean {
  let existing = path;
  while (identityOf(existing) === undefined && dirname(existing) !== existing) existing = dirname(existing);
  const [one, other] = [inFileSystem(existing), inFileSystem(of)];
  if (one === undefined || other === undefined || one.device !== other.device) return false;
  if (!isBelow(one.path, other.path)) return false;
  // Several exports of one NFS server may all be named "/".
  return identityOf(existing) === identityOf(join(of, relative(other.path, one.path)));
}

/** Where the path leads in its file system, by proc_pid_mountinfo(5); undefined where that does not tell. */
function inFileSystem(path: string): { device: string; path: string } | undefined {
  let found: { device: string; path: string } | undefined;
  let longest = -1;
  for (const line of mounts()) {
    const [, , device, top, point] = line.split(" ").map(unescaped);
    // Of several at one point the last one is what is seen.
    if (point === undefined || !isBelow(path, point) || point.length < longest) continue;
    longest = point.length;
    found = { device, path: join(top, relative(point, path)) };
  }
  return found;
}

function mounts(): string[] {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  } catch {
    return [];
  }
}

/** Blanks and the like are told by their octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function identityOf(path: string): string | undefined {
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
