import { COLUMN_BIT, type ColumnSet, columnNames, DIRECTORY, FILE } from "../model/entry.ts";
import { type BytePath, isWithin } from "../model/path.ts";
import { ACTIONS, type Action, type PlannedPath, type RemotePlan } from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";
import type { Located, Pair } from "./diff.ts";

export interface PlanOptions {
  /** Paths whose content was compared and differs. */
  readonly contentDiffers: ReadonlySet<BytePath>;
  /** Columns that the remote can represent; differences in others are reported, not planned. */
  readonly represents: ColumnSet;
  /** Whether the order allows deletions. */
  readonly delete: boolean;
}

export interface PlanResult {
  readonly plan: RemotePlan;
  /** The master's side of every planned action. */
  readonly planned: readonly PlannedPath[];
  readonly kept: number;
  readonly problems: readonly Problem[];
}

function decideAction(pair: Pair, options: PlanOptions): Action | undefined {
  const { master, remote } = pair;
  if (master === undefined) return undefined;
  if (remote === undefined) return ACTIONS.create;
  const [m, r] = [master.entry, remote.entry];
  const sameNode =
    m.type === r.type &&
    m.size === r.size &&
    m.target === r.target &&
    m.rdevMajor === r.rdevMajor &&
    m.rdevMinor === r.rdevMinor;
  if (!sameNode || options.contentDiffers.has(pair.path)) return ACTIONS.replace;
  if (m.leader !== r.leader) return m.type === FILE || m.leader !== undefined ? ACTIONS.relink : ACTIONS.replace;
  if ((pair.columns & options.represents & ~COLUMN_BIT.structure) !== 0) return ACTIONS.attributes;
  return undefined;
}

function plannedPath(master: Located): PlannedPath {
  const { entry, ordinal } = master;
  const xattrBytes = entry.xattrs.reduce((sum, x) => sum + x.name.length + x.value.length, 0);
  return {
    path: entry.path,
    ordinal,
    isDirectory: entry.type === DIRECTORY,
    bytes: entry.type === FILE && entry.leader === undefined ? entry.size : 0,
    statementBytes: 100 + entry.path.length + entry.target.length + (entry.leader?.length ?? 0) + xattrBytes,
    leader: entry.leader,
  };
}

/** Makes one remote's plan from the pairs of the comparison, which are in path order. */
export function planRemote(pairs: readonly Pair[], options: PlanOptions): PlanResult {
  const actions = new Map<BytePath, Action>();
  const planned: PlannedPath[] = [];
  const deletions: BytePath[] = [];
  const problems: Problem[] = [];
  let [created, updated, deleted, attributes, kept] = [0, 0, 0, 0, 0];
  let [newBytes, replacedBytes] = [0, 0];
  let replacedDirectory: BytePath | undefined;
  for (const pair of pairs) {
    const { master, remote, path } = pair;
    if (master === undefined) {
      if (!options.delete) {
        kept++;
        continue;
      }
      deleted++;
      // Below a directory that turns into something else the switch itself takes the path away.
      if (replacedDirectory === undefined || !isWithin(path, replacedDirectory)) deletions.push(path);
      continue;
    }
    const action = decideAction(pair, options);
    if (remote !== undefined && action !== ACTIONS.replace) {
      const lost = pair.columns & ~options.represents;
      if (lost !== 0) {
        const message = `this host cannot set ${columnNames(lost).join(", ")} here; run its node as root`;
        problems.push({ path, code: "LOCKSTEP_UNREPRESENTABLE", message });
      }
    }
    if (action === undefined) continue;
    actions.set(path, action);
    const item = plannedPath(master);
    planned.push(item);
    if (action === ACTIONS.create) created++;
    else if (action === ACTIONS.attributes) attributes++;
    else updated++;
    if (action === ACTIONS.create || action === ACTIONS.replace) newBytes += item.bytes;
    if (action === ACTIONS.replace && remote !== undefined) {
      replacedBytes += remote.entry.size;
      if (remote.entry.type === DIRECTORY) replacedDirectory = path;
    }
  }
  const counts = { created, updated, deleted, attributes };
  return { plan: { actions, deletions, counts, newBytes, replacedBytes }, planned, kept, problems };
}
