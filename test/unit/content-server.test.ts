/** What a host that serves content makes of how fast its receivers take it. */
import test from "ava";
import { encodeRanges } from "../../src/model/content-ranges.ts";
import type { RoundId } from "../../src/model/order.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Channel } from "../../src/ports/mesh.ts";
import type { Framing, Tree } from "../../src/ports/tree.ts";
import { type ActiveRound, ActiveRounds } from "../../src/roles/active-rounds.ts";
import { ContentChannels, serveContent } from "../../src/roles/content-server.ts";
import { RateLimiter } from "../../src/roles/rate-limiter.ts";
import { UploadSlots } from "../../src/roles/upload-slots.ts";
import { readFrameHeader } from "../../src/wire/content-frame.ts";
import { LIMITS } from "../../src/wire/limits.ts";
import { ContentRequest } from "../../src/wire/messages.ts";

const MIB = 1 << 20;
const ROUND: RoundId = { root: "www", epoch: 1, sequence: 1, term: 1 };
const NO_RANGES = encodeRanges([]);

interface Serving {
  /** Answers of 1 MiB, asked for one after the other. */
  readonly count: number;
  /** What passes until each is said to have arrived, and from then to the next request. */
  readonly msEach?: number;
  readonly pauseMs?: number;
  /** Served by a remote, which does not have the first one. */
  readonly isRemote?: boolean;
  /** For a remote that copies alone: answers of 4 MiB. */
  readonly isAlone?: boolean;
}

/**
 * Serves over a channel whose buffers take everything at once.
 *
 * @returns how each answer was framed, whether the host could send to others meanwhile, and what the master
 * was told to have arrived
 */
async function served({ count, msEach = 1, pauseMs = 0, isRemote = false, isAlone = false }: Serving) {
  let time = 0;
  const clock: Clock = { now: () => time, elapsed: () => time };
  const slots = new UploadSlots(clock);
  const framings: Framing[] = [];
  const idle: boolean[] = [];
  const arrived: { unit: string; peer: string; now: number }[] = [];
  const content = {
    async read(_ranges: unknown, framing: Framing) {
      framings.push(framing);
      return Array.from({ length: isAlone ? 4 : 1 }, () => new Uint8Array(MIB));
    },
  };
  const master = {
    locate: (_statement: number, ranges: unknown) => ranges,
    seeding: {
      ...{ give: () => true, sent: () => undefined, gone: () => undefined },
      arrived: (unit: string, peer: string, now: number) => arrived.push({ unit, peer, now }),
    },
  };
  const answer = async ({ id }: ContentRequest, framing: Framing): Promise<Uint8Array[] | undefined> =>
    id === 1 ? undefined : content.read(undefined, framing);
  const rounds = new ActiveRounds();
  rounds.enter({
    ...{ id: ROUND, order: { compress: true }, assignment: { remotes: ["peer"] } },
    ...{ tree: { content } as unknown as Tree },
    ...(isRemote ? { remote: { offers: { answer } } } : { master }),
  } as unknown as ActiveRound);

  let wake: (id: number) => void = () => undefined;
  async function* requests(): AsyncGenerator<Uint8Array> {
    const said = { round: { ...ROUND }, statement: 1, fresh: false, ranges: NO_RANGES };
    for (let id = 1; id <= count; id++) {
      const sent = new Promise<number>((resolve) => (wake = resolve));
      const ranges = encodeRanges([{ index: id, offset: 0, length: MIB }]);
      yield ContentRequest.encode({ ...said, id, fresh: !isAlone, unit: { index: id, offset: 0 }, ranges });
      const received = await sent;
      time += msEach;
      // What the peer does not have has not arrived.
      if (isRemote && id === 1) continue;
      yield ContentRequest.encode({ ...said, id: count + id, received });
      time += pauseMs;
    }
  }
  const channel = {
    ...{ peer: "peer", source: requests(), closed: new AbortController().signal },
    async sink(source: AsyncIterable<Uint8Array>) {
      for await (const frame of source) {
        const { request, isLast } = readFrameHeader(frame);
        if (frame.length === MIB) idle.push(slots.idle);
        if (isLast) wake(request);
      }
    },
    send: async () => undefined,
  } as unknown as Channel;
  const unlimited = new RateLimiter(clock, Number.POSITIVE_INFINITY);
  const channels = new ContentChannels();
  await serveContent(channel, { rounds, trees: new Map(), upload: unlimited, slots, channels, clock });
  return { framings, idle, arrived };
}

