import { pipe } from "it-pipe";
import type { Seeding } from "../compare/seeding.ts";
import { decodeRanges, rangesBytes } from "../model/content-ranges.ts";
import { unitKey } from "../model/content-units.ts";
import { LockstepError } from "../model/errors.ts";
import { sameRound } from "../model/order.ts";
import type { PeerId } from "../model/role.ts";
import { spreadHash } from "../model/spread-hash.ts";
import type { Clock } from "../ports/clock.ts";
import type { Channel } from "../ports/mesh.ts";
import type { Framing, Tree } from "../ports/tree.ts";
import { decodeMessage, decodeRoundId } from "../wire/codec.ts";
import { aliveFrame, beginFrame, CONTENT_FRAME, listFrames, writeFrameHeader } from "../wire/content-frame.ts";
import { LIMITS } from "../wire/limits.ts";
import { beat } from "../wire/liveness.ts";
import { ContentRequest } from "../wire/messages.ts";
import type { ActiveRound, ActiveRounds } from "./active-rounds.ts";
import { LinkRate } from "./link-rate.ts";
import type { MasterDuty } from "./master.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import type { UploadSlot, UploadSlots } from "./upload-slots.ts";

/** Requests whose content is read while that of an earlier one is sent. */
const READ_AHEAD = 2;

/** What an answer that goes as fast as the channel takes it counts for at most: several go side by side. */
const UNAWAITED_BYTES = 1 << 20;

/** Shorter frames go without waiting for what the host may send. */
const MIN_PAID_BYTES = 64;

/** Under a low limit frames are as short as takes so long: of a longer one the receiver would see nothing for a while. */
const FRAME_SECONDS = 4;
const LEAST_FRAME_BYTES = 4096;

type Frames = readonly Uint8Array<ArrayBuffer>[];

/** Results in the order of the items, with the work on the next ones begun. */
async function* ahead<T, R>(items: AsyncIterable<T>, count: number, begin: (item: T) => Promise<R>): AsyncGenerator<R> {
  const begun: Promise<R>[] = [];
  const iterator = items[Symbol.asyncIterator]();
  let next: Promise<IteratorResult<T>> | undefined = iterator.next();
  while (next !== undefined || begun.length > 0) {
    // Whichever comes first: another item, as long as there is room, or the oldest result.
    const room = next !== undefined && begun.length < count;
    const first = begun[0];
    const item = room
      ? await Promise.race([
          next as Promise<IteratorResult<T>>,
          ...(first === undefined ? [] : [first.then(() => undefined)]),
        ])
      : undefined;
    if (item === undefined) {
      begun.shift();
      yield await (first as Promise<R>);
      continue;
    }
    if (item.done === true) {
      next = undefined;
      continue;
    }
    const work = begin(item.value);
    // It may fail while another one is waited for.
    work.catch(() => undefined);
    begun.push(work);
    next = iterator.next();
    next.catch(() => undefined);
  }
}

/** The channels that serve content, by round and peer: each has some MiB of it in memory, whoever reads none of it. */
export class ContentChannels {
  readonly #counts = new WeakMap<ActiveRound, Map<PeerId, number>>();

  /**
   * @returns to be called at the channel's end
   * @throws LockstepError `LOCKSTEP_PEER_FLOODED`
   */
  enter(round: ActiveRound, peer: PeerId): () => void {
    const counts = this.#counts.get(round) ?? new Map<PeerId, number>();
    this.#counts.set(round, counts);
    const count = counts.get(peer) ?? 0;
    if (count >= LIMITS.contentChannels) {
      throw new LockstepError("LOCKSTEP_PEER_FLOODED", "a peer asks for the same content over too many channels");
    }
    counts.set(peer, count + 1);
    return () => counts.set(peer, (counts.get(peer) ?? 0) - 1);
  }
}

