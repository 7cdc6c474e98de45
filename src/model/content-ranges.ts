import { ByteReader, ByteWriter } from "./canonical-bytes.ts";

/** A piece of the content of one stated path. */
export interface ContentRange {
  /** Index into the statement. */
  readonly index: number;
  readonly offset: number;
  readonly length: number;
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

/**
 * Cuts ranges into requests of at most `maxBytes` and `maxRanges`. Only a range that is longer than a
 * request is split: a small file then arrives, and is hashed, in one piece.
 */
export function* cutRequests(
  ranges: readonly ContentRange[],
  maxBytes: number,
  maxRanges: number,
): Generator<{ ranges: ContentRange[]; bytes: number }> {
  let request: ContentRange[] = [];
  let bytes = 0;
  for (const range of ranges) {
    let { offset } = range;
    let left = range.length;
    if (bytes > 0 && left <= maxBytes && bytes + left > maxBytes) {
      yield { ranges: request, bytes };
      [request, bytes] = [[], 0];
    }
    while (left > 0) {
      const length = Math.min(left, maxBytes - bytes);
      request.push({ index: range.index, offset, length });
      bytes += length;
      offset += length;
      left -= length;
      if (bytes < maxBytes && request.length < maxRanges) continue;
      yield { ranges: request, bytes };
      [request, bytes] = [[], 0];
    }
  }
  if (request.length > 0) yield { ranges: request, bytes };
}
