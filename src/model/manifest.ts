import { BATCH_CUT_BYTES, BatchEncoder, MAX_BATCH_ENTRIES } from "./batch.ts";
import { ByteReader, ByteWriter } from "./canonical-bytes.ts";
import { DIGEST_BYTES, DIGEST_DOMAIN, digestOf, type Hash, sameDigest } from "./digest.ts";
import { COLUMNS, type Entry } from "./entry.ts";
import { LockstepError } from "./errors.ts";
import type { BytePath } from "./path.ts";

/** Most children of a node above the batches. */
export const MAX_NODE_CHILDREN = 256;
/** Each level cuts where six more low bits of the path's hash are zero: mean 64 children. */
const CUT_BITS = 6;
const MAX_LEVELS = 6;

/**
 * A node of the manifest's tree: at level 0 a batch, above it up to 256 nodes of the level below.
 * `digests` holds one digest per column, in the order of COLUMNS.
 */
export interface ManifestNode {
  /** Ordinal, in the whole list, of the first entry below this node. */
  readonly firstEntry: number;
  readonly entries: number;
  /** Index, in the level below, of the first child; at level 0 the same as firstEntry. */
  readonly firstChild: number;
  readonly children: number;
  readonly digests: Uint8Array;
}

/** All levels, level 0 first; the last level has one node, the root (none for an empty list). */
export interface Manifest {
  readonly count: number;
  readonly levels: readonly (readonly ManifestNode[])[];
}

/**
 * Level up to which the list is cut before this path. A function of the path alone, so that an
 * added file changes the batches near it and not all that follow, as in a prolly tree. FNV-1a with
 * the finaliser of MurmurHash3, both by their public descriptions.
 */
export function cutLevel(path: BytePath): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) h = Math.imul(h ^ path.charCodeAt(i), 0x01000193);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  let level = 0;
  while (level < MAX_LEVELS - 1 && (h & ((1 << CUT_BITS) - 1)) === 0) {
    level++;
    h >>>= CUT_BITS;
  }
  return level;
}

interface Cut extends ManifestNode {
  /** How many levels are cut before this node. */
  readonly cut: number;
}

/** Builds the manifest of entries added in order, without keeping them. */
export class ManifestBuilder {
  readonly #hash: Hash;
  readonly #batch = new BatchEncoder();
  readonly #leaves: Cut[] = [];
  #count = 0;
  #leafCut = MAX_LEVELS;

  constructor(hash: Hash) {
    this.#hash = hash;
  }

  add(entry: Entry): void {
    const cut = cutLevel(entry.path);
    const full = this.#batch.count >= MAX_BATCH_ENTRIES || this.#batch.byteLength >= BATCH_CUT_BYTES;
    if (this.#batch.count > 0 && (cut > 0 || full)) {
      this.#closeBatch();
      this.#leafCut = cut;
    }
    this.#batch.add(entry);
    this.#count++;
  }

