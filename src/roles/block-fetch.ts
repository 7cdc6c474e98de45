import { type ContentRange, encodeRanges, rangesBytes } from "../model/content-ranges.ts";
import { type ContentUnit, extentOfChunks, joinRuns, type UnitExtent, unitExtent } from "../model/content-units.ts";
import { FragmentTrial } from "../model/fragment-trial.ts";
import type { PeerId } from "../model/role.ts";
import type { Frame } from "../ports/mesh.ts";
import type { ChunkedStep, OfferedFile, Received, StagePlan, TreeRound } from "../ports/tree.ts";
import type { Exchange, UnitTransfer } from "./exchange.ts";
import type { Offers } from "./offers.ts";

/** Batches of a chunk list asked for at once: content of some 400 MiB. */
const BATCHES_PER_REQUEST = 8;
/** Batches of one file whose missing content is still under way when the next one is looked at. */
const BATCHES_UNDER_WAY = 3;
/** Files of one block that are put together of chunks at the same time. */
const FILES_AT_ONCE = 8;

export interface BlockFetchInit {
  readonly exchange: Exchange;
  readonly offers: Offers;
  readonly round: TreeRound;
  readonly block: number;
  readonly statement: number;
}

interface Chunk {
  readonly offset: number;
  readonly length: number;
  /** Where it can be read once it is here, if others may have it. */
  readonly file: OfferedFile | undefined;
}

/** What comes of a unit from one peer. */
interface Attempt {
  readonly peer: PeerId;
  /** Frames of all that is needed, should others need the same. */
  readonly kept: Frame[] | undefined;
}

/**
 * Brings the content of one block: for files with a chunk list it asks for the list, lets the tree
 * take what this host has, asks for fragments where they may help, and fetches what is left. What is
 * verified is offered to other remotes.
 */
export class BlockFetch {
  readonly #init: BlockFetchInit;
  #blockBytes = 0;
  /** Bytes of content that came over the network, by the host that they came from. */
  readonly fed = new Map<PeerId, number>();
  /** Bytes that they took on their way, compressed or not. */
  received = 0;
  /** Bytes of files put together of chunks that this host had. */
  reused = 0;

  constructor(init: BlockFetchInit) {
    this.#init = init;
  }

  /** @throws LockstepError the first failure, once everything under way has ended */
  async run({ units, chunked, bytes, mostUnits }: StagePlan): Promise<void> {
    const { exchange, statement } = this.#init;
    this.#blockBytes = bytes;
    exchange.follow(statement, mostUnits);
    try {
      const files = [...chunked];
      const work = async (): Promise<void> => {
        for (let file = files.shift(); file !== undefined; file = files.shift()) await this.#chunked(file);
      };
      const workers = Array.from({ length: Math.min(FILES_AT_ONCE, files.length) }, work);
      const packs = units.map((unit) => exchange.fetch(this.#transfer(unit, undefined)));
      await allEnded([...packs, ...workers]);
    } finally {
      exchange.forget(statement);
    }
  }

  #transfer(unit: ContentUnit, chunk: Chunk | undefined): UnitTransfer {
    const { exchange, offers, round, block, statement } = this.#init;
    const isPack = chunk === undefined && exchange.isShared;
    const ranges = isPack ? encodeRanges(unit.ranges) : new Uint8Array(0);
    // Of thousands of files the ranges would take long to pass to another thread, with each frame.
    const extent = unitExtent(unit);
    let attempt: Attempt = { peer: "", kept: undefined };
    let counted = 0;
    return {
      statement,
      block,
      unit,
      blockBytes: this.#blockBytes,
      begin: (peer, missing, asked) => {
        // What came of an earlier attempt and is missing all the same counts for nobody.
        const here = Math.max(0, unit.bytes - rangesBytes(missing));
        this.#count(attempt.peer, Math.min(0, here - counted));
        counted = Math.min(here, counted);
        // Of what had come in part before only the rest is looked at now.
        const isWhole = asked.length === unit.ranges.length && here === 0;
        attempt = { peer, kept: isPack && isWhole ? [] : undefined };
      },
      take: async (frame, fromMaster): Promise<Received> => {
        this.received += frame.length;
        const { peer, kept } = attempt;
        // As the frame itself moves to another thread.
        const copy = kept && frame.slice();
        const received = await round.receive(block, extent, frame, fromMaster);
        const { state, bytes, digest } = received;
        this.#count(peer, bytes);
        counted += bytes;
        // Not before: what comes behind all that was asked for is refused, and nobody has verified it.
        if (copy !== undefined) kept?.push(copy);
        if (state === "verified" && kept !== undefined) offers.addPack(statement, unit, ranges, kept);
        else if (state === "verified" && chunk?.file !== undefined && digest !== undefined) {
          const { file, offset, length } = chunk;
          offers.addChunk(statement, unit, { file, offset, length, digest });
        }
        return received;
      },
      missing: () => round.missing(block, extent),
    };
  }

  #count(peer: PeerId, bytes: number): void {
    if (bytes === 0) return;
    const fed = (this.fed.get(peer) ?? 0) + bytes;
    if (fed === 0) this.fed.delete(peer);
    else this.fed.set(peer, fed);
  }

