/** The exchange of one remote, with a master and neighbours that this test plays. */
import test from "ava";
import { decodeRanges } from "../../src/model/content-ranges.ts";
import type { UnitName } from "../../src/model/content-units.ts";
import type { LockstepError } from "../../src/model/errors.ts";
import type { Channel, Frame, Mesh } from "../../src/ports/mesh.ts";
import type { UnitState } from "../../src/ports/tree.ts";
import { Exchange, type UnitTransfer } from "../../src/roles/exchange.ts";
import { RateLimiter } from "../../src/roles/rate-limiter.ts";
import { CONTENT_FRAME, haveFrame } from "../../src/wire/content-frame.ts";
import type { ContentRequest } from "../../src/wire/messages.ts";
import { FakeChannel } from "../fixtures/fake-channel.ts";

const UNIT_BYTES = 100_000;

type Peer = (request: ContentRequest, channel: FakeChannel) => void;

/** Sends what was asked for: frames whose length says how much content they hold. */
const honest: Peer = (request, channel) => {
  if (request.unit === undefined) return;
  channel.push(CONTENT_FRAME.data, request.id, UNIT_BYTES);
  channel.push(CONTENT_FRAME.end, request.id);
};
const elsewhere: Peer = (request, channel) => {
  if (request.unit === undefined) return;
  channel.push(CONTENT_FRAME.elsewhere, request.id);
  channel.push(CONTENT_FRAME.end, request.id);
};
const have = (channel: FakeChannel, statement: number, units: readonly UnitName[]): void =>
  channel.push(CONTENT_FRAME.have, statement, haveFrame(statement, units));

interface World {
  readonly exchange: Exchange;
  readonly asked: Map<string, ContentRequest[]>;
  readonly channels: Map<string, FakeChannel>;
  readonly warnings: LockstepError[];
  /** Milliseconds that have gone by beside the real ones. */
  skipped: number;
}

function worldOf(peers: Readonly<Record<string, Peer>>, joinAfterMs = 0): World {
  const asked = new Map<string, ContentRequest[]>();
  const channels = new Map<string, FakeChannel>();
  const mesh = {
    self: "self",
    async open(peer: string): Promise<Channel> {
      const channel = new FakeChannel((request, own) => {
        asked.set(peer, [...(asked.get(peer) ?? []), request]);
        peers[peer](request, own);
      });
      channels.set(peer, channel);
      return channel;
    },
  } as unknown as Mesh;
  const world = { asked, channels, warnings: [] as LockstepError[], skipped: 0 };
  const clock = { now: () => Date.now(), elapsed: () => performance.now() + world.skipped };
  const exchange = new Exchange({
    mesh,
    round: { root: "www", epoch: 1, sequence: 1, term: 1 },
    master: "master",
    neighbours: Object.keys(peers).filter((peer) => peer !== "master"),
    position: 0,
    sharers: 1,
    download: new RateLimiter(clock, Number.POSITIVE_INFINITY),
    clock,
    isFollowed: () => true,
    served: () => 0,
    warn: (warning) => world.warnings.push(warning),
    joinAfterMs,
  });
  return Object.assign(world, { exchange });
}

/** A unit that is here when so many bytes have come. */
function transfer(index: number, change: Partial<UnitTransfer> = {}): UnitTransfer & { from: string[] } {
  const unit = { index, offset: 0, ranges: [{ index, offset: 0, length: UNIT_BYTES }], bytes: UNIT_BYTES, at: index };
  let came = 0;
  const from: string[] = [];
  return {
    statement: 1,
    block: 1,
    unit,
    blockBytes: 100,
    from,
    begin: (peer) => void from.push(peer),
    async take(frame: Frame) {
      came += frame.length;
      const state: UnitState = came >= UNIT_BYTES ? "verified" : "more";
      return { state, bytes: frame.length, digest: undefined };
    },
    async missing() {
      came = 0;
      return unit.ranges;
    },
    ...change,
  };
}

