/** A tree of a few large files, whose mirroring takes long enough to be disturbed. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until, writeTree } from "./mesh-harness.ts";

const FILE_BYTES = 2 << 20;
/** More than two file blocks, so that a round has a middle. */
export const FILES = 80;

export const nameOf = (i: number): string => `directory ${i % 8}/file ${i}`;

/** Writes every file, wholly of that generation. */
export function fill(root: string, generation: string): void {
  for (let i = 0; i < FILES; i++) {
    const line = `${generation} of file ${i}\n`;
    writeTree(root, { [nameOf(i)]: line.repeat(Math.ceil(FILE_BYTES / line.length)) });
  }
}

export const digest = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

export const digests = (root: string): string[] =>
  Array.from({ length: FILES }, (_, i) => digest(join(root, nameOf(i))));

/** Waits until a round that runs has staged something in this root. */
export function staged(root: string): Promise<void> {
  return until(() => {
    try {
      return readdirSync(join(root, ".lockstep")).length > 0;
    } catch {
      return false;
    }
  }, `${root} stages`);
}
