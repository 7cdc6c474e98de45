import { completePairs, type Located, mergeEntries, type Pair, withoutBlind } from "../compare/diff.ts";
import { type ChecksumGroup, secondList } from "../compare/second-list.ts";
import { dropEqualNodes, type EqualStretch } from "../compare/tree-difference.ts";
import { DIGEST_BYTES, sameDigest } from "../model/digest.ts";
import { DIRECTORY, differingColumns, FILE } from "../model/entry.ts";
import { isKnownSame, type ManifestNode } from "../model/manifest.ts";
import { ancestorPaths, type BytePath, comparePaths } from "../model/path.ts";
import type { Problem } from "../model/problem.ts";
import type { ListedHost } from "./listed-host.ts";

export interface Comparison {
  /** Every path on which the two do not agree, in path order (and perhaps some on which they do). */
  readonly pairs: readonly Pair[];
  readonly contentDiffers: ReadonlySet<BytePath>;
  /** Files read and hashed on the remote for this comparison. */
  readonly checksummed: number;
  readonly problems: readonly Problem[];
}

const GROUPS_PER_REQUEST = 256;
const ZERO = new Uint8Array(DIGEST_BYTES);

/**
 * Finds where a remote differs from the master: from the roots of both lists down to the batches
 * that differ, then the checksums of the files that both have.
 *
 * @param unselected paths to compare besides what the lists show; undefined where the lists show all that there is
 */
export async function compareLists(
  master: ListedHost,
  remote: ListedHost,
  unselected: ReadonlySet<BytePath> | undefined,
): Promise<Comparison> {
  const problems: Problem[] = [
    ...master.list.blind.map((problem) => ({ ...problem, message: `on the master: ${problem.message}` })),
    ...remote.list.blind,
  ];
  const blind = new Set([...master.list.blind, ...remote.list.blind].map((problem) => problem.path));
  const { equal, merged } = isKnownSame(master.list, remote.list) ? ALL_EQUAL : await mergeLists(master, remote);
  let pairs = withoutBlind(merged, blind);
  if (unselected !== undefined) {
    pairs.push(...withoutBlind(await lookupPairs(unselected, pairs, master, remote, problems), blind));
    pairs = await lookupOthers(pairs, master, remote, problems);
  }
  const contents = await compareContents(secondList(equal, pairs), master, remote);
  problems.push(...contents.problems);
  const found = withoutBlind(contents.found, blind);
  // What was merged is in order.
  if (found.length > 0) pairs = [...pairs, ...found].sort((a, b) => comparePaths(a.path, b.path));
  return { pairs, contentDiffers: contents.differs, checksummed: contents.checksummed, problems };
}

interface Merged {
  /** Stretches of which only the contents may differ. */
  readonly equal: readonly EqualStretch[];
  readonly merged: readonly Pair[];
}

const ALL_EQUAL: Merged = { equal: [], merged: [] };

async function mergeLists(master: ListedHost, remote: ListedHost): Promise<Merged> {
  const { equal, masterNodes, remoteNodes } = await descend(master, remote);
  const merged = [...mergeEntries(await master.entries(masterNodes), await remote.entries(remoteNodes))];
  return { equal, merged };
}

interface Descent {
  readonly equal: EqualStretch[];
  readonly masterNodes: ManifestNode[];
  readonly remoteNodes: ManifestNode[];
}

/** Follows both trees down, leaving out what is equal, to the batches that are not. */
async function descend(master: ListedHost, remote: ListedHost): Promise<Descent> {
  const equal: EqualStretch[] = [];
  let level = Math.min(master.topLevel, remote.topLevel);
  let masterNodes: readonly ManifestNode[] = await master.level(level);
  let remoteNodes: readonly ManifestNode[] = await remote.level(level);
  for (; ; level--) {
    const difference = dropEqualNodes(masterNodes, remoteNodes);
    equal.push(...difference.equal);
    if (level === 0) return { equal, masterNodes: difference.master, remoteNodes: difference.remote };
    [masterNodes, remoteNodes] = await Promise.all([
      master.children(difference.master, level),
      remote.children(difference.remote, level),
    ]);
  }
}

/** A path that the host cannot look at is a problem, and left out. */
async function find(
  host: ListedHost,
  paths: readonly BytePath[],
  problems: Problem[],
  unknown: Set<BytePath>,
): Promise<Map<BytePath, Located>> {
  const found = new Map<BytePath, Located>();
  for (const { path, entry, ordinal, problem } of await host.link.lookup(paths)) {
    if (entry !== undefined) found.set(path, { entry, ordinal });
    if (problem === undefined) continue;
    problems.push(problem);
    unknown.add(path);
  }
  return found;
}

