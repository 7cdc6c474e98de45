import type { EntryTypeName } from "./entry.ts";

/** A bound on a number; `op` reads "the entry's value op value". */
export interface Bound {
  readonly op: "<" | "<=" | ">" | ">=";
  readonly value: number;
}

/**
 * Names the group of files a round is about. Travels inside the order; each host evaluates it on
 * its own tree. An entry is in the group when a pattern of `include` matches (or there are none),
 * no pattern of `exclude` does, and every predicate holds. Patterns are those of gitignore(5).
 */
export interface Classification {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Only these types; empty: all. */
  readonly types: readonly EntryTypeName[];
  /** Bytes. Holds for files only: entries of other types have no size and pass. */
  readonly size: Bound | undefined;
  /** Milliseconds between mtime and the order's `now`. */
  readonly age: Bound | undefined;
}

/** Selects everything. */
export const WHOLE_ROOT: Classification = { include: [], exclude: [], types: [], size: undefined, age: undefined };

export function isWholeRoot(classification: Classification): boolean {
  return (
    classification.include.length === 0 &&
    classification.exclude.length === 0 &&
    classification.types.length === 0 &&
    classification.size === undefined &&
    classification.age === undefined
  );
}
