import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { cutPoint } from "../../src/model/cut.ts";
import { SUITE } from "../../src/model/suite.ts";
import { createHasher } from "../../src/tree/hasher.ts";
import { createLinuxCalls } from "../../src/tree/linux-calls.ts";
import { createPortableCalls } from "../../src/tree/portable-calls.ts";
import { StableReader } from "../../src/tree/read-stable.ts";
import type { SystemCalls } from "../../src/tree/system-calls.ts";

const hasher = createHasher();
const { maxBytes } = SUITE.chunk;

/** Counts the bytes that are really read. */
function counting(calls: SystemCalls): { calls: SystemCalls; bytes: () => number } {
  let bytes = 0;
  const read: SystemCalls["read"] = (...args) => {
    const count = calls.read(...args);
    bytes += count;
    return count;
  };
  return { calls: { ...calls, read }, bytes: () => bytes };
}

for (const [name, create] of [
  ["linux", createLinuxCalls],
  ["portable", createPortableCalls],
] as const) {
  test(`${name}: the digests of a file with holes are those of its plain content`, (t) => {
    const directory = fs.mkdtempSync(join(tmpdir(), "lockstep-sparse-"));
    t.teardown(() => fs.rmSync(directory, { recursive: true }));
    const path = join(directory, "sparse");
    const fd = fs.openSync(path, "w");
    // A hole first, data across a chunk's end, a hole within a chunk, a hole to the end.
    for (const at of [3 * maxBytes - 2, 5 * maxBytes + 70_000, 5 * maxBytes + 900_000]) {
      fs.writeSync(fd, "data", at);
    }
    fs.ftruncateSync(fd, 40 * maxBytes + 17);
    // At rest for longer than a reader without leases asks for.
    fs.closeSync(fd);
    const { calls, bytes } = counting(create());
    const root = calls.openRoot(directory);
    const reader = new StableReader(calls, hasher, SUITE);
    const content = reader.read(root, "sparse", { chunks: true });
    const readForChunks = bytes();
    const again = reader.read(root, "sparse");
    calls.closeDirectory(root);
    const plain = fs.readFileSync(path);
    t.deepEqual(Buffer.from(content.checksum), Buffer.from(hasher.hash(plain)));
    t.deepEqual(Buffer.from(again.checksum), Buffer.from(content.checksum));
    // The chunks are those of the plain content, cut without a look at the holes.
    let at = 0;
    for (const { count, length, digest } of content.chunks) {
      for (let i = 0; i < count; i++) {
        t.is(cutPoint(plain, at, plain.length, SUITE.chunk), at + length);
        t.deepEqual(Buffer.from(digest), Buffer.from(hasher.hash(plain.subarray(at, at + length))));
        at += length;
      }
    }
    t.is(at, plain.length);
    // Zeros to the end are one run.
    t.true(content.chunks.length < 12, `${content.chunks.length} runs`);
    if (name === "linux") {
      t.true(readForChunks <= 5 * maxBytes, `${readForChunks} bytes were read for the chunks`);
      t.true(bytes() - readForChunks <= 3 * maxBytes, `${bytes() - readForChunks} bytes were read for the checksum`);
    }
  });
}
