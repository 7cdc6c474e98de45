/** A file that was cut before is cut again as if it had not been. */
import * as fs from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { ChunkRun } from "../../src/model/chunk-list.ts";
import { SUITE } from "../../src/model/suite.ts";
import { chooseCalls } from "../../src/tree/choose-calls.ts";
import { createHasher } from "../../src/tree/hasher.ts";
import { KnownCuts, RecentCuts } from "../../src/tree/known-cuts.ts";
import { type StableContent, StableReader } from "../../src/tree/read-stable.ts";
import { seededRandom } from "../fixtures/seeded-random.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

const MIB = 1 << 20;
const hasher = createHasher();
const random = seededRandom(4);
const old = Buffer.from(Uint32Array.from({ length: 3 * MIB }, () => random(2 ** 32)).buffer);
const noise = Buffer.from(Uint32Array.from({ length: MIB }, () => random(2 ** 32)).buffer);

function read(directory: string, content: Buffer, cuts?: KnownCuts): StableContent & { hashed: number } {
  fs.writeFileSync(join(directory, "f"), content);
  const calls = chooseCalls();
  let hashed = 0;
  const counting = {
    ...hasher,
    hash: (bytes: Uint8Array) => {
      hashed += bytes.length;
      return hasher.hash(bytes);
    },
  };
  const root = calls.openRoot(directory);
  const found = new StableReader(calls, counting, SUITE).read(root, "f", { chunks: true, cuts });
  calls.closeDirectory(root);
  return { ...found, hashed };
}

const VERSIONS: readonly (readonly [name: string, content: Buffer])[] = [
  ["as it was", old],
  ["appended", Buffer.concat([old, noise])],
  ["appended by a byte", Buffer.concat([old, Buffer.from("x")])],
  ["shorter", old.subarray(0, 7 * MIB + 13)],
  ["inserted in the middle", Buffer.concat([old.subarray(0, 5 * MIB), Buffer.alloc(100, 1), old.subarray(5 * MIB)])],
  ["inserted in front", Buffer.concat([Buffer.from("x"), old])],
  ["a part taken out", Buffer.concat([old.subarray(0, 2 * MIB), old.subarray(6 * MIB)])],
  ["twice", Buffer.concat([old, old])],
  ["something else", noise],
  ["zeros in between", Buffer.concat([old.subarray(0, 4 * MIB), Buffer.alloc(9 * MIB), old.subarray(4 * MIB)])],
];

for (const [name, content] of VERSIONS) {
  test(`cut as without an earlier version: ${name}`, (t) => {
    const directory = tempDirectory(t);
    const before = read(directory, old);
    const fresh = read(directory, content);
    const guided = read(directory, content, new KnownCuts(before.chunks));
    t.deepEqual(guided.chunks, fresh.chunks);
    t.deepEqual(guided.checksum, fresh.checksum);
    // The other way round too.
    t.deepEqual(read(directory, old, new KnownCuts(fresh.chunks)).chunks, before.chunks);
    // At most one guess is wrong at each place where the two differ.
    t.true(guided.hashed <= fresh.hashed + 3 * SUITE.chunk.maxBytes);
  });
}

test("what has stayed is found by its digest alone, behind what has changed too", (t) => {
  const directory = tempDirectory(t);
  const cuts = new KnownCuts(read(directory, old).chunks);
  let followed = 0;
  const follow = cuts.follow.bind(cuts);
  cuts.follow = () => {
    followed++;
    follow();
  };
  const { chunks } = read(directory, VERSIONS[4][1], cuts);
  t.true(followed >= chunks.length - 3, `${followed} of ${chunks.length}`);
  t.true(chunks.length > 10);
});

test("the latest lists are kept by path, encoded, and the oldest go first", (t) => {
  const recent = new RecentCuts(SUITE);
  const digest = new Uint8Array(32).fill(7);
  recent.add("a", [{ count: 2, length: MIB, digest }]);
  t.deepEqual(recent.of("a")?.next, { length: MIB, digest, isLast: false });
  t.is(recent.of("b"), undefined);
  const long: ChunkRun[] = Array.from({ length: 320_000 }, (_, i) => ({
    count: 1,
    length: MIB,
    digest: new Uint8Array(new Uint32Array(8).fill(i).buffer),
  }));
  for (const path of ["b", "c", "d"]) recent.add(path, long);
  t.is(recent.of("a"), undefined);
  t.truthy(recent.of("d"));
});
