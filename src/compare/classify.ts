import ignore, { type Ignore } from "ignore";
import type { Bound, Classification } from "../model/classification.ts";
import { isWholeRoot } from "../model/classification.ts";
import { DIRECTORY, ENTRY_TYPES, type EntryType, FILE } from "../model/entry.ts";
import { LockstepError } from "../model/errors.ts";
import { type BytePath, textForMatching } from "../model/path.ts";
import type { Action } from "../model/plan.ts";
import type { Pair } from "./diff.ts";

/** What the predicates look at. */
export interface Candidate {
  readonly path: BytePath;
  readonly type: EntryType;
  readonly size: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
}

export interface Classifier {
  /** True when the classification selects everything, so that nobody need be asked. */
  readonly selectsAll: boolean;
  selects(candidate: Candidate): boolean;
}

function holds(bound: Bound, value: number): boolean {
  switch (bound.op) {
    case "<":
      return value < bound.value;
    case "<=":
      return value <= bound.value;
    case ">":
      return value > bound.value;
    case ">=":
      return value >= bound.value;
  }
}

function matcher(patterns: readonly string[]): Ignore {
  try {
    return ignore({ ignorecase: false, allowRelativePaths: true }).add([...patterns]);
  } catch (error) {
    throw new LockstepError("LOCKSTEP_BAD_PATTERN", `a pattern of the class cannot be read: ${patterns.join(", ")}`, {
      cause: error,
    });
  }
}

/**
 * Makes the classifier of a round.
 *
 * @param now milliseconds since 1970, from the order
 */
export function createClassifier(classification: Classification, now: number): Classifier {
  if (isWholeRoot(classification)) return { selectsAll: true, selects: () => true };
  const include = classification.include.length > 0 ? matcher(classification.include) : undefined;
  const exclude = classification.exclude.length > 0 ? matcher(classification.exclude) : undefined;
  const types = new Set<EntryType>(classification.types.map((name) => ENTRY_TYPES[name]));
  const { size, age } = classification;
  return {
    selectsAll: false,
    selects(candidate) {
      if (types.size > 0 && !types.has(candidate.type)) return false;
      if (size !== undefined && candidate.type === FILE && !holds(size, candidate.size)) return false;
      if (age !== undefined) {
        const modified = candidate.mtimeSec * 1000 + candidate.mtimeNsec / 1e6;
        if (!holds(age, now - modified)) return false;
      }
      if (include === undefined && exclude === undefined) return true;
      // The root has no name that a pattern could match.
      if (candidate.path === "") return include === undefined;
      const text = textForMatching(candidate.path) + (candidate.type === DIRECTORY ? "/" : "");
      return (include === undefined || include.ignores(text)) && !(exclude?.ignores(text) ?? false);
    },
  };
}

/** Paths that are changed and that the class does not select as the master has them: no later list shows them. */
export function changedUnselected(
  pairs: readonly Pair[],
  actions: ReadonlyMap<BytePath, Action>,
  classifier: Classifier,
): BytePath[] {
  const paths: BytePath[] = [];
  for (const { path, master } of pairs) {
    if (master !== undefined && actions.has(path) && !classifier.selects(master.entry)) paths.push(path);
  }
  return paths;
}
