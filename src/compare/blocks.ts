import type { BlockBounds, FileBlock } from "../model/file-block.ts";
import { type BytePath, comparePaths } from "../model/path.ts";
import type { PlannedPath } from "../model/plan.ts";

/** Paths that belong together: one path, or a link group with its first path first. */
function units(paths: readonly PlannedPath[]): PlannedPath[][] {
  const byLeader = new Map<BytePath, PlannedPath[]>();
  for (const path of paths) {
    const key = path.leader ?? path.path;
    const unit = byLeader.get(key);
    if (unit === undefined) byLeader.set(key, [path]);
    else unit.push(path);
  }
  return [...byLeader.values()];
}

function statementOf(unit: readonly PlannedPath[]): number {
  return unit.reduce((sum, path) => sum + path.statementBytes, 0);
}

function apart(unit: readonly PlannedPath[]): PlannedPath[][] {
  return unit.map((path) => [path]);
}

/**
 * Cuts planned paths into file blocks. Directories come first, so that every directory is there
 * before its content, also for members of a link group that its leader pulls forward; link groups
 * stay whole, even when one alone passes the bounds, unless no statement could name all of it: then the
 * first name comes first, and the others link to what it is by then.
 *
 * @param planned in path order, each path once
 */
export function cutBlocks(planned: readonly PlannedPath[], bounds: BlockBounds): FileBlock[] {
  const blocks: FileBlock[] = [];
  let paths: PlannedPath[] = [];
  let bytes = 0;
  let statementBytes = 0;
  const close = (): void => {
    if (paths.length === 0) return;
    paths.sort((a, b) => comparePaths(a.path, b.path));
    blocks.push({ index: blocks.length, paths, bytes });
    [paths, bytes, statementBytes] = [[], 0, 0];
  };
  const directories = planned.filter((path) => path.isDirectory);
  const others = planned.filter((path) => !path.isDirectory);
  const whole = units(others).flatMap((unit) => (statementOf(unit) > bounds.maxStatementBytes ? apart(unit) : [unit]));
  for (const unit of [...directories.map((path) => [path]), ...whole]) {
    const unitBytes = unit.reduce((sum, path) => sum + path.bytes, 0);
    const unitStatement = statementOf(unit);
    const full =
      paths.length + unit.length > bounds.maxPaths ||
      bytes + unitBytes > bounds.maxBytes ||
      statementBytes + unitStatement > bounds.maxStatementBytes;
    if (full) close();
    paths.push(...unit);
    bytes += unitBytes;
    statementBytes += unitStatement;
  }
  close();
  return blocks;
}

/** The union of what several remotes need, in path order, each path once. */
export function unionPlanned(plans: readonly (readonly PlannedPath[])[]): PlannedPath[] {
  const union = new Map<BytePath, PlannedPath>();
  for (const planned of plans) for (const path of planned) union.set(path.path, path);
  return [...union.values()].sort((a, b) => comparePaths(a.path, b.path));
}

/** Cuts paths to be deleted into groups that one statement can speak of. */
export function cutDeletions(deletions: readonly BytePath[], bounds: BlockBounds): BytePath[][] {
  const groups: BytePath[][] = [];
  let group: BytePath[] = [];
  let bytes = 0;
  for (const path of deletions) {
    const full = group.length >= bounds.maxPaths || bytes + path.length > bounds.maxStatementBytes;
    if (group.length > 0 && full) {
      groups.push(group);
      [group, bytes] = [[], 0];
    }
    group.push(path);
    bytes += path.length + 3;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
