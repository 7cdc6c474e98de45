import { ENTRY_TYPES, type Entry, type EntryType, SYMLINK, type Xattr } from "../model/entry.ts";
import { type BytePath, comparePaths } from "../model/path.ts";
import type { HashKeys } from "../ports/store.ts";
import { type FileStat, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFSOCK } from "./system-calls.ts";

/** By the four bits of S_IFMT; asked for several times of every entry. */
const TYPES: EntryType[] = new Array(16).fill(ENTRY_TYPES.file);
const TYPE_SHIFT = 12;
TYPES[S_IFDIR >> TYPE_SHIFT] = ENTRY_TYPES.directory;
TYPES[S_IFLNK >> TYPE_SHIFT] = ENTRY_TYPES.symlink;
TYPES[S_IFIFO >> TYPE_SHIFT] = ENTRY_TYPES.fifo;
TYPES[S_IFCHR >> TYPE_SHIFT] = ENTRY_TYPES.characterDevice;
TYPES[S_IFBLK >> TYPE_SHIFT] = ENTRY_TYPES.blockDevice;
TYPES[S_IFSOCK >> TYPE_SHIFT] = ENTRY_TYPES.socket;

export function typeOfMode(mode: number): EntryType {
  return TYPES[(mode & S_IFMT) >> TYPE_SHIFT];
}

/** Makes the entry of a path from what stat says of it. */
export function entryFromStat(
  path: BytePath,
  stat: FileStat,
  target: string,
  leader: BytePath | undefined,
  xattrs: readonly Xattr[],
): Entry {
  const type = typeOfMode(stat.mode);
  const device = type === ENTRY_TYPES.characterDevice || type === ENTRY_TYPES.blockDevice;
  return {
    path,
    type,
    size: type === ENTRY_TYPES.file ? stat.size : 0,
    target,
    leader,
    rdevMajor: device ? stat.rdevMajor : 0,
    rdevMinor: device ? stat.rdevMinor : 0,
    mode: type === SYMLINK ? 0 : stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    mtimeSec: stat.mtimeSec,
    mtimeNsec: stat.mtimeNsec,
    xattrs,
  };
}

const NO_XATTRS: readonly Xattr[] = [];

/** What a plan expects to find under a path, as far as it identifies an inode's state. */
export interface Expected {
  readonly inodeLow: number;
  readonly inodeHigh: number;
  readonly ctimeSec: number;
  readonly ctimeNsec: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  readonly links: number;
  readonly size: number;
}

/** An inode of the root's file system as a map key. */
export function inodeKey(stat: FileStat | Expected): string {
  return `${stat.inodeHigh}:${stat.inodeLow}`;
}

/** Size and mtime too, as what is written twice within a clock tick keeps its ctime. */
export function matchesExpected(stat: FileStat, expected: Expected): boolean {
  return (
    stat.inodeLow === expected.inodeLow &&
    stat.inodeHigh === expected.inodeHigh &&
    stat.size === expected.size &&
    stat.mtimeSec === expected.mtimeSec &&
    stat.mtimeNsec === expected.mtimeNsec &&
    sameCtime(stat, expected)
  );
}

/** Of one inode: nothing of it has been changed. */
export function sameCtime(stat: FileStat, expected: Expected): boolean {
  return stat.ctimeSec === expected.ctimeSec && stat.ctimeNsec === expected.ctimeNsec;
}

type FieldName =
  | "mode"
  | "uid"
  | "gid"
  | "size"
  | "links"
  | "inodeLow"
  | "inodeHigh"
  | "device"
  | "rdevMajor"
  | "rdevMinor"
  | "mtimeSec"
  | "mtimeNsec"
  | "ctimeSec"
  | "ctimeNsec"
  | "leader";

const DOUBLES: readonly FieldName[] = ["size", "device", "mtimeSec", "ctimeSec", "leader"];
const WORDS: readonly FieldName[] = [
  "mode",
  "uid",
  "gid",
  "links",
  "inodeLow",
  "inodeHigh",
  "rdevMajor",
  "rdevMinor",
  "mtimeNsec",
  "ctimeNsec",
];