const PACK: UnitName = { index: 0, offset: 2 ** 48 };
const OTHER: UnitName = { index: 5, offset: 2 ** 48 + 1 };

/** A pack of two files, the first of which is here once something of it has come. */
function packTransfer({ index, offset }: UnitName): UnitTransfer & { from: string[] } {
  const length = UNIT_BYTES / 2;
  const ranges = [index, index + 1].map((file) => ({ index: file, offset: 0, length }));
  const unit = { index, offset, ranges, bytes: UNIT_BYTES, at: index };
  return transfer(index, { unit, missing: async () => ranges.slice(1) }) as UnitTransfer & { from: string[] };
}

const pause = (ms = 30): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const within = async <T>(promise: Promise<T>, ms = 20_000): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("nothing came of it")), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};
const unitsAsked = ({ asked }: World, peer: string): ContentRequest[] =>
  (asked.get(peer) ?? []).filter(({ unit }) => unit !== undefined);

test("what a neighbour announces comes from it", async (t) => {
  const world = worldOf({
    master: elsewhere,
    one(request, channel) {
      if (request.follow === true) have(channel, 1, [{ index: 0, offset: 0 }]);
      else honest(request, channel);
    },
  });
  world.exchange.follow(1, 10);
  await pause();
  const unit = transfer(0);
  await within(world.exchange.fetch(unit));
  t.deepEqual(unit.from, ["one"]);
  t.is(unitsAsked(world, "master").length, 0);
  t.deepEqual(world.warnings, []);
  world.exchange.stop();
});

test("neighbours are connected to when something has come from the master, or nothing has for a while", async (t) => {
  const one: Peer = (request, channel) => {
    if (request.follow === true) have(channel, 1, [{ index: 1, offset: 0 }]);
    else honest(request, channel);
  };
  const served = worldOf({ master: honest, one }, 20_000);
  served.exchange.follow(1, 10);
  await pause();
  t.false(served.channels.has("one"));
  await within(served.exchange.fetch(transfer(0)));
  await pause();
  t.is(served.asked.get("one")?.[0]?.follow, true);
  // What is followed later is asked about at once.
  served.exchange.follow(2, 10);
  await pause();
  t.deepEqual(
    served.asked.get("one")?.map(({ statement }) => statement),
    [1, 2],
  );
  served.exchange.stop();

  const waiting = worldOf({ master: elsewhere, one }, 100);
  waiting.exchange.follow(1, 10);
  const fetched = waiting.exchange.fetch(transfer(1));
  await pause();
  t.false(waiting.channels.has("one"));
  await within(fetched);
  t.is(unitsAsked(waiting, "one").length, 1);
  waiting.exchange.stop();
});

test("a neighbour that says again and again that it has what it has not is asked for it once", async (t) => {
  let declined = 0;
  const world = worldOf({
    // For a moment nobody else gives it.
    master: (request, channel) =>
      (request.unit !== undefined && declined++ === 0 ? elsewhere : honest)(request, channel),
    one(request, channel) {
      const units = [{ index: 0, offset: 0 }];
      if (request.follow === true) have(channel, 1, units);
      else if (request.unit !== undefined) {
        channel.push(CONTENT_FRAME.elsewhere, request.id);
        have(channel, 1, units);
        channel.push(CONTENT_FRAME.end, request.id);
        have(channel, 1, units);
      }
    },
  });
  world.exchange.follow(1, 10);
  await pause();
  const unit = transfer(0);
  await within(world.exchange.fetch(unit));
  t.deepEqual(unit.from, ["one", "master", "master"]);
  t.is(unitsAsked(world, "one").length, 1);
  world.exchange.stop();
});

