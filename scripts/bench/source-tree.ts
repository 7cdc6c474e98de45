/** A tree as source code is: thousands of small files that compress well, from what this machine has. */
import { copyFileSync, type Dirent, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createGzip } from "node:zlib";

/** Longer ones are libraries and bundles; a few of them would be most of the tree. */
const MAX_FILE_BYTES = 512 * 1024;
/** What is made on the machine, and not the same everywhere. */
const LEFT_OUT = new Set(["__pycache__", ".cache", ".git"]);

export interface TreeSize {
  readonly files: number;
  readonly bytes: number;
}

interface FoundFile {
  /** A character a byte, as names need not be UTF-8. */
  readonly path: string;
  readonly bytes: number;
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}

function onDisk(path: string): Buffer {
  return Buffer.from(path, "latin1");
}

/** Regular files below a directory, in the order of their names. */
function* eachFile(directory: string, leftOut: ReadonlySet<string>): Generator<FoundFile> {
  const entries = readdirSync(onDisk(directory), { withFileTypes: true, encoding: "latin1" });
  for (const entry of entries.sort(byName)) {
    if (leftOut.has(entry.name)) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* eachFile(path, leftOut);
    else if (entry.isFile()) yield { path, bytes: statSync(onDisk(path)).size };
  }
}

/** Python's library first, then the packages of this checkout. */
function origins(): string[] {
  const system = "/usr/lib";
  const python = existsSync(system) ? readdirSync(system).filter((name) => /^python3(\.\d+)?$/.test(name)) : [];
  const packages = fileURLToPath(new URL("../../node_modules", import.meta.url));
  return [...python.sort().map((name) => join(system, name)), packages];
}

/** Copies files, always the same ones of the same machine, until there are as many or as many bytes. */
export function copySourceTree(target: string, limit: TreeSize): void {
  let [files, bytes] = [0, 0];
  for (const [i, origin] of origins().entries()) {
    for (const file of eachFile(origin, LEFT_OUT)) {
      if (files >= limit.files || bytes >= limit.bytes) return;
      if (file.bytes > MAX_FILE_BYTES) continue;
      const copy = join(target, `${i}`, file.path.slice(origin.length));
      mkdirSync(onDisk(dirname(copy)), { recursive: true });
      copyFileSync(onDisk(file.path), onDisk(copy));
      files++;
      bytes += file.bytes;
    }
  }
}

/** What copies are compared by: a look at names and sizes, not at content. */
export function treeSize(root: string): TreeSize {
  let [files, bytes] = [0, 0];
  for (const file of eachFile(root, new Set([".lockstep"]))) {
    files++;
    bytes += file.bytes;
  }
  return { files, bytes };
}

/** Files of a tree with their paths below it, in the order of their names. */
export function filesOf(root: string): { readonly path: string; readonly names: string[]; readonly bytes: number }[] {
  return [...eachFile(root, new Set())].map(({ path, bytes }) => ({
    path,
    bytes,
    names: path.slice(root.length + 1).split("/"),
  }));
}

/** What `gzip -6` makes of all files in one stream. */
export async function gzippedBytes(root: string): Promise<number> {
  const gzip = createGzip({ level: 6 });
  let total = 0;
  gzip.on("data", (chunk: Buffer) => {
    total += chunk.length;
  });
  const ended = new Promise((resolve) => gzip.once("end", resolve));
  for (const { path } of eachFile(root, new Set())) {
    if (!gzip.write(readFileSync(onDisk(path)))) await new Promise((resolve) => gzip.once("drain", resolve));
  }
  gzip.end();
  await ended;
  return total;
}
