import test from "ava";
import { type UploadSlot, UploadSlots } from "../../src/roles/upload-slots.ts";

const MIB = 1 << 20;
/** Answers of 1 MiB that are sent at once. */
const AT_ONCE = 3;
/** More than the slots' patience. */
const LONG_MS = 1_300;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const stays = (): AbortSignal => new AbortController().signal;

/** Slots on a clock that stands still unless it is set. */
function start(): { slots: UploadSlots; clock: { time: number } } {
  const clock = { time: 0 };
  return { clock, slots: new UploadSlots({ now: () => clock.time, elapsed: () => clock.time }) };
}

/** Takes a slot and says when it is there. */
function asking(slots: UploadSlots, signal = stays()): { granted: boolean; slot: Promise<UploadSlot> } {
  const asked = { granted: false, slot: slots.take(MIB, signal) };
  void asked.slot.then(() => {
    asked.granted = true;
  });
  return asked;
}

const granted = (asked: readonly { granted: boolean }[]): number => asked.filter((one) => one.granted).length;

async function fill(slots: UploadSlots): Promise<UploadSlot[]> {
  return Promise.all(Array.from({ length: AT_ONCE }, () => slots.take(MIB, stays())));
}

test("so much is on its way, and who waits comes in turn when something has arrived", async (t) => {
  const { slots } = start();
  t.true(slots.idle);
  const first = await fill(slots);
  t.false(slots.idle);
  const waiting = Array.from({ length: 3 }, () => asking(slots));
  await pause(10);
  t.is(granted(waiting), 0);
  first[1].free(true);
  // Freed once more it frees nobody else's.
  first[1].free(true);
  await pause(10);
  t.deepEqual(
    waiting.map((one) => one.granted),
    [true, false, false],
  );
});

test("one that alone is more than may be on its way is sent when nothing else is", async (t) => {
  const { slots } = start();
  const small = await slots.take(MIB, stays());
  let granted = false;
  const large = slots.take(9 * MIB, stays()).then((slot) => {
    granted = true;
    return slot;
  });
  await pause(10);
  t.false(granted);
  small.free(true);
  (await large).free(true);
  t.true(slots.idle);
});

test("one that is not heard of does not keep the others waiting, and frees nothing when it is", async (t) => {
  const { slots } = start();
  const first = await fill(slots);
  const waiting = Array.from({ length: 8 }, () => asking(slots));
  await pause(LONG_MS);
  t.is(granted(waiting), AT_ONCE);
  for (const slot of first) slot.free(true);
  await pause(10);
  t.is(granted(waiting), AT_ONCE);
});

test("one that is gone waits for nothing, and the others lose nothing by it", async (t) => {
  const { slots } = start();
  const leaving = new AbortController();
  const held = await slots.take(MIB, leaving.signal);
  await Promise.all(Array.from({ length: AT_ONCE - 1 }, () => slots.take(MIB, stays())));
  const [left, other] = [asking(slots, leaving.signal), asking(slots)];
  leaving.abort();
  (await left.slot).free(false);
  await pause(10);
  t.true(other.granted, "what was on its way to it is free");
  held.free(true);
  const next = asking(slots);
  await pause(10);
  t.false(next.granted, "it was freed twice");
});

test("one that was gone before it waits gets nothing", async (t) => {
  const { slots } = start();
  await fill(slots);
  const late = asking(slots, AbortSignal.abort());
  await pause(10);
  t.true(late.granted, "it waits all the same");
});

test("on a fast and long link more is on its way", async (t) => {
  const { slots, clock } = start();
  // Each round trip takes 100 ms, whatever is on its way.
  let most = 0;
  for (let round = 0; round < 40; round++) {
    const asked = Array.from({ length: 64 }, () => asking(slots));
    await pause(0);
    const sent = asked.filter((one) => one.granted);
    most = Math.max(most, sent.length);
    clock.time += 100;
    for (const one of sent) (await one.slot).free(true);
    // The rest goes on until all have been sent.
    for (let left = asked.length - sent.length; left > 0; ) {
      await pause(0);
      const more = asked.filter((one) => one.granted && !sent.includes(one));
      sent.push(...more);
      left -= more.length;
      clock.time += 100;
      for (const one of more) (await one.slot).free(true);
    }
  }
  t.true(most > 4 * AT_ONCE, `${most} at once`);
});

test("on a slow link less is on its way, and its receivers are waited for", async (t) => {
  const { slots, clock } = start();
  for (let i = 0; i < 6; i++) {
    const slot = await slots.take(MIB, stays());
    clock.time += 8_000;
    slot.free(true);
    // Idle times say nothing of the link.
    clock.time += 50_000;
  }
  const first = await slots.take(MIB, stays());
  t.false(slots.idle || asking(slots).granted);
  const waiting = asking(slots);
  await pause(LONG_MS);
  t.false(waiting.granted);
  first.free(true);
  await pause(10);
  t.false(slots.idle);
});

test("a link that was slow is fast again when answers arrive sooner", async (t) => {
  const { slots, clock } = start();
  for (const ms of [...Array(6).fill(8_000), ...Array(30).fill(50)]) {
    const slot = await slots.take(MIB, stays());
    clock.time += ms;
    slot.free(true);
  }
  const asked = Array.from({ length: AT_ONCE + 1 }, () => asking(slots));
  await pause(10);
  t.is(granted(asked), AT_ONCE);
});
