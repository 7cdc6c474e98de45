/** Files that change while they are read, each at a moment that leaves nothing to chance. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import koffi from "koffi";
import { SUITE } from "../../src/model/suite.ts";
import { createHasher } from "../../src/tree/hasher.ts";
import { createLinuxCalls } from "../../src/tree/linux-calls.ts";
import { createPortableCalls } from "../../src/tree/portable-calls.ts";
import { type StableContent, StableReader } from "../../src/tree/read-stable.ts";
import type { SystemCalls } from "../../src/tree/system-calls.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

const hasher = createHasher();
const PAGE_BYTES = 4096;

/** Reads the file "f" as the product does; `afterRead` comes after each read of a piece. */
function readStable(t: ExecutionContext, directory: string, afterRead: () => void): () => StableContent {
  const real = createLinuxCalls();
  const read: typeof real.read = (...args) => {
    const count = real.read(...args);
    afterRead();
    return count;
  };
  const root = real.openRoot(directory);
  t.teardown(() => real.closeDirectory(root));
  return () => new StableReader({ ...real, read }, hasher, SUITE).read(root, "f");
}

/** A file that nobody has open, and which is therefore read under a lease. */
function quietFile(t: ExecutionContext): { directory: string; path: string } {
  const directory = tempDirectory(t);
  const path = join(directory, "f");
  fs.writeFileSync(path, "content");
  return { directory, path };
}

const CHANGES = { code: "LOCKSTEP_SOURCE_CHANGED" };

test("a file at rest is read under a lease, at once", (t) => {
  const { directory } = quietFile(t);
  let reads = 0;
  const read = readStable(t, directory, () => reads++);
  t.deepEqual(Buffer.from(read().checksum), Buffer.from(hasher.hash(Buffer.from("content"))));
  t.is(reads, 1);
});

test("a read during which somebody asked to write does not count", (t) => {
  const { directory, path } = quietFile(t);
  const read = readStable(t, directory, () => {
    // The lease holds the writer up, which shows that there is one, and ends by it.
    t.throws(() => fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK), { code: "EAGAIN" });
  });
  t.throws(read, CHANGES);
});

test("a read during which the file's state moves does not count", (t) => {
  const { directory, path } = quietFile(t);
  let time = 1_600_000_000;
  const restless = readStable(t, directory, () => {
    time++;
    // No lease forbids this.
    fs.utimesSync(path, time, time);
  });
  t.throws(restless, CHANGES);
  let reads = 0;
  const once = readStable(t, directory, () => {
    if (reads++ === 0) fs.utimesSync(path, 1_500_000_000, 1_500_000_000);
  });
  t.is(once().stat.mtimeSec, 1_500_000_000);
  t.is(reads, 2);
});

test("without a lease a file is read when it has come to rest", (t) => {
  const { directory, path } = quietFile(t);
  // Whoever may write keeps the lease away.
  const fd = fs.openSync(path, "r+");
  t.teardown(() => fs.closeSync(fd));
  fs.writeSync(fd, "CONTENT");
  const content = readStable(t, directory, () => undefined)();
  const age = Date.now() - fs.statSync(path).ctimeMs;
  t.true(age >= 2000, `${age} ms after its last change`);
  t.deepEqual(Buffer.from(content.checksum), Buffer.from(hasher.hash(Buffer.from("CONTENT"))));
});

/** Maps a file of one page for writing; what is returned fills the page, which opens nothing and asks nobody. */
function mapForWriting(t: ExecutionContext, path: string): (byte: number) => void {
  const libc = koffi.load(null);
  const mmap = libc.func("mmap", "void *", ["void *", "size_t", "int", "int", "int", "int64"]);
  const munmap = libc.func("munmap", "int", ["void *", "size_t"]);
  const memset = libc.func("memset", "void *", ["void *", "int", "size_t"]);
  const fd = fs.openSync(path, "r+");
  const [PROT_READ_WRITE, MAP_SHARED] = [3, 1];
  const mapped: unknown = mmap(null, PAGE_BYTES, PROT_READ_WRITE, MAP_SHARED, fd, 0);
  fs.closeSync(fd);
  t.teardown(() => munmap(mapped, PAGE_BYTES));
  return (byte) => memset(mapped, byte, PAGE_BYTES);
}

