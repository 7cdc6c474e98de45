import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { SUITE } from "../../src/model/suite.ts";
import { createHasher } from "../../src/tree/hasher.ts";
import { createLinuxCalls } from "../../src/tree/linux-calls.ts";
import { createPortableCalls } from "../../src/tree/portable-calls.ts";
import { StableReader } from "../../src/tree/read-stable.ts";
import type { SystemCalls } from "../../src/tree/system-calls.ts";

const hasher = createHasher();
const { chunkBytes } = SUITE;

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
    for (const at of [3 * chunkBytes - 2, 5 * chunkBytes + 70_000, 5 * chunkBytes + 900_000]) {
      fs.writeSync(fd, "data", at);
    }
    fs.ftruncateSync(fd, 9 * chunkBytes + 17);
    // At rest for longer than a reader without leases asks for.
    fs.closeSync(fd);
    const { calls, bytes } = counting(create());
    const root = calls.openRoot(directory);
    const content = new StableReader(calls, hasher, SUITE).read(root, "sparse");
    calls.closeDirectory(root);
    const plain = fs.readFileSync(path);
    t.deepEqual(Buffer.from(content.checksum), Buffer.from(hasher.hash(plain)));
    t.is(content.chunks.length, 10);
    for (const [i, digest] of content.chunks.entries()) {
      const chunk = plain.subarray(i * chunkBytes, (i + 1) * chunkBytes);
      t.deepEqual(Buffer.from(digest), Buffer.from(hasher.hash(chunk)), `chunk ${i}`);
    }
    if (name === "linux") t.true(bytes() <= 3 * chunkBytes, `${bytes()} bytes were read`);
  });
}
