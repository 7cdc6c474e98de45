/**
 * Changes a tree the way work on it would, and says exactly what changed: the expectation comes
 * from comparing a full snapshot before with one after, not from the list of edits.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { byteString, ContentWriter, pathBytes, Random } from "./generate.js";

export interface EditOptions {
  seed: number;
  /** Fraction of the files whose content changes (default 0.01). */
  edit?: number | undefined;
  /** Files added, as a fraction of the files (default 0.005). */
  add?: number | undefined;
  /** Fraction of the files removed (default 0.005). */
  remove?: number | undefined;
  /** Paths whose mode or time alone changes, as a fraction of the files (default 0.05). */
  touch?: number | undefined;
  /** Whether to rename one top-level directory (default true). */
  renameTop?: boolean | undefined;
}

export interface EditSummary {
  /** Inodes edited: files, one hard-link group, one link retargeted, one file made a link. */
  edited: number;
  /** Files added; the directories made for them are only in `expect`. */
  added: number;
  removed: number;
  touched: number;
  /** Paths under and including the renamed directory. */
  renamed: number;
  expect: { created: number; updated: number; deleted: number; attributes: number };
  /** Sizes of the files that are new, changed or under the renamed directory, each inode once. */
  changedBytes: number;
}

interface Entry {
  type: "file" | "directory" | "symlink" | "other";
  size: number;
  /** Digest of a file, target of a symbolic link, device number of anything else. */
  content: string;
  mode: number;
  uid: number;
  gid: number;
  mtimeNs: bigint;
  /** Which inode it is, for counting each once. */
  inode: string;
  links: number;
  /** The first path of the same inode. */
  leader: string;
}

/** Keyed by byte string (see generate.ts), in component-wise depth-first order; "" is the root. */
type Snapshot = Map<string, Entry>;

const readBuffer = Buffer.allocUnsafe(1 << 20);

function digest(path: Buffer): string {
  const hash = createHash("sha256");
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (;;) {
      const length = readSync(fd, readBuffer, 0, readBuffer.length, null);
      if (length === 0) break;
      hash.update(readBuffer.subarray(0, length));
    }
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex");
}

function takeSnapshot(root: string): Snapshot {
  const snapshot: Snapshot = new Map();
  const leaders = new Map<string, string>();
  const pending = [""];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const bytes = pathBytes(root, path);
    const stat = lstatSync(bytes, { bigint: true });
    const inode = `${stat.dev}:${stat.ino}`;
    const entry: Entry = {
      type: "other",
      size: 0,
      content: "",
      mode: Number(stat.mode & 0o7777n),
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtimeNs: stat.mtimeNs,
      inode,
      links: Number(stat.nlink),
      leader: path,
    };
    if (stat.isDirectory()) {
      entry.type = "directory";
      const names = readdirSync(bytes, { encoding: "buffer" }).map((n) => n.toString("latin1"));
      // Last in, first out: the last name goes in first.
      for (const name of names.sort().reverse()) {
        // The tool's own directory is no part of the tree.
        if (path === "" && name === ".lockstep") continue;
        pending.push(path === "" ? name : `${path}/${name}`);
      }
    } else {
      const leader = leaders.get(inode);
      entry.leader = leader ?? path;
      if (leader === undefined) leaders.set(inode, path);
      if (stat.isFile()) {
        entry.type = "file";
        entry.size = Number(stat.size);
        entry.content = (leader && snapshot.get(leader)?.content) ?? digest(bytes);
      } else if (stat.isSymbolicLink()) {
        entry.type = "symlink";
        entry.content = readlinkSync(bytes, { encoding: "buffer" }).toString("latin1");
      } else {
        entry.content = `${stat.mode & ~0o7777n} ${stat.rdev}`;
      }
    }
    snapshot.set(path, entry);
  }
  return snapshot;
}

function compare(before: Snapshot, after: Snapshot): Pick<EditSummary, "expect" | "changedBytes"> {
  const expect = { created: 0, updated: 0, deleted: 0, attributes: 0 };
  const changed = new Map<string, number>();
  for (const [path, now] of after) {
    const then = before.get(path);
    const differs = then?.type !== now.type || then.size !== now.size || then.content !== now.content;
    if (differs && now.type === "file") changed.set(now.inode, now.size);
    if (then === undefined) expect.created++;
    else if (differs || then.leader !== now.leader) expect.updated++;
    else if (then.mode !== now.mode || then.uid !== now.uid || then.gid !== now.gid || then.mtimeNs !== now.mtimeNs)
      expect.attributes++;
  }
  for (const path of before.keys()) if (!after.has(path)) expect.deleted++;
  let changedBytes = 0;
  for (const size of changed.values()) changedBytes += size;
  return { expect, changedBytes };
}

