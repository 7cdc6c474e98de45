import type { BytePath } from "../model/path.ts";
import { baseName, parentPath } from "../model/path.ts";
import type { DirectoryHandle, SystemCalls } from "./system-calls.ts";

/** How many directories stay open between uses: work comes in path order, so few are enough. */
const KEPT_OPEN = 16;

/** Whether the path lies in this very directory, which is not the root: without making a string of it. */
export function isIn(path: BytePath, directory: BytePath): boolean {
  const { length } = directory;
  return path[length] === "/" && path.startsWith(directory) && !path.includes("/", length + 1);
}

/**
 * Opens directories below a root, keeping the last few. A handle reaches the directory that was
 * checked when it was opened, even when its name is swapped for a symlink afterwards.
 */
export class ConfinedDirectories {
  readonly root: DirectoryHandle;
  readonly #calls: SystemCalls;
  readonly #open = new Map<BytePath, DirectoryHandle>();
  /** The directory that was asked for last, as most paths lie in the same one as the path before. */
  #last: BytePath = "";
  #lastHandle: DirectoryHandle | undefined;

  /** @throws SystemError when the root cannot be opened */
  constructor(calls: SystemCalls, rootPath: string) {
    this.#calls = calls;
    this.root = calls.openRoot(rootPath);
  }

  /** A handle of the directory, valid until the next call. */
  directory(path: BytePath): DirectoryHandle {
    if (path === "") return this.root;
    const kept = this.#open.get(path);
    if (kept !== undefined) return kept;
    const handle = this.#calls.openDirectory(this.root, path);
    if (this.#open.size >= KEPT_OPEN) {
      const [oldest, oldHandle] = this.#open.entries().next().value as [BytePath, DirectoryHandle];
      this.#open.delete(oldest);
      if (oldest === this.#last) this.#lastHandle = undefined;
      this.#calls.closeDirectory(oldHandle);
    }
    this.#open.set(path, handle);
    return handle;
  }

  /** The directory and the name in it that a path means; the root itself is ("", ""). */
  locate(path: BytePath): { directory: DirectoryHandle; name: string } {
    if (path === "") return { directory: this.root, name: "" };
    if (this.#lastHandle !== undefined && isIn(path, this.#last)) {
      return { directory: this.#lastHandle, name: path.slice(this.#last.length + 1) };
    }
    const parent = parentPath(path);
    const directory = this.directory(parent);
    if (parent !== "") [this.#last, this.#lastHandle] = [parent, directory];
    return { directory, name: baseName(path) };
  }

  /** Forgets open directories, as after one of them was replaced. */
  reset(): void {
    for (const handle of this.#open.values()) this.#calls.closeDirectory(handle);
    this.#open.clear();
    this.#lastHandle = undefined;
  }

  close(): void {
    this.reset();
    this.#calls.closeDirectory(this.root);
  }
}
