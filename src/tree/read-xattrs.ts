import { MAX_XATTR_BYTES_OF_PATH, MAX_XATTRS } from "../model/batch.ts";
import type { Xattr } from "../model/entry.ts";
import { type DirectoryHandle, errnoOf, type SystemCalls, SystemError } from "./system-calls.ts";

const NONE: readonly Xattr[] = [];

/**
 * The extended attributes of a path, in order of name; ACLs as their raw xattrs.
 *
 * @param isWanted others are not even read, as the mode of a file may forbid it
 */
export function readXattrs(
  calls: SystemCalls,
  directory: DirectoryHandle,
  name: string,
  isWanted: (attribute: string) => boolean = () => true,
): readonly Xattr[] {
  const names = calls.listXattrs(directory, name).filter(isWanted);
  if (names.length === 0) return NONE;
  if (names.length > MAX_XATTRS) throw new SystemError("E2BIG", "llistxattr");
  const xattrs: Xattr[] = [];
  let bytes = 0;
  for (const attribute of names) {
    try {
      const value = calls.getXattr(directory, name, attribute);
      bytes += attribute.length + value.length;
      if (bytes > MAX_XATTR_BYTES_OF_PATH) throw new SystemError("E2BIG", "lgetxattr");
      xattrs.push({ name: attribute, value });
    } catch (error) {
      // Removed since it was listed: then it is simply not there.
      if (errnoOf(error) !== "ENODATA") throw error;
    }
  }
  return xattrs;
}
