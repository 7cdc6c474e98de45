import { decodeBatch, encodeBatch } from "./batch.ts";
import { ByteReader, ByteWriter } from "./canonical-bytes.ts";
import type { Entry } from "./entry.ts";
import { type BytePath, comparePaths, MAX_PATH_BYTES } from "./path.ts";

export interface TouchedDirectory {
  readonly path: BytePath;
  /** The mtime that it had before the round. */
  readonly sec: number;
  readonly nsec: number;
  /** Its permission bits, where they forbid its owner to change what is in it; they are widened meanwhile. */
  readonly closed: number | undefined;
}

/**
 * What a host must put right when it was stopped between the switch of a block and the finish: times
 * of directories whose content changed, attributes of directories that were made.
 */
export interface JournalPart {
  readonly touched: readonly TouchedDirectory[];
  readonly directories: readonly Entry[];
}

/** As it is kept. */
export interface PlacedPart extends JournalPart {
  /** The directory that it is of: a root's name may mean another one after the crash. */
  readonly place: string;
}

const JOURNAL_VERSION = 3;
const MAX_DIRECTORIES = 1e7;
/** A path of the system and the number of its inode. */
const MAX_PLACE_BYTES = 8192;

export function encodeJournalPart(part: PlacedPart): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.byte(JOURNAL_VERSION);
  writer.text(part.place);
  writer.integer(part.touched.length);
  for (const { path, sec, nsec, closed } of part.touched) {
    writer.text(path);
    writer.signed(sec);
    writer.integer(nsec);
    writer.integer(closed === undefined ? 0 : closed + 1);
  }
  writer.bytes(encodeBatch([...part.directories].sort((a, b) => comparePaths(a.path, b.path))));
  return writer.take();
}

function readClosed(reader: ByteReader): number | undefined {
  const mode = reader.integer(0o7777 + 1);
  return mode === 0 ? undefined : mode - 1;
}

/**
 * @returns undefined for a part of another version
 * @throws LockstepError `LOCKSTEP_MALFORMED`
 */
export function decodeJournalPart(bytes: Uint8Array): PlacedPart | undefined {
  const reader = new ByteReader(bytes);
  if (reader.byte() !== JOURNAL_VERSION) return undefined;
  const place = reader.text(MAX_PLACE_BYTES);
  const touched = Array.from({ length: reader.integer(MAX_DIRECTORIES) }, () => ({
    path: reader.text(MAX_PATH_BYTES),
    sec: reader.signed(),
    nsec: reader.integer(999_999_999),
    closed: readClosed(reader),
  }));
  const directories = decodeBatch(reader.bytes(bytes.length), MAX_DIRECTORIES);
  reader.end();
  return { place, touched, directories };
}
