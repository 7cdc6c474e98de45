import { FILE } from "../model/entry.ts";
import { type BytePath, baseName, parentPath } from "../model/path.ts";
import type { ApplyContext, Block } from "./apply-context.ts";
import { typeOfMode } from "./entry-table.ts";
import { type DirectoryHandle, newFileStat } from "./system-calls.ts";

/** A file that is to be held, and its new version where it gets one. */
export interface HeldFile {
  readonly path: BytePath;
  readonly directory: DirectoryHandle;
  readonly name: string;
  readonly staged: { readonly directory: DirectoryHandle; readonly name: string } | undefined;
}

/**
 * The files of a block that a hold is about: those that lie at its paths now, and those that are to
 * come there. Their directories stay open until the hold is over.
 */
export class HeldFiles {
  readonly files: readonly HeldFile[];
  readonly #context: ApplyContext;
  readonly #directories = new Map<BytePath, DirectoryHandle>();

  constructor(context: ApplyContext, block: Block) {
    this.#context = context;
    const files: HeldFile[] = [];
    try {
      for (const { failed, staged, stated } of block.steps.values()) {
        if (failed) continue;
        const { path, type } = stated.entry;
        const isNewFile = staged !== undefined && type === FILE;
        const at = this.#locate(path, isNewFile);
        if (at === undefined) continue;
        const next = isNewFile ? { directory: context.staging.handle, name: staged } : undefined;
        files.push({ path, ...at, staged: next });
      }
    } catch (error) {
      this.close();
      throw error;
    }
    this.files = files;
  }

  /** Where a file lies at the path now, or is to come; undefined when there is neither. */
  #locate(path: BytePath, isNewFile: boolean): { directory: DirectoryHandle; name: string } | undefined {
    const { calls, directories } = this.#context;
    if (path === "") return undefined;
    const parent = parentPath(path);
    const stat = newFileStat();
    try {
      let directory = this.#directories.get(parent);
      if (directory === undefined) {
        directory = calls.openDirectory(directories.root, parent);
        this.#directories.set(parent, directory);
      }
      const name = baseName(path);
      const isFile = calls.stat(directory, name, stat) && typeOfMode(stat.mode) === FILE;
      return isFile || isNewFile ? { directory, name } : undefined;
    } catch (error) {
      // Nothing is there to be held, and the switch says why it cannot be reached.
      if (ABSENT.has((error as { code?: string }).code ?? "")) return undefined;
      throw error;
    }
  }

  close(): void {
    for (const directory of this.#directories.values()) this.#context.calls.closeDirectory(directory);
    this.#directories.clear();
  }
}

const ABSENT = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EXDEV", "EACCES"]);
