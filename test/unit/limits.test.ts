import test from "ava";
import { parseLimitRate } from "../../node/limit-rate.ts";
import { parseSize } from "../../node/size-units.ts";
import { LinkRate } from "../../src/roles/link-rate.ts";
import { RateLimiter } from "../../src/roles/rate-limiter.ts";

test("a rate limit is read each way, one way, or both by name", (t) => {
  t.deepEqual(parseLimitRate("10MiB"), { limitUp: 10 << 20, limitDown: 10 << 20 });
  t.deepEqual(parseLimitRate("10MiB/s"), { limitUp: 10 << 20, limitDown: 10 << 20 });
  t.deepEqual(parseLimitRate("1500000"), { limitUp: 1_500_000, limitDown: 1_500_000 });
  t.deepEqual(parseLimitRate("up=1.5MB"), { limitUp: 1_500_000 });
  t.deepEqual(parseLimitRate("up=1KiB, down=2KiB"), { limitUp: 1024, limitDown: 2048 });
});

for (const wrong of ["", "0", "-1", "fast", "10 parsecs", "up", "up=", "up=0", "sideways=1MB", "up=1,up=2", "1,2"]) {
  test(`a rate limit is refused: ${JSON.stringify(wrong)}`, (t) => {
    t.is(parseLimitRate(wrong), undefined);
  });
}

test("sizes have the units of the fleet file", (t) => {
  t.is(parseSize("3 KiB"), 3072);
  t.is(parseSize("3kib"), undefined);
  t.is(parseSize("constructor"), undefined);
});

/** A clock that goes only when it is told to, or when a timer is waited for. */
class SteppedClock {
  time = 0;
  now(): number {
    return this.time;
  }
  elapsed(): number {
    return this.time;
  }
}

test("no limit never waits", async (t) => {
  const limiter = new RateLimiter(new SteppedClock(), Number.POSITIVE_INFINITY);
  for (let i = 0; i < 1000; i++) await limiter.take(1e9, new AbortController().signal);
  t.pass();
});

test("all transfers of a direction share one rate, and a burst uses only a short pause", async (t) => {
  const started = performance.now();
  const limiter = new RateLimiter({ now: () => Date.now(), elapsed: () => performance.now() }, 1_000_000);
  const { signal } = new AbortController();
  // 0.25 s are free after a pause; the other 0.5 s must be waited for, however they are split.
  await Promise.all(Array.from({ length: 10 }, () => limiter.take(75_000, signal)));
  t.true(performance.now() - started >= 490);
});

test("who gives up leaves nothing to be paid by others", async (t) => {
  const clock = new SteppedClock();
  const limiter = new RateLimiter(clock, 1000);
  const stop = new AbortController();
  const given = limiter.take(1_000_000, stop.signal);
  stop.abort();
  await given;
  const started = performance.now();
  await Promise.race([limiter.take(100, new AbortController().signal), new Promise((end) => setTimeout(end, 1000))]);
  t.true(performance.now() - started < 500);
});

// Seen: with "elsewhere" as the answer to most requests, a fan-out ran at a fraction of its limit.
test("what was waited for and did not come need not be waited for again", async (t) => {
  const clock = { now: () => Date.now(), elapsed: () => performance.now() };
  const limiter = new RateLimiter(clock, 1_000_000);
  const { signal } = new AbortController();
  await limiter.take(250_000, signal);
  await limiter.take(1_000_000, signal);
  limiter.giveBack(1_000_000);
  const started = performance.now();
  await limiter.take(1_000_000, signal);
  t.true(performance.now() - started < 500);
  // Once.
  await limiter.take(1_000_000, signal);
  t.true(performance.now() - started >= 740);
});

test("who gives up does not wait any longer", async (t) => {
  const limiter = new RateLimiter(new SteppedClock(), 1);
  const stop = new AbortController();
  const waiting = limiter.take(1_000_000, stop.signal);
  stop.abort();
  await waiting;
  await limiter.take(1_000_000, stop.signal);
  t.pass();
});

