import { type Abilities, COLUMN_BIT, columnNames, differingColumns, type Entry } from "../model/entry.ts";
import { lostColumns, sameNode } from "./plan.ts";

/**
 * In what a path, but for its content, is not as the master stated it, as words; undefined when it is.
 *
 * @param now what is found there; undefined when nothing is
 * @param represents what the host can set; differences in other things do not count
 */
export function inconsistency(stated: Entry, now: Entry | undefined, represents: Abilities): string | undefined {
  if (now === undefined) return "is gone";
  if (!sameNode(stated, now)) return "has another type, size, target or device number";
  if (stated.leader !== now.leader) return "is no longer linked to the first path of its group";
  const columns = differingColumns(stated, now);
  const wrong = columns & ~lostColumns(stated, now, columns, represents) & ~COLUMN_BIT.structure;
  return wrong === 0 ? undefined : `has other ${columnNames(wrong).join(", ")}`;
}
