import { FILE } from "../model/entry.ts";
import type { BytePath } from "../model/path.ts";
import type { Block, Step } from "./apply-context.ts";

/** A path of a block where a file lies, or is to come, and its new version where it gets one. */
export interface BlockFile {
  readonly path: BytePath;
  /** Name in the staging area. */
  readonly staged: string | undefined;
  readonly step: Step;
}

/** What a hold of the block is about, in the block's order; what is no file any more is passed over by it. */
export function blockFiles(block: Block): BlockFile[] {
  const files: BlockFile[] = [];
  for (const step of block.steps.values()) {
    const { failed, staged } = step;
    const { path, type } = step.stated.entry;
    // Also where something else is to come: a file may lie there now.
    if (!failed && path !== "") files.push({ path, staged: type === FILE ? staged : undefined, step });
  }
  return files;
}
