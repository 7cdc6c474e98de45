import { ByteReader, ByteWriter } from "./canonical-bytes.ts";
import { COLUMNS, ENTRY_TYPES, type Entry, type EntryType, type Xattr } from "./entry.ts";
import { LockstepError } from "./errors.ts";
import { type BytePath, checkPath, comparePaths, MAX_PATH_BYTES } from "./path.ts";

/** Most entries in one batch. */
export const MAX_BATCH_ENTRIES = 512;
/** A batch is cut once its bytes pass this; one entry more may exceed it by that entry's size. */
export const BATCH_CUT_BYTES = 128 * 1024;
/** Largest extended attribute value (XATTR_SIZE_MAX, linux/limits.h). */
export const MAX_XATTR_BYTES = 65536;
export const MAX_XATTRS = 1024;
/** Names and values of one path's extended attributes together: its entry must fit into a message, with others. */
export const MAX_XATTR_BYTES_OF_PATH = 512 * 1024;

const BATCH_VERSION = 1;
const MAX_BATCH_BYTES = 3 * 1024 * 1024;
const LAST_TYPE = Math.max(...Object.values(ENTRY_TYPES));

/**
 * Writes entries column by column. The canonical bytes of a batch are: version, count, then each
 * column as length and bytes, in the order of COLUMNS. Within the structure column a path says how
 * many bytes it shares with the path before it in the batch.
 */
