import test from "ava";
import fc from "fast-check";
import {
  BatchEncoder,
  decodeBatch,
  decodeBatchPaths,
  encodeBatch,
  MAX_BATCH_ENTRIES,
  splitColumns,
} from "../../src/model/batch.ts";
import { ByteWriter } from "../../src/model/canonical-bytes.ts";
import { COLUMNS, ENTRY_TYPES, type Entry, FILE, SYMLINK } from "../../src/model/entry.ts";
import {
  ALL_CHANGES,
  assertSurvivesNoise,
  BIT_CHANGES,
  type Codec,
  checkDecodes,
  damaged,
} from "../fixtures/decoder-checks.ts";
import { entriesArbitrary } from "../fixtures/entry-arbitrary.ts";
import { plainEntry } from "../fixtures/plain-entry.ts";

const CODEC: Codec<Entry[]> = {
  decode: (bytes) => decodeBatch(bytes),
  encode: encodeBatch,
  codes: ["LOCKSTEP_MALFORMED", "LOCKSTEP_BAD_PATH"],
};

const RICH: Entry[] = [
  plainEntry({ path: "", type: ENTRY_TYPES.directory, mode: 0o755, mtimeSec: -1, mtimeNsec: 999_999_999 }),
  plainEntry({ path: "a", size: Number.MAX_SAFE_INTEGER, mtimeSec: -(2 ** 52), uid: 0xffffffff }),
  plainEntry({ path: "a-", leader: "a", size: Number.MAX_SAFE_INTEGER, mtimeSec: 2 ** 52 - 1 }),
  plainEntry({ path: "b\n\xff", type: SYMLINK, target: "../../x\xfe", mode: 0 }),
  plainEntry({
    path: "b\n\xff.",
    xattrs: [
      { name: "user.a", value: new Uint8Array(0) },
      { name: "user.b", value: Uint8Array.of(0, 255) },
    ],
  }),
  plainEntry({ path: "dev", type: ENTRY_TYPES.characterDevice, rdevMajor: 4095, rdevMinor: 0xffffffff }),
  plainEntry({ path: "devb", type: ENTRY_TYPES.blockDevice, rdevMajor: 0xffffffff, rdevMinor: 1 }),
  plainEntry({ path: "fifo", type: ENTRY_TYPES.fifo, mode: 0o7777 }),
  plainEntry({ path: "socket", type: ENTRY_TYPES.socket, mtimeSec: 2 ** 32 }),
];

test("entries of every shape make the round trip", (t) => {
  t.deepEqual(decodeBatch(encodeBatch(RICH)), RICH);
  fc.assert(
    fc.property(entriesArbitrary(), (entries) => {
      t.deepEqual(decodeBatch(encodeBatch(entries)), entries);
    }),
    { numRuns: 300 },
  );
});

test("an empty batch makes the round trip", (t) => {
  t.deepEqual(decodeBatch(encodeBatch([])), []);
});

test("a cut-off batch is refused with a code, wherever it is cut", (t) => {
  fc.assert(
    fc.property(entriesArbitrary(8), (entries) => {
      const bytes = encodeBatch(entries);
      for (let length = 0; length < bytes.length; length++) {
        t.throws(() => decodeBatch(bytes.slice(0, length)), { code: "LOCKSTEP_MALFORMED" });
      }
    }),
    { numRuns: 50 },
  );
});

test("a batch has one encoding: any one byte changed is refused, or decodes to what encodes so", (t) => {
  for (const bytes of damaged(encodeBatch(RICH), ALL_CHANGES)) checkDecodes(CODEC, bytes);
  fc.assert(
    fc.property(entriesArbitrary(8), (entries) => {
      for (const bytes of damaged(encodeBatch(entries), BIT_CHANGES)) checkDecodes(CODEC, bytes);
    }),
    { numRuns: 200, seed: 1 },
  );
  t.pass();
});

test("random bytes are refused with a code", (t) => {
  assertSurvivesNoise(t, CODEC);
});

interface Columns {
  structure?: (writer: ByteWriter) => void;
  mode?: (writer: ByteWriter) => void;
  owner?: (writer: ByteWriter) => void;
  mtime?: (writer: ByteWriter) => void;
  xattrs?: (writer: ByteWriter) => void;
}

