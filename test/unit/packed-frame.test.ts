import { randomBytes } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import test from "ava";
import { packFrame, unpackFrame } from "../../src/wire/packed-frame.ts";

test("messages come out as they went in, and lists get smaller", (t) => {
  const list = Buffer.from(Array.from({ length: 200 }, (_, i) => `\x08directory/file-${i}`).join("\n"));
  t.true(packFrame(list).length < list.length / 3);
  for (const length of [0, 1, 511, 512, 4096, 131_072, 131_073, 500_000]) {
    const message = new Uint8Array(length).map((_, i) => (i === 0 ? 8 : (i * 31) >> 3));
    t.deepEqual(Buffer.from(unpackFrame(packFrame(message))), Buffer.from(message), `${length}`);
  }
});

test("what does not get smaller is sent as it is", (t) => {
  const noise = Uint8Array.from([8, ...randomBytes(4096)]);
  t.is(packFrame(noise), noise);
});

test("a frame that unpacks to more than anybody packs, or to nothing, is refused", (t) => {
  const bomb = deflateRawSync(new Uint8Array(131_073));
  for (const bytes of [bomb, bomb.subarray(0, 20), Buffer.from("no deflate")]) {
    t.throws(() => unpackFrame(Uint8Array.from([0, ...bytes])), { code: "LOCKSTEP_MALFORMED" });
  }
});
