import type { CutBounds } from "./suite.ts";

/**
 * The gear table: 256 words of splitmix32 from a fixed seed. Part of the suite, since another table
 * cuts elsewhere.
 */
export const GEAR: Int32Array = (() => {
  const table = new Int32Array(256);
  let state = 0x10c57e9 | 0;
  for (let i = 0; i < 256; i++) {
    state = (state + 0x9e3779b9) | 0;
    let word = state ^ (state >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    table[i] = word ^ (word >>> 15);
  }
  return table;
})();

/** A mask of the highest bits, which depend on the most bytes: 32 of them. */
function highBits(count: number): number {
  return count <= 0 ? 0 : ~0 << (32 - count);
}

/**
 * Where the piece that begins at `start` ends, by FastCDC with normalised chunking of level 2: a cut
 * is four times as unlikely before the normal length as it would have to be, and four times as likely
 * after it (Xia et al., "The Design of Fast Content-Defined Chunking", 2020).
 *
 * @param end of what there is: the end of the content, or at least `maxBytes` beyond `start`
 */
export function cutPoint(bytes: Uint8Array, start: number, end: number, bounds: CutBounds): number {
  const { minBytes, normalBytes, maxBytes } = bounds;
  if (end - start <= minBytes) return end;
  const last = Math.min(end, start + maxBytes);
  const normal = Math.min(last, start + normalBytes);
  const bits = Math.round(Math.log2(normalBytes));
  const gear = GEAR;
  const hard = highBits(bits + 2);
  const easy = highBits(bits - 2);
  let hash = 0;
  let at = start + minBytes;
  while (at < normal) {
    hash = ((hash << 1) + gear[bytes[at++]]) | 0;
    if ((hash & hard) === 0) return at;
  }
  while (at < last) {
    hash = ((hash << 1) + gear[bytes[at++]]) | 0;
    if ((hash & easy) === 0) return at;
  }
  return last;
}