export interface ContentServerComponents {
  readonly rounds: ActiveRounds;
  readonly trees: ReadonlyMap<string, Tree>;
  readonly upload: RateLimiter;
  readonly slots: UploadSlots;
  readonly channels: ContentChannels;
  readonly clock: Clock;
}

/**
 * Serves content of the round under way to its remotes, as a pipeline from the peer's requests to the
 * channel: as master what was stated, as remote what was verified. A request is bounded in bytes and
 * a remote has only so many under way, so the channel never holds more than the remote has room for.
 */
export async function serveContent(channel: Channel, components: ContentServerComponents): Promise<void> {
  const server = new ContentServer(channel, components);
  const stop = beat(channel, aliveFrame);
  try {
    await server.run();
  } finally {
    stop();
    server.left();
  }
}

interface Answer {
  readonly request: ContentRequest;
  readonly frames: Frames;
}

/** An answer of which the peer says when it is there. */
interface UnderWay {
  readonly slot: UploadSlot;
  readonly bytes: number;
  readonly request: ContentRequest;
}

class ContentServer {
  readonly #channel: Channel;
  readonly #components: ContentServerComponents;
  readonly #link: LinkRate;
  readonly #waiting: ContentRequest[] = [];
  /** Ids of requests that are not answered yet, and of those that need not be. */
  readonly #open = new Set<number>();
  readonly #cancelled = new Set<number>();
  /** Of answers that are on their way. */
  readonly #slots = new Map<number, UnderWay>();
  #wake: () => void = () => undefined;
  #ended = false;
  #failure: Error | undefined;
  #active: ActiveRound | undefined;
  #leave: () => void = () => undefined;

  constructor(channel: Channel, components: ContentServerComponents) {
    this.#channel = channel;
    this.#components = components;
    this.#link = new LinkRate(components.clock, components.upload.rate);
  }

  async run(): Promise<void> {
    void this.#listen();
    const answers = (requests: AsyncIterable<ContentRequest>): AsyncGenerator<Answer> =>
      ahead(requests, READ_AHEAD, (request) => this.#answer(request));
    await pipe(this.#requests(), answers, (each) => this.#paced(each), this.#channel.sink);
  }

  /** The peer is gone: others need not wait for what it was given. */
  left(): void {
    this.#leave();
    this.#seeding?.gone(this.#channel.peer);
  }

  /** Whom this host has given what, as master. */
  get #seeding(): Seeding | undefined {
    return this.#active?.master?.seeding;
  }

  /** Takes requests as they come, so that one can be cancelled while others are served. */
  async #listen(): Promise<void> {
    try {
      for await (const frame of this.#channel.source) {
        this.#take(decodeMessage((bytes) => ContentRequest.decode(bytes), frame));
        this.#wake();
      }
    } catch (error) {
      this.#failure = error as Error;
    } finally {
      this.#ended = true;
      this.#wake();
    }
  }

  #take(request: ContentRequest): void {
    const { statement, follow, cancel, received, unit, fresh, id } = request;
    const active = this.#activeFor(request);
    if (follow === true) active.remote?.offers.follow(this.#channel, statement);
    else if (received !== undefined) this.#arrived(received, true);
    else if (cancel !== undefined) {
      if (this.#open.has(cancel)) this.#cancelled.add(cancel);
    } else if (this.#open.size + this.#slots.size >= LIMITS.contentRequests) {
      throw new LockstepError("LOCKSTEP_PEER_FLOODED", "a peer has too many requests under way");
    } else if (fresh && unit !== undefined && !this.#isGiven(active, request)) this.#decline(id);
    else {
      this.#open.add(id);
      this.#waiting.push(request);
    }
  }

  /** Whether the peer gets a unit that each remote but the first gets from another one. */
  #isGiven({ master }: ActiveRound, request: ContentRequest): boolean {
    if (master === undefined) return true;
    const { idle } = this.#components.slots;
    const bytes = (): number => rangesBytes(decodeRanges(request.ranges, LIMITS.rangesPerRequest));
    return master.seeding.give(this.#nameOf(request), bytes, this.#channel.peer, this.#now(), idle);
  }

  /** At once, past all that waits. It counts as open until it is sent, as nobody else would wait for that. */
  #decline(id: number): void {
    this.#open.add(id);
    const frame = new Uint8Array(5);
    writeFrameHeader(frame, CONTENT_FRAME.elsewhere, id, true);
    const close = (): void => {
      this.#open.delete(id);
      this.#cancelled.delete(id);
    };
    void this.#channel.send(frame).then(close, close);
  }

  /** Of what is asked for: what another remote lacks of the same unit is of no use to one that lacks more. */
  #nameOf({ statement, unit, ranges }: ContentRequest): string {
    // Should two be taken for one by chance, a unit comes later, no more.
    return `${unit === undefined ? statement : unitKey(statement, unit)}:${spreadHash(ranges)}`;
  }

