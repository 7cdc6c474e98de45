import { pipe } from "it-pipe";
import { type ContentRange, cutRequests, encodeRanges } from "../model/content-ranges.ts";
import { LockstepError } from "../model/errors.ts";
import type { RoundId } from "../model/order.ts";
import type { PeerId } from "../model/role.ts";
import type { Channel, Frame, Mesh } from "../ports/mesh.ts";
import { CONTENT_FRAME, listPart, readFrameHeader } from "../wire/content-frame.ts";
import { LIMITS } from "../wire/limits.ts";
import { SILENCE_LIMIT_MS, watchSilence } from "../wire/liveness.ts";
import { ContentRequest } from "../wire/messages.ts";
import { CONTENT } from "../wire/protocols.ts";
import type { RateLimiter } from "./rate-limiter.ts";

/**
 * Content asked for and not yet written. This is the credit of the transfer: the master sends only
 * what was asked for, so no more than this is ever on its way to this host or in its memory.
 */
const CREDIT_BYTES = 8 * 1024 * 1024;
/** Several requests are under way at once, so that the master reads ahead while it sends. */
const REQUEST_BYTES = 1024 * 1024;
const MAX_RANGES = 2048;
const NO_RANGES = encodeRanges([]);

interface Job {
  readonly request: Omit<ContentRequest, "id" | "round">;
  /** What the answer may weigh. */
  readonly bytes: number;
  readonly take: (kind: number, frame: Frame) => Promise<void>;
  readonly done: (error?: Error) => void;
}

/** What may be asked for besides content. */
export type ListRequest = Pick<ContentRequest, "chunkIndex" | "chunkBatches" | "fragments">;

/** What the answer to a request for a list is taken to weigh. */
const LIST_BYTES = 64 * 1024;
/** What a part of a list costs besides its bytes: without it millions of empty ones would cost nothing. */
const PART_OVERHEAD = 256;

/** Fetches content from one peer over one long-lived channel, many requests in flight. */
export class ContentFetcher {
  readonly #mesh: Mesh;
  readonly #peer: PeerId;
  readonly #round: RoundId;
  readonly #download: RateLimiter;
  readonly #silenceMs: number;
  readonly #waiting: Job[] = [];
  readonly #underWay = new Map<number, Job>();
  #credit = CREDIT_BYTES;
  #nextId = 1;
  #wake: () => void = () => undefined;
  readonly #stopped = new AbortController();
  #channel: Channel | undefined;
  #running: Promise<void> | undefined;

  /** @param silenceMs after which the peer counts as gone */
  constructor(mesh: Mesh, peer: PeerId, round: RoundId, download: RateLimiter, silenceMs: number = SILENCE_LIMIT_MS) {
    this.#silenceMs = silenceMs;
    this.#mesh = mesh;
    this.#peer = peer;
    this.#round = round;
    this.#download = download;
  }

  #ask(job: Omit<Job, "done">, first: boolean): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const done = (error?: Error): void => (error === undefined ? resolve() : reject(error));
      if (this.#stopped.signal.aborted) {
        done(ended());
        return;
      }
      if (first) this.#waiting.unshift({ ...job, done });
      else this.#waiting.push({ ...job, done });
      this.#start();
      this.#wake();
    });
  }

  /**
   * Fetches ranges of a statement and hands each frame on before it gives new credit.
   *
   * @throws LockstepError when the peer is gone or sends what was not asked for
   */
  async fetch(
    statement: number,
    ranges: readonly ContentRange[],
    take: (frame: Frame) => Promise<void>,
  ): Promise<void> {
    const takeData = (kind: number, frame: Frame): Promise<void> => {
      if (kind === CONTENT_FRAME.data || kind === CONTENT_FRAME.compressed) return take(frame);
      throw unasked();
    };
    const parts: Promise<void>[] = [];
    for (const part of cutRequests(ranges, REQUEST_BYTES, MAX_RANGES)) {
      const request = { statement, ranges: encodeRanges(part.ranges) };
      parts.push(this.#ask({ request, bytes: part.bytes, take: takeData }, false));
    }
    const results = await Promise.allSettled(parts);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /** Asks for a list, before all content that is waited for; each frame's bytes are one part. */
  async list(statement: number, what: ListRequest): Promise<Uint8Array[]> {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    const take = async (kind: number, frame: Frame): Promise<void> => {
      bytes += frame.length + PART_OVERHEAD;
      if (kind !== CONTENT_FRAME.list) throw unasked();
      if (bytes > LIMITS.listBytes) throw new LockstepError("LOCKSTEP_TOO_LARGE", "a peer sent a list without end");
      parts.push(listPart(frame));
    };
    await this.#ask({ request: { statement, ranges: NO_RANGES, ...what }, bytes: LIST_BYTES, take }, true);
    return parts;
  }

  #start(): void {
    if (this.#running !== undefined) return;
    this.#running = this.#run().then(
      () => this.#fail(new LockstepError("LOCKSTEP_PEER_GONE", "the host that serves content closed the stream")),
      (error: Error) => this.#fail(error),
    );
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const channel = await this.#mesh.open(this.#peer, CONTENT, AbortSignal.any([signal, AbortSignal.timeout(15_000)]));
    this.#channel = channel;
    if (signal.aborted) throw ended();
    const take = async (frames: AsyncIterable<Frame>): Promise<void> => {
      for await (const frame of frames) await this.#take(frame);
    };
    const silent = (): LockstepError =>
      new LockstepError("LOCKSTEP_PEER_GONE", "the host that serves content has fallen silent");
    const stop = watchSilence(channel, silent, this.#silenceMs);
    const duplex = { source: channel.source, sink: channel.sink };
    try {
      await pipe(this.#requests(channel), duplex, take);
    } finally {
      stop();
    }
  }

  #fail(error: Error): void {
    this.#running = undefined;
    this.#channel?.abort(error);
    this.#channel = undefined;
    for (const job of [...this.#underWay.values(), ...this.#waiting]) job.done(error);
    this.#underWay.clear();
    this.#waiting.length = 0;
    this.#credit = CREDIT_BYTES;
    // The broken channel's requests end: else they would take what is meant for the next channel.
    this.#wake();
  }

  /** Requests as credit allows, while the channel lasts: the source of the pipeline. */
  async *#requests(channel: Channel): AsyncGenerator<Uint8Array> {
    while (!this.#stopped.signal.aborted && this.#channel === channel) {
      const job = this.#waiting[0];
      if (job === undefined || (job.bytes > this.#credit && this.#underWay.size > 0)) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      this.#waiting.shift();
      this.#credit -= job.bytes;
      const id = this.#nextId++;
      this.#underWay.set(id, job);
      await this.#download.take(job.bytes, this.#stopped.signal);
      yield ContentRequest.encode({ ...job.request, id, round: { ...this.#round } });
    }
  }

  async #take(frame: Frame): Promise<void> {
    const { kind, request } = readFrameHeader(frame);
    if (kind === CONTENT_FRAME.alive) return;
    const job = this.#underWay.get(request);
    if (job === undefined) throw unasked();
    if (kind !== CONTENT_FRAME.end) {
      await job.take(kind, frame);
      return;
    }
    this.#underWay.delete(request);
    this.#credit += job.bytes;
    job.done();
    this.#wake();
  }

  stop(): void {
    this.#stopped.abort();
    this.#wake();
    this.#channel?.abort(ended());
  }
}

function ended(): LockstepError {
  return new LockstepError("LOCKSTEP_ABORTED", "the round has ended");
}

function unasked(): LockstepError {
  return new LockstepError("LOCKSTEP_MALFORMED", "content that was not asked for");
}