/** A batch of one empty file "a", with columns written by hand. */
function forged(count: number, columns: Columns, version = 1): Uint8Array {
  const plain: Required<Columns> = {
    structure: (writer) => {
      writer.integer(0);
      writer.text("a");
      writer.byte(FILE * 2);
      writer.integer(0);
    },
    mode: (writer) => writer.integer(0o644),
    owner: (writer) => {
      writer.integer(0);
      writer.integer(0);
    },
    mtime: (writer) => {
      writer.signed(0);
      writer.integer(0);
    },
    xattrs: (writer) => writer.integer(0),
  };
  const out = new ByteWriter();
  out.byte(version);
  out.integer(count);
  for (const name of COLUMNS) {
    const column = new ByteWriter();
    (columns[name] ?? plain[name])(column);
    out.bytes(column.view());
  }
  return out.take();
}

test("the hand-written batch is valid before anything is wrong with it", (t) => {
  t.deepEqual(decodeBatch(forged(1, {})), [
    plainEntry({ path: "a", mode: 0o644, mtimeSec: 0, mtimeNsec: 0, uid: 0, gid: 0 }),
  ]);
});

function structure(
  path: string,
  type: number,
  rest: (writer: ByteWriter) => void = () => undefined,
  shared = 0,
): Columns {
  return {
    structure: (writer) => {
      writer.integer(shared);
      writer.text(path);
      writer.byte(type);
      rest(writer);
    },
  };
}

const twoFiles = (first: string, second: string): Columns => ({
  structure: (writer) => {
    for (const path of [first, second]) {
      writer.integer(0);
      writer.text(path);
      writer.byte(FILE * 2);
      writer.integer(0);
    }
  },
  mode: (writer) => writer.raw(Uint8Array.of(0, 0)),
  owner: (writer) => writer.raw(Uint8Array.of(0, 0, 0, 0)),
  mtime: (writer) => writer.raw(Uint8Array.of(0, 0, 0, 0)),
  xattrs: (writer) => writer.raw(Uint8Array.of(0, 0)),
});

const xattrs = (...names: string[]): Columns => ({
  xattrs: (writer) => {
    writer.integer(names.length);
    for (const name of names) {
      writer.text(name);
      writer.text("v");
    }
  },
});

const REFUSED: [what: string, bytes: Uint8Array, code: string][] = [
  ["another version", forged(1, {}, 2), "LOCKSTEP_MALFORMED"],
  ["fewer entries than counted", forged(2, {}), "LOCKSTEP_MALFORMED"],
  ["more entries than counted", forged(0, {}), "LOCKSTEP_MALFORMED"],
  ["bytes after the last column", Uint8Array.from([...forged(1, {}), 0]), "LOCKSTEP_MALFORMED"],
  ["type 0", forged(1, structure("a", 0)), "LOCKSTEP_MALFORMED"],
  ["type 8", forged(1, structure("a", 16)), "LOCKSTEP_MALFORMED"],
  [
    "a path that leaves the root",
    forged(
      1,
      structure("../a", FILE * 2, (w) => w.integer(0)),
    ),
    "LOCKSTEP_BAD_PATH",
  ],
  [
    "an absolute path",
    forged(
      1,
      structure("/a", FILE * 2, (w) => w.integer(0)),
    ),
    "LOCKSTEP_BAD_PATH",
  ],
  [
    "a path that climbs, with all but its last byte shared",
    encodeBatch([plainEntry({ path: "a/.-" }), plainEntry({ path: "a/.." })]),
    "LOCKSTEP_BAD_PATH",
  ],
  [
    "a later path with an empty component",
    encodeBatch([plainEntry({ path: "a" }), plainEntry({ path: "a//b" })]),
    "LOCKSTEP_BAD_PATH",
  ],
  [
    "the staging directory",
    forged(
      1,
      structure(".lockstep/a", FILE * 2, (w) => w.integer(0)),
    ),
    "LOCKSTEP_BAD_PATH",
  ],
  [
    "a shared prefix of nothing",
    forged(
      1,
      structure("a", FILE * 2, (w) => w.integer(0), 1),
    ),
    "LOCKSTEP_MALFORMED",
  ],
  ["the same path twice", forged(2, twoFiles("a", "a")), "LOCKSTEP_MALFORMED"],
  ["paths not in order", forged(2, twoFiles("b", "a")), "LOCKSTEP_MALFORMED"],
  ["paths in the order of bytes", forged(2, twoFiles("a-b", "a/b")), "LOCKSTEP_MALFORMED"],
  [
    "a leader after its member",
    forged(
      1,
      structure("a", FILE * 2 + 1, (w) => {
        w.text("b");
        w.integer(0);
      }),
    ),
    "LOCKSTEP_MALFORMED",
  ],
  [
    "a path that leads itself",
    forged(
      1,
      structure("a", FILE * 2 + 1, (w) => {
        w.text("a");
        w.integer(0);
      }),
    ),
    "LOCKSTEP_MALFORMED",
  ],
  [
    "a leader that leaves the root",
    forged(
      1,
      structure("a", FILE * 2 + 1, (w) => {
        w.text("../a");
        w.integer(0);
      }),
    ),
    "LOCKSTEP_BAD_PATH",
  ],
  [
    "an empty link target",
    forged(
      1,
      structure("a", SYMLINK * 2, (w) => w.text("")),
    ),
    "LOCKSTEP_MALFORMED",
  ],
  [
    "a NUL in a link target",
    forged(
      1,
      structure("a", SYMLINK * 2, (w) => w.text("x\0y")),
    ),
    "LOCKSTEP_MALFORMED",
  ],
  ["a mode above 07777", forged(1, { mode: (w) => w.integer(0o10000) }), "LOCKSTEP_MALFORMED"],
  [
    "nanoseconds above a second",
    forged(1, {
      mtime: (w) => {
        w.signed(0);
        w.integer(1e9);
      },
    }),
    "LOCKSTEP_MALFORMED",
  ],
  [
    "an owner above 2^32-1",
    forged(1, {
      owner: (w) => {
        w.integer(2 ** 32);
        w.integer(0);
      },
    }),
    "LOCKSTEP_MALFORMED",
  ],
  ["an xattr without a name", forged(1, xattrs("")), "LOCKSTEP_MALFORMED"],
  ["a NUL in the name of an xattr", forged(1, xattrs("a\0b")), "LOCKSTEP_MALFORMED"],
  ["an xattr twice", forged(1, xattrs("a", "a")), "LOCKSTEP_MALFORMED"],
  ["xattrs not in order", forged(1, xattrs("b", "a")), "LOCKSTEP_MALFORMED"],
];
for (const [what, bytes, code] of REFUSED) {
  test(`a batch is refused: ${what}`, (t) => {
    t.throws(() => decodeBatch(bytes), { code });
  });
}

