import { LockstepError } from "../model/errors.ts";
import type { MaxDelete } from "../model/order.ts";

/** Most deletions that the order allows on a remote with so many selected entries. */
export function allowedDeletions(entries: number, max: MaxDelete): number {
  return max.unit === "count" ? max.amount : Math.floor((entries * max.amount) / 100);
}

/**
 * Refuses deletions over the order's limit.
 *
 * @param entries selected entries of the remote, without the root itself
 * @throws LockstepError `LOCKSTEP_DELETE_GUARD`
 */
export function guardDeletions(deletions: number, entries: number, max: MaxDelete): void {
  if (deletions <= allowedDeletions(entries, max)) return;
  const limit = max.unit === "count" ? `${max.amount}` : `${max.amount}%`;
  throw new LockstepError(
    "LOCKSTEP_DELETE_GUARD",
    `${deletions} of ${entries} entries would be deleted, more than maxDelete ${limit}; nothing of it was done. ` +
      "Look at `lockstep plan`; if this is meant, raise maxDelete in the fleet file",
  );
}

/**
 * Refuses an update that does not fit. The tree grows by what is new less what it replaces, and of the
 * blocks under way what is replaced is on disk twice.
 *
 * @param inFlightBytes of the blocks that may be under way at once
 * @param freeBytes what the file system has left
 * @throws LockstepError `LOCKSTEP_SPACE_GUARD`
 */
export function guardSpace(newBytes: number, replacedBytes: number, inFlightBytes: number, freeBytes: number): void {
  const needed = Math.max(0, newBytes - replacedBytes) + Math.min(newBytes, replacedBytes, inFlightBytes);
  if (needed <= freeBytes) return;
  throw new LockstepError(
    "LOCKSTEP_SPACE_GUARD",
    `the update needs about ${needed} bytes and the file system has ${freeBytes} free; nothing of it was done. Free some space and sync again`,
  );
}
