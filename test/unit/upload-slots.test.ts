import test from "ava";
import { UploadSlots } from "../../src/roles/upload-slots.ts";

const SLOTS = 2;
/** More than the slots' patience. */
const LONG_MS = 700;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const stays = (): AbortSignal => new AbortController().signal;

/** Takes a slot and says when it is there. */
function asking(slots: UploadSlots, signal = stays()): { granted: boolean; free: Promise<() => void> } {
  const asked = { granted: false, free: slots.take(signal) };
  void asked.free.then(() => {
    asked.granted = true;
  });
  return asked;
}

test("there are so many slots, and who waits gets one in turn", async (t) => {
  const slots = new UploadSlots();
  const first = await Promise.all(Array.from({ length: SLOTS }, () => slots.take(stays())));
  const waiting = Array.from({ length: 3 }, () => asking(slots));
  await pause(10);
  t.deepEqual(
    waiting.map(({ granted }) => granted),
    [false, false, false],
  );
  first[1]();
  // Freed once more it frees nobody else's.
  first[1]();
  await pause(10);
  t.deepEqual(
    waiting.map(({ granted }) => granted),
    [true, false, false],
  );
});

test("one that takes too long does not keep the others waiting, and frees nothing when it ends", async (t) => {
  const slots = new UploadSlots();
  const first = await Promise.all(Array.from({ length: SLOTS }, () => slots.take(stays())));
  const waiting = Array.from({ length: 8 }, () => asking(slots));
  await pause(LONG_MS);
  t.is(waiting.filter(({ granted }) => granted).length, SLOTS);
  for (const free of first) free();
  await pause(10);
  t.is(waiting.filter(({ granted }) => granted).length, SLOTS);
});

test("one that is gone waits for nothing, and the others lose nothing by it", async (t) => {
  const slots = new UploadSlots();
  const first = await Promise.all(Array.from({ length: SLOTS }, () => slots.take(stays())));
  const gone = new AbortController();
  const [left, other] = [asking(slots, gone.signal), asking(slots)];
  gone.abort();
  (await left.free)();
  t.false(other.granted);
  first[0]();
  await pause(10);
  t.true(other.granted);
  for (const free of [...first, await other.free]) free();
  const again = Array.from({ length: 5 }, () => asking(slots));
  await pause(10);
  t.is(again.filter(({ granted }) => granted).length, SLOTS);
});

test("one that was gone before it waits gets nothing", async (t) => {
  const slots = new UploadSlots();
  await Promise.all(Array.from({ length: SLOTS }, () => slots.take(stays())));
  const late = asking(slots, AbortSignal.abort());
  await pause(10);
  t.true(late.granted, "it waits all the same");
});