for (const [what, frames] of [
  ["more than there can be", (channel: FakeChannel) => have(channel, 1, Array(11).fill({ index: 0, offset: 0 }))],
  [
    "nothing without end",
    (channel: FakeChannel) => {
      for (let i = 0; i < 11; i++) have(channel, 1, []);
    },
  ],
  ["what nobody asked about", (channel: FakeChannel) => have(channel, 7, [{ index: 0, offset: 0 }])],
] as const) {
  test(`a neighbour that announces ${what} is left and told of, though nothing is asked of it`, async (t) => {
    const world = worldOf({
      master: honest,
      one(request, channel) {
        if (request.follow === true) frames(channel);
      },
    });
    world.exchange.follow(1, 10);
    await pause(100);
    t.is(world.warnings.length, 1);
    t.is(world.warnings[0].code, "LOCKSTEP_CONTENT_MISMATCH");
    t.regex(world.warnings[0].message, /^one /);
    const unit = transfer(0);
    await within(world.exchange.fetch(unit));
    t.deepEqual(unit.from, ["master"]);
    t.true(world.channels.get("one")?.closed.aborted);
    world.exchange.stop();
  });
}

test("what comes late of a statement that nobody needs any more is no fault", async (t) => {
  const world = worldOf({ master: honest, one: () => undefined });
  world.exchange.follow(1, 10);
  await pause();
  world.exchange.forget(1);
  have(world.channels.get("one") as FakeChannel, 1, [{ index: 0, offset: 0 }]);
  await pause();
  t.deepEqual(world.warnings, []);
  world.exchange.stop();
});

test("what the master keeps saying is elsewhere it is asked for all the same in the end", async (t) => {
  const world = worldOf({
    master: (request, channel) => (request.fresh ? elsewhere : honest)(request, channel),
    one: () => undefined,
  });
  world.exchange.follow(1, 10);
  const fetched = world.exchange.fetch(transfer(0));
  await pause(100);
  t.true(unitsAsked(world, "master").length >= 1);
  world.skipped += 12_000;
  await within(fetched);
  t.false(unitsAsked(world, "master").at(-1)?.fresh);
  world.exchange.stop();
});

test("what only a neighbour that was found out was given comes from the master soon", async (t) => {
  const world = worldOf({
    master: (request, channel) => (request.fresh ? elsewhere : honest)(request, channel),
    one(request, channel) {
      if (request.follow === true) have(channel, 7, []);
    },
  });
  world.exchange.follow(1, 10);
  await within(world.exchange.fetch(transfer(0)), 4_000);
  t.is(unitsAsked(world, "master").length, 2);
  world.exchange.stop();
});

test("a neighbour that sends a byte from time to time is left, and what it owes comes from others", async (t) => {
  const world = worldOf({
    master: honest,
    one(request, channel) {
      if (request.follow === true) have(channel, 1, [{ index: 0, offset: 0 }]);
      if (request.unit === undefined) return;
      let sent = 0;
      const timer = setInterval(() => {
        if (sent++ > 100) clearInterval(timer);
        else channel.push(CONTENT_FRAME.data, request.id, 20);
      }, 100);
      timer.unref();
    },
  });
  world.exchange.follow(1, 10);
  await pause();
  const unit = transfer(0);
  await within(world.exchange.fetch(unit), 8_000);
  t.deepEqual(unit.from, ["one", "master"]);
  world.exchange.stop();
});

test("a neighbour is not left while this host is busy with what has come from it", async (t) => {
  const world = worldOf({
    master: elsewhere,
    one(request, channel) {
      if (request.follow === true) have(channel, 1, [{ index: 0, offset: 0 }]);
      else honest(request, channel);
    },
  });
  world.exchange.follow(1, 10);
  await pause();
  const unit = transfer(0);
  const take = unit.take.bind(unit);
  const slow = {
    ...unit,
    async take(frame: Frame, fromMaster: boolean) {
      await pause(4_500);
      return take(frame, fromMaster);
    },
  };
  await within(world.exchange.fetch(slow));
  t.deepEqual(unit.from, ["one"]);
  world.exchange.stop();
});