/** Sends so many bytes, each frame taking the channel so long, and waiting so long before it may go. */
async function send(
  link: LinkRate,
  clock: SteppedClock,
  bytes: number,
  bytesPerSecond: number,
  limit = Number.POSITIVE_INFINITY,
): Promise<void> {
  const frame = new Uint8Array(256 * 1024);
  const allowed = async (): Promise<boolean> => {
    clock.time += (frame.length / limit) * 1000;
    return true;
  };
  for (let sent = 0; sent < bytes; sent += frame.length) {
    for await (const _ of link.sent(frame, allowed)) clock.time += (frame.length / bytesPerSecond) * 1000;
  }
}

test("compression pays until the link turns out to be fast, and again when it gets slow", async (t) => {
  const clock = new SteppedClock();
  const link = new LinkRate(clock);
  t.true(link.compressionPays);
  await send(link, clock, 16 << 20, 12e6);
  t.true(link.compressionPays);
  await send(link, clock, 16 << 20, 400e6);
  t.false(link.compressionPays);
  await send(link, clock, 16 << 20, 175e6);
  t.false(link.compressionPays, "between the bounds it stays as it is");
  await send(link, clock, 16 << 20, 100e6);
  t.true(link.compressionPays);
});

test("compression pays on a fast link over which little may be sent", async (t) => {
  const clock = new SteppedClock();
  const link = new LinkRate(clock);
  await send(link, clock, 16 << 20, 400e6, 12e6);
  t.true(link.compressionPays);
});

// Seen: the first megabytes, which are free, went uncompressed.
test("a burst that a limit lets through is no sign of a fast link", async (t) => {
  const clock = new SteppedClock();
  const link = new LinkRate(clock, 12e6);
  await send(link, clock, 16 << 20, 400e6);
  t.true(link.compressionPays);
  t.false(link.longFramesPay);
});

/** Sends so many bytes, which the system takes at once, and whose arrival is told at this rate. */
async function sendAwaited(link: LinkRate, clock: SteppedClock, bytes: number, bytesPerSecond: number): Promise<void> {
  const [answer, underWay] = [1 << 20, 3];
  let arrived = 0;
  for (let begun = 0; arrived < bytes; arrived += answer) {
    for (; begun < bytes && begun - arrived < underWay * answer; begun += answer) {
      link.begin();
      await send(link, clock, answer, 4e9);
    }
    clock.time += (answer / bytesPerSecond) * 1000;
    link.end(answer);
  }
}

test("what the system takes at once, though the link is slow, is measured by its arrival", async (t) => {
  const clock = new SteppedClock();
  const link = new LinkRate(clock);
  await sendAwaited(link, clock, 32 << 20, 12e6);
  t.true(link.compressionPays);
  t.false(link.longFramesPay);
  // Time in which nothing is under way says nothing of the link.
  clock.time += 60_000;
  await sendAwaited(link, clock, 32 << 20, 400e6);
  t.false(link.compressionPays);
  t.true(link.longFramesPay);
});

test("what does not arrive is no sign of a fast link", async (t) => {
  const clock = new SteppedClock();
  const link = new LinkRate(clock);
  await sendAwaited(link, clock, 32 << 20, 400e6);
  t.false(link.compressionPays);
  link.begin();
  clock.time += 5_000;
  link.end(0);
  await sendAwaited(link, clock, 4 << 20, 400e6);
  t.true(link.compressionPays);
});

test("frames are long while one takes little time on the link", async (t) => {
  const clock = new SteppedClock();
  const link = new LinkRate(clock);
  t.false(link.longFramesPay);
  await send(link, clock, 16 << 20, 12e6);
  t.false(link.longFramesPay);
  await send(link, clock, 16 << 20, 60e6);
  t.true(link.longFramesPay);
  t.true(link.compressionPays);
  await send(link, clock, 16 << 20, 400e6, 12e6);
  t.false(link.longFramesPay, "where little may be sent");
});
