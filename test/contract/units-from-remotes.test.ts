/** Content that comes from other remotes: in pieces, from one after the other, and wrong. */

import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { isPack } from "../../src/model/content-units.ts";
import type { OfferedFile, Tree, UnitState } from "../../src/ports/tree.ts";
import { createHasher } from "../../src/tree/hasher.ts";
import { importCompiled } from "../fixtures/compiled-source.ts";
import { MemoryHashCache } from "../fixtures/memory-hash-cache.ts";
import { PLAIN } from "../fixtures/plain-framing.ts";
import { type Bringing, MemoryJournal, type SyncOptions, type SyncResult, syncTrees } from "../fixtures/sync-trees.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

const { openTree } = await importCompiled<typeof import("../../src/tree/open-tree.ts")>("src/tree/open-tree.ts");

const KIB = 1024;
const MIB = 1 << 20;

function noise(length: number, seed: string): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0, i = 0; at < length; at += 64, i++) {
    createHash("sha512").update(`${seed} ${i}`).digest().copy(bytes, at);
  }
  return bytes;
}

interface World {
  readonly trees: readonly Tree[];
  readonly a: string;
  readonly b: string;
  sync(options: SyncOptions): Promise<SyncResult>;
}

function createWorld(t: ExecutionContext): World {
  const directory = tempDirectory(t);
  const [a, b] = ["a", "b"].map((name) => join(directory, name));
  for (const root of [a, b]) fs.mkdirSync(root);
  const trees: Tree[] = [a, b].map((root) =>
    openTree("www", root, { cache: new MemoryHashCache(), journal: new MemoryJournal() }),
  );
  const alive = setInterval(() => undefined, 60_000);
  t.teardown(async () => {
    clearInterval(alive);
    await Promise.all(trees.map((tree) => tree.close()));
  });
  return { trees, a, b, sync: (options) => syncTrees(trees[0], trees[1], options) };
}

/** Small files in one pack of several frames, one alone, one of several chunks. */
function fill(root: string): void {
  for (let i = 0; i < 12; i++) fs.writeFileSync(join(root, `small ${i}`), noise(40 * KIB, `s${i}`));
  fs.writeFileSync(join(root, "alone"), noise(900 * KIB, "alone"));
  fs.writeFileSync(join(root, "large"), noise(5 * MIB, "large"));
}

function equal(t: ExecutionContext, { a, b }: World, but: readonly string[] = []): void {
  for (const name of fs.readdirSync(a)) {
    if (but.includes(name)) t.false(fs.existsSync(join(b, name)), name);
    else t.true(fs.readFileSync(join(a, name)).equals(fs.readFileSync(join(b, name))), name);
  }
  t.is(fs.readdirSync(b).length, fs.readdirSync(a).length - but.length);
}

/** Hands frames over; the states that they lead to. */
async function take(
  { remote, block, unit }: Bringing,
  frames: readonly Uint8Array<ArrayBuffer>[],
  fromMaster = false,
): Promise<UnitState[]> {
  const states: UnitState[] = [];
  for (const frame of frames) states.push((await remote.receive(block, unit, frame, fromMaster)).state);
  return states;
}

/** Content with its last byte changed. */
function turned(frames: readonly Uint8Array<ArrayBuffer>[]): readonly Uint8Array<ArrayBuffer>[] {
  const last = frames[frames.length - 1];
  last[last.length - 1] ^= 1;
  return frames;
}

test.serial(
  "a unit that one source leaves half-way is completed by another, and what is there is not sent again",
  async (t) => {
    const world = createWorld(t);
    fill(world.a);
    let [again, all] = [0, 0];
    const bring = async (bringing: Bringing): Promise<void> => {
      const { remote, block, unit, ranges, read } = bringing;
      const [first] = await read(ranges);
      await take(bringing, [first]);
      const missing = await remote.missing(block, unit);
      // Asked twice, as when the next one is left too.
      t.deepEqual(await remote.missing(block, unit), missing);
      if (missing.length === 0) return;
      all += ranges.reduce((sum, { length }) => sum + length, 0);
      again += missing.reduce((sum, { length }) => sum + length, 0);
      const states = await take(bringing, await read(missing));
      t.is(states.at(-1), "verified");
      t.deepEqual(await remote.missing(block, unit), []);
    };
    t.deepEqual((await world.sync({ bring })).problems, []);
    equal(t, world);
    t.true(again < all, "all of it was asked for again");
  },
);

