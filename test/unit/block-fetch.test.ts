import test from "ava";
import type { ContentRange } from "../../src/model/content-ranges.ts";
import type { StagePlan, TreeRound } from "../../src/ports/tree.ts";
import { BlockFetch } from "../../src/roles/block-fetch.ts";
import type { Exchange, UnitTransfer } from "../../src/roles/exchange.ts";
import type { Offers } from "../../src/roles/offers.ts";

const LENGTH = 700_000;
const CHUNKS = 64;

/** Fetches a file of which all chunks are missing, where there is an old version. */
async function fetchChanged(missingOf: (chunk: number) => "all" | "some" | "failure") {
  const asked: number[] = [];
  const fetched: ContentRange[] = [];
  let requests = 0;
  const chunks = Array.from({ length: CHUNKS }, (_, i) => ({ index: 0, offset: i * LENGTH, length: LENGTH }));
  const exchange = {
    isShared: false,
    mostRunBytes: 4 << 20,
    follow: () => undefined,
    forget: () => undefined,
    list: async (_: number, { fragments }: { fragments?: ContentRange }) => {
      const chunk = (fragments?.offset ?? 0) / LENGTH;
      if (fragments !== undefined) asked.push(chunk);
      if (missingOf(chunk) === "failure") throw new Error("gone");
      return [new Uint8Array(1)];
    },
    fetch: async ({ unit }: UnitTransfer) => {
      requests++;
      fetched.push(...unit.ranges);
    },
  } as unknown as Exchange;
  const round = {
    chunkIndex: async () => ({ wanted: new Uint8Array([0]), file: undefined }),
    chunkBatch: async () => ({ fetch: [], fragments: chunks, reused: 0 }),
    fragments: async (_: number, index: number, offset: number) => [
      { index, offset, length: missingOf(offset / LENGTH) === "all" ? LENGTH : 1000 },
    ],
  } as unknown as TreeRound;
  const plan = { units: [], chunked: [{ index: 0, hasList: false, at: 0 }], bytes: 1, mostUnits: CHUNKS };
  const fetch = new BlockFetch({ exchange, offers: {} as Offers, round, block: 0, statement: 1 });
  await fetch.run(plan as unknown as StagePlan);
  fetched.sort((a, b) => a.offset - b.offset);
  return { asked, fetched, requests, chunks };
}

test("of a file that has nothing in common with its old version few fragments are asked for", async (t) => {
  const { asked, fetched, requests, chunks } = await fetchChanged(() => "all");
  t.deepEqual(asked, [0, 1, 2, 3, 4, 19, 34, 49]);
  t.deepEqual(fetched, chunks, "each chunk is fetched once, and whole");
  t.true(requests <= CHUNKS / 2, "and in runs");
});

test("of a file with small changes all fragments are asked for", async (t) => {
  const { asked, fetched } = await fetchChanged(() => "some");
  t.is(asked.length, CHUNKS);
  t.true(fetched.every(({ length }) => length === 1000));
});

test("small changes behind something new are found", async (t) => {
  const { asked, fetched } = await fetchChanged((chunk) => (chunk < 40 ? "all" : "some"));
  t.is(asked.length, CHUNKS);
  t.is(fetched.filter(({ length }) => length === 1000).length, CHUNKS - 40);
});

test("a failure ends the fetch", async (t) => {
  await t.throwsAsync(
    fetchChanged((chunk) => (chunk === 5 ? "failure" : "some")),
    { message: "gone" },
  );
});