  #now(): number {
    return this.#components.clock.elapsed();
  }

  /** The round that the request is for. */
  #activeFor(request: ContentRequest): ActiveRound {
    const id = decodeRoundId(request.round);
    const active = this.#components.rounds.get(id.root);
    const serves = active !== undefined && sameRound(active.id, id);
    if (!serves || !active.assignment.remotes.includes(this.#channel.peer)) {
      throw new LockstepError("LOCKSTEP_NOT_AUTHORISED", "asked for content of a round that is not under way");
    }
    if (this.#active === undefined) this.#leave = this.#components.channels.enter(active, this.#channel.peer);
    this.#active = active;
    return active;
  }

  async *#requests(): AsyncGenerator<ContentRequest> {
    for (;;) {
      const request = this.#waiting.shift();
      if (request !== undefined) yield request;
      else if (this.#failure !== undefined) throw this.#failure;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #answer(request: ContentRequest): Promise<Answer> {
    if (this.#cancelled.has(request.id)) return { request, frames: [] };
    const active = this.#activeFor(request);
    const { tree, order, master, remote } = active;
    const framing: Framing = {
      compress: order.compress && this.#link.compressionPays,
      isShared: request.fresh,
      isLong: this.#link.longFramesPay,
      mostBytes: Math.max(this.#components.upload.rate * FRAME_SECONDS, LEAST_FRAME_BYTES),
    };
    if (master !== undefined) return { request, frames: await framesOf(request, master, tree, framing) };
    const frames = await remote?.offers.answer(request, framing);
    return { request, frames: frames ?? [elsewhere()] };
  }

  async *#paced(answers: AsyncIterable<Answer>): AsyncGenerator<Uint8Array> {
    const { slots } = this.#components;
    const { closed } = this.#channel;
    for await (const { request, frames } of answers) {
      const isContent = !isForList(request) && frames.length > 0 && frames[0][0] !== CONTENT_FRAME.elsewhere;
      const bytes = isContent ? frames.reduce((sum, frame) => sum + frame.length, 0) : 0;
      // Whoever shares says when it has arrived; of others the sending must do, and that is frame by frame.
      const isAwaited = isContent && (request.fresh || this.#active?.remote !== undefined);
      const underWay = isAwaited ? bytes : Math.min(bytes, UNAWAITED_BYTES);
      const slot = isContent ? await slots.take(underWay, closed) : undefined;
      if (isAwaited && slot !== undefined) {
        this.#slots.set(request.id, { slot, bytes, request });
        this.#link.begin();
      }
      let isEnded = false;
      try {
        // Who knows that it has begun does not ask another host for the same.
        if (isAwaited) yield* this.#sent(beginFrame(), CONTENT_FRAME.data, request.id, false);
        for (const [i, frame] of frames.entries()) {
          if (this.#cancelled.has(request.id)) break;
          const isLast = i === frames.length - 1;
          isEnded = (yield* this.#sent(frame, frame[0], request.id, isLast)) && isLast;
        }
      } finally {
        if (!isAwaited) slot?.free(false);
        else if (!isEnded) this.#arrived(request.id, false);
      }
      this.#close(request);
      if (!isEnded) yield* this.#sent(new Uint8Array(5), CONTENT_FRAME.end, request.id, true);
    }
  }

  /** Content waits for what the host may send, and does not go where it was cancelled meanwhile. */
  #sent(frame: Uint8Array, kind: number, id: number, isLast: boolean): AsyncGenerator<Uint8Array, boolean> {
    writeFrameHeader(frame, kind, id, isLast);
    return this.#link.sent(frame, async () => {
      const { upload } = this.#components;
      // A frame without content says something of what waits, which must not be late.
      if (frame.length < MIN_PAID_BYTES) return true;
      await upload.take(frame.length, this.#channel.closed);
      if (!this.#cancelled.has(id)) return true;
      upload.giveBack(frame.length);
      return false;
    });
  }

  /** An answer whose arrival is awaited has arrived, or will not. */
  #arrived(id: number, hasArrived: boolean): void {
    const answer = this.#slots.get(id);
    if (answer === undefined) return;
    this.#slots.delete(id);
    const { slot, bytes, request } = answer;
    slot.free(hasArrived);
    this.#link.end(hasArrived ? bytes : 0);
    if (hasArrived && request.fresh) this.#seeding?.arrived(this.#nameOf(request), this.#channel.peer, this.#now());
  }

  #close(request: ContentRequest): void {
    this.#open.delete(request.id);
    const cancelled = this.#cancelled.delete(request.id);
    const seeding = this.#seeding;
    if (!request.fresh || seeding === undefined) return;
    // What was not sent after all gets whoever asks next.
    if (cancelled) seeding.takeBack(this.#nameOf(request), this.#channel.peer);
    else seeding.sent(this.#nameOf(request), this.#channel.peer, this.#now());
  }
}

/** Lists are short, and others wait for them. */
function isForList({ chunkIndex, chunkBatches, fragments }: ContentRequest): boolean {
  return chunkIndex !== undefined || chunkBatches !== undefined || fragments !== undefined;
}

function elsewhere(): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(5);
  frame[0] = CONTENT_FRAME.elsewhere;
  return frame;
}

/** Frames of an answer; none when the file is no longer what was stated. */
async function framesOf(request: ContentRequest, master: MasterDuty, tree: Tree, framing: Framing): Promise<Frames> {
  const { statement, chunkIndex, chunkBatches, fragments } = request;
  if (chunkIndex !== undefined) {
    const list = await master.chunkList(statement, chunkIndex, tree.content);
    return list === undefined ? [] : listFrames([list.index]);
  }
  if (chunkBatches !== undefined) {
    const { index, first, count } = chunkBatches;
    const list = await master.chunkList(statement, index, tree.content);
    if (list === undefined) return [];
    const { batches } = list;
    if (count > LIMITS.chunkBatchesPerRequest || first + count > batches.length) {
      throw new LockstepError("LOCKSTEP_MALFORMED", "asked for more of a chunk list than there is");
    }
    return batches.slice(first, first + count).flatMap((batch) => listFrames([batch]));
  }
  if (fragments !== undefined) {
    const { index, offset, length } = fragments;
    if (length > LIMITS.contentBytesPerRequest) throw tooMuch();
    const [range] = master.locate(statement, [{ index, offset, length }]);
    const packed = await tree.content.fragments(range);
    return packed === undefined ? [] : listFrames([packed]);
  }
  const ranges = master.locate(statement, decodeRanges(request.ranges, LIMITS.rangesPerRequest));
  if (rangesBytes(ranges) > LIMITS.contentBytesPerRequest) throw tooMuch();
  return tree.content.read(ranges, framing);
}

function tooMuch(): LockstepError {
  return new LockstepError("LOCKSTEP_TOO_LARGE", "asked for too much content at once");
}