test.serial(
  "a pack that has come in part may come whole from the next source, and not without being asked for",
  async (t) => {
    const world = createWorld(t);
    fill(world.a);
    let parts = 0;
    const bring = async (bringing: Bringing): Promise<void> => {
      const { remote, block, unit, ranges, read } = bringing;
      if (!isPack(unit) || ranges.length < 2) {
        await take(bringing, await read(ranges), true);
        return;
      }
      await take(bringing, await read(ranges.slice(0, 1)));
      await t.throwsAsync(take(bringing, await read(ranges)), { code: "LOCKSTEP_MALFORMED" });
      const missing = await remote.missing(block, unit);
      t.true(missing.length < ranges.length);
      t.is((await take(bringing, await read(ranges))).at(-1), "verified");
      parts++;
    };
    t.deepEqual((await world.sync({ bring })).problems, []);
    equal(t, world);
    t.true(parts > 0);
  },
);

test.serial("what a remote sends wrong is needed anew, and comes right from the next one", async (t) => {
  const world = createWorld(t);
  fill(world.a);
  const bring = async (bringing: Bringing): Promise<void> => {
    const { remote, block, unit, ranges, read } = bringing;
    t.is((await take(bringing, turned(await read(ranges)))).at(-1), "wrong");
    const missing = await remote.missing(block, unit);
    t.true(missing.length > 0);
    t.is((await take(bringing, await read(missing))).at(-1), "verified");
  };
  t.deepEqual((await world.sync({ bring })).problems, []);
  equal(t, world);
});

test.serial("what the master sends wrong is a problem of its path, and of no other", async (t) => {
  const world = createWorld(t);
  fill(world.a);
  const wrong: string[] = [];
  const bring = async (bringing: Bringing): Promise<void> => {
    const frames = await bringing.read(bringing.ranges);
    const isFirst = isPack(bringing.unit) || bringing.unit.offset === 0;
    const states = await take(bringing, isFirst ? turned(frames) : frames, true);
    if (isFirst) wrong.push(states.at(-1) as string);
  };
  const { problems } = await world.sync({ bring });
  const paths = problems.map(({ path, code }) => `${path} ${code}`).sort();
  t.deepEqual(paths, [
    "alone LOCKSTEP_CONTENT_MISMATCH",
    "large LOCKSTEP_CONTENT_MISMATCH",
    "small 9 LOCKSTEP_CONTENT_MISMATCH",
  ]);
  t.deepEqual(wrong, ["ended", "ended", "ended"]);
  equal(t, world, ["alone", "large", "small 9"]);
});

test.serial("a remote cannot say for the master that content is not to be had", async (t) => {
  const world = createWorld(t);
  fill(world.a);
  const bring = async (bringing: Bringing): Promise<void> => {
    const failed = Buffer.alloc(19);
    failed.writeUInt32LE(bringing.unit.index, 5);
    failed.writeUInt32LE(0xffffffff, 9);
    t.deepEqual(await take(bringing, [new Uint8Array(failed)]), ["more"]);
    t.is((await take(bringing, await bringing.read(bringing.ranges))).at(-1), "verified");
  };
  t.deepEqual((await world.sync({ bring })).problems, []);
  equal(t, world);
});

