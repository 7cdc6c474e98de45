/** Length in bytes of every digest: BLAKE3-256. */
export const DIGEST_BYTES = 32;

/** BLAKE3-256 of the bytes, plain, as `b3sum` prints it. Injected, so that the model does no I/O. */
export type Hash = (bytes: Uint8Array) => Uint8Array;

/** A digest as a map key. */
export function digestKey(digest: Uint8Array): string {
  return String.fromCharCode.apply(null, digest as unknown as number[]);
}

export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function hexDigest(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString("hex");
}

/** Places before the bytes that are digested, so that no digest of one kind passes for another. */
export const DIGEST_DOMAIN = { leaf: 0, node: 1, contentGroup: 2, chunkRoot: 3, chunkBatch: 4 } as const;

/** Digest of `parts`, set apart by a domain byte and a subdomain byte. */
export function digestOf(hash: Hash, domain: number, subdomain: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 2);
  const bytes = new Uint8Array(length);
  bytes[0] = domain;
  bytes[1] = subdomain;
  let at = 2;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return hash(bytes);
}