test("content for many stays compressed, and in short frames, on a slow link that takes all at once", async (t) => {
  const { framings } = await served({ count: 24, msEach: 90 });
  t.is(framings.length, 24);
  t.true(framings.every(({ compress, isShared }) => compress && isShared));
  t.true(framings.every(({ isLong }) => !isLong));
});

test("on a fast link it is sent as it is, in long frames", async (t) => {
  const { framings } = await served({ count: 24, msEach: 2 });
  t.true(framings.slice(0, 3).every(({ compress }) => compress));
  t.true(framings.slice(8).every(({ compress, isLong }) => !compress && isLong));
});

test("a unit that a remote does not have says nothing of the link", async (t) => {
  const { framings } = await served({ count: 24, msEach: 2, pauseMs: 50, isRemote: true });
  t.is(framings.length, 23);
  t.true(framings.slice(8).every(({ compress, isLong }) => !compress && isLong));
});

test("a long answer to a remote that copies alone leaves room for others", async (t) => {
  const { idle } = await served({ count: 3, isAlone: true });
  t.deepEqual(
    idle,
    Array.from({ length: 12 }, () => true),
  );
});

test("the master learns when a unit has arrived, which is long after a slow link has taken it", async (t) => {
  const { arrived } = await served({ count: 3, msEach: 6_000 });
  t.deepEqual(
    arrived.map(({ now }) => now),
    [6_000, 12_000, 18_000],
  );
  t.is(new Set(arrived.map(({ unit }) => unit)).size, 3);
  t.true(arrived.every(({ peer }) => peer === "peer"));
});

test("a peer that asks over ever more channels is refused, and no other is", (t) => {
  const channels = new ContentChannels();
  const [round, other] = [{}, {}] as ActiveRound[];
  const ends = Array.from({ length: LIMITS.contentChannels }, () => channels.enter(round, "greedy"));
  const flooded = { code: "LOCKSTEP_PEER_FLOODED" };
  t.throws(() => channels.enter(round, "greedy"), flooded);
  channels.enter(round, "modest");
  channels.enter(other, "greedy");
  ends[0]();
  channels.enter(round, "greedy");
  t.throws(() => channels.enter(round, "greedy"), flooded);
});

test("of what is cancelled while it waits for a limit nothing is sent, nor counted", async (t) => {
  const waits: (() => void)[] = [];
  let paid = 0;
  const upload = {
    rate: 10_000,
    take: (bytes: number) =>
      new Promise<void>((resolve) => {
        paid += bytes;
        waits.push(resolve);
      }),
    giveBack: (bytes: number) => {
      paid -= bytes;
    },
  } as unknown as RateLimiter;
  const framings: Framing[] = [];
  const content = {
    async read(_: unknown, framing: Framing) {
      framings.push(framing);
      return Array.from({ length: 3 }, () => new Uint8Array(1_000));
    },
  };
  const master = { locate: () => [], seeding: { gone: () => undefined } };
  const rounds = new ActiveRounds();
  rounds.enter({
    ...{ id: ROUND, order: { compress: true }, assignment: { remotes: ["peer"] } },
    ...{ tree: { content } as unknown as Tree, master },
  } as unknown as ActiveRound);
  const said = { round: { ...ROUND }, statement: 1, fresh: false, ranges: NO_RANGES };
  const sent: number[] = [];
  let isSent: () => void = () => undefined;
  async function* requests(): AsyncGenerator<Uint8Array> {
    yield ContentRequest.encode({ ...said, id: 1, unit: { index: 0, offset: 0 } });
    while (waits.length === 0) await new Promise((resolve) => setImmediate(resolve));
    yield ContentRequest.encode({ ...said, id: 2, cancel: 1 });
    const ended = new Promise<void>((resolve) => (isSent = resolve));
    await new Promise((resolve) => setImmediate(resolve));
    waits[0]();
    await ended;
  }
  const channel = {
    ...{ peer: "peer", source: requests(), closed: new AbortController().signal },
    async sink(source: AsyncIterable<Uint8Array>) {
      for await (const frame of source) {
        sent.push(frame.length);
        if (readFrameHeader(frame).isLast) isSent();
      }
    },
    send: async () => undefined,
  } as unknown as Channel;
  const clock: Clock = { now: () => 0, elapsed: () => 0 };
  const components = { slots: new UploadSlots(clock), channels: new ContentChannels(), clock };
  await serveContent(channel, { rounds, trees: new Map(), upload, ...components });
  t.deepEqual(sent, [5]);
  t.is(paid, 0);
  t.is(framings[0].mostBytes, 40_000);
});
