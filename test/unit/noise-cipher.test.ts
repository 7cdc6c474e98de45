import { randomBytes } from "node:crypto";
import { defaultCrypto } from "@chainsafe/libp2p-noise/crypto";
import test from "ava";
import { Uint8ArrayList } from "uint8arraylist";
import { noiseCrypto } from "../../src/mesh/noise-cipher.ts";
import { wholePieces } from "../../src/mesh/whole-messages.ts";

type List = Parameters<typeof defaultCrypto.chaCha20Poly1305Encrypt>[0];

const [key, nonce, ad] = [randomBytes(32), randomBytes(12), randomBytes(32)];
const none = new Uint8Array(0);
const SIZES = [0, 1, 63, 64, 65, 1199, 1200, 65_519];

/** The bytes in pieces of uneven lengths, one of them empty. */
function inPieces(bytes: Uint8Array): List {
  const list = new Uint8ArrayList();
  for (let at = 0, length = 1; at < bytes.length; at += length, length = length * 3 + 1) {
    list.append(bytes.subarray(at, at + length), none);
  }
  return list as unknown as List;
}

test("this machine's OpenSSL is reached", (t) => {
  if (process.platform === "linux") t.not(noiseCrypto(), defaultCrypto);
  else t.pass();
});

for (const size of SIZES) {
  test(`seals and opens what Noise's own cryptography opens and seals: ${size} bytes`, (t) => {
    const ours = noiseCrypto();
    const text = randomBytes(size);
    for (const data of [ad, none]) {
      const expected = defaultCrypto.chaCha20Poly1305Encrypt(text, nonce, data, key).subarray();
      for (const plain of [text, inPieces(text)]) {
        t.deepEqual(
          Buffer.from(ours.chaCha20Poly1305Encrypt(plain, nonce, data, key).subarray()),
          Buffer.from(expected),
        );
      }
      for (const sealed of [expected, inPieces(expected)]) {
        const opened = ours.chaCha20Poly1305Decrypt(sealed, nonce, data, key);
        t.deepEqual(Buffer.from(opened.subarray()), text);
        const dst = Buffer.alloc(size);
        t.deepEqual(Buffer.from(ours.chaCha20Poly1305Decrypt(sealed, nonce, data, key, dst).subarray()), text);
      }
      // As Noise does it: the memory for the text is that of the ciphertext.
      const own = Uint8Array.from(expected);
      const opened = ours.chaCha20Poly1305Decrypt(own, nonce, data, key, own.subarray(0, size));
      t.deepEqual(Buffer.from(opened.subarray()), text);
    }
  });

  test(`opens nothing that was changed: ${size} bytes`, (t) => {
    const ours = noiseCrypto();
    const sealed = Uint8Array.from(defaultCrypto.chaCha20Poly1305Encrypt(randomBytes(size), nonce, ad, key).subarray());
    for (const at of [0, sealed.length >> 1, sealed.length - 1]) {
      const changed = Uint8Array.from(sealed);
      changed[at] ^= 1;
      for (const bytes of [changed, inPieces(changed)]) {
        t.throws(() => ours.chaCha20Poly1305Decrypt(bytes, nonce, ad, key), { message: /authentic/ });
      }
    }
    const other = Uint8Array.from(ad, (byte) => byte ^ 1);
    t.throws(() => ours.chaCha20Poly1305Decrypt(sealed, nonce, other, key), { message: /authentic/ });
    t.throws(() => ours.chaCha20Poly1305Decrypt(sealed, randomBytes(12), ad, key), { message: /authentic/ });
    t.throws(() => ours.chaCha20Poly1305Decrypt(sealed, nonce, ad, randomBytes(32)), { message: /authentic/ });
    // And the next one is opened as ever.
    t.is(ours.chaCha20Poly1305Decrypt(sealed, nonce, ad, key).byteLength, size);
  });
}

test("a message that is shorter than a tag is refused", (t) => {
  t.throws(() => noiseCrypto().chaCha20Poly1305Decrypt(randomBytes(15), nonce, ad, key), { message: /shorter/ });
});

test("keys and nonces of other lengths never reach native code", (t) => {
  const { chaCha20Poly1305Encrypt: seal, chaCha20Poly1305Decrypt: open } = noiseCrypto();
  const sealed = seal(randomBytes(100), nonce, ad, key).subarray();
  for (const [n, k] of [
    [nonce.subarray(1), key],
    [randomBytes(13), key],
    [nonce, key.subarray(1)],
    [nonce, none],
  ]) {
    t.throws(() => seal(randomBytes(100), n, ad, k), { message: /key or nonce/ });
    t.throws(() => open(sealed, n, ad, k), { message: /key or nonce/ });
  }
});

test("ciphertexts keep their bytes while others are sealed and joined", (t) => {
  const ours = noiseCrypto();
  const length = (bytes: Uint8Array): Uint8Array => Uint8Array.of(bytes.length >> 8, bytes.length & 255);
  const texts = Array.from({ length: 60 }, (_, i) => randomBytes(i % 7 === 0 ? 3 : 65_000));
  const seal = (text: Uint8Array): Uint8Array => ours.chaCha20Poly1305Encrypt(text, nonce, ad, key) as Uint8Array;
  const expected = texts.map((text) =>
    Uint8Array.from(defaultCrypto.chaCha20Poly1305Encrypt(text, nonce, ad, key).subarray()),
  );
  const sealed = texts.map(seal);
  const lists = [sealed.slice(0, 1), sealed.slice(1, 40), sealed.slice(40)];
  const sent = lists.map((list) => wholePieces(list.flatMap((bytes) => [length(bytes), bytes])));
  const whole = Buffer.concat(sent.flat());
  t.deepEqual(whole, Buffer.concat(expected.flatMap((bytes) => [length(bytes), bytes])));
  // Few pieces, as these lie together; a megabyte at a time.
  t.true(sent[1].length <= 4, `${sent[1].length} pieces`);
});

test("what does not lie so is copied", (t) => {
  const sealed = noiseCrypto().chaCha20Poly1305Encrypt(randomBytes(100), nonce, ad, key) as Uint8Array;
  const before = Uint8Array.from(sealed);
  const head = Uint8Array.of(7, 8);
  // A part of a ciphertext has no room before it.
  t.deepEqual(Buffer.concat(wholePieces([head, sealed.subarray(10)])), Buffer.concat([head, before.subarray(10)]));
  t.deepEqual(
    Buffer.concat(wholePieces([Uint8Array.of(1, 2, 3), sealed])),
    Buffer.concat([Uint8Array.of(1, 2, 3), before]),
  );
  t.deepEqual(Buffer.concat(wholePieces([head, sealed, head])), Buffer.concat([head, before, head]));
  t.deepEqual(Uint8Array.from(sealed), before);
});
