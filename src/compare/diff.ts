import { type ColumnSet, differingColumns, type Entry } from "../model/entry.ts";
import { type BytePath, comparePaths, parentPath } from "../model/path.ts";

/** An entry and its position in its host's list. */
export interface Located {
  readonly entry: Entry;
  readonly ordinal: number;
}

/** One path on which the two lists do not agree, or agree but were not known to. */
export interface Pair {
  readonly path: BytePath;
  readonly master: Located | undefined;
  readonly remote: Located | undefined;
  /** Columns that differ, when both have the path. */
  readonly columns: ColumnSet;
}

/** Merges two lists in path order into pairs; equal pairs are passed on too. */
export function* mergeEntries(master: Iterable<Located>, remote: Iterable<Located>): Generator<Pair> {
  const left = master[Symbol.iterator]();
  const right = remote[Symbol.iterator]();
  let a = left.next();
  let b = right.next();
  while (!a.done || !b.done) {
    const order = a.done ? 1 : b.done ? -1 : comparePaths(a.value.entry.path, b.value.entry.path);
    if (order === 0) {
      const [m, r] = [a.value as Located, b.value as Located];
      yield { path: m.entry.path, master: m, remote: r, columns: differingColumns(m.entry, r.entry) };
      a = left.next();
      b = right.next();
    } else if (order < 0) {
      const m = a.value as Located;
      yield { path: m.entry.path, master: m, remote: undefined, columns: 0 };
      a = left.next();
    } else {
      const r = b.value as Located;
      yield { path: r.entry.path, master: undefined, remote: r, columns: 0 };
      b = right.next();
    }
  }
}

/**
 * Joins what a host answered about paths that it did not select: the pair gets its missing half.
 *
 * @param found by path; a path that is not in it is absent on that host
 */
export function completePairs(
  pairs: readonly Pair[],
  foundOnMaster: ReadonlyMap<BytePath, Located>,
  foundOnRemote: ReadonlyMap<BytePath, Located>,
): Pair[] {
  return pairs.map((pair) => {
    const master = pair.master ?? foundOnMaster.get(pair.path);
    const remote = pair.remote ?? foundOnRemote.get(pair.path);
    if (master === pair.master && remote === pair.remote) return pair;
    const columns = master && remote ? differingColumns(master.entry, remote.entry) : 0;
    return { path: pair.path, master, remote, columns };
  });
}

/**
 * Leaves out what lies at or below a path that a host could not look into: there "not listed" does
 * not mean "not there".
 */
export function withoutBlind(pairs: readonly Pair[], blind: ReadonlySet<BytePath>): Pair[] {
  if (blind.size === 0) return [...pairs];
  return pairs.filter(({ path }) => !isBlind(path, blind));
}

function isBlind(path: BytePath, blind: ReadonlySet<BytePath>): boolean {
  for (let at = path; ; at = parentPath(at)) {
    if (blind.has(at)) return true;
    if (at === "") return false;
  }
}
