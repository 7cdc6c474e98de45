/** What a host that serves content makes of how fast its receivers take it. */
import test from "ava";
import { encodeRanges } from "../../src/model/content-ranges.ts";
import type { RoundId } from "../../src/model/order.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Channel } from "../../src/ports/mesh.ts";
import type { Framing, Tree } from "../../src/ports/tree.ts";
import { type ActiveRound, ActiveRounds } from "../../src/roles/active-rounds.ts";
import { serveContent } from "../../src/roles/content-server.ts";
import { RateLimiter } from "../../src/roles/rate-limiter.ts";
import { UploadSlots } from "../../src/roles/upload-slots.ts";
import { readFrameHeader } from "../../src/wire/content-frame.ts";
import { ContentRequest } from "../../src/wire/messages.ts";

const MIB = 1 << 20;
const ROUND: RoundId = { root: "www", epoch: 1, sequence: 1, term: 1 };
const NO_RANGES = encodeRanges([]);

/**
 * Asks for so many MiB, one after the other, over a channel whose buffers take everything at once; each
 * is said to have arrived after so many milliseconds.
 *
 * @returns how each was framed
 */
async function served(mebibytes: number, msEach: number): Promise<Framing[]> {
  let time = 0;
  const clock: Clock = { now: () => time, elapsed: () => time };
  const framings: Framing[] = [];
  const content = {
    async read(_ranges: unknown, framing: Framing) {
      framings.push(framing);
      return [new Uint8Array(MIB)];
    },
  };
  const master = {
    locate: (_statement: number, ranges: unknown) => ranges,
    seeding: { give: () => true, sent: () => undefined, gone: () => undefined },
  };
  const rounds = new ActiveRounds();
  rounds.enter({
    ...{ id: ROUND, order: { compress: true }, assignment: { remotes: ["peer"] }, remote: undefined },
    ...{ tree: { content } as unknown as Tree, master },
  } as unknown as ActiveRound);

  let wake: (id: number) => void = () => undefined;
  async function* requests(): AsyncGenerator<Uint8Array> {
    const said = { round: { ...ROUND }, statement: 1, fresh: false, ranges: NO_RANGES };
    for (let id = 1; id <= mebibytes; id++) {
      const sent = new Promise<number>((resolve) => (wake = resolve));
      const ranges = encodeRanges([{ index: id, offset: 0, length: MIB }]);
      yield ContentRequest.encode({ ...said, id, fresh: true, unit: { index: id, offset: 0 }, ranges });
      const received = await sent;
      time += msEach;
      yield ContentRequest.encode({ ...said, id: mebibytes + id, received });
    }
  }
  const channel = {
    ...{ peer: "peer", source: requests(), closed: new AbortController().signal },
    async sink(source: AsyncIterable<Uint8Array>) {
      for await (const frame of source) {
        const { request, isLast } = readFrameHeader(frame);
        if (isLast) wake(request);
      }
    },
    send: async () => undefined,
  } as unknown as Channel;
  const unlimited = new RateLimiter(clock, Number.POSITIVE_INFINITY);
  const components = { rounds, trees: new Map(), upload: unlimited, slots: new UploadSlots(clock), clock };
  await serveContent(channel, components);
  return framings;
}

test("content for many stays compressed, and in short frames, on a slow link that takes all at once", async (t) => {
  const framings = await served(24, 90);
  t.is(framings.length, 24);
  t.true(framings.every(({ compress, isShared }) => compress && isShared));
  t.true(framings.every(({ isLong }) => !isLong));
});

test("on a fast link it is sent as it is, in long frames", async (t) => {
  const framings = await served(24, 2);
  t.true(framings.slice(0, 3).every(({ compress }) => compress));
  t.true(framings.slice(8).every(({ compress, isLong }) => !compress && isLong));
});
