import { ByteReader, ByteWriter } from "./canonical-bytes.ts";

/** A piece of the content of one stated path. */
export interface ContentRange {
  /** Index into the statement. */
  readonly index: number;
  readonly offset: number;
  readonly length: number;
}

/** Bytes of all the ranges together. */
export function rangesBytes(ranges: readonly ContentRange[]): number {
  return ranges.reduce((sum, { length }) => sum + length, 0);
}

export function encodeRanges(ranges: readonly ContentRange[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(ranges.length * 8 + 8);
  writer.integer(ranges.length);
  for (const range of ranges) {
    writer.integer(range.index);
    writer.integer(range.offset);
    writer.integer(range.length);
  }
  return writer.take();
}

export function decodeRanges(bytes: Uint8Array, maxRanges: number): ContentRange[] {
  const reader = new ByteReader(bytes);
  const ranges = Array.from({ length: reader.integer(maxRanges) }, () => ({
    index: reader.integer(0xffffffff),
    offset: reader.integer(),
    length: reader.integer(),
  }));
  reader.end();
  return ranges;
}