  #closeBatch(): void {
    const digests = new Uint8Array(COLUMNS.length * DIGEST_BYTES);
    for (const [column, bytes] of this.#batch.columnViews().entries()) {
      digests.set(digestOf(this.#hash, DIGEST_DOMAIN.leaf, column, [bytes]), column * DIGEST_BYTES);
    }
    const firstEntry = this.#count - this.#batch.count;
    this.#leaves.push({
      firstEntry,
      entries: this.#batch.count,
      firstChild: firstEntry,
      children: this.#batch.count,
      digests,
      cut: this.#leafCut,
    });
    this.#batch.clear();
  }

  finish(): Manifest {
    if (this.#batch.count > 0) this.#closeBatch();
    const levels: Cut[][] = [this.#leaves];
    while (levels[levels.length - 1].length > 1) {
      levels.push(this.#nextLevel(levels[levels.length - 1], levels.length + 1));
    }
    return { count: this.#count, levels };
  }

  #nextLevel(below: readonly Cut[], level: number): Cut[] {
    const nodes: Cut[] = [];
    let start = 0;
    for (let i = 1; i <= below.length; i++) {
      // Above the levels that paths cut, only the cap cuts, so that the tree always ends in a root.
      const cut = i < below.length && level <= MAX_LEVELS && below[i].cut >= level;
      if (i < below.length && !cut && i - start < MAX_NODE_CHILDREN) continue;
      nodes.push(this.#node(below, start, i));
      start = i;
    }
    // No cut found anything to group: force progress.
    return nodes.length < below.length ? nodes : [this.#node(below, 0, below.length)];
  }

  #node(below: readonly Cut[], start: number, end: number): Cut {
    const children = below.slice(start, end);
    const digests = new Uint8Array(COLUMNS.length * DIGEST_BYTES);
    for (let column = 0; column < COLUMNS.length; column++) {
      const at = column * DIGEST_BYTES;
      const parts = children.map((child) => child.digests.subarray(at, at + DIGEST_BYTES));
      digests.set(digestOf(this.#hash, DIGEST_DOMAIN.node, column, parts), at);
    }
    return {
      firstEntry: children[0].firstEntry,
      entries: children.reduce((sum, child) => sum + child.entries, 0),
      firstChild: start,
      children: children.length,
      digests,
      cut: children[0].cut,
    };
  }
}

/** What a host announces of its list: enough to see that two lists are equal. */
export interface ListRoot {
  readonly count: number;
  /** Number of nodes at each level, batches first. */
  readonly levelSizes: readonly number[];
  /** Digests of the root node, one per column; empty for an empty list. */
  readonly digests: Uint8Array;
}

export function listRoot(manifest: Manifest): ListRoot {
  const top = manifest.levels[manifest.levels.length - 1];
  return {
    count: manifest.count,
    levelSizes: manifest.levels.map((level) => level.length),
    digests: top.length === 0 ? new Uint8Array(0) : top[0].digests,
  };
}

export function sameListRoot(a: ListRoot, b: ListRoot): boolean {
  return a.count === b.count && sameDigest(a.digests, b.digests);
}

export function encodeListRoot(root: ListRoot): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(256);
  writer.integer(root.count);
  writer.integer(root.levelSizes.length);
  for (const size of root.levelSizes) writer.integer(size);
  writer.bytes(root.digests);
  return writer.take();
}

/** What a host says of a list as a whole. */
export interface ListIdentity {
  readonly root: ListRoot;
  /** Undefined where not every checksum is known. */
  readonly contentRoot: Uint8Array | undefined;
}

/** Whether two lists are known to be of the same entries and contents. */
export function isKnownSame(a: ListIdentity, b: ListIdentity): boolean {
  if (!sameListRoot(a.root, b.root) || a.contentRoot === undefined || b.contentRoot === undefined) return false;
  return sameDigest(a.contentRoot, b.contentRoot);
}

const MAX_LIST_ENTRIES = 1e9;

export function decodeListRoot(bytes: Uint8Array): ListRoot {
  const reader = new ByteReader(bytes);
  const count = reader.integer(MAX_LIST_ENTRIES);
  const levelSizes = Array.from({ length: reader.integer(64) }, () => reader.integer(MAX_LIST_ENTRIES));
  const digests = reader.bytes(COLUMNS.length * DIGEST_BYTES).slice();
  reader.end();
  const rooted = levelSizes.length > 0 && levelSizes[levelSizes.length - 1] === (count === 0 ? 0 : 1);
  if (!rooted || digests.length !== (count === 0 ? 0 : COLUMNS.length * DIGEST_BYTES)) {
    throw new LockstepError("LOCKSTEP_MALFORMED", "malformed list root from a peer");
  }
  return { count, levelSizes, digests };
}

/** Nodes of one level for the wire: counts and digests; positions follow from the counts. */
export function encodeNodes(nodes: readonly ManifestNode[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(nodes.length * 176 + 8);
  writer.integer(nodes.length);
  for (const node of nodes) {
    writer.integer(node.firstEntry);
    writer.integer(node.entries);
    writer.integer(node.firstChild);
    writer.integer(node.children);
    writer.raw(node.digests);
  }
  return writer.take();
}

export function decodeNodes(bytes: Uint8Array, maxNodes: number): ManifestNode[] {
  const reader = new ByteReader(bytes);
  const nodes = Array.from({ length: reader.integer(maxNodes) }, () => ({
    firstEntry: reader.integer(MAX_LIST_ENTRIES),
    entries: reader.integer(MAX_LIST_ENTRIES),
    firstChild: reader.integer(MAX_LIST_ENTRIES),
    children: reader.integer(MAX_LIST_ENTRIES),
    digests: reader.raw(COLUMNS.length * DIGEST_BYTES).slice(),
  }));
  reader.end();
  return nodes;
}
