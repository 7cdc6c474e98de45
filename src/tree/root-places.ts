import { realpathSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";

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

/** By names, and by what the directories are: one may be mounted at several paths. */
function isWithin(path: string, of: string): boolean {
  if (path === of || path.startsWith(of.endsWith(sep) ? of : of + sep)) return true;
  const identity = identityOf(of);
  if (identity === undefined) return false;
  for (let at = path; ; at = dirname(at)) {
    if (identityOf(at) === identity) return true;
    if (dirname(at) === at) return false;
  }
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
