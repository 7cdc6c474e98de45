import type { Located } from "../compare/diff.ts";
import { decodeBatch } from "../model/batch.ts";
import { LockstepError, readFrom } from "../model/errors.ts";
import type { ManifestNode } from "../model/manifest.ts";
import { rangesOf } from "../model/ordinals.ts";
import type { HostLink, HostList } from "./host-link.ts";

/** Batches asked for in one request, and requests under way at once. */
const BATCHES_PER_REQUEST = 64;
const REQUESTS_IN_FLIGHT = 4;

/** A host's list as far as it has been asked for; several comparisons share the master's. */
export class ListedHost {
  readonly link: HostLink;
  readonly list: HostList;
  readonly #levels = new Map<number, Promise<readonly ManifestNode[]>>();
  readonly #batches = new Map<number, Promise<Uint8Array>>();

  constructor(link: HostLink, list: HostList) {
    this.link = link;
    this.list = list;
  }

  get topLevel(): number {
    return this.list.root.levelSizes.length - 1;
  }

  /** All nodes of a level. */
  level(level: number): Promise<readonly ManifestNode[]> {
    let nodes = this.#levels.get(level);
    if (nodes === undefined) {
      nodes = this.link.nodes(level, 0, this.list.root.levelSizes[level]);
      this.#levels.set(level, nodes);
    }
    return nodes;
  }

  async children(nodes: readonly ManifestNode[], level: number): Promise<ManifestNode[]> {
    // The levels above the batches are small: a 64th of the level below.
    const below = await this.level(level - 1);
    return nodes.flatMap((node) => below.slice(node.firstChild, node.firstChild + node.children));
  }

  async #indexOf(node: ManifestNode): Promise<number> {
    const leaves = await this.level(0);
    let low = 0;
    let high = leaves.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (leaves[middle].firstEntry < node.firstEntry) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Fetches the packed bytes of these batches, each once. */
  async fetch(nodes: readonly ManifestNode[]): Promise<void> {
    const missing: number[] = [];
    for (const node of nodes) {
      const index = await this.#indexOf(node);
      if (!this.#batches.has(index)) missing.push(index);
    }
    const requests: number[][] = [];
    for (let at = 0; at < missing.length; at += BATCHES_PER_REQUEST)
      requests.push(missing.slice(at, at + BATCHES_PER_REQUEST));
    for (const request of requests) {
      const answer = this.link.batches(rangesOf(request));
      for (const [i, index] of request.entries()) {
        const batch = answer.then((batches) => batches[i] ?? Promise.reject(this.#missing()));
        batch.catch(() => undefined);
        this.#batches.set(index, batch);
      }
      if (requests.indexOf(request) % REQUESTS_IN_FLIGHT === REQUESTS_IN_FLIGHT - 1) await answer;
    }
    await Promise.all(await Promise.all(nodes.map(async (node) => this.#batches.get(await this.#indexOf(node)))));
  }

  #missing(): LockstepError {
    return new LockstepError("LOCKSTEP_MALFORMED", `${this.link.host} left out batches of its list`, {
      host: this.link.host,
    });
  }

  /** Entries of fetched batches, decoded one batch at a time. */
  async entries(nodes: readonly ManifestNode[]): Promise<Iterable<Located>> {
    await this.fetch(nodes);
    const packed: { first: number; bytes: Uint8Array }[] = [];
    for (const node of nodes) {
      const bytes = await this.#batches.get(await this.#indexOf(node));
      if (bytes !== undefined) packed.push({ first: node.firstEntry, bytes });
    }
    const { host } = this.link;
    return (function* () {
      for (const { first, bytes } of packed) {
        const entries = readFrom(host, () => decodeBatch(bytes));
        for (const [i, entry] of entries.entries()) yield { entry, ordinal: first + i };
      }
    })();
  }

  /** Entries at these positions. */
  async entriesAt(first: number, count: number): Promise<Located[]> {
    const leaves = await this.level(0);
    const nodes = leaves.filter((leaf) => leaf.firstEntry < first + count && leaf.firstEntry + leaf.entries > first);
    const entries = [...(await this.entries(nodes))];
    return entries.filter(({ ordinal }) => ordinal >= first && ordinal < first + count);
  }
}