test.serial("records of another unit are refused, whatever else is awaited", async (t) => {
  const world = createWorld(t);
  fill(world.a);
  const bring = async (bringing: Bringing): Promise<void> => {
    const { remote, block, unit, ranges, read } = bringing;
    const other = { ...unit, index: unit.index === 1 ? 2 : 1, offset: 0 };
    const frame = (await read(ranges))[0];
    await t.throwsAsync(remote.receive(block, other, frame, false), { code: "LOCKSTEP_MALFORMED" });
    const missing = await remote.missing(block, unit);
    t.is((await take(bringing, await read(missing))).at(-1), "verified");
  };
  t.deepEqual((await world.sync({ bring })).problems, []);
  equal(t, world);
});

test.serial(
  "chunks that follow each other arrive as one unit, and what is there of it is not sent again",
  async (t) => {
    const world = createWorld(t);
    fill(world.a);
    const runs: number[] = [];
    const bring = async (bringing: Bringing): Promise<void> => {
      const { remote, block, unit, ranges, read } = bringing;
      const frames = await read(ranges);
      if (unit.run === undefined) {
        await take(bringing, frames, true);
        return;
      }
      runs.push(ranges.length);
      // Enough for its first chunk and some of the next.
      const first = frames.slice(0, Math.ceil(ranges[0].length / (256 * KIB)) + 1);
      t.is((await take(bringing, first, true)).at(-1), "more");
      const missing = await remote.missing(block, unit);
      t.deepEqual(missing, ranges.slice(1));
      t.is((await take(bringing, await read(missing), true)).at(-1), "verified");
    };
    t.deepEqual((await world.sync({ bring, mostRunBytes: 4 * MIB })).problems, []);
    equal(t, world);
    t.true(runs.length > 0 && runs.every((length) => length > 1), `${runs}`);
  },
);

test.serial("what lies beyond a run of chunks is refused", async (t) => {
  const world = createWorld(t);
  fill(world.a);
  let refused = 0;
  const bring = async (bringing: Bringing): Promise<void> => {
    const { remote, block, unit, ranges, read } = bringing;
    if (unit.run !== undefined) {
      const { index, offset } = unit;
      const last = ranges[ranges.length - 1];
      const shorter = { index, offset, run: last.offset - offset };
      const [frame] = await read([last]);
      await t.throwsAsync(remote.receive(block, shorter, frame, true), { code: "LOCKSTEP_MALFORMED" });
      refused++;
    }
    await take(bringing, await read(ranges), true);
  };
  t.deepEqual((await world.sync({ bring, mostRunBytes: 4 * MIB })).problems, []);
  equal(t, world);
  t.true(refused > 0);
});

test.serial("chunks are offered as they were verified, and no more when their file has been changed", async (t) => {
  const world = createWorld(t);
  fill(world.a);
  const { hash } = createHasher();
  const files: OfferedFile[] = [];
  const { content } = world.trees[1];
  const truth = fs.readFileSync(join(world.a, "large"));
  const bring = async (bringing: Bringing): Promise<void> => {
    await take(bringing, await bringing.read(bringing.ranges));
  };
  t.deepEqual((await world.sync({ bring, offered: (file) => files.push(file) })).problems, []);
  t.is(files.length, 1);
  const digest = hash(truth.subarray(MIB, 2 * MIB));
  const chunk = { file: files[0], offset: MIB, length: MIB, digest };
  const part = { index: 0, offset: MIB + 5, length: 300 * KIB };
  const frames = await content.readOffered(chunk, [part], PLAIN);
  const bytes = Buffer.concat((frames ?? []).map((frame) => frame.subarray(19)));
  t.true(bytes.equals(truth.subarray(MIB + 5, MIB + 5 + 300 * KIB)));
  // In its place anybody may write to it.
  const fd = fs.openSync(join(world.b, "large"), "r+");
  fs.writeSync(fd, Buffer.from("x"), 0, 1, 2 * MIB - 1);
  fs.closeSync(fd);
  t.is(await content.readOffered(chunk, [part], PLAIN), undefined);
  t.is(await content.readOffered({ ...chunk, offset: 6 * MIB }, [], PLAIN), undefined, "beyond its end");
  await content.closeOffered(files);
  t.throws(() => fs.fstatSync(files[0]), { code: "EBADF" });
});
