import { ByteReader, ByteWriter } from "./canonical-bytes.ts";
import { cutPoint } from "./cut.ts";
import type { Hash } from "./digest.ts";
import { LockstepError } from "./errors.ts";
import type { CutBounds, Suite } from "./suite.ts";

/**
 * Bytes of a fragment's digest. It only says where to look: what is put together of fragments is
 * verified as a whole chunk, so a collision costs a fetch and nothing else.
 */
const MARK_BYTES = 8;

/** A piece of a chunk, by which a changed chunk is put together of old and new content. */
export interface Fragment {
  /** From the start of the bytes that were cut. */
  readonly offset: number;
  readonly length: number;
  /** The first bytes of its BLAKE3-256, as a map key. */
  readonly mark: string;
}

function markOf(digest: Uint8Array): string {
  return String.fromCharCode.apply(null, digest.subarray(0, MARK_BYTES) as unknown as number[]);
}

/** Cuts content into fragments. */
export function cutFragments(hash: Hash, bounds: CutBounds, bytes: Uint8Array): Fragment[] {
  const fragments: Fragment[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = cutPoint(bytes, offset, bytes.length, bounds);
    fragments.push({ offset, length: end - offset, mark: markOf(hash(bytes.subarray(offset, end))) });
    offset = end;
  }
  return fragments;
}

export function encodeFragments(fragments: readonly Fragment[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(fragments.length * (MARK_BYTES + 3) + 8);
  for (const { length, mark } of fragments) {
    writer.integer(length);
    for (let i = 0; i < MARK_BYTES; i++) writer.byte(mark.charCodeAt(i));
  }
  return writer.take();
}

/**
 * Fragments of a chunk of this length.
 *
 * @throws LockstepError `LOCKSTEP_MALFORMED`
 */
export function decodeFragments(bytes: Uint8Array, suite: Suite, chunkLength: number): Fragment[] {
  const reader = new ByteReader(bytes);
  const fragments: Fragment[] = [];
  let offset = 0;
  while (!reader.done) {
    const length = reader.integer(suite.fragment.maxBytes);
    if (length === 0) throw new LockstepError("LOCKSTEP_MALFORMED", "a peer sent an empty fragment");
    fragments.push({ offset, length, mark: markOf(reader.raw(MARK_BYTES)) });
    offset += length;
  }
  if (offset !== chunkLength) throw new LockstepError("LOCKSTEP_MALFORMED", "fragments that do not make up the chunk");
  return fragments;
}
