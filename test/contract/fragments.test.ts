/** Changed files of several batches: what is fetched of them, through fragments asked for as a remote asks for them. */
import { createCipheriv } from "node:crypto";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { batchChunks } from "../../src/model/chunk-list.ts";
import { cutPoint } from "../../src/model/cut.ts";
import { cutFragments, encodeFragments } from "../../src/model/fragments.ts";
import { SUITE } from "../../src/model/suite.ts";
import type { StagePlan, TreeRound } from "../../src/ports/tree.ts";
import { BlockFetch } from "../../src/roles/block-fetch.ts";
import type { ListRequest } from "../../src/roles/content-fetcher.ts";
import type { Exchange, UnitTransfer } from "../../src/roles/exchange.ts";
import type { Offers } from "../../src/roles/offers.ts";
import { chooseCalls } from "../../src/tree/choose-calls.ts";
import { type ChunkedContext, ChunkedFile } from "../../src/tree/chunked-file.ts";
import { createHasher } from "../../src/tree/hasher.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

const SIZE = 150_000_000;
const calls = chooseCalls();
const hasher = createHasher();

function randomBytes(size: number, seed: number): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(size));
}

function cut(content: Buffer) {
  const runs = [];
  for (let at = 0; at < content.length; ) {
    const end = cutPoint(content, at, Math.min(content.length, at + SUITE.chunk.maxBytes), SUITE.chunk);
    runs.push({ count: 1, length: end - at, digest: hasher.hash(content.subarray(at, end)) });
    at = end;
  }
  return runs;
}

/** Brings a file from one version to the next. */
async function bring(t: ExecutionContext, old: Buffer, now: Buffer) {
  const directory = tempDirectory(t);
  const [oldPath, newPath] = [join(directory, "old"), join(directory, "new")];
  writeFileSync(oldPath, old);
  writeFileSync(newPath, "");
  const batches = batchChunks(hasher.hash, SUITE, cut(now));
  const context = { calls, hasher, suite: SUITE } as unknown as ChunkedContext;
  const target = { index: 0, fd: openSync(newPath, "r+"), size: now.length, resumed: false };
  const source = { fd: openSync(oldPath, "r"), size: old.length };
  const file = new ChunkedFile(context, target, batches, source, undefined, new Map());
  let [asked, fetched] = [0, 0];
  const exchange = {
    isShared: false,
    mostRunBytes: 4 << 20,
    follow: () => undefined,
    forget: () => undefined,
    list: async (_: number, { chunkBatches, fragments }: ListRequest) => {
      // As long as a message takes: all that is asked for together is under way by then.
      await new Promise((resolve) => setImmediate(resolve));
      if (chunkBatches !== undefined) {
        const { first, count } = chunkBatches;
        return batches.slice(first, first + count).map(({ bytes }) => bytes);
      }
      if (fragments === undefined) return [new Uint8Array(1)];
      asked++;
      const chunk = now.subarray(fragments.offset, fragments.offset + fragments.length);
      return [encodeFragments(cutFragments(hasher.hash, SUITE.fragment, chunk))];
    },
    fetch: async ({ unit }: UnitTransfer) => {
      for (const { offset, length } of unit.ranges) {
        fetched += length;
        t.is(file.receive([0, now.length], offset, now.subarray(offset, offset + length)), "right");
      }
    },
  } as unknown as Exchange;
  const round = {
    chunkIndex: async () => ({ wanted: file.wantedBatches(), file: undefined }),
    chunkBatch: async (_: number, __: number, batch: number, bytes: Uint8Array) => file.takeBatch(batch, bytes),
    fragments: async (_: number, __: number, offset: number, bytes: Uint8Array) => file.takeFragments(offset, bytes),
  } as unknown as TreeRound;
  const plan = { units: [], chunked: [{ index: 0, hasList: true, at: 0 }], bytes: now.length, mostUnits: 1000 };
  const offers = {} as Offers;
  await new BlockFetch({ exchange, offers, round, block: 0, statement: 1 }).run(plan as unknown as StagePlan);
  t.true(file.complete);
  t.true(readFileSync(newPath).equals(now), "the file is the new version");
  return { asked, fetched, batches: batches.length };
}

const OLD = randomBytes(SIZE, 1);

function withBytes(every: number, from = 0): Buffer {
  const now = Buffer.from(OLD);
  for (let i = from; i < SIZE; i += every) now[i] ^= 1;
  return now;
}

test("of a file with a byte changed in every chunk little is fetched", async (t) => {
  const { fetched } = await bring(t, OLD, withBytes(450_000));
  t.true(fetched < SIZE / 20, `${fetched} bytes`);
});

test("of a file with bytes put into every chunk little is fetched", async (t) => {
  const parts: Buffer[] = [];
  for (let i = 0; i < SIZE; i += 600_000) parts.push(OLD.subarray(i, i + 600_000), Buffer.alloc(100, "x"));
  const { fetched } = await bring(t, OLD, Buffer.concat(parts));
  t.true(fetched < SIZE / 20, `${fetched} bytes`);
});

test("something new at the start of a file does not hide the small changes behind it", async (t) => {
  const added = randomBytes(6_000_000, 2);
  const { fetched } = await bring(t, OLD, Buffer.concat([added, withBytes(4_000_000, 10_000_000)]));
  t.true(fetched < added.length + SIZE / 50, `${fetched} bytes`);
});

test("a file that became another one is fetched with few questions", async (t) => {
  const { asked, fetched, batches } = await bring(t, OLD, randomBytes(SIZE, 3));
  t.is(fetched, SIZE);
  t.true(asked <= 8 + 2 * batches, `${asked} questions`);
});