export class BatchEncoder {
  /** One that stays, as in ByteReader. */
  static readonly kept = new BatchEncoder();
  readonly #columns = COLUMNS.map(() => new ByteWriter());
  #count = 0;
  #previous = "";

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#columns.reduce((sum, column) => sum + column.length, 0);
  }

  add(entry: Entry): void {
    const [structure, mode, owner, mtime, xattrs] = this.#columns;
    const { path } = entry;
    let shared = 0;
    const limit = Math.min(path.length, this.#previous.length);
    while (shared < limit && path.charCodeAt(shared) === this.#previous.charCodeAt(shared)) shared++;
    structure.integer(shared);
    structure.text(path, shared);
    // One byte says type and whether a leader follows, as most entries have none.
    structure.byte(entry.type * 2 + (entry.leader === undefined ? 0 : 1));
    if (entry.leader !== undefined) structure.text(entry.leader);
    if (entry.type === ENTRY_TYPES.file) structure.integer(entry.size);
    else if (entry.type === ENTRY_TYPES.symlink) structure.text(entry.target);
    else if (isDevice(entry.type)) {
      structure.integer(entry.rdevMajor);
      structure.integer(entry.rdevMinor);
    }
    mode.integer(entry.mode);
    owner.integer(entry.uid);
    owner.integer(entry.gid);
    mtime.signed(entry.mtimeSec);
    mtime.integer(entry.mtimeNsec);
    xattrs.integer(entry.xattrs.length);
    for (const xattr of entry.xattrs) {
      xattrs.text(xattr.name);
      xattrs.bytes(xattr.value);
    }
    this.#previous = path;
    this.#count++;
  }

  /** The bytes of each column, valid until the next call of `add` or `clear`. */
  columnViews(): Uint8Array[] {
    return this.#columns.map((column) => column.view());
  }

  /** Canonical bytes of the batch. */
  encode(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter(this.byteLength + 32);
    out.byte(BATCH_VERSION);
    out.integer(this.#count);
    for (const column of this.#columns) out.bytes(column.view());
    return out.take();
  }

  clear(): void {
    for (const column of this.#columns) column.clear();
    this.#count = 0;
    this.#previous = "";
  }
}

function isDevice(type: EntryType): boolean {
  return type === ENTRY_TYPES.characterDevice || type === ENTRY_TYPES.blockDevice;
}

/** Canonical bytes of these entries, which must be in order. */
export function encodeBatch(entries: Iterable<Entry>): Uint8Array<ArrayBuffer> {
  const encoder = new BatchEncoder();
  for (const entry of entries) encoder.add(entry);
  return encoder.encode();
}

function malformed(what: string): never {
  throw new LockstepError("LOCKSTEP_MALFORMED", `malformed batch from a peer: ${what}`);
}

/**
 * Whether the path comes after the one before it, of which it has this many bytes in common and no more:
 * one encoding only, so false when the shared prefix is not as long as it can be.
 */
function followsAt(before: BytePath, path: BytePath, shared: number): boolean {
  if (path.length === shared) return false;
  return before.length === shared || comparePaths(before[shared], path[shared]) < 0;
}

function readXattrs(reader: ByteReader): Xattr[] {
  const count = reader.integer(MAX_XATTRS);
  const xattrs: Xattr[] = [];
  for (let i = 0; i < count; i++) {
    const name = reader.text(255);
    if (name === "" || name.includes("\0")) malformed("xattr name");
    if (i > 0 && name <= xattrs[i - 1].name) malformed("xattrs not in order");
    xattrs.push({ name, value: reader.bytes(MAX_XATTR_BYTES).slice() });
  }
  return xattrs;
}

const NO_XATTRS: readonly Xattr[] = [];

/** The bytes of each column of an encoded batch, and the number of entries. */
export function splitColumns(bytes: Uint8Array): { count: number; columns: Uint8Array[] } {
  const reader = new ByteReader(bytes);
  if (reader.byte() !== BATCH_VERSION) malformed("unknown version");
  const count = reader.integer(bytes.length);
  const columns = COLUMNS.map(() => reader.bytes(MAX_BATCH_BYTES));
  reader.end();
  return { count, columns };
}

function openColumns(bytes: Uint8Array, maxEntries: number): { count: number; columns: Uint8Array[] } {
  const split = splitColumns(bytes);
  if (split.count > maxEntries) malformed("too many entries");
  return split;
}

/**
 * The paths of a batch alone, without making its entries. Only for batches of a signer who is trusted
 * with them: nothing but the paths is checked.
 *
 * @throws LockstepError `LOCKSTEP_MALFORMED` or `LOCKSTEP_BAD_PATH`
 */
export function decodeBatchPaths(bytes: Uint8Array, maxEntries: number): BytePath[] {
  const { count, columns } = openColumns(bytes, maxEntries);
  const structure = new ByteReader(columns[0]);
  const paths: BytePath[] = [];
  let previous = "";
  for (let i = 0; i < count; i++) {
    const shared = structure.integer(previous.length);
    previous = checkPath(previous.slice(0, shared) + structure.text(MAX_PATH_BYTES));
    paths.push(previous);
    const tag = structure.byte();
    const type = (tag >> 1) as EntryType;
    if ((tag & 1) === 1) structure.text(MAX_PATH_BYTES);
    if (type === ENTRY_TYPES.file) structure.integer();
    else if (type === ENTRY_TYPES.symlink) structure.text(MAX_PATH_BYTES);
    else if (isDevice(type)) {
      structure.integer();
      structure.integer();
    }
  }
  structure.end();
  return paths;
}

/**
 * Entries of a batch, every field checked.
 *
 * @param maxEntries refuse more; a block statement may hold more than a manifest's batch
 * @throws LockstepError `LOCKSTEP_MALFORMED` or `LOCKSTEP_BAD_PATH`
 */
export function decodeBatch(bytes: Uint8Array, maxEntries: number = MAX_BATCH_ENTRIES): Entry[] {
  const { count, columns } = openColumns(bytes, maxEntries);
  const [structure, mode, owner, mtime, xattrs] = columns.map((column) => new ByteReader(column));
  const entries: Entry[] = [];
  let previous: BytePath | undefined;
  for (let i = 0; i < count; i++) {
    const shared = structure.integer(MAX_PATH_BYTES);
    if (shared > (previous?.length ?? 0)) malformed("shared prefix");
    const rest = structure.text(MAX_PATH_BYTES);
    // What it shares with the path before was looked at there.
    const path = previous === undefined ? checkPath(rest) : checkPath(previous.slice(0, shared) + rest, shared);
    if (previous !== undefined && !followsAt(previous, path, shared)) malformed("paths not in order");
    const tag = structure.byte();
    const type = (tag >> 1) as EntryType;
    if (type < 1 || type > LAST_TYPE) malformed("unknown type");
    const leader = (tag & 1) === 1 ? checkPath(structure.text(MAX_PATH_BYTES)) : undefined;
    if (leader !== undefined && comparePaths(leader, path) >= 0) malformed("leader not before its member");
    const size = type === ENTRY_TYPES.file ? structure.integer() : 0;
    const target = type === ENTRY_TYPES.symlink ? structure.text(MAX_PATH_BYTES) : "";
    if (type === ENTRY_TYPES.symlink && (target === "" || target.includes("\0"))) malformed("link target");
    const device = isDevice(type);
    entries.push({
      path,
      type,
      size,
      target,
      leader,
      rdevMajor: device ? structure.integer(0xffffffff) : 0,
      rdevMinor: device ? structure.integer(0xffffffff) : 0,
      mode: mode.integer(0o7777),
      uid: owner.integer(0xffffffff),
      gid: owner.integer(0xffffffff),
      mtimeSec: mtime.signed(),
      mtimeNsec: mtime.integer(999_999_999),
      xattrs: xattrs.skipZero() ? NO_XATTRS : readXattrs(xattrs),
    });
    previous = path;
  }
  for (const reader of [structure, mode, owner, mtime, xattrs]) reader.end();
  return entries;
}