  /**
   * Fetches what is missing of a unit of chunks.
   *
   * @param chunk the first of them
   */
  #fetch(step: ChunkedStep, extent: UnitExtent, ranges: readonly ContentRange[], chunk: Chunk): Promise<void> {
    const unit = { ...extent, ranges, bytes: rangesBytes(ranges), at: step.at + extent.offset };
    return this.#init.exchange.fetch(this.#transfer(unit, chunk));
  }

  /**
   * Fetches whole chunks, where it may be in runs of those that follow each other: a request for each makes
   * a first copy a tenth dearer.
   */
  #chunks(step: ChunkedStep, chunks: readonly ContentRange[], file: OfferedFile | undefined): Promise<void>[] {
    return joinRuns(chunks, this.#init.exchange.mostRunBytes).map((run) =>
      this.#fetch(step, extentOfChunks(run), run, { ...run[0], file }),
    );
  }

  async #chunked(step: ChunkedStep): Promise<void> {
    const { exchange, offers, round, block, statement } = this.#init;
    const { index, hasList } = step;
    const list = hasList ? await exchange.list(statement, { chunkIndex: index }) : undefined;
    if (list?.length === 0) return round.sourceLost(block, index);
    const packed = list === undefined ? undefined : concatenate(list);
    const { wanted, file } = await round.chunkIndex(block, index, packed);
    if (file !== undefined) offers.addFile(file);
    const underWay: Promise<void>[] = [];
    const trial = new FragmentTrial();
    let tried = Promise.resolve();
    const lists = new ListAhead((first, count) => exchange.list(statement, { chunkBatches: { index, first, count } }));
    for (let batch = 0; batch < wanted.length; batch++) {
      const bytes = wanted[batch] === 1 ? await lists.take(wanted, batch) : undefined;
      if (wanted[batch] === 1 && bytes === undefined) {
        await round.sourceLost(block, index);
        break;
      }
      const { fetch, fragments, reused } = await round.chunkBatch(block, index, batch, bytes);
      this.reused += reused;
      const inFragments = this.#inFragments(step, fragments, file, trial, tried);
      tried = inFragments.tried;
      const missing = [...this.#chunks(step, fetch, file), inFragments.done];
      underWay.push(quiet(allEnded(missing)));
      if (underWay.length > BATCHES_UNDER_WAY) await underWay.shift();
    }
    await allEnded(underWay);
  }

  /**
   * Fetches what fragments leave to be fetched, and whole the chunks of which they are not worth asking for.
   *
   * @param before settles when the batch before has been tried
   * @returns `tried` settles when the next batch may be
   */
  #inFragments(
    step: ChunkedStep,
    chunks: readonly ContentRange[],
    file: OfferedFile | undefined,
    trial: FragmentTrial,
    before: Promise<void>,
  ): { tried: Promise<void>; done: Promise<void> } {
    if (chunks.length === 0) return { tried: before, done: Promise.resolve() };
    let tell = (): void => undefined;
    const tried = new Promise<void>((resolve) => (tell = resolve));
    const fetches: Promise<void>[] = [];
    const ask = async ({ offset, length }: ContentRange): Promise<boolean> => {
      const ranges = await this.#fragments(step, offset, length);
      const extent = { index: step.index, offset };
      if (ranges.length > 0) fetches.push(quiet(this.#fetch(step, extent, ranges, { offset, length, file })));
      return rangesBytes(ranges) < length;
    };
    const askAll = async (some: readonly ContentRange[]): Promise<boolean[]> => {
      const asked = some.map(ask);
      await Promise.allSettled(asked);
      return Promise.all(asked);
    };
    const run = async (): Promise<void> => {
      await before;
      const probes = new Set(trial.probes(chunks.length));
      if (trial.isAlike) tell();
      const useful = await askAll(chunks.filter((_, i) => probes.has(i)));
      const rest = chunks.filter((_, i) => !probes.has(i));
      trial.add(useful.includes(true));
      tell();
      if (trial.isAlike) await askAll(rest);
      else fetches.push(...this.#chunks(step, rest, file).map(quiet));
    };
    const done = run().finally(async () => {
      tell();
      await Promise.allSettled(fetches);
    });
    return { tried, done: done.then(() => allEnded(fetches)) };
  }

  /** What of a chunk is missing after its fragments were looked for. */
  async #fragments(step: ChunkedStep, offset: number, length: number): Promise<readonly ContentRange[]> {
    const { exchange, round, block, statement } = this.#init;
    const { index } = step;
    const parts = await exchange.list(statement, { fragments: { index, offset, length } });
    if (parts.length === 0) return [{ index, offset, length }];
    return round.fragments(block, index, offset, concatenate(parts));
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
