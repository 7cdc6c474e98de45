import test from "ava";
import fc from "fast-check";
import {
  batchChunks,
  type ChunkBatchHead,
  ChunkListBuilder,
  chunkRoot,
  encodeChunkIndex,
  encodeChunkRuns,
  openChunkBatch,
  openChunkIndex,
} from "../../src/model/chunk-list.ts";
import { cutPoint, GEAR } from "../../src/model/cut.ts";
import { DIGEST_DOMAIN, digestKey, digestOf } from "../../src/model/digest.ts";
import { cutFragments, decodeFragments, encodeFragments } from "../../src/model/fragments.ts";
import { SUITE } from "../../src/model/suite.ts";
import { sha256 } from "../fixtures/plain-hash.ts";
import { seededRandom } from "../fixtures/seeded-random.ts";

const MALFORMED = { code: "LOCKSTEP_MALFORMED" } as const;

/** Many chunks with digests that are no one's. */
function chunkList(count: number): ChunkListBuilder {
  const list = new ChunkListBuilder();
  for (let i = 0; i < count; i++) list.add(600_000 + (i % 1000), sha256(Uint8Array.of(i, i >> 8, i >> 16)));
  return list;
}

function noise(length: number, seed = 1): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => random(256));
}

test("a list makes the round trip through its index and its batches", (t) => {
  const runs = chunkList(5000).finish();
  const batches = batchChunks(sha256, SUITE, runs);
  t.true(batches.length > 20 && batches.length < 400, `${batches.length} batches`);
  const index = encodeChunkIndex(batches);
  const size = runs.reduce((sum, run) => sum + run.length * run.count, 0);
  const heads = openChunkIndex(sha256, SUITE, index, chunkRoot(sha256, SUITE, index), size);
  const opened = heads.flatMap((head, i) => openChunkBatch(sha256, SUITE, head, batches[i].bytes));
  t.deepEqual(
    opened.map(({ count, length, digest }) => [count, length, digestKey(digest)]),
    runs.map(({ count, length, digest }) => [count, length, digestKey(digest)]),
  );
});

test("equal chunks that follow each other are one run", (t) => {
  const list = new ChunkListBuilder();
  const zeros = sha256(new Uint8Array(1));
  for (let i = 0; i < 3; i++) list.add(2_000_000, zeros, 1000);
  list.add(1_999_999, zeros);
  t.deepEqual(
    list.finish().map(({ count, length }) => [count, length]),
    [
      [3000, 2_000_000],
      [1, 1_999_999],
    ],
  );
});

test("an insertion changes one batch, and not those that follow", (t) => {
  const before = batchChunks(sha256, SUITE, chunkList(4000).finish());
  const runs = chunkList(4000).finish();
  runs.splice(2000, 1, { count: 1, length: 700_000, digest: sha256(Uint8Array.of(1, 2, 3, 4)) });
  const known = new Set(before.map(({ digest }) => digestKey(digest)));
  const changed = batchChunks(sha256, SUITE, runs).filter(({ digest }) => !known.has(digestKey(digest)));
  t.true(changed.length <= 2, `${changed.length} batches of ${before.length}`);
});

test("an index is refused that is not the stated one, or not as long as the file", (t) => {
  const batches = batchChunks(sha256, SUITE, chunkList(100).finish());
  const index = encodeChunkIndex(batches);
  const root = chunkRoot(sha256, SUITE, index);
  const size = batches.reduce((sum, batch) => sum + batch.contentBytes, 0);
  t.notThrows(() => openChunkIndex(sha256, SUITE, index, root, size));
  t.throws(() => openChunkIndex(sha256, SUITE, index, root, size - 1), MALFORMED);
  const other = index.slice();
  other[5] ^= 1;
  t.throws(() => openChunkIndex(sha256, SUITE, other, root, size), MALFORMED);
});

test("a batch is refused that is not the one of its head, or not as long as it says", (t) => {
  const [batch] = batchChunks(sha256, SUITE, chunkList(100).finish());
  const wrong = batch.bytes.slice();
  wrong[10] ^= 1;
  t.throws(() => openChunkBatch(sha256, SUITE, batch, wrong), MALFORMED);
  t.throws(
    () => openChunkBatch(sha256, SUITE, { ...batch, contentBytes: batch.contentBytes + 1 }, batch.bytes),
    MALFORMED,
  );
});

test("a batch is refused with empty or over-long chunks, whoever signed it", (t) => {
  const digest = sha256(new Uint8Array(0));
  for (const run of [
    { count: 0, length: 5, digest },
    { count: 1, length: 0, digest },
    { count: 1, length: SUITE.chunk.maxBytes + 1, digest },
    { count: Number.MAX_SAFE_INTEGER, length: 100, digest },
  ]) {
    const bytes = encodeChunkRuns([run]);
    const head: ChunkBatchHead = {
      contentBytes: run.count * run.length,
      digest: digestOf(sha256, DIGEST_DOMAIN.chunkBatch, SUITE.id, [bytes]),
    };
    t.throws(() => openChunkBatch(sha256, SUITE, head, bytes), MALFORMED, `${run.count} × ${run.length}`);
  }
});

test("pieces lie within their bounds, and make up the content", (t) => {
  const bytes = noise(3_000_000);
  const { minBytes, maxBytes } = SUITE.fragment;
  let at = 0;
  let count = 0;
  while (at < bytes.length) {
    const end = cutPoint(bytes, at, bytes.length, SUITE.fragment);
    if (end < bytes.length) t.true(end - at >= minBytes && end - at <= maxBytes, `${end - at}`);
    at = end;
    count++;
  }
  t.is(at, bytes.length);
  const mean = bytes.length / count;
  t.true(mean > 6_000 && mean < 14_000, `${mean} bytes on average`);
});

test("where a piece ends depends on nothing before it", (t) => {
  const bytes = noise(200_000, 2);
  const moved = new Uint8Array(bytes.length + 777);
  moved.set(bytes, 777);
  for (let at = 0; at < 100_000; at += 10_007) {
    const end = cutPoint(bytes, at, bytes.length, SUITE.fragment);
    t.is(cutPoint(moved, at + 777, moved.length, SUITE.fragment), end + 777);
  }
});

test("zeros are cut only where the longest piece ends, as holes rely on", (t) => {
  // The hash of k zeros is GEAR[0] * (2^k - 1), and stays as it is from 32 on.
  for (const bounds of [SUITE.chunk, SUITE.fragment]) {
    const zeros = new Uint8Array(2 * bounds.maxBytes);
    t.is(cutPoint(zeros, 0, zeros.length, bounds), bounds.maxBytes);
  }
  t.is(new Set(GEAR).size, 256);
});

test("the gear table is the one of the suite", (t) => {
  const digest = Buffer.from(sha256(new Uint8Array(GEAR.slice().buffer))).toString("hex");
  t.is(digest.slice(0, 16), "9415a4928003744e");
});

test("fragments make the round trip, and are refused when they do not make up the chunk", (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200_000 }), fc.integer({ min: 1, max: 1000 }), (length, seed) => {
      const bytes = noise(length, seed);
      const fragments = cutFragments(sha256, SUITE.fragment, bytes);
      const packed = encodeFragments(fragments);
      t.deepEqual(decodeFragments(packed, SUITE, length), fragments);
      t.throws(() => decodeFragments(packed, SUITE, length + 1), MALFORMED);
      t.throws(() => decodeFragments(packed.subarray(0, -1), SUITE, length), MALFORMED);
    }),
    { numRuns: 20 },
  );
});
