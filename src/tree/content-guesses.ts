import { digestKey } from "../model/digest.ts";
import type { Entry } from "../model/entry.ts";
import { type BytePath, baseName } from "../model/path.ts";
import type { EntryTable } from "./entry-table.ts";
import { OrdinalStacks } from "./ordinal-stacks.ts";

/** Files that are tried for one that is wanted. */
const MAX_GUESSES = 4;

export interface ListedFiles {
  readonly table: EntryTable;
  knownDigest(ordinal: number): Uint8Array | undefined;
}

/**
 * Which listed files may hold a wanted content. A tree may have 100,000 files of one size that all move at once:
 * each is looked at once when its size is first asked for, and once for each time that it is tried.
 */
export class ContentGuesses {
  readonly #files: ListedFiles;
  readonly #ofSize: (size: number) => Uint32Array;
  readonly #sizes = new Set<number>();
  readonly #byDigest = new OrdinalStacks();
  /** Of unknown content, and not tried yet; each of these is in the three stacks below. */
  readonly #untried = new Set<number>();
  readonly #byTime = new OrdinalStacks();
  readonly #byName = new OrdinalStacks();
  readonly #bySize = new OrdinalStacks();

  constructor(files: ListedFiles, ofSize: (size: number) => Uint32Array) {
    this.#files = files;
    this.#ofSize = ofSize;
  }

  /** The likeliest first, a few at most. What is taken is not offered again, unless `learn` says what it holds. */
  *of(entry: Entry, checksum: Uint8Array): Generator<number> {
    this.#index(entry.size);
    let left = MAX_GUESSES;
    for (const ordinal of this.#likeliest(entry, digestKey(checksum))) {
      // The path's own content is not the wanted one, and about to be replaced.
      if (this.#files.table.paths[ordinal] === entry.path) continue;
      yield ordinal;
      if (--left === 0) return;
    }
  }

  /** What a file has turned out to hold: it is offered to whoever wants that. */
  learn(ordinal: number, digest: Uint8Array): void {
    this.#byDigest.push(digestKey(digest), ordinal);
  }

  *#likeliest({ path, size, mtimeSec, mtimeNsec }: Entry, digest: string): Generator<number> {
    for (let known = this.#byDigest.pop(digest); known !== undefined; known = this.#byDigest.pop(digest)) yield known;
    // A moved file keeps its time, and mostly one of name and directory.
    yield* this.#taken(this.#byTime, timeKey(size, mtimeSec, mtimeNsec));
    yield* this.#taken(this.#byName, nameKey(size, path));
    // Many files of one size say nothing: then only what else points to one counts.
    if (this.#hasFewOf(size)) yield* this.#taken(this.#bySize, `${size}`);
  }

  #hasFewOf(size: number): boolean {
    const others: number[] = [];
    for (const other of this.#untriedIn(this.#bySize, `${size}`)) if (others.push(other) === MAX_GUESSES) break;
    for (const other of others.toReversed()) this.#bySize.push(`${size}`, other);
    return others.length < MAX_GUESSES;
  }

  *#taken(stacks: OrdinalStacks, key: string): Generator<number> {
    for (const ordinal of this.#untriedIn(stacks, key)) {
      this.#untried.delete(ordinal);
      yield ordinal;
    }
  }

  *#untriedIn(stacks: OrdinalStacks, key: string): Generator<number> {
    for (let top = stacks.pop(key); top !== undefined; top = stacks.pop(key)) if (this.#untried.has(top)) yield top;
  }

  #index(size: number): void {
    if (this.#sizes.has(size)) return;
    this.#sizes.add(size);
    const { table } = this.#files;
    // From the last on, so that the first is on top.
    for (const ordinal of this.#ofSize(size).toReversed()) {
      const digest = this.#files.knownDigest(ordinal);
      if (digest !== undefined) {
        this.learn(ordinal, digest);
        continue;
      }
      const { sec, nsec } = table.mtime(ordinal);
      this.#untried.add(ordinal);
      this.#byTime.push(timeKey(size, sec, nsec), ordinal);
      this.#byName.push(nameKey(size, table.paths[ordinal]), ordinal);
      this.#bySize.push(`${size}`, ordinal);
    }
  }
}

function timeKey(size: number, sec: number, nsec: number): string {
  return `${size} ${sec}.${nsec}`;
}

function nameKey(size: number, path: BytePath): string {
  return `${size} ${baseName(path)}`;
}