test("more entries than allowed are refused", (t) => {
  const entries = Array.from({ length: MAX_BATCH_ENTRIES + 1 }, (_, i) =>
    plainEntry({ path: `p${String(i).padStart(4, "0")}` }),
  );
  t.throws(() => decodeBatch(encodeBatch(entries)), { code: "LOCKSTEP_MALFORMED" });
  t.is(decodeBatch(encodeBatch(entries), entries.length).length, entries.length);
});

test("the encoder can be used again after clear", (t) => {
  const encoder = new BatchEncoder();
  for (const entry of RICH) encoder.add(entry);
  encoder.clear();
  encoder.add(RICH[1]);
  t.deepEqual(encoder.encode(), encodeBatch([RICH[1]]));
  t.is(encoder.count, 1);
});

test("the columns are apart: what differs in one column leaves the bytes of the others", (t) => {
  const base = plainEntry({ path: "a", size: 5 });
  const changes: Record<(typeof COLUMNS)[number], Entry> = {
    structure: { ...base, size: 6 },
    mode: { ...base, mode: 0o600 },
    owner: { ...base, gid: 77 },
    mtime: { ...base, mtimeNsec: 1 },
    xattrs: { ...base, xattrs: [{ name: "user.x", value: Uint8Array.of(1) }] },
  };
  const before = splitColumns(encodeBatch([base])).columns;
  for (const [at, column] of COLUMNS.entries()) {
    const after = splitColumns(encodeBatch([changes[column]])).columns;
    t.deepEqual(
      after.map((bytes, i) => Buffer.compare(bytes, before[i]) !== 0),
      COLUMNS.map((_, i) => i === at),
      column,
    );
  }
});

test("the paths alone are those of the entries", (t) => {
  fc.assert(
    fc.property(entriesArbitrary(8), (entries) => {
      const bytes = encodeBatch(entries);
      t.deepEqual(
        decodeBatchPaths(bytes, 64),
        decodeBatch(bytes).map(({ path }) => path),
      );
      if (entries.length > 0)
        t.throws(() => decodeBatchPaths(bytes, entries.length - 1), { code: "LOCKSTEP_MALFORMED" });
    }),
  );
});
