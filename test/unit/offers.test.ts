import test from "ava";
import { encodeRanges } from "../../src/model/content-ranges.ts";
import { decodeUnitNames, type UnitName } from "../../src/model/content-units.ts";
import { LockstepError } from "../../src/model/errors.ts";
import type { Channel } from "../../src/ports/mesh.ts";
import type { ContentReader, OfferedChunk, OfferedFile } from "../../src/ports/tree.ts";
import { Offers } from "../../src/roles/offers.ts";
import { listPart, readFrameHeader } from "../../src/wire/content-frame.ts";
import type { ContentRequest } from "../../src/wire/messages.ts";
import { PLAIN } from "../fixtures/plain-framing.ts";

const MIB = 1 << 20;
const DIGEST = new Uint8Array(32);
const UNIT = { index: 3, offset: 0 };
const RANGES = encodeRanges([{ index: 3, offset: 0, length: 10 }]);

/** Whoever reads and closes offered files, and remembers it. */
class Reader {
  readonly closed: OfferedFile[] = [];
  readonly read: OfferedChunk[] = [];
  readonly port = {
    closeOffered: async (files: readonly OfferedFile[]) => void this.closed.push(...files),
    readOffered: async (chunk: OfferedChunk) => {
      this.read.push(chunk);
      return [new Uint8Array(20)];
    },
  } as unknown as ContentReader;
}

/** A follower, and what it was told. */
function follower() {
  const told: { statement: number; units: UnitName[] }[] = [];
  const gone = new AbortController();
  const channel = {
    peer: "peer",
    closed: gone.signal,
    async send(frame: Uint8Array) {
      told.push({ statement: readFrameHeader(frame).request, units: decodeUnitNames(listPart(frame), 1e6) });
    },
  } as unknown as Channel;
  return { told, channel, leave: () => gone.abort() };
}

const request = (change: Partial<ContentRequest> = {}): ContentRequest => ({
  ...{ id: 1, round: undefined, statement: 1, unit: UNIT, ranges: RANGES, fresh: false },
  ...change,
});
const frames = (bytes = 20): Uint8Array<ArrayBuffer>[] => [new Uint8Array(bytes)];
const told = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 150));

test("what was added is answered, and nothing else", async (t) => {
  const reader = new Reader();
  const offers = new Offers(reader.port);
  offers.addPack(1, UNIT, RANGES, frames());
  t.is((await offers.answer(request(), PLAIN))?.length, 1);
  t.is(await offers.answer(request({ statement: 2 }), PLAIN), undefined);
  t.is(await offers.answer(request({ unit: { index: 3, offset: 1 } }), PLAIN), undefined);
  t.is(await offers.answer(request({ unit: undefined }), PLAIN), undefined);
  const other = encodeRanges([{ index: 3, offset: 0, length: 9 }]);
  t.is(await offers.answer(request({ ranges: other }), PLAIN), undefined);

  const chunk = { file: 7, offset: 1000, length: 500, digest: DIGEST };
  offers.addChunk(1, { index: 5, offset: 1000 }, chunk);
  const ofChunk = { unit: { index: 5, offset: 1000 } };
  const part = (index: number, offset: number, length: number): Partial<ContentRequest> => ({
    ...ofChunk,
    ranges: encodeRanges([{ index, offset, length }]),
  });
  t.is(await offers.answer(request(part(5, 1000, 500)), PLAIN), undefined, "of a file that was not added");
  offers.addFile(7);
  offers.addChunk(1, { index: 5, offset: 1000 }, chunk);
  t.truthy(await offers.answer(request(part(5, 1100, 400)), PLAIN));
  for (const wrong of [part(5, 999, 10), part(5, 1400, 101), part(6, 1000, 10)]) {
    await t.throwsAsync(offers.answer(request(wrong), PLAIN), { instanceOf: LockstepError });
  }
  const twice = encodeRanges([
    { index: 5, offset: 1000, length: 500 },
    { index: 5, offset: 1000, length: 500 },
  ]);
  await t.throwsAsync(offers.answer(request({ ...ofChunk, ranges: twice }), PLAIN), { instanceOf: LockstepError });
  t.is(reader.read.length, 1);
});

test("an answer's frames are its own", async (t) => {
  const offers = new Offers(new Reader().port);
  offers.addPack(1, UNIT, RANGES, frames());
  const [frame] = (await offers.answer(request(), PLAIN)) ?? [];
  frame?.fill(9);
  const [again] = (await offers.answer(request(), PLAIN)) ?? [];
  t.is(again?.[10], 0);
});

test("packs take so much memory and no more, also when one comes twice", async (t) => {
  const offers = new Offers(new Reader().port);
  const unit = (index: number): UnitName => ({ index, offset: 0 });
  for (let i = 0; i < 80; i++) offers.addPack(1, unit(0), RANGES, frames(MIB));
  for (let i = 1; i <= 63; i++) offers.addPack(1, unit(i), RANGES, frames(MIB));
  t.truthy(await offers.answer(request({ unit: unit(0) }), PLAIN));
  offers.addPack(1, unit(64), RANGES, frames(MIB));
  t.is(await offers.answer(request({ unit: unit(0) }), PLAIN), undefined);
  t.truthy(await offers.answer(request({ unit: unit(1) }), PLAIN));
  t.truthy(await offers.answer(request({ unit: unit(64) }), PLAIN));
});

test("files have so many descriptors and no more, and all are closed in the end, each once", (t) => {
  const reader = new Reader();
  const offers = new Offers(reader.port);
  for (let file = 0; file < 300; file++) offers.addFile(file);
  t.deepEqual(
    reader.closed,
    Array.from({ length: 44 }, (_, i) => i),
  );
  offers.clear();
  t.is(reader.closed.length, 300);
  offers.addFile(1000);
  offers.end();
  // One that was being opened meanwhile.
  offers.addFile(1001);
  t.deepEqual(reader.closed.slice(300), [1000, 1001]);
  t.is(new Set(reader.closed).size, 302);
});

test("who follows is told once of what there is and of what comes, and of nothing after it has left", async (t) => {
  const offers = new Offers(new Reader().port);
  const [one, other] = [follower(), follower()];
  offers.addPack(1, UNIT, RANGES, frames());
  for (let i = 0; i < 5; i++) offers.follow(one.channel, 1);
  offers.follow(other.channel, 2);
  await told();
  t.deepEqual(one.told, [{ statement: 1, units: [UNIT] }]);
  t.deepEqual(other.told, []);
  offers.follow(one.channel, 1);
  offers.addPack(1, { index: 9, offset: 0 }, RANGES, frames());
  await told();
  t.deepEqual(one.told.slice(1), [{ statement: 1, units: [{ index: 9, offset: 0 }] }]);
  one.leave();
  offers.addPack(1, { index: 10, offset: 0 }, RANGES, frames());
  await told();
  t.is(one.told.length, 2);
});

test("a peer that follows without end is refused", (t) => {
  const offers = new Offers(new Reader().port);
  const { channel } = follower();
  const endless = (): void => {
    for (let statement = 0; statement < 100_000; statement++) offers.follow(channel, statement);
  };
  t.throws(endless, { instanceOf: LockstepError });
  offers.clear();
});

test("after the end of a pass nothing of it is answered or told", async (t) => {
  const offers = new Offers(new Reader().port);
  const { channel, told: heard } = follower();
  offers.follow(channel, 1);
  offers.addPack(1, UNIT, RANGES, frames());
  offers.clear();
  await told();
  t.deepEqual(heard, []);
  t.is(await offers.answer(request(), PLAIN), undefined);
});
