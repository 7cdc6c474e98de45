import test from "ava";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../../src/model/canonical-bytes.ts";
import { bytesText } from "../fixtures/entry-arbitrary.ts";

function written(write: (writer: ByteWriter) => void): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(1);
  write(writer);
  return writer.take();
}

const MALFORMED = { code: "LOCKSTEP_MALFORMED" } as const;

type Field =
  | { kind: "integer"; value: number }
  | { kind: "signed"; value: number }
  | { kind: "byte"; value: number }
  | { kind: "text"; value: string }
  | { kind: "bytes"; value: Uint8Array };

const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant("integer" as const), value: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant("signed" as const), value: fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }) }),
  fc.record({ kind: fc.constant("byte" as const), value: fc.nat(255) }),
  fc.record({ kind: fc.constant("text" as const), value: bytesText(0, 300) }),
  fc.record({ kind: fc.constant("bytes" as const), value: fc.uint8Array({ maxLength: 300 }) }),
);

test("what is written is read back", (t) => {
  fc.assert(
    fc.property(fc.array(field), (fields) => {
      const bytes = written((writer) => {
        for (const { kind, value } of fields) writer[kind](value as never);
      });
      const reader = new ByteReader(bytes);
      for (const { kind, value } of fields) {
        if (kind === "text") {
          if (reader.text(300) !== value) throw new Error("text");
        } else if (kind === "bytes") {
          if (Buffer.compare(reader.bytes(300), value) !== 0) throw new Error("bytes");
        } else if (!Object.is(reader[kind](), value === 0 ? 0 : value)) throw new Error(kind);
      }
      reader.end();
    }),
  );
  t.pass();
});

test("integers up to 2^53-1 make the round trip", (t) => {
  const powers = Array.from({ length: 54 }, (_, i) => 2 ** i).flatMap((n) => [n - 1, n, n + 1]);
  for (const value of powers.filter(Number.isSafeInteger)) {
    const reader = new ByteReader(written((writer) => writer.integer(value)));
    t.is(reader.integer(), value);
    t.true(reader.done);
  }
  t.is(new ByteReader(written((writer) => writer.integer(Number.MAX_SAFE_INTEGER))).integer(), Number.MAX_SAFE_INTEGER);
});

test("signed integers make the round trip", (t) => {
  for (const value of [0, 1, -1, 63, 64, -64, -65, 2 ** 31, -(2 ** 31), 2 ** 52 - 1, -(2 ** 52)]) {
    t.is(new ByteReader(written((writer) => writer.signed(value))).signed(), value);
  }
});

test("an integer has one encoding: bytes that decode are the shortest form", (t) => {
  const some = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 9 }),
    fc.uint8Array({ minLength: 1, maxLength: 9 }).map((bytes) => bytes.map((byte) => byte | 128)),
    fc
      .uint8Array({ minLength: 1, maxLength: 9 })
      .map((b) => b.map((byte, i) => (i < b.length - 1 ? byte | 128 : byte & 1))),
  );
  fc.assert(
    fc.property(some, (bytes) => {
      const reader = new ByteReader(bytes);
      let value: number;
      try {
        value = reader.integer();
      } catch (error) {
        return (error as { code?: string }).code === "LOCKSTEP_MALFORMED";
      }
      const used = bytes.slice(0, bytes.length - reader.remaining);
      return (
        Number.isSafeInteger(value) &&
        Buffer.compare(
          written((w) => w.integer(value)),
          used,
        ) === 0
      );
    }),
    { numRuns: 5000 },
  );
  t.pass();
});

const REFUSED: [what: string, bytes: number[]][] = [
  ["zero in two bytes", [0x80, 0]],
  ["one in two bytes", [0x81, 0]],
  ["127 in three bytes", [0xff, 0x80, 0]],
  ["2^53", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
  ["2^53 + 1", [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
  ["2^56 - 1", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
  ["nine bytes", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]],
  // Its scale would pass the largest float, and 0 times infinity compares with no bound.
  ["two hundred bytes", [...Array.from({ length: 199 }, () => 0x80), 1]],
  ["cut off", [0x80]],
  ["nothing", []],
];
for (const [what, bytes] of REFUSED) {
  test(`an integer is refused: ${what}`, (t) => {
    t.throws(() => new ByteReader(Uint8Array.from(bytes)).integer(), MALFORMED);
  });
}

test("an integer above the caller's bound is refused, one at it is not", (t) => {
  const bytes = written((writer) => writer.integer(300));
  t.is(new ByteReader(bytes).integer(300), 300);
  t.throws(() => new ByteReader(bytes).integer(299), MALFORMED);
});

test("truncated fields are refused, whatever the length that they announce", (t) => {
  for (const length of [1, 5, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    const bytes = written((writer) => writer.integer(length));
    t.throws(() => new ByteReader(bytes).bytes(Number.MAX_SAFE_INTEGER), MALFORMED);
    t.throws(() => new ByteReader(bytes).text(Number.MAX_SAFE_INTEGER), MALFORMED);
    t.throws(() => new ByteReader(bytes).raw(length + bytes.length), MALFORMED);
  }
  t.throws(() => new ByteReader(new Uint8Array(0)).byte(), MALFORMED);
});

test("texts and bytes over the caller's bound are refused", (t) => {
  const bytes = written((writer) => writer.text("hello"));
  t.is(new ByteReader(bytes).text(5), "hello");
  t.throws(() => new ByteReader(bytes).text(4), MALFORMED);
  t.throws(() => new ByteReader(bytes).bytes(4), MALFORMED);
});

test("left-over bytes are refused", (t) => {
  const reader = new ByteReader(Uint8Array.of(1, 2));
  reader.byte();
  t.false(reader.done);
  t.throws(() => reader.end(), MALFORMED);
  reader.byte();
  t.notThrows(() => reader.end());
});

test("a writer starts anew after clear, and what was taken stays", (t) => {
  const writer = new ByteWriter(2);
  writer.text("abc");
  const taken = writer.take();
  writer.clear();
  writer.text("xyzw", 1);
  t.is(Buffer.from(taken).toString("latin1"), "\x03abc");
  t.is(Buffer.from(writer.view()).toString("latin1"), "\x03yzw");
});
