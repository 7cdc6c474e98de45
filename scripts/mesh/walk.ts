/** A quick walk of two trees that shares no code with the program, to check what it says. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

const OWN_DIRECTORY = ".lockstep";

/** One line per path (a string of one character per byte) that says everything about it. */
function describeTree(root: string, withOwner: boolean): Map<string, string> {
  const lines = new Map<string, string>();
  const leaders = new Map<bigint, string>();
  const top = Buffer.from(root, "utf8").toString("latin1");
  const pending = [""];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const bytes = Buffer.from(path === "" ? top : `${top}/${path}`, "latin1");
    const stat = lstatSync(bytes, { bigint: true });
    const owner = withOwner ? `${stat.uid}:${stat.gid}` : "";
    let what = "";
    if (stat.isDirectory()) {
      const names = readdirSync(bytes, { encoding: "buffer" }).map((name) => name.toString("latin1"));
      for (const name of names.sort().reverse()) {
        if (path === "" && name === OWN_DIRECTORY) continue;
        pending.push(path === "" ? name : `${path}/${name}`);
      }
    } else {
      // Links of one inode share the path that comes first in this very walk.
      const leader = leaders.get(stat.ino);
      if (leader !== undefined) what = `same inode as ${leader}`;
      else if (stat.isFile()) what = createHash("sha1").update(readFileSync(bytes)).digest("hex");
      else if (stat.isSymbolicLink()) what = readlinkSync(bytes, { encoding: "buffer" }).toString("latin1");
      else what = `device ${stat.rdev}`;
      if (leader === undefined) leaders.set(stat.ino, path);
    }
    lines.set(path, `${stat.mode.toString(8)} ${owner} ${stat.mtimeNs} ${what}`);
  }
  return lines;
}

export interface WalkResult {
  readonly paths: number;
  /** Paths that differ, by directory compared; a handful of each. */
  readonly differences: ReadonlyMap<string, readonly string[]>;
}

const SHOWN = 5;

/** Compares trees with a first one: content, type, mode, owner (as root), mtime, targets, hard links. */
export function compareTrees(first: string, others: readonly string[]): WalkResult {
  const withOwner = process.getuid?.() === 0;
  const expected = describeTree(first, withOwner);
  const differences = new Map<string, string[]>();
  for (const other of others) {
    const found = describeTree(other, withOwner);
    const off: string[] = [];
    for (const [path, line] of expected) if (found.get(path) !== line) off.push(JSON.stringify(path));
    for (const path of found.keys()) if (!expected.has(path)) off.push(`${JSON.stringify(path)} (extra)`);
    if (off.length > SHOWN) off.splice(SHOWN, off.length, `and ${off.length - SHOWN} more`);
    if (off.length > 0) differences.set(other, off);
  }
  return { paths: expected.size, differences };
}
