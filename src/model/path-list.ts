import { ByteReader, ByteWriter } from "./canonical-bytes.ts";
import { type BytePath, checkPath, MAX_PATH_BYTES } from "./path.ts";

/** Paths, packed: count, then length and bytes of each. */
export function encodePaths(paths: readonly BytePath[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(paths.length * 48 + 16);
  writer.integer(paths.length);
  for (const path of paths) writer.text(path);
  return writer.take();
}

/** @throws LockstepError `LOCKSTEP_BAD_PATH` or `LOCKSTEP_MALFORMED` */
export function decodePaths(bytes: Uint8Array, maxPaths: number): BytePath[] {
  const reader = new ByteReader(bytes);
  const paths = Array.from({ length: reader.integer(maxPaths) }, () => checkPath(reader.text(MAX_PATH_BYTES)));
  reader.end();
  return paths;
}
