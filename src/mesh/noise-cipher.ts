import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import type { ICryptoInterface } from "@chainsafe/libp2p-noise";
import { defaultCrypto } from "@chainsafe/libp2p-noise/crypto";
import type Koffi from "koffi";
import { FreshMemory } from "./fresh-memory.ts";

const require = createRequire(import.meta.url);

/** What Noise hands over: one piece, or a list of pieces. */
type Bytes = Parameters<ICryptoInterface["chaCha20Poly1305Encrypt"]>[0];

/** Of ChaCha20-Poly1305 (RFC 8439). The tag is at the end of every encrypted message. */
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
/** openssl/evp.h; the same in OpenSSL 1.1 and 3. */
const EVP_CTRL_AEAD_GET_TAG = 0x10;
const EVP_CTRL_AEAD_SET_TAG = 0x11;
/** Ciphertexts that follow each other in one piece of memory leave so much room for each one's length. */
export const LENGTH_GAP = 2;

/** Where ciphertexts begin, by the memory that they lie in. */
const places = new WeakMap<ArrayBufferLike, Set<number>>();

/** True for a whole ciphertext with room for its length before it. */
export function hasRoom({ buffer, byteOffset }: Uint8Array): boolean {
  return places.get(buffer)?.has(byteOffset) === true;
}

/** Memory for ciphertexts with room for their lengths, so that what is sent together lies together. */
class Slab {
  readonly #memory = new FreshMemory();

  take(bytes: number): Uint8Array {
    const sealed = this.#memory.take(LENGTH_GAP + bytes).subarray(LENGTH_GAP);
    const starts = places.get(sealed.buffer);
    if (starts === undefined) places.set(sealed.buffer, new Set([sealed.byteOffset]));
    else starts.add(sealed.byteOffset);
    return sealed;
  }
}

/** ChaCha20-Poly1305 by the OpenSSL that this process has in it; throws where it cannot be reached. */
function openssl(): Pick<ICryptoInterface, "chaCha20Poly1305Encrypt" | "chaCha20Poly1305Decrypt"> {
  const library = (require("koffi") as typeof Koffi).load(null);
  const newContext = library.func("EVP_CIPHER_CTX_new", "void *", []);
  const chacha = library.func("EVP_chacha20_poly1305", "void *", []);
  const init = library.func("EVP_CipherInit_ex", "int", ["void *", "void *", "void *", "void *", "void *", "int"]);
  const update = library.func("EVP_CipherUpdate", "int", ["void *", "void *", "void *", "void *", "int"]);
  const final = library.func("EVP_CipherFinal_ex", "int", ["void *", "void *", "void *"]);
  const control = library.func("EVP_CIPHER_CTX_ctrl", "int", ["void *", "int", "int", "void *"]);
  const written = new Int32Array(1);
  const tag = new Uint8Array(TAG_BYTES);
  const slab = new Slab();

  const begin = (direction: 0 | 1): unknown => {
    const context: unknown = newContext();
    const cipher: unknown = chacha();
    if (context === null || cipher === null || init(context, cipher, null, null, null, direction) !== 1) {
      throw new Error("this OpenSSL has no ChaCha20-Poly1305");
    }
    return context;
  };
  const [sealing, opening] = [begin(1), begin(0)];

  const must = (result: number): void => {
    if (result !== 1) throw new Error("ChaCha20-Poly1305 failed");
  };
  const run = (context: unknown, bytes: Bytes, length: number, to: Uint8Array): void => {
    let [at, left] = [0, length];
    for (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
      const count = Math.min(piece.length, left);
      if (count === 0) continue;
      must(update(context, at === 0 ? to : to.subarray(at), written, piece, count));
      at += count;
      left -= count;
    }
  };

  /** OpenSSL takes the lengths for granted. */
  const keyed = (context: unknown, key: Uint8Array, nonce: Uint8Array): void => {
    if (key.length !== KEY_BYTES || nonce.length !== NONCE_BYTES) throw new Error("a key or nonce of another cipher");
    must(init(context, null, null, key, nonce, -1));
  };

  return {
    chaCha20Poly1305Encrypt(plaintext, nonce, ad, k) {
      const { byteLength } = plaintext;
      const sealed = slab.take(byteLength + TAG_BYTES);
      keyed(sealing, k, nonce);
      if (ad.length > 0) must(update(sealing, null, written, ad, ad.length));
      run(sealing, plaintext, byteLength, sealed);
      must(final(sealing, tag, written));
      must(control(sealing, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag));
      sealed.set(tag, byteLength);
      return sealed;
    },
    chaCha20Poly1305Decrypt(ciphertext, nonce, ad, k, dst) {
      const length = ciphertext.byteLength - TAG_BYTES;
      if (length < 0) throw new Error("an encrypted message is shorter than its tag");
      // Noise gives memory of its own, which may be the ciphertext's: OpenSSL works in place.
      const plain = dst?.length === length ? dst : new Uint8Array(length);
      tag.set(ciphertext.subarray(length));
      keyed(opening, k, nonce);
      must(control(opening, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag));
      if (ad.length > 0) must(update(opening, null, written, ad, ad.length));
      run(opening, ciphertext, length, plain);
      // Nothing that is not authentic leaves this function.
      if (final(opening, tag, written) !== 1) throw new Error("an encrypted message is not authentic");
      return plain;
    },
  };
}

function isRight({
  chaCha20Poly1305Encrypt: seal,
  chaCha20Poly1305Decrypt: open,
}: ReturnType<typeof openssl>): boolean {
  const [key, nonce, ad, text] = [32, 12, 32, 5000].map((length) => randomBytes(length));
  const sealed = seal(text, nonce, ad, key).subarray();
  const expected = defaultCrypto.chaCha20Poly1305Encrypt(text, nonce, ad, key).subarray();
  return (
    Buffer.compare(sealed, expected) === 0 && Buffer.compare(open(expected, nonce, ad, key).subarray(), text) === 0
  );
}

let reached: ICryptoInterface | undefined;

/**
 * Noise's cryptography with the same cipher reached with less around it: node:crypto makes an object,
 * buffers and a copy for each of the 16 messages of a MiB, which took as long as the cipher itself.
 * `LOCKSTEP_PORTABLE=1` does without.
 */
export function noiseCrypto(): ICryptoInterface {
  reached ??= process.env["LOCKSTEP_PORTABLE"] === "1" ? defaultCrypto : chooseCrypto();
  return reached;
}

/** Whether its cipher takes messages in pieces, and memory for what it makes of them. */
export function takesPieces(): boolean {
  return noiseCrypto() !== defaultCrypto;
}

function chooseCrypto(): ICryptoInterface {
  try {
    const cipher = openssl();
    if (isRight(cipher)) return { ...defaultCrypto, ...cipher };
  } catch {
    // Another build of Node, or no koffi here: what Noise brings along does the same.
  }
  return defaultCrypto;
}