/** Changes a file of this file system through a mapping, before and after it is read; whether its times moved then. */
function storeAround(t: ExecutionContext, directory: string): { settled: boolean; moved: boolean } {
  const path = join(directory, "f");
  fs.writeFileSync(path, Buffer.alloc(PAGE_BYTES, 1));
  const store = mapForWriting(t, path);
  store(2);
  const { settled } = readStable(t, directory, () => undefined)();
  const before = fs.statSync(path, { bigint: true }).ctimeNs;
  store(3);
  return { settled, moved: fs.statSync(path, { bigint: true }).ctimeNs !== before };
}

test("a digest is kept of a file that is mapped only where the next store moves its times", (t) => {
  const directory = tempDirectory(t);
  const { settled, moved } = storeAround(t, directory);
  t.true(!settled || moved);
  // Otherwise a file that a database has open would be read twice in each round.
  const type = spawnSync("stat", ["-f", "-c", "%T", directory], { encoding: "utf8" }).stdout.trim();
  if (type === "ext2/ext3" || type === "xfs" || type === "btrfs") t.deepEqual([settled, moved], [true, true], type);
  if (!fs.existsSync("/dev/shm")) return;
  const memory = fs.mkdtempSync("/dev/shm/lockstep-test-");
  t.teardown(() => fs.rmSync(memory, { recursive: true }));
  t.deepEqual(storeAround(t, memory), { settled: false, moved: false });
});

// Seen: a node that is not root kept the digest of a mapped file of somebody else, and said "in step" of another content.
(process.getuid?.() === 0 && process.platform === "linux" ? test : test.skip)(
  "of another user's file nobody can tell who has it mapped, so its digest is kept as of one that is",
  (t) => {
    const memory = fs.mkdtempSync("/dev/shm/lockstep-test-");
    t.teardown(() => fs.rmSync(memory, { recursive: true }));
    fs.chmodSync(memory, 0o755);
    const path = join(memory, "f");
    fs.writeFileSync(path, "content");
    const calls = createLinuxCalls();
    const root = calls.openRoot(memory);
    t.teardown(() => calls.closeDirectory(root));
    // Until it is at rest.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_200);
    const read = (): boolean => new StableReader(calls, hasher, SUITE).read(root, "f").settled;
    t.true(read());
    process.seteuid?.(65_534);
    try {
      t.false(read());
    } finally {
      process.seteuid?.(0);
    }
  },
);

test("where there are no leases a file at rest is read twice, and its digest kept", (t) => {
  const { directory, path } = quietFile(t);
  const real = createPortableCalls();
  let reads = 0;
  const read: SystemCalls["read"] = (...args) => {
    reads++;
    return real.read(...args);
  };
  const root = real.openRoot(directory);
  t.teardown(() => real.closeDirectory(root));
  const { settled, stat } = new StableReader({ ...real, read }, hasher, SUITE).read(root, "f");
  t.true(settled);
  t.is(stat.size, fs.statSync(path).size);
  t.true(reads >= 2);
});

test("without a lease a file whose content changes behind the same times is not read as one", (t) => {
  // A page of this file system that is mapped and was written to can be written to again without a sign.
  const memory = "/dev/shm";
  if (!fs.existsSync(memory)) return t.pass();
  const directory = fs.mkdtempSync(join(memory, "lockstep-test-"));
  t.teardown(() => fs.rmSync(directory, { recursive: true }));
  const path = join(directory, "f");
  fs.writeFileSync(path, Buffer.alloc(PAGE_BYTES, 1));
  const store = mapForWriting(t, path);
  let generation = 2;
  store(generation);
  const times = (): bigint[] => {
    const { ctimeNs, mtimeNs, size } = fs.statSync(path, { bigint: true });
    return [ctimeNs, mtimeNs, size];
  };
  const before = times();
  const read = readStable(t, directory, () => store(++generation));
  t.throws(read, CHANGES);
  t.true(generation > 3);
  t.deepEqual(times(), before, "it did change behind the same times");
});