test("one that sends something wrong is asked no more, and what it sends meanwhile is thrown away", async (t) => {
  const world = worldOf({
    master: honest,
    one(request, channel) {
      const units = [0, 1, 2].map((index) => ({ index, offset: 0 }));
      if (request.follow === true) have(channel, 1, units);
      else honest(request, channel);
    },
  });
  world.exchange.follow(1, 10);
  await pause();
  const units = [0, 1, 2].map((index) => {
    const unit = transfer(index);
    const take = unit.take;
    return Object.assign(unit, {
      take: async (frame: Frame, fromMaster: boolean) =>
        unit.from.at(-1) === "one"
          ? { state: "wrong" as const, bytes: frame.length, digest: undefined }
          : take(frame, fromMaster),
    });
  });
  await within(Promise.all(units.map((unit) => world.exchange.fetch(unit))));
  for (const unit of units) t.is(unit.from.at(-1), "master");
  t.is(world.warnings.length, 1);
  t.true(world.channels.get("one")?.closed.aborted);
  world.exchange.stop();
});

test("one that sends less than it announced is asked no more", async (t) => {
  const world = worldOf({
    master: honest,
    one(request, channel) {
      if (request.follow === true) have(channel, 1, [{ index: 0, offset: 0 }]);
      if (request.unit === undefined) return;
      channel.push(CONTENT_FRAME.data, request.id, 50_000);
      channel.push(CONTENT_FRAME.end, request.id);
    },
  });
  world.exchange.follow(1, 10);
  await pause();
  const unit = transfer(0);
  await within(world.exchange.fetch(unit));
  t.deepEqual(unit.from, ["one", "master"]);
  t.regex(world.warnings[0]?.message ?? "", /^one sent less/);
  world.exchange.stop();
});

// Seen: every neighbour refused, as it had the pack whole and not the missing part, and only the master was left.
test("a pack that has come in part is asked whole of the next neighbour, and of the master what is missing", async (t) => {
  const world = worldOf({
    master(request, channel) {
      if (request.unit?.index === 5) honest(request, channel);
      else elsewhere(request, channel);
    },
    one(request, channel) {
      if (request.follow === true) have(channel, 1, [PACK, OTHER]);
      if (request.unit === undefined) return;
      channel.push(CONTENT_FRAME.data, request.id, 50_000);
      channel.push(CONTENT_FRAME.elsewhere, request.id);
      channel.push(CONTENT_FRAME.end, request.id);
    },
    two(request, channel) {
      if (request.follow === true) have(channel, 1, [PACK]);
      else honest(request, channel);
    },
  });
  world.exchange.follow(1, 10);
  await pause();
  const [pack, other] = [PACK, OTHER].map(packTransfer);
  await within(Promise.all([world.exchange.fetch(pack), world.exchange.fetch(other)]));
  const rangesAsked = (peer: string, index: number): number[] =>
    unitsAsked(world, peer)
      .filter(({ unit }) => unit?.index === index)
      .map(({ ranges }) => decodeRanges(ranges, 10).length);
  t.true(pack.from.includes("two"));
  t.deepEqual(rangesAsked("two", PACK.index), [2]);
  t.deepEqual(rangesAsked("one", OTHER.index), [2]);
  t.is(rangesAsked("master", OTHER.index).at(-1), 1);
  world.exchange.stop();
});

test("without the master nothing comes any more, and all that waits ends", async (t) => {
  const world = worldOf({
    master(request, channel) {
      if (request.unit !== undefined) channel.abort(new Error("gone"));
    },
    one: () => undefined,
  });
  world.exchange.follow(1, 10);
  const both = [0, 1].map((index) => t.throwsAsync(within(world.exchange.fetch(transfer(index)))));
  await Promise.all(both);
  world.exchange.stop();
  await t.throwsAsync(world.exchange.fetch(transfer(2)), { code: "LOCKSTEP_ABORTED" });
});
