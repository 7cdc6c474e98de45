import { decodeBatch, decodeBatchPaths, encodeBatch } from "./batch.ts";
import { ByteReader, ByteWriter } from "./canonical-bytes.ts";
import { DIGEST_BYTES } from "./digest.ts";
import { type Entry, FILE } from "./entry.ts";
import { LockstepError } from "./errors.ts";
import type { RoundId } from "./order.ts";
import { type BytePath, checkPath, comparePaths, MAX_PATH_BYTES } from "./path.ts";
import { SUITE, type Suite } from "./suite.ts";

/** Most paths that one statement speaks of. */
export const MAX_STATEMENT_PATHS = 65_536;

/** What the master says of one path that it has. */
export interface StatedEntry {
  readonly entry: Entry;
  /** BLAKE3-256 of the content; files only, otherwise undefined. */
  readonly checksum: Uint8Array | undefined;
  /** Root of the chunk list: of a file that has one and whose content somebody is to fetch. */
  readonly chunkRoot: Uint8Array | undefined;
}

/** True for files that are long enough to have a chunk list of their own. */
export function hasChunkList(entry: Entry, suite: Suite): boolean {
  return entry.type === FILE && entry.leader === undefined && entry.size > suite.singleBytes;
}

/**
 * What the master says, under its signature, that a file block contains: entries with checksum and
 * chunk root, and paths that it knows to be absent. A remote applies nothing else.
 */
export interface Statement {
  readonly round: RoundId;
  /** Chosen by the master; content is asked for by it. */
  readonly number: number;
  readonly suite: number;
  readonly stated: readonly StatedEntry[];
  /** In order. */
  readonly absent: readonly BytePath[];
}

const STATEMENT_VERSION = 2;

/**
 * Canonical bytes of stated entries: a batch, then the checksum of each file, and the chunk root of
 * those that have one. These pass between threads and hosts as they are, as thousands of small
 * objects would cost far more.
 */
export function encodeStated(stated: readonly StatedEntry[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(64 * 1024);
  writer.bytes(encodeBatch(stated.map(({ entry }) => entry)));
  for (const { entry, checksum, chunkRoot } of stated) {
    if (entry.type !== FILE) continue;
    if (checksum === undefined) throw new TypeError("file without checksum");
    writer.raw(checksum);
    if (!hasChunkList(entry, SUITE)) continue;
    writer.byte(chunkRoot === undefined ? 0 : 1);
    if (chunkRoot !== undefined) writer.raw(chunkRoot);
  }
  return writer.take();
}

/**
 * Entries of these bytes, every field checked; the digests are views of the bytes.
 *
 * @throws LockstepError `LOCKSTEP_MALFORMED` or `LOCKSTEP_BAD_PATH`
 */
export function decodeStated(bytes: Uint8Array): StatedEntry[] {
  const reader = new ByteReader(bytes);
  const entries = decodeBatch(reader.bytes(bytes.length), MAX_STATEMENT_PATHS);
  const stated = entries.map((entry) => ({
    entry,
    checksum: entry.type === FILE ? reader.raw(DIGEST_BYTES) : undefined,
    chunkRoot: hasChunkList(entry, SUITE) && reader.integer(1) === 1 ? reader.raw(DIGEST_BYTES) : undefined,
  }));
  reader.end();
  return stated;
}

/** A statement with its entries still packed. */
export interface PackedStatement {
  readonly round: RoundId;
  readonly number: number;
  readonly suite: number;
  /** As of `encodeStated`. */
  readonly stated: Uint8Array;
  readonly absent: readonly BytePath[];
}

export function encodePackedStatement(statement: PackedStatement): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(statement.stated.length + 1024);
  writer.byte(STATEMENT_VERSION);
  writer.text(statement.round.root);
  writer.integer(statement.round.epoch);
  writer.integer(statement.round.sequence);
  writer.integer(statement.round.term);
  writer.integer(statement.number);
  writer.integer(statement.suite);
  writer.bytes(statement.stated);
  writer.integer(statement.absent.length);
  for (const path of statement.absent) writer.text(path);
  return writer.take();
}

/** @throws LockstepError `LOCKSTEP_MALFORMED` or `LOCKSTEP_BAD_PATH` */
export function decodePackedStatement(bytes: Uint8Array): PackedStatement {
  const reader = new ByteReader(bytes);
  if (reader.byte() !== STATEMENT_VERSION) {
    throw new LockstepError("LOCKSTEP_MALFORMED", "unknown version of a block statement");
  }
  const round = {
    root: reader.text(64),
    epoch: reader.integer(),
    sequence: reader.integer(),
    term: reader.integer(),
  };
  const number = reader.integer(0xffffffff);
  const suite = reader.integer(255);
  const stated = reader.bytes(bytes.length);
  const absent = Array.from({ length: reader.integer(MAX_STATEMENT_PATHS) }, () =>
    checkPath(reader.text(MAX_PATH_BYTES)),
  );
  for (let i = 1; i < absent.length; i++) {
    if (comparePaths(absent[i - 1], absent[i]) >= 0) {
      throw new LockstepError("LOCKSTEP_MALFORMED", "absent paths of a statement are not in order");
    }
  }
  reader.end();
  return { round, number, suite, stated, absent };
}

/** The paths that a statement speaks of, in its order; the remotes look at the rest. */
export function decodeStatedPaths(statement: Uint8Array): BytePath[] {
  const reader = new ByteReader(decodePackedStatement(statement).stated);
  return decodeBatchPaths(reader.bytes(statement.length), MAX_STATEMENT_PATHS);
}

export function encodeStatement(statement: Statement): Uint8Array<ArrayBuffer> {
  return encodePackedStatement({ ...statement, stated: encodeStated(statement.stated) });
}

/** @throws LockstepError `LOCKSTEP_MALFORMED` or `LOCKSTEP_BAD_PATH` */
export function decodeStatement(bytes: Uint8Array): Statement {
  const packed = decodePackedStatement(bytes);
  return { ...packed, stated: decodeStated(packed.stated) };
}
