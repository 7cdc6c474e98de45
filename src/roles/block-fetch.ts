import type { ContentRange } from "../model/content-ranges.ts";
import type { Frame } from "../ports/mesh.ts";
import type { ChunkedStep, StagePlan, TreeRound } from "../ports/tree.ts";
import type { ContentFetcher } from "./content-fetcher.ts";

/** Batches of a chunk list asked for at once: content of some 400 MiB. */
const BATCHES_PER_REQUEST = 8;
/** Batches of one file whose missing content is still under way when the next one is looked at. */
const BATCHES_UNDER_WAY = 3;
/** Files of one block that are put together of chunks at the same time. */
const FILES_AT_ONCE = 8;

/**
 * Brings the content of one block: for files with a chunk list it asks for the list, lets the tree
 * take what this host has, asks for fragments where they may help, and fetches what is left.
 */
export class BlockFetch {
  readonly #fetcher: ContentFetcher;
  readonly #round: TreeRound;
  readonly #block: number;
  readonly #statement: number;
  /** Bytes of content that came over the network. */
  fetched = 0;
  /** Bytes that they took on their way, compressed or not. */
  received = 0;
  /** Bytes of files put together of chunks that this host had. */
  reused = 0;

  constructor(fetcher: ContentFetcher, round: TreeRound, block: number, statement: number) {
    this.#fetcher = fetcher;
    this.#round = round;
    this.#block = block;
    this.#statement = statement;
  }

  /** @throws LockstepError the first failure, once everything under way has ended */
  async run({ fetch, chunked }: StagePlan): Promise<void> {
    const files = [...chunked];
    const work = async (): Promise<void> => {
      for (let file = files.shift(); file !== undefined; file = files.shift()) await this.#chunked(file);
    };
    const workers = Array.from({ length: Math.min(FILES_AT_ONCE, files.length) }, work);
    await allEnded([this.#content(fetch), ...workers]);
  }

  async #content(ranges: readonly ContentRange[]): Promise<void> {
    if (ranges.length === 0) return;
    const again: Promise<void>[] = [];
    await this.#fetcher.fetch(this.#statement, ranges, async (frame: Frame) => {
      this.received += frame.length;
      const { fetch, bytes } = await this.#round.receive(this.#block, frame);
      this.fetched += bytes;
      if (fetch.length > 0) again.push(quiet(this.#content(fetch)));
    });
    await allEnded(again);
  }

  async #chunked({ index, hasList }: ChunkedStep): Promise<void> {
    const list = hasList ? await this.#fetcher.list(this.#statement, { chunkIndex: index }) : undefined;
    if (list?.length === 0) return this.#round.sourceLost(this.#block, index);
    const packed = list === undefined ? undefined : concatenate(list);
    const wanted = await this.#round.chunkIndex(this.#block, index, packed);
    const underWay: Promise<void>[] = [];
    const lists = new ListAhead((first, count) =>
      this.#fetcher.list(this.#statement, { chunkBatches: { index, first, count } }),
    );
    for (let batch = 0; batch < wanted.length; batch++) {
      const bytes = wanted[batch] === 1 ? await lists.take(wanted, batch) : undefined;
      if (wanted[batch] === 1 && bytes === undefined) {
        await this.#round.sourceLost(this.#block, index);
        break;
      }
      const { fetch, fragments, reused } = await this.#round.chunkBatch(this.#block, index, batch, bytes);
      this.reused += reused;
      const missing = [this.#content(fetch), ...fragments.map((chunk) => this.#fragments(chunk))];
      underWay.push(quiet(allEnded(missing)));
      if (underWay.length > BATCHES_UNDER_WAY) await underWay.shift();
    }
    await allEnded(underWay);
  }

  async #fragments({ index, offset, length }: ContentRange): Promise<void> {
    const parts = await this.#fetcher.list(this.#statement, { fragments: { index, offset, length } });
    if (parts.length === 0) return this.#content([{ index, offset, length }]);
    await this.#content(await this.#round.fragments(this.#block, index, offset, concatenate(parts)));
  }
}

/** Batches of a list that must be asked for, some at a time and the next ones before they are needed. */
class ListAhead {
  readonly #ask: (first: number, count: number) => Promise<Uint8Array[]>;
  readonly #asked = new Map<number, Promise<Uint8Array | undefined>>();

  constructor(ask: (first: number, count: number) => Promise<Uint8Array[]>) {
    this.#ask = ask;
  }

  #begin(wanted: Uint8Array, from: number): void {
    let first = from;
    while (first < wanted.length && (wanted[first] === 0 || this.#asked.has(first))) first++;
    let count = 0;
    while (count < BATCHES_PER_REQUEST && wanted[first + count] === 1 && !this.#asked.has(first + count)) count++;
    if (count === 0) return;
    const answer = this.#ask(first, count);
    for (let i = 0; i < count; i++) this.#asked.set(first + i, quiet(answer.then((batches) => batches[i])));
  }

  async take(wanted: Uint8Array, batch: number): Promise<Uint8Array | undefined> {
    if (!this.#asked.has(batch)) this.#begin(wanted, batch);
    if (!this.#asked.has(batch + 1)) this.#begin(wanted, batch + 1);
    const bytes = await this.#asked.get(batch);
    this.#asked.delete(batch);
    return bytes;
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A promise that is looked at later: until then its failure is nobody's surprise. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

async function allEnded(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
