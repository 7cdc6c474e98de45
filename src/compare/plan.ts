import {
  ABILITY,
  type Abilities,
  ALL_COLUMNS,
  COLUMN_BIT,
  type ColumnSet,
  columnNames,
  DIRECTORY,
  ENTRY_TYPES,
  type Entry,
  FILE,
  isPrivilegedXattr,
  sameXattrs,
  type Xattr,
} from "../model/entry.ts";
import { type BytePath, isWithin } from "../model/path.ts";
import { ACTIONS, type Action, type PlannedPath, type RemotePlan } from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";
import type { Located, Pair } from "./diff.ts";

export interface PlanOptions {
  /** Paths whose content was compared and differs. */
  readonly contentDiffers: ReadonlySet<BytePath>;
  /** What the remote can set; differences in anything else are reported, not planned. */
  readonly represents: Abilities;
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

/** Differences of less than this are lost on a host that sets times to the microsecond only. */
const MICROSECOND_NS = 2000;

const AS_ROOT = "run its node as root";
const SEE_LACKS = "its system cannot, see `lacks` in `status --json`";

/** Columns in which the pair differs though the remote could not set them right. */
export function lostColumns(master: Entry, remote: Entry, columns: ColumnSet, represents: Abilities): ColumnSet {
  let lost = columns & ~represents & ALL_COLUMNS;
  if ((columns & COLUMN_BIT.xattrs) !== 0 && (represents & ABILITY.privilegedXattrs) === 0) {
    const own = (entry: Entry): readonly Xattr[] => entry.xattrs.filter((xattr) => !isPrivilegedXattr(xattr.name));
    if (sameXattrs(own(master), own(remote))) lost |= COLUMN_BIT.xattrs;
  }
  if ((columns & COLUMN_BIT.mtime) !== 0 && (represents & ABILITY.exactTimes) === 0) {
    const apart = Math.abs((master.mtimeSec - remote.mtimeSec) * 1e9 + master.mtimeNsec - remote.mtimeNsec);
    if (apart < MICROSECOND_NS) lost |= COLUMN_BIT.mtime;
  }
  return lost;
}

/** Columns of what is made anew that the remote cannot set; which owners it can is known to itself only. */
function lostOfNew({ xattrs, mtimeNsec }: Entry, represents: Abilities): ColumnSet {
  let lost = 0;
  const canSet = (name: string): boolean =>
    (represents & (isPrivilegedXattr(name) ? ABILITY.privilegedXattrs : COLUMN_BIT.xattrs)) !== 0;
  if (!xattrs.every(({ name }) => canSet(name))) lost |= COLUMN_BIT.xattrs;
  if (mtimeNsec % MICROSECOND_NS !== 0 && (represents & ABILITY.exactTimes) === 0) lost |= COLUMN_BIT.mtime;
  return lost;
}

/** True when the remote cannot make a path of this type. */
function cannotMake(entry: Entry, represents: Abilities): boolean {
  switch (entry.type) {
    case ENTRY_TYPES.characterDevice:
    case ENTRY_TYPES.blockDevice:
      return (represents & ABILITY.devices) === 0;
    case ENTRY_TYPES.fifo:
    case ENTRY_TYPES.socket:
      return (represents & ABILITY.nodes) === 0;
    default:
      return false;
  }
}

/** Whether two entries are the same but for content, links and attributes. */
export function sameNode(a: Entry, b: Entry): boolean {
  return (
    a.type === b.type &&
    a.size === b.size &&
    a.target === b.target &&
    a.rdevMajor === b.rdevMajor &&
    a.rdevMinor === b.rdevMinor
  );
}

function decideAction(pair: Pair, options: PlanOptions, lost: ColumnSet): Action | undefined {
  const { master, remote } = pair;
  if (master === undefined) return undefined;
  if (remote === undefined) return ACTIONS.create;
  const [m, r] = [master.entry, remote.entry];
  if (!sameNode(m, r) || options.contentDiffers.has(pair.path)) return ACTIONS.replace;
  if (m.leader !== r.leader) return m.type === FILE || m.leader !== undefined ? ACTIONS.relink : ACTIONS.replace;
  if ((pair.columns & ~lost & ~COLUMN_BIT.structure) !== 0) return ACTIONS.attributes;
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
  const replaced: BytePath[] = [];
  const problems: Problem[] = [];
  let [created, updated, deleted, attributes, kept] = [0, 0, 0, 0, 0];
  let [newBytes, replacedBytes] = [0, 0];
  let replacedDirectory: BytePath | undefined;
  /** Takes the last action back: something must stay in this directory, so it stays as well. */
  const keepDirectory = (path: BytePath): void => {
    actions.delete(path);
    newBytes -= planned.pop()?.bytes ?? 0;
    updated--;
    const message = "is a directory here and holds what the master does not have; the order forbids deletions";
    problems.push({ path, code: "LOCKSTEP_DELETE_FORBIDDEN", message });
  };
  for (const pair of pairs) {
    const { master, remote, path } = pair;
    if (master === undefined) {
      if (!options.delete) {
        kept++;
        // What lies below comes right behind its directory.
        if (replacedDirectory !== undefined && isWithin(path, replacedDirectory)) {
          keepDirectory(replacedDirectory);
          replacedDirectory = undefined;
        }
        continue;
      }
      deleted++;
      // Below a directory that turns into something else the switch itself takes the path away.
      const isTaken = replacedDirectory !== undefined && isWithin(path, replacedDirectory);
      (isTaken ? replaced : deletions).push(path);
      continue;
    }
    const lost = remote === undefined ? 0 : lostColumns(master.entry, remote.entry, pair.columns, options.represents);
    const action = decideAction(pair, options, lost);
    if ((action === ACTIONS.create || action === ACTIONS.replace) && cannotMake(master.entry, options.represents)) {
      const isDevice =
        master.entry.type === ENTRY_TYPES.characterDevice || master.entry.type === ENTRY_TYPES.blockDevice;
      const message = `this host cannot make a file of this type; ${isDevice ? AS_ROOT : SEE_LACKS}`;
      problems.push({ path, code: "LOCKSTEP_UNREPRESENTABLE", message });
      continue;
    }
    const isNew = action === ACTIONS.create || action === ACTIONS.replace;
    const missing = isNew ? lostOfNew(master.entry, options.represents) : lost;
    if (missing !== 0) {
      const isRoots = (missing & COLUMN_BIT.owner) !== 0 || (missing & options.represents & COLUMN_BIT.xattrs) !== 0;
      const message = `this host cannot set ${columnNames(missing).join(", ")} here; ${isRoots ? AS_ROOT : SEE_LACKS}`;
      problems.push({ path, code: "LOCKSTEP_UNREPRESENTABLE", message });
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
  return { plan: { actions, deletions, replaced, counts, newBytes, replacedBytes }, planned, kept, problems };
}
