import { pipe } from "it-pipe";
import { type ContentRange, encodeRanges } from "../model/content-ranges.ts";
import { decodeUnitNames, type UnitName } from "../model/content-units.ts";
import { LockstepError, toLockstepError } from "../model/errors.ts";
import type { RoundId } from "../model/order.ts";
import type { PeerId } from "../model/role.ts";
import type { Channel, Frame, Mesh } from "../ports/mesh.ts";
import { CONTENT_FRAME, isBeginFrame, listPart, readFrameHeader } from "../wire/content-frame.ts";
import { deadline } from "../wire/deadline.ts";
import { LIMITS } from "../wire/limits.ts";
import { SILENCE_LIMIT_MS, watchSilence } from "../wire/liveness.ts";
import { ContentRequest } from "../wire/messages.ts";
import { CONTENT } from "../wire/protocols.ts";
import type { RateLimiter } from "./rate-limiter.ts";

/**
 * Content asked for and not yet written. This is the credit of the transfer: a host sends only what
 * was asked for, so no more than this is ever on its way from it or in this host's memory.
 */
const CREDIT_BYTES = 8 * 1024 * 1024;
/** Once all is used, so much must be free again before more is asked for: some requests at a time cost less. */
const RENEWED_CREDIT_BYTES = CREDIT_BYTES / 4;
const NO_RANGES = encodeRanges([]);

interface Job {
  readonly request: Omit<ContentRequest, "id" | "round">;
  /** What the answer may weigh. */
  readonly bytes: number;
  readonly take: (kind: number, frame: Frame) => Promise<void>;
  readonly done: (error?: Error) => void;
  /** What the frames of the answer may still cost. */
  budget: number;
  /** Is told when the request goes out. */
  readonly sent?: (() => void) | undefined;
  /** Content, or a part of a list, has come. */
  came: boolean;
  /** What still comes is thrown away. */
  cancelled: boolean;
}

/** What may be asked for besides content. */
export type ListRequest = Pick<ContentRequest, "chunkIndex" | "chunkBatches" | "fragments">;

/** What the answer to a request for a list is taken to weigh. */
const LIST_BYTES = 64 * 1024;
/** What a frame costs besides its bytes: without it millions of empty ones would cost nothing. */
const PART_OVERHEAD = 256;
/** What the frames of content and their records may cost besides the content, generously. */
const FRAMES_OVERHEAD = 64 * 1024;
const RECORD_OVERHEAD = 64;

export interface FetcherInit {
  readonly mesh: Mesh;
  readonly peer: PeerId;
  readonly round: RoundId;
  readonly download: RateLimiter;
  /** The peer serves others too, and is told when something has arrived. */
  readonly isShared?: boolean;
  /** After which the peer counts as gone. */
  readonly silenceMs?: number;
  /** The peer has units of a statement that was followed. */
  readonly announced?: (statement: number, units: readonly UnitName[]) => void;
  /** The channel broke, or its peer broke the protocol, whether or not something was asked for. */
  readonly broke?: (error: LockstepError) => void;
}

/** One request for a unit. */
export interface UnitRequest {
  readonly statement: number;
  readonly unit: UnitName;
  readonly ranges: readonly ContentRange[];
  readonly bytes: number;
  /** Only if no other host has been given it. */
  readonly fresh: boolean;
}

export interface UnderWay {
  /** How the request ended: everything that the peer sends was sent, or it has nothing to send. */
  readonly ended: Promise<"sent" | "elsewhere">;
  /** Nothing more is handed on; the peer is told. */
  cancel(): void;
}

/** Fetches content from one peer over one long-lived channel, many requests in flight. */
export class ContentFetcher {
  readonly #init: FetcherInit;
  readonly #waiting: Job[] = [];
  /** How many at the start of what waits go before all the others. */
  #early = 0;
  readonly #underWay = new Map<number, Job>();
  #credit = CREDIT_BYTES;
  /** No request fitted into the credit since it was renewed. */
  #isUsedUp = false;
  #nextId = 1;
  #wake: () => void = () => undefined;
  readonly #stopped = new AbortController();
  #channel: Channel | undefined;
  #running: Promise<void> | undefined;

