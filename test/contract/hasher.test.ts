import test from "ava";
import fc from "fast-check";
import { hexDigest } from "../../src/model/digest.ts";
import { createHasher, type Hasher } from "../../src/tree/hasher.ts";

const IMPLEMENTATIONS: Hasher[] = [createHasher("best"), createHasher("portable")];

// Digests of the official test vectors (BLAKE3 reference: input bytes count 0, 1, 2, … 250, 0, …).
const VECTORS: [what: string, bytes: Uint8Array, digest: string][] = [
  ["nothing", new Uint8Array(0), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"],
  ["abc", new TextEncoder().encode("abc"), "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"],
  ["one zero byte", new Uint8Array(1), "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"],
  [
    "1024 counting bytes",
    Uint8Array.from({ length: 1024 }, (_, i) => i % 251),
    "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
  ],
];

test("there are a native and a portable hash", (t) => {
  t.deepEqual(
    IMPLEMENTATIONS.map(({ name }) => name),
    ["native", "portable"],
  );
});

for (const hasher of IMPLEMENTATIONS) {
  for (const [what, bytes, digest] of VECTORS) {
    test(`${hasher.name}: BLAKE3 of ${what} is the published digest`, (t) => {
      t.is(hexDigest(hasher.hash(bytes)), digest);
      const incremental = hasher.incremental();
      incremental.update(bytes);
      t.is(hexDigest(incremental.digest()), digest);
    });
  }

  test(`${hasher.name}: an incremental hash without updates is that of nothing`, (t) => {
    t.is(hexDigest(hasher.incremental().digest()), VECTORS[0][2]);
  });

  test(`${hasher.name}: piece by piece gives the same digest as at once`, (t) => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 8 });
    fc.assert(
      fc.property(pieces, (all) => {
        const incremental = hasher.incremental();
        for (const piece of all) incremental.update(piece);
        const whole = hasher.hash(Uint8Array.from(Buffer.concat(all)));
        return whole.length === 32 && hexDigest(incremental.digest()) === hexDigest(whole);
      }),
    );
    t.pass();
  });

  test(`${hasher.name}: large input, cut anywhere, gives the same digest`, (t) => {
    const bytes = Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * 31) % 253);
    const whole = hexDigest(hasher.hash(bytes));
    for (const cut of [1, 1023, 1024, 1025, 65_536, 1 << 20, 2_999_999]) {
      const incremental = hasher.incremental();
      for (let at = 0; at < bytes.length; at += cut) incremental.update(bytes.subarray(at, at + cut));
      t.is(hexDigest(incremental.digest()), whole, `pieces of ${cut}`);
    }
  });

  test(`${hasher.name}: a view into a larger buffer is hashed alone, and a digest is a copy`, (t) => {
    const buffer = new Uint8Array(100).fill(7);
    const view = buffer.subarray(10, 20);
    const expected = hexDigest(hasher.hash(new Uint8Array(10).fill(7)));
    const digest = hasher.hash(view);
    t.is(hexDigest(digest), expected);
    const incremental = hasher.incremental();
    incremental.update(view);
    t.is(hexDigest(incremental.digest()), expected);
    hasher.hash(buffer);
    t.is(hexDigest(digest), expected);
  });

  test(`${hasher.name}: bytes may be reused after an update, and hashes do not mix`, (t) => {
    const reused = new Uint8Array(2000).fill(1);
    const [one, two] = [hasher.incremental(), hasher.incremental()];
    one.update(reused);
    two.update(reused.subarray(0, 5));
    reused.fill(2);
    one.update(reused);
    const expected = new Uint8Array(4000).fill(1, 0, 2000).fill(2, 2000);
    t.is(hexDigest(one.digest()), hexDigest(hasher.hash(expected)));
    t.is(hexDigest(two.digest()), hexDigest(hasher.hash(new Uint8Array(5).fill(1))));
  });
}

test("all implementations give the same digests", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      const [first, ...others] = IMPLEMENTATIONS.map((hasher) => hexDigest(hasher.hash(bytes)));
      return others.every((other) => other === first);
    }),
  );
  t.pass();
});
