import { type ContentRange, rangesBytes } from "../model/content-ranges.ts";
import { SUITE } from "../model/suite.ts";
import type { Framing } from "../ports/tree.ts";
import type { Compressor } from "./compress.ts";

/**
 * Content on its way: frames of packed records, so that small files travel together. A frame has
 * room for a header of the content protocol (kind, request id), then whole records: index of the
 * stated path (u32), length (u32), offset in the file (u48), bytes. The length FAILED says that the
 * content cannot be had. Integers are little endian.
 */
export const FRAME_HEADER_BYTES = 5;
/** Kinds of frames, as the content protocol has them: the first byte. */
export const PLAIN_FRAME = 1;
export const COMPRESSED_FRAME = 3;
export const RECORD_HEADER_BYTES = 14;
export const FAILED = 0xffffffff;
/** Fewer, larger sends are cheaper: measured 435–517 MB/s at 256 KiB, 147–180 at 16 KiB. */
export const FRAME_BYTES = 256 * 1024;
/**
 * On a link that is fast enough: one frame for each chunk, as each frame takes its way through two
 * threads and the stack at either end. A first copy of large files takes a fifth less time so.
 */
export const LONG_FRAME_BYTES = SUITE.chunk.maxBytes + FRAME_HEADER_BYTES + RECORD_HEADER_BYTES;
/** Room for a record at least. */
const MIN_FRAME_BYTES = 64;
const MIN_COMPRESSED_BYTES = 512;
const WORTH_COMPRESSING = 11 / 12;

export interface ContentRecord {
  readonly index: number;
  readonly offset: number;
  /** Undefined when the sender could not read it. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * The frame with its records compressed, after their plain length (u32), or as it is where that gains
 * less than a twelfth.
 */
export function compressFrame(
  compressor: Compressor,
  frame: Uint8Array<ArrayBuffer>,
  isShared = false,
): Uint8Array<ArrayBuffer> {
  const plain = frame.subarray(FRAME_HEADER_BYTES);
  if (plain.length < MIN_COMPRESSED_BYTES) return frame;
  const packed = compressor.compress(plain, isShared);
  if (packed.length > plain.length * WORTH_COMPRESSING) return frame;
  const out = new Uint8Array(FRAME_HEADER_BYTES + 4 + packed.length);
  out[0] = COMPRESSED_FRAME;
  new DataView(out.buffer).setUint32(FRAME_HEADER_BYTES, plain.length, true);
  out.set(packed, FRAME_HEADER_BYTES + 4);
  return out;
}

/** The records of a frame of either kind; undefined when the frame is malformed. */
export function openFrame(compressor: Compressor, frame: Uint8Array<ArrayBuffer>): ContentRecord[] | undefined {
  if (frame[0] !== COMPRESSED_FRAME) return parseRecords(frame);
  if (frame.length < FRAME_HEADER_BYTES + 4) return undefined;
  const length = new DataView(frame.buffer, frame.byteOffset).getUint32(FRAME_HEADER_BYTES, true);
  if (length > LONG_FRAME_BYTES) return undefined;
  const plain = compressor.decompress(frame.subarray(FRAME_HEADER_BYTES + 4), length);
  return plain === undefined ? undefined : parseRecords(plain, 0);
}

/** Plain records; undefined when they are malformed. */
export function parseRecords(frame: Uint8Array<ArrayBuffer>, start = FRAME_HEADER_BYTES): ContentRecord[] | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const records: ContentRecord[] = [];
  let at = start;
  while (at < frame.length) {
    if (at + RECORD_HEADER_BYTES > frame.length) return undefined;
    const index = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    const offset = view.getUint32(at + 8, true) + view.getUint16(at + 12, true) * 4294967296;
    at += RECORD_HEADER_BYTES;
    if (length === FAILED) {
      records.push({ index, offset, bytes: undefined });
      continue;
    }
    // Empty ones would cost much, bring nothing, and never end.
    if (length === 0 || at + length > frame.length) return undefined;
    records.push({ index, offset, bytes: frame.subarray(at, at + length) });
    at += length;
  }
  return records;
}

/** Packs records into frames. */
export class RecordPacker {
  /** One that stays, as in ByteReader. */
  static readonly kept = new RecordPacker([], { isLong: false, mostBytes: 0 }, () => undefined);
  readonly #emit: (frame: Uint8Array<ArrayBuffer>) => void;
  readonly #frameBytes: number;
  #frame: Buffer<ArrayBuffer>;
  #used = FRAME_HEADER_BYTES;

  /**
   * @param ranges all that will be packed: frames are no longer than it takes
   * @param framing frames of `LONG_FRAME_BYTES` or of `FRAME_BYTES`, and the most that is let pass
   */
  constructor(
    ranges: readonly ContentRange[],
    { isLong, mostBytes }: Pick<Framing, "isLong" | "mostBytes">,
    emit: (frame: Uint8Array<ArrayBuffer>) => void,
  ) {
    const all = FRAME_HEADER_BYTES + rangesBytes(ranges) + ranges.length * RECORD_HEADER_BYTES;
    const usual = isLong ? LONG_FRAME_BYTES : FRAME_BYTES;
    this.#frameBytes = Math.max(MIN_FRAME_BYTES, Math.min(usual, mostBytes, all));
    this.#frame = this.#fresh();
    this.#emit = emit;
  }

  #fresh(): Buffer<ArrayBuffer> {
    // Not zeroed, as only what was written is sent; and not from the pool, as it moves between threads.
    return Buffer.allocUnsafeSlow(this.#frameBytes);
  }

  flush(): void {
    if (this.#used === FRAME_HEADER_BYTES) return;
    this.#frame[0] = PLAIN_FRAME;
    this.#emit(new Uint8Array(this.#frame.buffer, 0, this.#used));
    this.#frame = this.#fresh();
    this.#used = FRAME_HEADER_BYTES;
  }

  /** Room for content in the current frame, at least 1. */
  room(): number {
    if (this.#used + RECORD_HEADER_BYTES >= this.#frameBytes) this.flush();
    return this.#frameBytes - this.#used - RECORD_HEADER_BYTES;
  }

  /** Lets `fill` write up to `length` bytes into the frame and says how many it wrote. */
  add(
    index: number,
    offset: number,
    length: number,
    fill: (buffer: Buffer, at: number, length: number) => number,
  ): number {
    const wanted = Math.min(length, this.room());
    const written = fill(this.#frame, this.#used + RECORD_HEADER_BYTES, wanted);
    if (written === 0) return 0;
    this.#writeHeader(index, written, offset);
    this.#used += written;
    return written;
  }

  fail(index: number): void {
    this.room();
    this.#writeHeader(index, FAILED, 0);
  }

  #writeHeader(index: number, length: number, offset: number): void {
    const at = this.#used;
    this.#frame.writeUInt32LE(index, at);
    this.#frame.writeUInt32LE(length, at + 4);
    this.#frame.writeUIntLE(offset, at + 8, 6);
    this.#used = at + RECORD_HEADER_BYTES;
  }
}
