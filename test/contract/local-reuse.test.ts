/** What a remote takes from its own disk instead of the network, between two real trees. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { type ChunkRun, chunkRoot } from "../../src/model/chunk-list.ts";
import { WHOLE_ROOT } from "../../src/model/classification.ts";
import type { ContentRange } from "../../src/model/content-ranges.ts";
import { cutFragments, encodeFragments } from "../../src/model/fragments.ts";
import { ACTIONS } from "../../src/model/plan.ts";
import { encodeStated } from "../../src/model/statement.ts";
import { SUITE } from "../../src/model/suite.ts";
import type { Tree } from "../../src/ports/tree.ts";
import { createHasher } from "../../src/tree/hasher.ts";
import { packChunkList } from "../../src/tree/pack-chunk-list.ts";
import { importCompiled } from "../fixtures/compiled-source.ts";
import { MemoryHashCache } from "../fixtures/memory-hash-cache.ts";
import { plainEntry } from "../fixtures/plain-entry.ts";
import { MemoryJournal, type SyncOptions, type SyncResult, syncTrees } from "../fixtures/sync-trees.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

const { openTree } = await importCompiled<typeof import("../../src/tree/open-tree.ts")>("src/tree/open-tree.ts");

const MIB = 1 << 20;

/** Bytes in which nothing repeats. */
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
  sync(options?: SyncOptions): Promise<SyncResult>;
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

function write(path: string, content: Buffer): void {
  fs.mkdirSync(join(path, ".."), { recursive: true });
  fs.writeFileSync(path, content);
}

/** Brings both in step and says how much had to be fetched. */
async function fetched(t: ExecutionContext, world: World, options: SyncOptions = {}): Promise<number> {
  const { problems, bytesFetched } = await world.sync(options);
  t.deepEqual(problems, []);
  for (const name of fs.readdirSync(world.a, { recursive: true }) as string[]) {
    if (!fs.statSync(join(world.a, name)).isFile()) continue;
    t.true(fs.readFileSync(join(world.a, name)).equals(fs.readFileSync(join(world.b, name))), name);
  }
  t.false(fs.existsSync(join(world.b, ".lockstep")));
  return bytesFetched;
}

const BIG = noise(12 * MIB, "big");

for (const [what, edit, most] of [
  ["bytes put in", (old: Buffer) => Buffer.concat([old.subarray(0, 5e6), noise(100, "in"), old.subarray(5e6)]), 64],
  ["bytes taken out", (old: Buffer) => Buffer.concat([old.subarray(0, 5e6), old.subarray(5e6 + 100)]), 64],
  ["bytes changed in place", (old: Buffer) => Buffer.from(old).fill("x", 7e6, 7e6 + 10), 64],
  ["bytes appended", (old: Buffer) => Buffer.concat([old, noise(50_000, "end")]), 50 + 64],
  ["the end cut off", (old: Buffer) => old.subarray(0, 9e6), 64],
  ["the start cut off", (old: Buffer) => old.subarray(1e6), 64],
  ["its halves swapped", (old: Buffer) => Buffer.concat([old.subarray(6e6), old.subarray(0, 6e6)]), 64],
  ["itself twice", (old: Buffer) => Buffer.concat([old, old]), 64],
] as const) {
  test.serial(`of a large file with ${what} only what is new is fetched`, async (t) => {
    const world = createWorld(t);
    write(join(world.a, "file"), edit(BIG));
    write(join(world.b, "file"), BIG);
    const bytes = await fetched(t, world);
    t.true(bytes <= most * 1024, `${bytes} bytes`);
  });
}

for (const [what, content, most] of [
  ["one byte over and over", Buffer.alloc(21 * MIB + 5, 0xff), 3 * 1024 + 1],
  ["a part over and over", Buffer.concat(Array.from({ length: 6 }, () => noise(3 * MIB, "part"))), 6 * 1024],
  [
    "a part between others",
    Buffer.concat(["a", "part", "b", "part", "c", "part"].map((seed) => noise(3 * MIB, seed))),
    15 * 1024,
  ],
] as const) {
  test.serial(`of a new file that is ${what} nothing is fetched twice`, async (t) => {
    const world = createWorld(t);
    write(join(world.a, "file"), content);
    const bytes = await fetched(t, world);
    t.true(bytes <= most * 1024, `${bytes} bytes`);
  });
}

