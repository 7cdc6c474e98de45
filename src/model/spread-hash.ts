/**
 * A number below 2^32 that tells sequences of small numbers apart, but for chance (FNV-1a; Fowler, Noll,
 * Vo). No digest: whoever wants to finds others with the same one.
 */
export function spreadHash(values: Iterable<number>): number {
  let hash = 0x811c9dc5;
  for (const value of values) hash = Math.imul(hash ^ value, 0x01000193);
  return hash >>> 0;
}
