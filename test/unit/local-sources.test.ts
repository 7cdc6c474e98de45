/** Which files of a root are tried for a content, and how many are looked at for that. */
import test from "ava";
import type { Entry } from "../../src/model/entry.ts";
import { SUITE } from "../../src/model/suite.ts";
import { EntryTable } from "../../src/tree/entry-table.ts";
import { LocalSources } from "../../src/tree/local-sources.ts";
import { newFileStat, S_IFREG } from "../../src/tree/system-calls.ts";
import { MemoryHashCache } from "../fixtures/memory-hash-cache.ts";
import { plainEntry } from "../fixtures/plain-entry.ts";

const SIZE = 8;
const MOVED_SEC = 1_500_000_000;

interface ListedFile {
  readonly path: string;
  readonly size?: number;
  readonly mtimeSec?: number;
  readonly digest?: Uint8Array | undefined;
}

/** A list that counts how often it is asked for something of one file. */
function createSources(files: readonly ListedFile[]): { sources: LocalSources; looks: () => number } {
  let looks = 0;
  const table = new EntryTable();
  for (const { path, size = SIZE, mtimeSec = 1 } of files) {
    table.add(path, { ...newFileStat(), mode: S_IFREG | 0o644, size, mtimeSec, links: 1 }, "", []);
  }
  const paths = new Proxy(table.paths, {
    get(target, key, receiver) {
      if (typeof key === "string" && /^\d/.test(key)) looks++;
      return Reflect.get(target, key, receiver);
    },
  });
  Object.defineProperty(table, "paths", { value: paths });
  const knownDigest = (ordinal: number): Uint8Array | undefined => {
    looks++;
    return files[ordinal].digest;
  };
  const list = { table, listed: files.length, knownDigest };
  return { sources: new LocalSources(list, new MemoryHashCache(), SUITE), looks: () => looks };
}

function digestOf(i: number): Uint8Array {
  const digest = new Uint8Array(32);
  new DataView(digest.buffer).setUint32(0, i);
  return digest;
}

function wanted(path: string, fields: Partial<Entry> = {}): Entry {
  return plainEntry({ path, size: SIZE, mtimeSec: MOVED_SEC, mtimeNsec: 0, ...fields });
}

function firstLike(sources: LocalSources, entry: Entry, checksum: Uint8Array): number | undefined {
  for (const ordinal of sources.filesLike(entry, checksum)) return ordinal;
  return undefined;
}

const COUNT = 600;
const names = (prefix: string): string[] =>
  Array.from({ length: COUNT }, (_, i) => `${prefix}/file ${String(i).padStart(4, "0")}`);

for (const [what, digest] of [
  ["known", digestOf],
  ["unknown", () => undefined],
] as const) {
  test(`files of one size and of ${what} content are not looked at anew for each of that size`, (t) => {
    const { sources, looks } = createSources(names("old").map((path, i) => ({ path, digest: digest(i) })));
    for (const [i, path] of names("new").entries()) {
      for (const ordinal of sources.filesLike(wanted(path.replace("file", "other")), digestOf(COUNT + i))) {
        sources.learn(ordinal, digestOf(ordinal));
      }
    }
    t.true(looks() <= 4 * COUNT, `looked ${looks()} times at ${COUNT} files`);
  });
}

test("each file of a renamed directory is found, with few looked at", (t) => {
  const { sources, looks } = createSources(names("old").map((path, i) => ({ path, digest: digestOf(i) })));
  for (const [i, path] of names("new").entries()) {
    const ordinal = firstLike(sources, wanted(path), digestOf(i));
    t.is(ordinal, i);
    sources.learn(i, digestOf(i));
  }
  t.true(looks() <= 4 * COUNT, `looked ${looks()} times at ${COUNT} files`);
});

test("what a new large file may resemble is found by its name, with few looked at", (t) => {
  const large = SUITE.singleBytes + 1;
  const { sources, looks } = createSources(names("old").map((path) => ({ path, size: large })));
  for (const path of names("new")) t.is(sources.resembling(path), path.replace("new", "old"));
  t.is(sources.resembling("new/none of them"), undefined);
  // To find each path in order takes some ten of them.
  t.true(looks() <= 20 * COUNT, `looked ${looks()} times at ${COUNT} files`);
});

test("a file that turned out to hold something else is offered for that only", (t) => {
  const [one, two] = [digestOf(1), digestOf(2)];
  const { sources } = createSources([
    { path: "a", digest: one },
    { path: "b", digest: one },
  ]);
  t.is(firstLike(sources, wanted("new 1"), one), 0);
  sources.learn(0, two);
  t.is(firstLike(sources, wanted("new 2"), one), 1);
  sources.learn(1, one);
  t.is(firstLike(sources, wanted("new 3"), one), 1);
  t.is(firstLike(sources, wanted("new 4"), two), 0);
});

test("a file that cannot be read is not tried again", (t) => {
  const { sources } = createSources([{ path: "a", digest: digestOf(1) }, { path: "b" }]);
  t.deepEqual([...sources.filesLike(wanted("new 1"), digestOf(1))], [0, 1]);
  t.deepEqual([...sources.filesLike(wanted("new 1"), digestOf(1))], []);
});

test("of unknown content the likeliest is tried first: by its time, by its name, and others if they are few", (t) => {
  const few = [
    { path: "a" },
    { path: "deep/name" },
    { path: "c", mtimeSec: MOVED_SEC },
    { path: "other size", size: 9 },
  ];
  t.deepEqual([...createSources(few).sources.filesLike(wanted("name"), digestOf(1))], [2, 1, 0]);
  const many = ["1", "2", "3", "4"].map((path) => ({ path }));
  t.deepEqual([...createSources([...few, ...many]).sources.filesLike(wanted("name"), digestOf(1))], [2, 1]);
});

test("what was not tried for one is tried for the next", (t) => {
  const { sources } = createSources([{ path: "a" }, { path: "b" }, { path: "c" }]);
  for (const i of [0, 1, 2]) {
    t.is(firstLike(sources, wanted(`new ${i}`), digestOf(i)), i);
    sources.learn(i, digestOf(i));
  }
});

test("a path is not tried for itself", (t) => {
  for (const digest of [digestOf(1), undefined]) {
    const { sources } = createSources([{ path: "a", mtimeSec: MOVED_SEC, digest }]);
    t.deepEqual([...sources.filesLike(wanted("a"), digestOf(1))], []);
  }
});