test.serial("of a file of one chunk that changes somewhere only the fragments around it are fetched", async (t) => {
  const world = createWorld(t);
  const old = noise(600_000, "one chunk");
  write(join(world.b, "file"), old);
  write(join(world.a, "file"), Buffer.concat([old.subarray(0, 300_000), Buffer.from("new"), old.subarray(300_000)]));
  const bytes = await fetched(t, world);
  t.true(bytes <= 64 * 1024, `${bytes} bytes`);
});

test.serial("zeros overwrite what wrong fragments left", async (t) => {
  const world = createWorld(t);
  const old = noise(600_000, "one chunk");
  write(join(world.b, "file"), old);
  write(join(world.a, "file"), Buffer.from(old).fill(0, 100_000, 400_000));
  // As of a file that was the old one again when they were asked for, or marks that met by chance.
  const fragments = encodeFragments(cutFragments(createHasher().hash, SUITE.fragment, old));
  t.is(await fetched(t, world, { tamperFragments: () => fragments }), old.length);
});

test.serial("a file that became another one altogether is fetched whole, once", async (t) => {
  const world = createWorld(t);
  write(join(world.b, "file"), BIG);
  write(join(world.a, "file"), noise(12 * MIB, "another"));
  t.is(await fetched(t, world), 12 * MIB);
});

test.serial("moved and copied files are taken from where they are", async (t) => {
  const world = createWorld(t);
  for (const [i, size] of [10, 5_000, 300_000, 3 * MIB].entries()) {
    const content = noise(size, `moved ${i}`);
    write(join(world.b, "old", `file ${i}`), content);
    write(join(world.a, "new", `file ${i}`), content);
    write(join(world.a, "copy", `other name ${i}`), content);
  }
  t.is(await fetched(t, world), 0);
});

test.serial("a large file that was moved and edited is taken from where it was", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "before"), BIG);
  t.is(await fetched(t, world), BIG.length);
  // Under another name in another directory: found by its chunks, which this host remembers.
  fs.rmSync(join(world.a, "before"));
  write(join(world.a, "deep", "after"), Buffer.concat([BIG.subarray(0, 4e6), Buffer.from("!"), BIG.subarray(4e6)]));
  const bytes = await fetched(t, world);
  t.true(bytes < 3 * SUITE.chunk.normalBytes, `${bytes} bytes`);
});

test.serial("a file with the size, time and name of another but other content is not taken for it", async (t) => {
  const world = createWorld(t);
  for (const [root, seed] of [
    [world.a, "right"],
    [world.b, "wrong"],
  ] as const) {
    const path = join(root, root === world.a ? "new" : "old", "same name");
    write(path, noise(100_000, seed));
    fs.utimesSync(path, 1_600_000_000, 1_600_000_000);
  }
  t.is(await fetched(t, world), 100_000);
});

test.serial("zeros are neither fetched nor written", async (t) => {
  const world = createWorld(t);
  write(join(world.a, "sparse"), Buffer.from("start"));
  const fd = fs.openSync(join(world.a, "sparse"), "r+");
  fs.writeSync(fd, noise(MIB, "data"), 0, MIB, 100 * MIB);
  fs.ftruncateSync(fd, 300 * MIB);
  fs.closeSync(fd);
  const { problems, bytesFetched } = await world.sync();
  t.deepEqual(problems, []);
  t.true(bytesFetched <= 6 * MIB, `${bytesFetched} bytes`);
  const { size, blocks } = fs.statSync(join(world.b, "sparse"));
  t.is(size, 300 * MIB);
  t.true(blocks * 512 < 6 * MIB, `${blocks * 512} bytes on disk`);
});

test.serial("what has come of a large file before the round broke is not fetched again", async (t) => {
  const world = createWorld(t);
  const content = noise(40 * MIB, "interrupted");
  write(join(world.a, "file"), content);
  let frames = 0;
  await t.throwsAsync(
    world.sync({
      tamper(frame) {
        if (++frames === 100) throw new Error("the network is gone");
        return frame;
      },
    }),
    { message: "the network is gone" },
  );
  const bytes = await fetched(t, world);
  t.true(bytes < content.length - 99 * 250_000 + 2 * SUITE.chunk.maxBytes, `${bytes} bytes`);
});