  constructor(init: FetcherInit) {
    this.#init = init;
  }

  #ask(
    job: Omit<Job, "done" | "came" | "cancelled">,
    turn: "at once" | "early" | "late",
  ): { job: Job | undefined; done: Promise<void> } {
    let asked: Job | undefined;
    const done = new Promise<void>((resolve, reject) => {
      if (this.#stopped.signal.aborted) {
        reject(ended());
        return;
      }
      asked = {
        ...job,
        came: false,
        cancelled: false,
        done: (error) => (error === undefined ? resolve() : reject(error)),
      };
      // Lists among themselves in order: fragments are looked for behind those of the chunk before.
      if (turn === "late") this.#waiting.push(asked);
      else this.#waiting.splice(turn === "at once" ? 0 : this.#early, 0, asked);
      if (turn !== "late") this.#early++;
      this.#start();
      this.#wake();
    });
    return { job: asked, done };
  }

  /**
   * Fetches ranges of one unit of a statement and hands each frame on before it gives new credit.
   *
   * @param begun is told when the peer says that it begins to send
   * @returns of which the end is a LockstepError when the peer is gone or sends what was not asked for
   */
  fetch(
    { bytes, ...asked }: UnitRequest,
    take: (frame: Frame) => Promise<void>,
    begun: () => void = () => undefined,
    sent: () => void = () => undefined,
  ): UnderWay {
    let isElsewhere = false;
    const takeData = async (kind: number, frame: Frame): Promise<void> => {
      if (kind === CONTENT_FRAME.elsewhere) isElsewhere = true;
      else if (kind === CONTENT_FRAME.data && isBeginFrame(frame)) begun();
      else if (kind === CONTENT_FRAME.data || kind === CONTENT_FRAME.compressed) await take(frame);
      else throw unasked();
    };
    const { statement, unit, ranges, fresh } = asked;
    const request = { statement, unit: { ...unit }, fresh, ranges: encodeRanges(ranges) };
    const budget = FRAMES_OVERHEAD + 2 * bytes + RECORD_OVERHEAD * ranges.length;
    const { job, done } = this.#ask({ request, bytes, budget, take: takeData, sent }, "late");
    return {
      ended: done.then(() => (isElsewhere ? "elsewhere" : "sent")),
      cancel: () => this.#cancel(job),
    };
  }

  #cancel(job: Job | undefined): void {
    if (job === undefined || job.cancelled) return;
    job.cancelled = true;
    const at = this.#waiting.indexOf(job);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      if (at < this.#early) this.#early--;
      job.done();
      return;
    }
    for (const [id, other] of this.#underWay) if (other === job) this.#tell({ statement: 0, cancel: id });
  }

  /** Says something that is not answered, before all that waits. */
  #tell(request: Pick<ContentRequest, "statement" | "follow" | "cancel" | "received">): void {
    const job = { request: { ...request, ranges: NO_RANGES, fresh: false }, bytes: 0, budget: 0 };
    const { done } = this.#ask({ ...job, take: async () => undefined }, "at once");
    // Of a peer that is gone others tell.
    done.catch(() => undefined);
  }

  /** From now on the peer announces what it has of the statement. */
  follow(statement: number): void {
    this.#tell({ statement, follow: true });
  }

  /** Asks for a list, before all content that is waited for; each frame's bytes are one part. */
  async list(statement: number, what: ListRequest): Promise<Uint8Array[]> {
    const parts: Uint8Array[] = [];
    const take = async (kind: number, frame: Frame): Promise<void> => {
      if (kind !== CONTENT_FRAME.list) throw unasked();
      parts.push(listPart(frame));
    };
    const request = { statement, ranges: NO_RANGES, fresh: false, ...what };
    await this.#ask({ request, bytes: LIST_BYTES, budget: LIMITS.listBytes, take }, "early").done;
    return parts;
  }

  #start(): void {
    if (this.#running !== undefined) return;
    this.#running = this.#run().then(
      () => this.#fail(this.#gone("closed the stream")),
      (error: Error) => this.#fail(this.#named(error)),
    );
  }

  async #run(): Promise<void> {
    const { mesh, peer, silenceMs } = this.#init;
    const { signal } = this.#stopped;
    const channel = await mesh.open(peer, CONTENT, deadline(signal, 15_000));
    this.#channel = channel;
    if (signal.aborted) throw ended();
    const take = async (frames: AsyncIterable<Frame>): Promise<void> => {
      for await (const frame of frames) await this.#take(frame);
    };
    const silent = (): LockstepError => this.#gone("has fallen silent");
    const stop = watchSilence(channel, silent, silenceMs ?? SILENCE_LIMIT_MS);
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
    this.#early = 0;
    this.#credit = CREDIT_BYTES;
    // The broken channel's requests end: else they would take what is meant for the next channel.
    this.#wake();
    if (!this.#stopped.signal.aborted) this.#init.broke?.(toLockstepError(error));
  }

  /** Requests as credit allows, while the channel lasts: the source of the pipeline. */
  async *#requests(channel: Channel): AsyncGenerator<Uint8Array> {
    while (!this.#stopped.signal.aborted && this.#channel === channel) {
      const job = this.#waiting[0];
      if (job !== undefined) this.#isUsedUp = this.#isUsedUpFor(job);
      if (job === undefined || (this.#underWay.size > 0 && this.#isUsedUp)) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      this.#waiting.shift();
      if (this.#early > 0) this.#early--;
      const id = this.#nextId++;
      // What is only told is not answered.
      if (job.request.follow !== true && job.request.cancel === undefined && job.request.received === undefined) {
        this.#credit -= job.bytes;
        this.#underWay.set(id, job);
        await this.#init.download.take(job.bytes, this.#stopped.signal);
        job.sent?.();
      } else job.done();
      yield ContentRequest.encode({ ...job.request, id, round: { ...this.#init.round } });
    }
  }

  #isUsedUpFor({ bytes }: Job): boolean {
    if (bytes > this.#credit) return true;
    if (bytes <= LIST_BYTES || this.#credit >= RENEWED_CREDIT_BYTES) return false;
    return this.#isUsedUp;
  }

  async #take(frame: Frame): Promise<void> {
    const { kind, request, isLast } = readFrameHeader(frame);
    if (kind === CONTENT_FRAME.alive) return;
    if (kind === CONTENT_FRAME.have) {
      const { announced } = this.#init;
      if (announced === undefined) throw unasked();
      announced(request, decodeUnitNames(listPart(frame), LIMITS.unitsPerFrame));
      return;
    }
    const job = this.#underWay.get(request);
    if (job === undefined) throw unasked();
    if (kind !== CONTENT_FRAME.end) {
      job.budget -= frame.length + PART_OVERHEAD;
      if (job.budget < 0) throw new LockstepError("LOCKSTEP_TOO_LARGE", "a peer sent an answer without end");
      job.came ||= kind !== CONTENT_FRAME.elsewhere;
      frame[0] = kind;
      if (!job.cancelled) await job.take(kind, frame);
    }
    if (!isLast) return;
    this.#underWay.delete(request);
    this.#credit += job.bytes;
    if (!job.came) this.#init.download.giveBack(job.bytes);
    // Others wait for it to be said.
    else if (this.#init.isShared === true) this.#tell({ statement: 0, received: request });
    job.done();
    this.#wake();
  }

  /** A stream that breaks does not say whose it was. */
  #named(error: Error): Error {
    const isGone = error instanceof LockstepError && error.code === "LOCKSTEP_PEER_GONE";
    return isGone && !error.message.includes(this.#init.peer) ? this.#gone(`is gone: ${error.message}`) : error;
  }

  #gone(how: string): LockstepError {
    return new LockstepError("LOCKSTEP_PEER_GONE", `${this.#init.peer}, which serves content, ${how}`);
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
