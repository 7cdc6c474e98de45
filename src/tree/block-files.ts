import { FILE } from "../model/entry.ts";
import type { BytePath } from "../model/path.ts";
import type { Block } from "./apply-context.ts";

/** A path of a block where a file lies, or is to come, and its new version where it gets one. */
export interface BlockFile {
  readonly path: BytePath;
  /** Name in the staging area. */
  readonly staged: string | undefined;
}

/** What a hold of the block is about, in the block's order; what is no file any more is passed over by it. */
export function blockFiles(block: Block): BlockFile[] {
  const files: BlockFile[] = [];
  for (const { failed, staged, stated } of block.steps.values()) {
    const { path, type } = stated.entry;
    // Also where something else is to come: a file may lie there now.
    if (!failed && path !== "") files.push({ path, staged: type === FILE ? staged : undefined });
  }
  return files;
}
