import type { PlannedPath } from "./plan.ts";

/** A group of paths updated, held, finalised and verified together. */
export interface FileBlock {
  readonly index: number;
  /** In path order. */
  readonly paths: readonly PlannedPath[];
  readonly bytes: number;
}

export interface BlockBounds {
  readonly maxBytes: number;
  readonly maxPaths: number;
  readonly maxStatementBytes: number;
}

/**
 * Large enough that a block's fixed costs (two syncs, a signature, a few round trips) vanish, small
 * enough that its files are held for a moment only and several blocks are under way at once.
 */
export const DEFAULT_BLOCK_BOUNDS: BlockBounds = {
  maxBytes: 64 * 1024 * 1024,
  maxPaths: 2048,
  maxStatementBytes: 2 * 1024 * 1024,
};

/** Longer than what is put into one block by itself: mostly a large file. */
export function isLong(block: FileBlock): boolean {
  return block.bytes > 2 * DEFAULT_BLOCK_BOUNDS.maxBytes;
}

/** Most paths that a block may be ordered to have: a message holds the problems of that many. */
export const MAX_BLOCK_PATHS = 10_000;
