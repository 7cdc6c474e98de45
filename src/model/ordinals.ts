import { ByteReader, ByteWriter } from "./canonical-bytes.ts";
import { LockstepError } from "./errors.ts";

/** Positions in one host's list, ascending: pairs of first ordinal and count. */
export type OrdinalRanges = readonly (readonly [first: number, count: number])[];

const MAX_ORDINAL = 2e9;

export function appendOrdinal(ranges: [number, number][], ordinal: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && last[0] + last[1] === ordinal) last[1]++;
  else ranges.push([ordinal, 1]);
}

export function rangesOf(ordinals: Iterable<number>): OrdinalRanges {
  const ranges: [number, number][] = [];
  for (const ordinal of ordinals) appendOrdinal(ranges, ordinal);
  return ranges;
}

export function* eachOrdinal(ranges: OrdinalRanges): Generator<number> {
  for (const [first, count] of ranges) for (let i = 0; i < count; i++) yield first + i;
}

export function countOrdinals(ranges: OrdinalRanges): number {
  return ranges.reduce((sum, [, count]) => sum + count, 0);
}

function writeRanges(writer: ByteWriter, ranges: OrdinalRanges): void {
  writer.integer(ranges.length);
  let end = 0;
  for (const [first, count] of ranges) {
    writer.integer(first - end);
    writer.integer(count);
    end = first + count;
  }
}

function readRanges(reader: ByteReader, maxCount: number): OrdinalRanges {
  const ranges: [number, number][] = [];
  const length = reader.integer(maxCount);
  let end = 0;
  let total = 0;
  for (let i = 0; i < length; i++) {
    const first = end + reader.integer(MAX_ORDINAL);
    const count = reader.integer(maxCount);
    total += count;
    end = first + count;
    if (count === 0 || total > maxCount || end > MAX_ORDINAL) {
      throw new LockstepError("LOCKSTEP_MALFORMED", "malformed positions from a peer");
    }
    ranges.push([first, count]);
  }
  return ranges;
}

/** Groups of positions; each group's ranges ascend and do not overlap. */
export function encodeGroups(groups: readonly OrdinalRanges[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(groups.length * 8 + 16);
  writer.integer(groups.length);
  for (const group of groups) writeRanges(writer, group);
  return writer.take();
}

export function decodeGroups(bytes: Uint8Array, maxGroups: number, maxCount: number): OrdinalRanges[] {
  const reader = new ByteReader(bytes);
  const groups = Array.from({ length: reader.integer(maxGroups) }, () => readRanges(reader, maxCount));
  reader.end();
  return groups;
}