/** A host's list as columns of numbers: a fraction of the memory of as many objects. */
export class EntryTable {
  readonly paths: BytePath[] = [];
  readonly #targets = new Map<number, string>();
  readonly #xattrs = new Map<number, readonly Xattr[]>();
  readonly #groupSizes = new Map<number, number>();
  #fields: Record<FieldName, Float64Array | Uint32Array>;
  #capacity = 1024;

  constructor() {
    const fields: Partial<Record<FieldName, Float64Array | Uint32Array>> = {};
    for (const name of DOUBLES) fields[name] = new Float64Array(this.#capacity);
    for (const name of WORDS) fields[name] = new Uint32Array(this.#capacity);
    this.#fields = fields as Record<FieldName, Float64Array | Uint32Array>;
  }

  get count(): number {
    return this.paths.length;
  }

  #grow(): void {
    this.#capacity *= 2;
    for (const name of DOUBLES) {
      const grown = new Float64Array(this.#capacity);
      grown.set(this.#fields[name]);
      this.#fields[name] = grown;
    }
    for (const name of WORDS) {
      const grown = new Uint32Array(this.#capacity);
      grown.set(this.#fields[name]);
      this.#fields[name] = grown;
    }
  }

  /** Adds a path and returns its ordinal. */
  add(path: BytePath, stat: FileStat, target: string, xattrs: readonly Xattr[]): number {
    const i = this.paths.length;
    if (i === this.#capacity) this.#grow();
    const f = this.#fields;
    this.paths.push(path);
    f.mode[i] = stat.mode;
    f.uid[i] = stat.uid;
    f.gid[i] = stat.gid;
    f.size[i] = stat.size;
    f.links[i] = stat.links;
    f.inodeLow[i] = stat.inodeLow;
    f.inodeHigh[i] = stat.inodeHigh;
    f.device[i] = stat.deviceMajor * 4294967296 + stat.deviceMinor;
    f.rdevMajor[i] = stat.rdevMajor;
    f.rdevMinor[i] = stat.rdevMinor;
    f.mtimeSec[i] = stat.mtimeSec;
    f.mtimeNsec[i] = stat.mtimeNsec;
    f.ctimeSec[i] = stat.ctimeSec;
    f.ctimeNsec[i] = stat.ctimeNsec;
    f.leader[i] = -1;
    if (target !== "") this.#targets.set(i, target);
    if (xattrs.length > 0) this.#xattrs.set(i, xattrs);
    return i;
  }

  /**
   * Finds, among paths of more than one link, those of the same inode; the first in order leads.
   *
   * @param first those from this ordinal on are new, and join the groups of the others
   */
  groupLinks(first = 0): void {
    const f = this.#fields;
    const isLinked = (i: number): boolean => f.links[i] >= 2 && this.type(i) !== ENTRY_TYPES.directory;
    const added: number[] = [];
    for (let i = first; i < this.count; i++) if (isLinked(i)) added.push(i);
    if (added.length === 0) return;
    const inode = (i: number): string => `${f.device[i]}:${f.inodeHigh[i]}:${f.inodeLow[i]}`;
    const leaders = new Map<string, number>();
    for (let i = 0; i < first; i++) if (isLinked(i) && f.leader[i] < 0) leaders.set(inode(i), i);
    for (const i of added.sort((a, b) => comparePaths(this.paths[a], this.paths[b]))) {
      const leader = leaders.get(inode(i));
      // One that was listed as the first of its group, and comes after this one, stays so: others have been told.
      if (leader === undefined || comparePaths(this.paths[leader], this.paths[i]) >= 0) leaders.set(inode(i), i);
      else f.leader[i] = leader;
      const group = f.leader[i] < 0 ? i : f.leader[i];
      this.#groupSizes.set(group, (this.#groupSizes.get(group) ?? 0) + 1);
    }
  }

  /** How many listed paths lead to the inode of this one. */
  knownLinks(i: number): number {
    return this.#groupSizes.get(this.leaderOf(i) ?? i) ?? 1;
  }

  type(i: number): EntryType {
    return typeOfMode(this.#fields.mode[i]);
  }

  /** The inode's number, as far as a number tells it apart: `isInState` looks at all of it. */
  inode(i: number): number {
    return this.#fields.inodeHigh[i] * 4294967296 + this.#fields.inodeLow[i];
  }

  uid(i: number): number {
    return this.#fields.uid[i];
  }

  size(i: number): number {
    return this.#fields.size[i];
  }

  links(i: number): number {
    return this.#fields.links[i];
  }

  leaderOf(i: number): number | undefined {
    const leader = this.#fields.leader[i];
    return leader < 0 ? undefined : leader;
  }

  mtime(i: number): { sec: number; nsec: number } {
    return { sec: this.#fields.mtimeSec[i], nsec: this.#fields.mtimeNsec[i] };
  }

  entry(i: number): Entry {
    const f = this.#fields;
    const type = typeOfMode(f.mode[i]);
    const device = type === ENTRY_TYPES.characterDevice || type === ENTRY_TYPES.blockDevice;
    return {
      path: this.paths[i],
      type,
      size: type === ENTRY_TYPES.file ? f.size[i] : 0,
      target: this.#targets.get(i) ?? "",
      leader: f.leader[i] < 0 ? undefined : this.paths[f.leader[i]],
      rdevMajor: device ? f.rdevMajor[i] : 0,
      rdevMinor: device ? f.rdevMinor[i] : 0,
      mode: type === SYMLINK ? 0 : f.mode[i] & 0o7777,
      uid: f.uid[i],
      gid: f.gid[i],
      mtimeSec: f.mtimeSec[i],
      mtimeNsec: f.mtimeNsec[i],
      xattrs: this.#xattrs.get(i) ?? NO_XATTRS,
    };
  }

  expected(i: number): Expected {
    const f = this.#fields;
    return {
      inodeLow: f.inodeLow[i],
      inodeHigh: f.inodeHigh[i],
      ctimeSec: f.ctimeSec[i],
      ctimeNsec: f.ctimeNsec[i],
      mtimeSec: f.mtimeSec[i],
      mtimeNsec: f.mtimeNsec[i],
      links: f.links[i],
      size: f.size[i],
    };
  }

  /** Ordinal of a path among the first `end` entries, which are in order. */
  find(path: BytePath, end: number = this.count): number | undefined {
    let low = 0;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = comparePaths(this.paths[middle], path);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  /** Whether the entry is a file in the very state that one of these keys means. */
  isInState(i: number, keys: HashKeys, at: number): boolean {
    const f = this.#fields;
    return (
      f.inodeLow[i] === keys.inodeLow[at] &&
      f.inodeHigh[i] === keys.inodeHigh[at] &&
      f.device[i] === keys.device[at] &&
      f.size[i] === keys.size[at] &&
      f.mtimeSec[i] === keys.mtimeSec[at] &&
      f.mtimeNsec[i] === keys.mtimeNsec[at] &&
      f.ctimeSec[i] === keys.ctimeSec[at] &&
      f.ctimeNsec[i] === keys.ctimeNsec[at]
    );
  }

  /** What the hash cache needs to know of these entries. */
  hashKeys(ordinals: readonly number[]): HashKeys {
    const f = this.#fields;
    const pick = <T extends Float64Array | Uint32Array>(into: T, field: Float64Array | Uint32Array): T => {
      for (let i = 0; i < ordinals.length; i++) into[i] = field[ordinals[i]];
      return into;
    };
    const n = ordinals.length;
    return {
      inodeLow: pick(new Uint32Array(n), f.inodeLow),
      inodeHigh: pick(new Uint32Array(n), f.inodeHigh),
      device: pick(new Float64Array(n), f.device),
      size: pick(new Float64Array(n), f.size),
      mtimeSec: pick(new Float64Array(n), f.mtimeSec),
      mtimeNsec: pick(new Uint32Array(n), f.mtimeNsec),
      ctimeSec: pick(new Float64Array(n), f.ctimeSec),
      ctimeNsec: pick(new Uint32Array(n), f.ctimeNsec),
    };
  }
}
