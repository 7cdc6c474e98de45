import { digestKey } from "../model/digest.ts";
import type { ManifestNode } from "../model/manifest.ts";

/** A stretch of entries, equal on both sides in every column. */
export interface EqualStretch {
  readonly masterFirst: number;
  readonly remoteFirst: number;
  readonly entries: number;
}

export interface NodeDifference {
  readonly master: ManifestNode[];
  readonly remote: ManifestNode[];
  readonly equal: EqualStretch[];
}

/**
 * Takes out the nodes of one level that both sides have; what is left must be looked into. Equal
 * digests mean equal paths, and a path stands in one node only, so an equal pair hides nothing.
 */
export function dropEqualNodes(master: readonly ManifestNode[], remote: readonly ManifestNode[]): NodeDifference {
  const byDigest = new Map(remote.map((node) => [digestKey(node.digests), node]));
  const equal: EqualStretch[] = [];
  const left: ManifestNode[] = [];
  for (const node of master) {
    const key = digestKey(node.digests);
    const twin = byDigest.get(key);
    if (twin === undefined || twin.entries !== node.entries) {
      left.push(node);
      continue;
    }
    byDigest.delete(key);
    equal.push({ masterFirst: node.firstEntry, remoteFirst: twin.firstEntry, entries: node.entries });
  }
  const kept = new Set(byDigest.values());
  return { master: left, remote: remote.filter((node) => kept.has(node)), equal };
}
