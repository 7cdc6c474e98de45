import { decodeBatch, encodeBatch } from "./batch.ts";
import { ByteReader, ByteWriter } from "./canonical-bytes.ts";
import { DIGEST_BYTES } from "./digest.ts";
import { type Entry, FILE } from "./entry.ts";
import { LockstepError } from "./errors.ts";
import type { RoundId } from "./order.ts";
import { type BytePath, checkPath, comparePaths, MAX_PATH_BYTES } from "./path.ts";

/** Most paths that one statement speaks of. */
export const MAX_STATEMENT_PATHS = 65_536;

/** What the master says of one path that it has. */
export interface StatedEntry {
  readonly entry: Entry;
  /** BLAKE3-256 of the content; files only, otherwise undefined. */
  readonly checksum: Uint8Array | undefined;
  /** Root of the chunk list; files only. */
  readonly chunkRoot: Uint8Array | undefined;
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

const STATEMENT_VERSION = 1;

export function encodeStatement(statement: Statement): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(64 * 1024);
  writer.byte(STATEMENT_VERSION);
  writer.text(statement.round.root);
  writer.integer(statement.round.epoch);
  writer.integer(statement.round.sequence);
  writer.integer(statement.round.term);
  writer.integer(statement.number);
  writer.integer(statement.suite);
  writer.bytes(encodeBatch(statement.stated.map((stated) => stated.entry)));
  for (const { entry, checksum, chunkRoot } of statement.stated) {
    if (entry.type !== FILE) continue;
    if (checksum === undefined || chunkRoot === undefined) throw new TypeError("file without checksum");
    writer.raw(checksum);
    writer.raw(chunkRoot);
  }
  writer.integer(statement.absent.length);
  for (const path of statement.absent) writer.text(path);
  return writer.take();
}

export function decodeStatement(bytes: Uint8Array): Statement {
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
  const entries = decodeBatch(reader.bytes(bytes.length), MAX_STATEMENT_PATHS);
  const stated = entries.map((entry) => ({
    entry,
    checksum: entry.type === FILE ? reader.raw(DIGEST_BYTES).slice() : undefined,
    chunkRoot: entry.type === FILE ? reader.raw(DIGEST_BYTES).slice() : undefined,
  }));
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