// Seen: what a kill had left of an edited file was followed wrongly through the old version, and the rest came whole.
test.serial("an edited file of which a part has come is not fetched whole for that", async (t) => {
  const old = noise(24 * MIB, "edited");
  const edited = Buffer.from(old);
  for (let i = 0; i < 15; i++) edited.fill(`edit ${i}`, i * 1_600_000 + 1000, i * 1_600_000 + 1030);
  const begin = (): World => {
    const world = createWorld(t);
    write(join(world.b, "file"), old);
    write(join(world.a, "file"), edited);
    return world;
  };
  const whole = await fetched(t, begin());
  for (const last of [1, 4, 9]) {
    const world = begin();
    let frames = 0;
    const tamper = (frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
      if (++frames === last) throw new Error("the network is gone");
      return frame;
    };
    await t.throwsAsync(world.sync({ tamper }), { message: "the network is gone" });
    const bytes = await fetched(t, world);
    t.true(bytes < whole + SUITE.chunk.maxBytes, `${bytes} bytes after ${last} frames, ${whole} without a break`);
  }
});

test.serial("parts that repeat are all there after a round that broke, wherever it did", async (t) => {
  const part = (seed: string): Buffer => noise(3 * MIB, seed);
  const content = Buffer.concat(["part", "a", "part", "part", "b", "part"].map(part));
  for (const last of [1, 15, 30, 45]) {
    const world = createWorld(t);
    write(join(world.a, "file"), content);
    let frames = 0;
    const tamper = (frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
      if (++frames === last) throw new Error("the network is gone");
      return frame;
    };
    await world.sync({ tamper }).catch(() => undefined);
    await fetched(t, world);
  }
});

test.serial("leftovers that were tampered with are not trusted", async (t) => {
  const world = createWorld(t);
  const content = noise(10 * MIB, "tampered");
  write(join(world.a, "file"), content);
  let frames = 0;
  await t.throwsAsync(
    world.sync({
      tamper(frame) {
        if (++frames === 30) throw new Error("the network is gone");
        return frame;
      },
    }),
  );
  const [left] = fs.readdirSync(join(world.b, ".lockstep"));
  const fd = fs.openSync(join(world.b, ".lockstep", left), "r+");
  fs.writeSync(fd, "not what was signed", 1_000_000);
  fs.ftruncateSync(fd, 11 * MIB);
  fs.closeSync(fd);
  t.true((await fetched(t, world)) < content.length);
});

// Seen: after a kill between switch and tidying, what programs had open was written over with the new version.
test.serial("what lies under a leftover's name and is open somewhere is not written to, and yet of use", async (t) => {
  const world = createWorld(t);
  const content = noise(10 * MIB, "opened");
  write(join(world.a, "file"), content);
  const beforeCommit = (): void => {
    throw new Error("the host stops");
  };
  await t.throwsAsync(world.sync({ beforeCommit }), { message: "the host stops" });
  const [left] = fs.readdirSync(join(world.b, ".lockstep"));
  const place = join(world.b, ".lockstep", left);
  const old = Buffer.concat([content.subarray(0, 6 * MIB), noise(MIB, "old")]);
  fs.writeFileSync(place, old);
  const fd = fs.openSync(place, "r");
  t.teardown(() => fs.closeSync(fd));
  const bytes = await fetched(t, world);
  t.true(bytes < 5.5 * MIB, `${bytes} bytes`);
  t.is(fs.fstatSync(fd).size, old.length);
  const now = Buffer.alloc(old.length);
  fs.readSync(fd, now, 0, now.length, 0);
  t.true(now.equals(old), "what was open has changed");
  t.deepEqual(fs.readFileSync(join(world.b, "file")), content);
});

test.serial("a leftover that had its attributes already gets those that are stated now", async (t) => {
  const world = createWorld(t);
  const source = join(world.a, "file");
  write(source, noise(3 * MIB, "attributes"));
  fs.chmodSync(source, 0o444);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) fs.chownSync(source, 1234, 1234);
  const beforeCommit = (): void => {
    throw new Error("the host stops");
  };
  await t.throwsAsync(world.sync({ beforeCommit }), { message: "the host stops" });
  if (isRoot) fs.chownSync(source, 0, 0);
  t.is(await fetched(t, world), 0);
  const { mode, uid, gid } = fs.statSync(join(world.b, "file"));
  const stated = fs.statSync(source);
  t.deepEqual({ mode, uid, gid }, { mode: stated.mode, uid: stated.uid, gid: stated.gid });
});

