import type { BytePath } from "./path.ts";

/** Types of a path, as in the wire and cache encodings; numbers never change meaning. */
export const ENTRY_TYPES = {
  file: 1,
  directory: 2,
  symlink: 3,
  fifo: 4,
  characterDevice: 5,
  blockDevice: 6,
  socket: 7,
} as const;

export type EntryTypeName = keyof typeof ENTRY_TYPES;
export type EntryType = (typeof ENTRY_TYPES)[EntryTypeName];

export const FILE = ENTRY_TYPES.file;
export const DIRECTORY = ENTRY_TYPES.directory;
export const SYMLINK = ENTRY_TYPES.symlink;

export interface Xattr {
  /** Full name with its namespace, as a byte string. */
  readonly name: string;
  readonly value: Uint8Array;
}

/** What a list says of one path. */
export interface Entry {
  readonly path: BytePath;
  readonly type: EntryType;
  /** Bytes; files only, otherwise 0. */
  readonly size: number;
  /** Symlink target as a byte string, otherwise "". */
  readonly target: string;
  /** First path in the list of the same inode, when that is another path. */
  readonly leader: BytePath | undefined;
  /** Device number of device nodes, otherwise 0. */
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  /** Permission bits 07777; 0 for symlinks, which have none of their own. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Modification time: whole seconds since 1970, may be negative, and nanoseconds 0–999999999. */
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  /** Sorted by name. */
  readonly xattrs: readonly Xattr[];
}

/** The parts of an entry that are compared and digested separately; the order is the wire order. */
export const COLUMNS = ["structure", "mode", "owner", "mtime", "xattrs"] as const;
export type Column = (typeof COLUMNS)[number];

/** A set of columns, one bit each in the order of COLUMNS. */
export type ColumnSet = number;

export const COLUMN_BIT: Readonly<Record<Column, ColumnSet>> = {
  structure: 1,
  mode: 2,
  owner: 4,
  mtime: 8,
  xattrs: 16,
};

export const ALL_COLUMNS: ColumnSet = 31;

/** What a host can set beside whole columns; the bits follow those of the columns. */
export const ABILITY = {
  /** Xattrs of the trusted and security namespaces. */
  privilegedXattrs: 32,
  devices: 64,
  /** Fifos and sockets. */
  nodes: 128,
  /** Times to the nanosecond; else to the microsecond. */
  exactTimes: 256,
} as const;

/** A set of columns and abilities that a host has. */
export type Abilities = number;

export const ALL_ABILITIES: Abilities = ALL_COLUMNS | 32 | 64 | 128 | 256;

/** True for an xattr that only a privileged process can read or set (xattr(7)). */
export function isPrivilegedXattr(name: string): boolean {
  return name.startsWith("trusted.") || name.startsWith("security.");
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function sameXattrs(a: readonly Xattr[], b: readonly Xattr[]): boolean {
  return a.length === b.length && a.every((xattr, i) => xattr.name === b[i].name && sameBytes(xattr.value, b[i].value));
}

/** The columns in which two entries of the same path differ. */
export function differingColumns(a: Entry, b: Entry): ColumnSet {
  let columns = 0;
  if (
    a.type !== b.type ||
    a.size !== b.size ||
    a.target !== b.target ||
    a.leader !== b.leader ||
    a.rdevMajor !== b.rdevMajor ||
    a.rdevMinor !== b.rdevMinor
  ) {
    columns |= COLUMN_BIT.structure;
  }
  if (a.mode !== b.mode) columns |= COLUMN_BIT.mode;
  if (a.uid !== b.uid || a.gid !== b.gid) columns |= COLUMN_BIT.owner;
  if (a.mtimeSec !== b.mtimeSec || a.mtimeNsec !== b.mtimeNsec) columns |= COLUMN_BIT.mtime;
  if (!sameXattrs(a.xattrs, b.xattrs)) columns |= COLUMN_BIT.xattrs;
  return columns;
}

export function columnNames(columns: ColumnSet): Column[] {
  return COLUMNS.filter((column) => (columns & COLUMN_BIT[column]) !== 0);
}