function isUnder(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

export function editTree(directory: string, options: EditOptions): EditSummary {
  const { edit = 0.01, add = 0.005, remove = 0.005, touch = 0.05, renameTop = true } = options;
  const random = new Random(options.seed);
  const content = new ContentWriter(random);
  const root = byteString(directory);
  const at = (path: string): Buffer => pathBytes(root, path);
  const before = takeSnapshot(root);
  const summary = { edited: 0, added: 0, removed: 0, touched: 0, renamed: 0 };

  const directories: string[] = [];
  const links: string[] = [];
  const singles: string[] = [];
  const grouped: string[] = [];
  const writable = (mode: number): boolean => process.getuid?.() === 0 || (mode & 0o200) !== 0;
  for (const [path, entry] of before) {
    if (entry.type === "directory") {
      if (path !== "" && writable(entry.mode)) directories.push(path);
    } else if (entry.links > 1) {
      if (entry.type === "file" && entry.leader !== path && writable(entry.mode)) {
        grouped.push(path);
      }
    } else if (entry.type === "symlink") links.push(path);
    else if (entry.type === "file" && writable(entry.mode)) singles.push(path);
  }
  const count = (fraction: number): number => (fraction <= 0 ? 0 : Math.max(1, Math.round(fraction * singles.length)));

  // One shuffled list, taken from its end, so that no path is changed twice.
  const files = random.shuffle(singles);
  const symlinks = random.shuffle(links);

  const editFile = (path: string, size: number): void => {
    const fd = openSync(at(path), constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      const from = random.below(size);
      if (size > 0 && random.below(2) === 0) {
        // The size stays: some bytes become others.
        const part = Buffer.allocUnsafe(Math.min(1 + random.below(200), size - from));
        readSync(fd, part, 0, part.length, from);
        for (let i = 0; i < part.length; i++) {
          part[i] = (part[i] ?? 0) ^ (1 + random.below(255));
        }
        writeSync(fd, part, 0, part.length, from);
      } else if (size < 2 || random.below(3) > 0) {
        const more = content.bytes(1 + random.below(2000));
        // At the end or, moving the rest along, in the middle.
        const where = random.below(2) === 0 ? size : Math.max(from, size - (1 << 20));
        const rest = Buffer.allocUnsafe(size - where);
        readSync(fd, rest, 0, rest.length, where);
        writeSync(fd, Buffer.concat([more, rest]), 0, more.length + rest.length, where);
      } else {
        ftruncateSync(fd, from);
      }
    } finally {
      closeSync(fd);
    }
    summary.edited++;
  };

  const edits = count(edit);
  for (let n = 0; n < edits; n++) {
    const path = files.pop();
    if (path === undefined) break;
    editFile(path, before.get(path)?.size ?? 0);
  }
  if (edits > 0) {
    // Through a name that is not the first, as a tool may look only at that one.
    if (grouped.length > 0) {
      const path = random.pick(grouped);
      editFile(path, before.get(path)?.size ?? 0);
    }
    const link = symlinks.pop();
    if (link !== undefined) {
      unlinkSync(at(link));
      symlinkSync("retargeted", at(link));
      summary.edited++;
    }
    const file = singles.length >= 100 ? files.pop() : undefined;
    if (file !== undefined) {
      unlinkSync(at(file));
      symlinkSync("was a file", at(file));
      summary.edited++;
    }
  }

  for (let n = count(remove); n > 0; n--) {
    // A few symbolic links among them.
    const path = n % 20 === 19 ? (symlinks.pop() ?? files.pop()) : files.pop();
    if (path === undefined) break;
    unlinkSync(at(path));
    summary.removed++;
  }

  const additions = count(add);
  for (let n = 0; n < additions; n++) {
    let parent = directories.length === 0 ? "" : random.pick(directories);
    if (n % 10 === 0) {
      parent += `${parent === "" ? "" : "/"}added-${options.seed}-${n}`;
      mkdirSync(at(parent));
    }
    const name = `added ${options.seed}-${n}`;
    const fd = openSync(at(parent === "" ? name : `${parent}/${name}`), "wx", 0o644);
    try {
      content.write(fd, random.below(16_384));
    } finally {
      closeSync(fd);
    }
    summary.added++;
  }

  const folders = random.shuffle(directories);
  const touches = count(touch);
  for (let n = 0; n < touches; n++) {
    const path = (n % 20 === 18 ? folders.pop() : n % 20 === 19 ? symlinks.pop() : undefined) ?? files.pop();
    const entry = path === undefined ? undefined : before.get(path);
    if (path === undefined || entry === undefined) break;
    const kind = entry.type === "symlink" ? 0 : random.below(3);
    const seconds = 1_000_000_000 + random.below(700_000_000) + random.below(1000) / 1000;
    if (kind !== 0) chmodSync(at(path), entry.mode ^ 0o011);
    if (kind !== 1) {
      (entry.type === "symlink" ? lutimesSync : utimesSync)(at(path), seconds, seconds);
    }
    summary.touched++;
  }

  let renamed: string | undefined;
  if (renameTop) {
    const filled = new Set<string>();
    for (const path of before.keys()) {
      if (path.includes("/")) filled.add(path.slice(0, path.indexOf("/")));
    }
    // Renaming an empty directory would show little.
    const tops = directories.filter((path) => filled.has(path));
    if (tops.length > 0) {
      const top = random.pick(tops);
      let to = `${top.slice(0, 200)} renamed`;
      while (before.has(to)) to += "+";
      renameSync(at(top), at(to));
      renamed = to;
    }
  }

  const after = takeSnapshot(root);
  for (const path of after.keys()) {
    if (renamed !== undefined && isUnder(path, renamed)) summary.renamed++;
  }
  return { ...summary, ...compare(before, after) };
}