/** Pairs of those paths that are none of `pairs`, and that both hosts have. */
async function lookupPairs(
  paths: ReadonlySet<BytePath>,
  pairs: readonly Pair[],
  master: ListedHost,
  remote: ListedHost,
  problems: Problem[],
): Promise<Pair[]> {
  const known = new Set(pairs.map((pair) => pair.path));
  const others = [...paths].filter((path) => !known.has(path));
  const unknown = new Set<BytePath>();
  const [ours, theirs] = await Promise.all([master, remote].map((host) => find(host, others, problems, unknown)));
  const both: Pair[] = [];
  for (const path of others) {
    const [m, r] = [ours.get(path), theirs.get(path)];
    if (m === undefined || r === undefined || unknown.has(path)) continue;
    both.push({ path, master: m, remote: r, columns: differingColumns(m.entry, r.entry) });
  }
  return both;
}

/**
 * A path that only one side selected may exist on the other, unselected: then it belongs to the
 * group all the same. And a directory outside the group must be there for what is made inside it.
 */
async function lookupOthers(
  pairs: readonly Pair[],
  master: ListedHost,
  remote: ListedHost,
  problems: Problem[],
): Promise<Pair[]> {
  const onlyMaster = pairs.filter((pair) => pair.remote === undefined).map((pair) => pair.path);
  const onlyRemote = pairs.filter((pair) => pair.master === undefined).map((pair) => pair.path);
  const unknown = new Set<BytePath>();
  const lookup = (host: ListedHost, paths: readonly BytePath[]) => find(host, paths, problems, unknown);
  const [onRemote, onMaster] = await Promise.all([lookup(remote, onlyMaster), lookup(master, onlyRemote)]);
  const complete = withoutBlind(completePairs(pairs, onMaster, onRemote), unknown);
  const known = new Set(complete.map((pair) => pair.path));
  const parents = new Set<BytePath>();
  for (const pair of complete) {
    if (pair.remote !== undefined) continue;
    for (const ancestor of ancestorPaths(pair.path)) if (!known.has(ancestor)) parents.add(ancestor);
  }
  const present = await lookup(remote, [...parents]);
  const missing = [...parents].filter((path) => !present.has(path) && !unknown.has(path));
  for (const [path, located] of await lookup(master, missing)) {
    complete.push({ path, master: located, remote: undefined, columns: 0 });
  }
  const inTheWay = new Set<BytePath>();
  for (const [path, { entry }] of present) {
    if (entry.type === DIRECTORY) continue;
    const message = "is no directory here and outside the class, so it stays, and nothing is made below it";
    problems.push({ path, code: "LOCKSTEP_DELETE_FORBIDDEN", message });
    inTheWay.add(path);
  }
  return withoutBlind(complete, inTheWay).sort((a, b) => comparePaths(a.path, b.path));
}

interface Contents {
  readonly differs: Set<BytePath>;
  /** Pairs of files whose entries are equal and whose contents are not. */
  readonly found: Pair[];
  readonly checksummed: number;
  readonly problems: Problem[];
}

async function compareContents(
  groups: readonly ChecksumGroup[],
  master: ListedHost,
  remote: ListedHost,
): Promise<Contents> {
  const contents = { differs: new Set<BytePath>(), found: [] as Pair[], checksummed: 0, problems: [] as Problem[] };
  for (let at = 0; at < groups.length; at += GROUPS_PER_REQUEST) {
    const part = groups.slice(at, at + GROUPS_PER_REQUEST);
    const [ours, theirs] = await Promise.all([
      master.link.groupDigests(part.map((group) => group.master)),
      remote.link.groupDigests(part.map((group) => group.remote)),
    ]);
    contents.checksummed += theirs.hashed;
    contents.problems.push(
      ...theirs.problems,
      ...ours.problems.map((p) => ({ ...p, message: `on the master: ${p.message}` })),
    );
    for (const [i, group] of part.entries()) {
      if (!sameDigest(ours.digests[i], theirs.digests[i])) await compareGroup(group, master, remote, contents);
    }
  }
  return contents;
}

async function compareGroup(
  group: ChecksumGroup,
  master: ListedHost,
  remote: ListedHost,
  contents: Pick<Contents, "differs" | "found">,
): Promise<void> {
  const [ours, theirs] = await Promise.all([master.link.checksums(group.master), remote.link.checksums(group.remote)]);
  const files = group.paths === undefined ? await filesOf(group, master) : undefined;
  const count = files?.length ?? group.paths?.length ?? 0;
  for (let i = 0; i < count; i++) {
    const [a, b] = [ours, theirs].map((all) => all.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES));
    // Zeros stand for a file that could not be read, which is reported as a problem.
    if (sameDigest(a, b) || sameDigest(a, ZERO) || sameDigest(b, ZERO)) continue;
    const file = files?.[i];
    if (file !== undefined) contents.found.push(file);
    contents.differs.add(file?.path ?? (group.paths as readonly BytePath[])[i]);
  }
}

/** The files of a stretch that is equal in all columns, as pairs. */
async function filesOf(group: ChecksumGroup, master: ListedHost): Promise<Pair[]> {
  const [first, count] = group.master[0];
  const remoteFirst = group.remote[0][0];
  const entries = await master.entriesAt(first, count);
  return entries
    .filter(({ entry }) => entry.type === FILE)
    .map((located) => ({
      path: located.entry.path,
      master: located,
      remote: { entry: located.entry, ordinal: located.ordinal - first + remoteFirst },
      columns: 0,
    }));
}
