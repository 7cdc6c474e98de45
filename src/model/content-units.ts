import { ByteReader, ByteWriter } from "./canonical-bytes.ts";
import { type ContentRange, rangesBytes } from "./content-ranges.ts";
import { FILE } from "./entry.ts";
import { spreadHash } from "./spread-hash.ts";
import type { StatedEntry } from "./statement.ts";
import type { Suite } from "./suite.ts";

/** Small files that are asked for together: content of at most so many bytes, of at most so many files. */
const PACK_BYTES = 1024 * 1024;
const PACK_FILES = 1024;
/** Offsets from here on name packs: no file is so long. */
const PACK_OFFSET = 2 ** 48;

/**
 * Names what hosts ask each other for and announce as a whole: a chunk, by its file's index into the
 * statement and its offset; or what of a pack of small files a host lacks, by the index of the pack's
 * first one and a digest of which. Hosts that lack the same of a pack so name it alike.
 */
export interface UnitName {
  readonly index: number;
  readonly offset: number;
}

/** What a unit covers. */
export interface UnitExtent extends UnitName {
  /**
   * Bytes of the file, from the offset on, in which the unit's chunks begin; absent of a pack, and of a
   * unit of one chunk. Only where no other host is told of a unit may it be a run of chunks.
   */
  readonly run?: number;
}

/** What of a unit a host lacks. */
export interface ContentUnit extends UnitExtent {
  readonly ranges: readonly ContentRange[];
  /** Bytes of the ranges. */
  readonly bytes: number;
  /** Bytes of the block's content before it. */
  readonly at: number;
}

/** A pack as the statement alone says it, so that all hosts cut alike. */
export interface Pack {
  /** Indexes into the statement, at least one. */
  readonly members: readonly number[];
  /** Bytes of the block's content before it. */
  readonly at: number;
}

/**
 * Names what a host lacks of a pack.
 *
 * @param wanted indexes into the statement
 */
export function packName({ members }: Pack, wanted: readonly number[]): UnitName {
  // Who lacks something else is told so in any case.
  const which = spreadHash(wanted.map((index) => index - members[0]));
  return { index: members[0], offset: PACK_OFFSET + which };
}

/** What a unit covers, without what is lacked of it. */
export function unitExtent({ index, offset, run }: UnitExtent): UnitExtent {
  return run === undefined ? { index, offset } : { index, offset, run };
}

/** What a unit of these chunks covers: of one, or of more that follow each other without a gap. */
export function extentOfChunks(chunks: readonly ContentRange[]): UnitExtent {
  const { index, offset } = chunks[0];
  return chunks.length === 1 ? { index, offset } : { index, offset, run: rangesBytes(chunks) };
}

/** Where in their file the chunks of a unit begin: from, to. */
export function chunksOfUnit({ offset, run = 1 }: UnitExtent): readonly [from: number, to: number] {
  return [offset, offset + run];
}

/** A unit of a statement as a map key. */
export function unitKey(statement: number, { index, offset }: UnitName): string {
  return `${statement}:${index}:${offset}`;
}

export function isPack({ offset }: UnitName): boolean {
  return offset >= PACK_OFFSET;
}

export interface BlockContent {
  readonly packs: readonly Pack[];
  /** Bytes of content before each stated path. */
  readonly starts: Float64Array;
  readonly bytes: number;
  /** Units that it is cut into, at most. */
  readonly mostUnits: number;
}

/**
 * Cuts the content of a statement's files of one chunk into packs.
 *
 * @param aloneFrom files of so many bytes and more are a pack each
 */
export function cutPacks(stated: readonly StatedEntry[], suite: Suite, aloneFrom: number): BlockContent {
  const packs: Pack[] = [];
  const starts = new Float64Array(stated.length);
  let bytes = 0;
  let mostChunks = 0;
  let members: number[] = [];
  let packed = 0;
  const close = (): void => {
    if (members.length > 0) packs.push({ members, at: starts[members[0]] });
    [members, packed] = [[], 0];
  };
  for (const [index, { entry }] of stated.entries()) {
    starts[index] = bytes;
    if (entry.type !== FILE || entry.leader !== undefined) continue;
    bytes += entry.size;
    if (entry.size > suite.singleBytes) mostChunks += Math.ceil(entry.size / suite.chunk.minBytes);
    if (entry.size === 0 || entry.size > suite.singleBytes) continue;
    // A file that is rewritten, or long, is a unit of its own.
    mostChunks++;
    if (entry.size >= aloneFrom) {
      packs.push({ members: [index], at: starts[index] });
      continue;
    }
    if (packed + entry.size > PACK_BYTES || members.length === PACK_FILES) close();
    members.push(index);
    packed += entry.size;
  }
  close();
  return { packs, starts, bytes, mostUnits: packs.length + mostChunks };
}

/**
 * Joins chunks that follow each other without a gap into runs of at most so many bytes, or of one chunk.
 *
 * @param chunks of one file, in order
 */
export function joinRuns(chunks: readonly ContentRange[], mostBytes: number): ContentRange[][] {
  const runs: ContentRange[][] = [];
  let end = -1;
  let bytes = 0;
  for (const chunk of chunks) {
    bytes += chunk.length;
    if (chunk.offset === end && bytes <= mostBytes) runs[runs.length - 1].push(chunk);
    else {
      runs.push([chunk]);
      bytes = chunk.length;
    }
    end = chunk.offset + chunk.length;
  }
  return runs;
}

export function encodeUnitNames(units: readonly UnitName[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(units.length * 6 + 8);
  writer.integer(units.length);
  for (const { index, offset } of units) {
    writer.integer(index);
    writer.integer(offset);
  }
  return writer.take();
}

/** @throws LockstepError `LOCKSTEP_MALFORMED` */
export function decodeUnitNames(bytes: Uint8Array, maxUnits: number): UnitName[] {
  const reader = new ByteReader(bytes);
  const units = Array.from({ length: reader.integer(maxUnits) }, () => ({
    index: reader.integer(0xffffffff),
    offset: reader.integer(),
  }));
  reader.end();
  return units;
}
