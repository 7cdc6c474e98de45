import { FILE } from "../model/entry.ts";
import { appendOrdinal, type OrdinalRanges } from "../model/ordinals.ts";
import type { BytePath } from "../model/path.ts";
import type { Pair } from "./diff.ts";
import type { EqualStretch } from "./tree-difference.ts";

/** Files per group of the second list: one digest answers for so many checksums. */
export const GROUP_ENTRIES = 256;

/**
 * A part of the second list: the same entries on both sides, named by each side's own positions.
 * `paths` is known when the entries were looked at one by one, not for equal stretches.
 */
export interface ChecksumGroup {
  readonly master: OrdinalRanges;
  readonly remote: OrdinalRanges;
  readonly paths: readonly BytePath[] | undefined;
}

/** True when the pair's contents must be compared: on both sides a file of the same size. */
export function needsChecksum(pair: Pair): boolean {
  return (
    pair.master?.entry.type === FILE &&
    pair.remote?.entry.type === FILE &&
    pair.master.entry.size === pair.remote.entry.size
  );
}

/**
 * The second list: the files whose checksums are compared, that is those that both sides have with
 * the same type and size; never one that only one side has.
 */
export function secondList(equal: readonly EqualStretch[], pairs: readonly Pair[]): ChecksumGroup[] {
  const groups: ChecksumGroup[] = [];
  for (const stretch of equal) {
    for (let at = 0; at < stretch.entries; at += GROUP_ENTRIES) {
      const count = Math.min(GROUP_ENTRIES, stretch.entries - at);
      groups.push({
        master: [[stretch.masterFirst + at, count]],
        remote: [[stretch.remoteFirst + at, count]],
        paths: undefined,
      });
    }
  }
  let master: [number, number][] = [];
  let remote: [number, number][] = [];
  let paths: BytePath[] = [];
  for (const pair of pairs) {
    if (!needsChecksum(pair) || pair.master === undefined || pair.remote === undefined) continue;
    // What was looked up lies behind all that is listed, wherever its path does; positions of a group ascend.
    const fits = isBehind(master, pair.master.ordinal) && isBehind(remote, pair.remote.ordinal);
    if (paths.length === GROUP_ENTRIES || !fits) {
      groups.push({ master, remote, paths });
      [master, remote, paths] = [[], [], []];
    }
    appendOrdinal(master, pair.master.ordinal);
    appendOrdinal(remote, pair.remote.ordinal);
    paths.push(pair.path);
  }
  if (paths.length > 0) groups.push({ master, remote, paths });
  return groups;
}

function isBehind(ranges: OrdinalRanges, ordinal: number): boolean {
  const last = ranges.at(-1);
  return last === undefined || ordinal >= last[0] + last[1];
}
