import test from "ava";
import { SUITE } from "../../src/model/suite.ts";
import { announcedLength, createCompressor } from "../../src/tree/compress.ts";
import {
  COMPRESSED_FRAME,
  compressFrame,
  FRAME_HEADER_BYTES,
  LONG_FRAME_BYTES,
  openFrame,
  PLAIN_FRAME,
  parseRecords,
  RECORD_HEADER_BYTES,
  RecordPacker,
} from "../../src/tree/content-records.ts";
import { CONTENT } from "../../src/wire/protocols.ts";
import { PLAIN } from "../fixtures/plain-framing.ts";

const zstd = await createCompressor();
const IMPLEMENTATIONS = [zstd, await createCompressor("portable")];

function frameOf(content: Buffer): Uint8Array<ArrayBuffer> {
  const frames: Uint8Array<ArrayBuffer>[] = [];
  const ranges = [{ index: 3, offset: 2 ** 40, length: content.length }];
  const packer = new RecordPacker(ranges, PLAIN, (frame) => frames.push(frame));
  packer.add(3, 2 ** 40, content.length, (buffer, at, length) => content.copy(buffer, at, 0, length));
  packer.flush();
  return frames[0];
}

test("the native zstd is used where it is prebuilt", (t) => {
  t.deepEqual(
    IMPLEMENTATIONS.map(({ name }) => name),
    ["native", "portable"],
  );
});

for (const zstd of IMPLEMENTATIONS) {
  test(`${zstd.name}: what is compressed comes out as it was`, (t) => {
    for (const length of [0, 1, 255, 256, 65_791, 65_792, 300_000]) {
      const plain = Buffer.alloc(length, "the same again ");
      const packed = zstd.compress(plain);
      t.is(announcedLength(packed), length);
      t.deepEqual(Buffer.from(zstd.decompress(packed, length) ?? "nothing"), plain);
    }
  });

  test(`${zstd.name}: nothing is unpacked that announces another length, or is no such frame`, (t) => {
    const packed = zstd.compress(Buffer.alloc(100_000, 1));
    t.is(zstd.decompress(packed, 99_999), undefined);
    t.is(zstd.decompress(packed.slice(0, 20), 100_000), undefined);
    t.is(zstd.decompress(new Uint8Array(0), 0), undefined);
    t.is(zstd.decompress(Buffer.from("no frame at all, but long enough"), 10), undefined);
  });

  test(`${zstd.name}: nothing is unpacked that holds a second frame behind the one that announces the length`, (t) => {
    const first = zstd.compress(Buffer.alloc(1000, 1));
    const bomb = zstd.compress(Buffer.alloc(64 << 20, 2));
    t.is(announcedLength(Buffer.concat([first, bomb])), undefined);
    t.is(announcedLength(first.subarray(0, -1)), undefined);
    const before = process.resourceUsage().maxRSS;
    t.is(zstd.decompress(Buffer.concat([first, bomb]), 1000), undefined);
    t.true(process.resourceUsage().maxRSS - before < 32 << 10);
  });
}

test("a frame is compressed only where that pays, and opens either way", (t) => {
  const text = frameOf(Buffer.alloc(50_000, "some text "));
  const packed = compressFrame(zstd, text);
  t.is(packed[0], COMPRESSED_FRAME);
  t.true(packed.length < 1000);
  for (const frame of [text, packed]) {
    const [record] = openFrame(zstd, frame) ?? [];
    t.is(record?.index, 3);
    t.is(record?.offset, 2 ** 40);
    t.is(record?.bytes?.length, 50_000);
  }
  const random = frameOf(Buffer.from(Array.from({ length: 10_000 }, (_, i) => (i * i * 7919) >> (i % 13))));
  t.true(compressFrame(zstd, random).length <= random.length);
});

test("a frame that holds more than a frame may is refused, however true it says how much", (t) => {
  // Nothing else is wrong with it: it holds one record of zeros.
  const frameOfLength = (length: number): Uint8Array<ArrayBuffer> => {
    const plain = Buffer.alloc(length);
    plain.writeUInt32LE(length - RECORD_HEADER_BYTES, 4);
    const packed = zstd.compress(plain);
    const frame = new Uint8Array(9 + packed.length);
    frame[0] = COMPRESSED_FRAME;
    new DataView(frame.buffer).setUint32(5, length, true);
    frame.set(packed, 9);
    return frame;
  };
  t.is(openFrame(zstd, frameOfLength(LONG_FRAME_BYTES))?.length, 1);
  for (const length of [LONG_FRAME_BYTES + 1, 1 << 22]) t.is(openFrame(zstd, frameOfLength(length)), undefined);
});

test("a chunk of the longest is one long frame, and several of usual length", (t) => {
  const range = { index: 0, offset: 0, length: SUITE.chunk.maxBytes };
  const lengths = (isLong: boolean, mostBytes = PLAIN.mostBytes): number[] => {
    const frames: number[] = [];
    const packer = new RecordPacker([range], { isLong, mostBytes }, (frame) => frames.push(frame.length));
    for (let at = 0; at < range.length; ) at += packer.add(0, at, range.length - at, (_, __, length) => length);
    packer.flush();
    return frames;
  };
  t.deepEqual(lengths(true), [LONG_FRAME_BYTES]);
  t.true(LONG_FRAME_BYTES <= CONTENT.maxFrameBytes);
  t.deepEqual(lengths(false).slice(0, 2), [256 * 1024, 256 * 1024]);
  t.deepEqual(lengths(false, 10_000).slice(0, 2), [10_000, 10_000]);
});

// Seen: frames of some hundred bytes with 140,000 records of nothing kept a remote busy, and took its memory, for minutes.
test("a record of nothing is refused", (t) => {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + RECORD_HEADER_BYTES);
  frame[0] = PLAIN_FRAME;
  t.is(parseRecords(frame), undefined);
});