test.serial("what was to be reused and cannot be read is fetched", async (t) => {
  const world = createWorld(t);
  for (const root of [world.a, world.b]) {
    write(join(root, "like", "large"), noise(3 * MIB, "old"));
    write(join(root, "same", "small"), noise(50_000, "small"));
  }
  write(join(world.a, "new", "large"), noise(3 * MIB, "new"));
  write(join(world.a, "new", "small"), noise(50_000, "small"));
  const { problems, bytesFetched } = await world.sync({
    afterPlan() {
      for (const path of ["like/large", "same/small"]) {
        fs.rmSync(join(world.b, path));
        fs.mkdirSync(join(world.b, path));
      }
    },
  });
  t.deepEqual(
    problems.filter(({ path }) => path.startsWith("new/")),
    [],
  );
  t.is(bytesFetched, 3 * MIB + 50_000);
  for (const path of ["new/large", "new/small"])
    t.true(fs.readFileSync(join(world.a, path)).equals(fs.readFileSync(join(world.b, path))));
});

/** What is to be fetched of a new file with this chunk list, which nobody has read anywhere. */
async function askedFor(t: ExecutionContext, runs: readonly ChunkRun[]): Promise<readonly ContentRange[]> {
  const { trees } = createWorld(t);
  const { hash } = createHasher();
  const round = trees[1].begin();
  t.teardown(() => round.close(true));
  await round.scan({ classification: WHOLE_ROOT, now: 0, fresh: false, isSource: false });
  await round.prepare({ delete: false, deletions: 0, durability: "none", hold: "none" });
  const { index, batches } = packChunkList(hash, SUITE, runs);
  const entry = plainEntry({ path: "file", size: runs.reduce((sum, { count, length }) => sum + count * length, 0) });
  const stated = encodeStated([{ entry, checksum: hash(noise(10, "any")), chunkRoot: chunkRoot(hash, SUITE, index) }]);
  await round.stage({ block: 0, stated, actions: Uint8Array.of(ACTIONS.create) });
  t.deepEqual([...(await round.chunkIndex(0, 0, index)).wanted], [1]);
  return (await round.chunkBatch(0, 0, 0, batches[0])).fetch;
}

const ONES = createHasher().hash(Buffer.alloc(1, 1));

test.serial("a chunk list of chunks that nobody cuts is refused", async (t) => {
  const runs = [{ count: 3 * MIB, length: 1, digest: ONES }];
  await t.throwsAsync(askedFor(t, runs), { code: "LOCKSTEP_MALFORMED" });
});

test.serial("a chunk list of terabytes that are all the same asks for one chunk", async (t) => {
  const length = SUITE.chunk.maxBytes;
  t.deepEqual(await askedFor(t, [{ count: 2 ** 22, length, digest: ONES }]), [{ index: 0, offset: 0, length }]);
});

test.serial("chunks of one digest and two lengths, as a liar lists them, are asked for each", async (t) => {
  const [length, other] = [SUITE.chunk.maxBytes, SUITE.chunk.normalBytes];
  const runs = [length, other].map((length) => ({ count: 1, length, digest: ONES }));
  t.deepEqual(await askedFor(t, runs), [
    { index: 0, offset: 0, length },
    { index: 0, offset: length, length: other },
  ]);
});

for (const compress of [true, false]) {
  test.serial(`content arrives the same, ${compress ? "compressed" : "plain"}`, async (t) => {
    const world = createWorld(t);
    for (let i = 0; i < 300; i++) write(join(world.a, `small ${i}`), Buffer.from(`some text ${i} `.repeat(i)));
    write(join(world.a, "text"), Buffer.from("the same again and again ".repeat(200_000)));
    write(join(world.a, "noise"), noise(3 * MIB, "compressed"));
    let bytes = 0;
    await fetched(t, world, {
      compress,
      tamper(frame) {
        bytes += frame.length;
        return frame;
      },
    });
    const most = compress ? 3.2 * MIB : 9 * MIB;
    t.true(bytes < most && (compress || bytes > 8 * MIB), `${bytes} bytes on the way`);
  });
}
