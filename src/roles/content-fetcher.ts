import { pipe } from "it-pipe";
import { type ContentRange, cutRequests, encodeRanges } from "../model/content-ranges.ts";
import { LockstepError } from "../model/errors.ts";
import type { RoundId } from "../model/order.ts";
import type { PeerId } from "../model/role.ts";
import type { Channel, Frame, Mesh } from "../ports/mesh.ts";
import { CONTENT_FRAME, readFrameHeader } from "../wire/content-frame.ts";
import { LIMITS } from "../wire/limits.ts";
import { ContentRequest } from "../wire/messages.ts";
import { CONTENT } from "../wire/protocols.ts";

/**
 * Content asked for and not yet written. This is the credit of the transfer: the master sends only
 * what was asked for, so no more than this is ever on its way to this host or in its memory.
 */
const CREDIT_BYTES = 8 * 1024 * 1024;
const MAX_RANGES = 2048;

interface Job {
  readonly statement: number;
  readonly ranges: ContentRange[];
  readonly bytes: number;
  readonly take: (frame: Frame) => Promise<void>;
  readonly done: (error?: Error) => void;
}

/** Fetches content from one peer over one long-lived channel, many requests in flight. */
export class ContentFetcher {
  readonly #mesh: Mesh;
  readonly #peer: PeerId;
  readonly #round: RoundId;
  readonly #waiting: Job[] = [];
  readonly #underWay = new Map<number, Job>();
  #credit = CREDIT_BYTES;
  #nextId = 1;
  #wake: () => void = () => undefined;
  #stopped = false;
  #channel: Channel | undefined;
  #running: Promise<void> | undefined;

  constructor(mesh: Mesh, peer: PeerId, round: RoundId) {
    this.#mesh = mesh;
    this.#peer = peer;
    this.#round = round;
  }

  /**
   * Fetches ranges of a statement in order and hands each frame on before it gives new credit.
   *
   * @throws LockstepError when the peer is gone or sends what was not asked for
   */
  async fetch(
    statement: number,
    ranges: readonly ContentRange[],
    take: (frame: Frame) => Promise<void>,
  ): Promise<void> {
    const parts: Promise<void>[] = [];
    for (const part of cutRequests(ranges, LIMITS.contentBytesPerRequest, MAX_RANGES)) {
      parts.push(
        new Promise<void>((resolve, reject) => {
          const done = (error?: Error): void => (error === undefined ? resolve() : reject(error));
          this.#waiting.push({ statement, ...part, take, done });
        }),
      );
    }
    this.#start();
    this.#wake();
    const results = await Promise.allSettled(parts);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  #start(): void {
    if (this.#running !== undefined || this.#stopped) return;
    this.#running = this.#run().then(
      () => this.#fail(new LockstepError("LOCKSTEP_PEER_GONE", "the host that serves content closed the stream")),
      (error: Error) => this.#fail(error),
    );
  }

  async #run(): Promise<void> {
    const channel = await this.#mesh.open(this.#peer, CONTENT, AbortSignal.timeout(15_000));
    this.#channel = channel;
    const take = async (frames: AsyncIterable<Frame>): Promise<void> => {
      for await (const frame of frames) await this.#take(frame);
    };
    const duplex = { source: channel.source, sink: channel.sink };
    await pipe(this.#requests(), duplex, take);
  }

  #fail(error: Error): void {
    this.#running = undefined;
    this.#channel?.abort(error);
    this.#channel = undefined;
    for (const job of [...this.#underWay.values(), ...this.#waiting]) job.done(error);
    this.#underWay.clear();
    this.#waiting.length = 0;
    this.#credit = CREDIT_BYTES;
  }

  /** Requests as credit allows: the source of the pipeline. */
  async *#requests(): AsyncGenerator<Uint8Array> {
    while (!this.#stopped) {
      const job = this.#waiting[0];
      if (job === undefined || (job.bytes > this.#credit && this.#underWay.size > 0)) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      this.#waiting.shift();
      this.#credit -= job.bytes;
      const id = this.#nextId++;
      this.#underWay.set(id, job);
      yield ContentRequest.encode({
        id,
        round: { ...this.#round },
        statement: job.statement,
        ranges: encodeRanges(job.ranges),
      });
    }
  }

  async #take(frame: Frame): Promise<void> {
    const { kind, request } = readFrameHeader(frame);
    const job = this.#underWay.get(request);
    if (job === undefined) throw new LockstepError("LOCKSTEP_MALFORMED", "content that was not asked for");
    if (kind === CONTENT_FRAME.data) {
      await job.take(frame);
    } else if (kind === CONTENT_FRAME.end) {
      this.#underWay.delete(request);
      this.#credit += job.bytes;
      job.done();
      this.#wake();
    } else throw new LockstepError("LOCKSTEP_MALFORMED", "content frame of an unknown kind");
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
    this.#channel?.abort(new LockstepError("LOCKSTEP_ABORTED", "the round has ended"));
  }
}
