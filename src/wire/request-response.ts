import { fromHost, LockstepError } from "../model/errors.ts";
import type { Channel } from "../ports/mesh.ts";
import { decodeError, decodeMessage, encodeError } from "./codec.ts";
import { beat, SILENCE_LIMIT_MS, watchSilence } from "./liveness.ts";
import { RoundRequest, RoundResponse } from "./messages.ts";
import { packFrame, unpackFrame } from "./packed-frame.ts";

/** What a request says besides its number. */
export type RequestBody = Omit<RoundRequest, "id">;
export type ResponseBody = Omit<RoundResponse, "id" | "last" | "error" | "stalledMs">;

interface Waiting {
  parts: ResponseBody[];
  ended: boolean;
  error: Error | undefined;
  wake: () => void;
}

/**
 * The asking side of the round protocol: many requests in flight on one channel, each answered by
 * one or more parts. Keeps the channel alive and ends it when the other side falls silent.
 */
export class Requester {
  readonly #channel: Channel;
  readonly #host: string;
  readonly #waiting = new Map<number, Waiting>();
  /** Requests that take up the other side's time, and those that wait for their turn. */
  #asked = 0;
  readonly #turns: (() => void)[] = [];
  readonly #stop: () => void;
  #nextId = 1;
  #failure: Error | undefined;
  #stalledMs = 0;

  constructor(channel: Channel, host: string) {
    this.#channel = channel;
    this.#host = host;
    const stops = [
      watchSilence(channel, () => this.#gone("it has not answered for 20 s")),
      // Its answers are what is listened for.
      beat(channel, () => RoundRequest.encode({ id: this.#nextId++, ping: {} })),
    ];
    this.#stop = () => {
      for (const stop of stops) stop();
    };
    void this.#listen();
  }

  /** For how long the other side's disk has not answered, as it said last, in milliseconds; 0 while nothing points to that. */
  get stalledMs(): number {
    return this.#stalledMs;
  }

  #gone(why: string): LockstepError {
    return new LockstepError("LOCKSTEP_HOST_UNREACHABLE", `lost ${this.#host}: ${why}`, { host: this.#host });
  }

  async #listen(): Promise<void> {
    try {
      for await (const frame of this.#channel.source) {
        const { id, last, error, stalledMs, ...body } = decodeMessage(
          (b) => RoundResponse.decode(b),
          unpackFrame(frame),
        );
        const waiting = this.#waiting.get(id);
        if (waiting === undefined) {
          // Nobody waits for the answer to a ping.
          this.#stalledMs = stalledMs ?? 0;
          continue;
        }
        if (error !== undefined) waiting.error = decodeError(error, this.#host);
        else if (Object.values(body).some((value) => value !== undefined)) waiting.parts.push(body);
        if (last || error !== undefined) waiting.ended = true;
        waiting.wake();
      }
      this.#fail(this.#gone("it closed the connection"));
    } catch (error) {
      this.#channel.abort(error as Error);
      const coded = error instanceof LockstepError && error.code !== "LOCKSTEP_PEER_GONE";
      this.#fail(coded ? fromHost(error, this.#host) : this.#gone("the connection broke"));
    }
  }

  #fail(error: Error): void {
    this.#stop();
    this.#failure ??= error;
    for (const waiting of this.#waiting.values()) {
      waiting.error ??= this.#failure;
      waiting.ended = true;
      waiting.wake();
    }
  }

  async #send(body: RequestBody, id: number): Promise<void> {
    await this.#channel.send(packFrame(RoundRequest.encode({ ...body, id })));
  }

  /**
   * Waits until the other side has time for one request more. It works on so many at once and reads no further
   * meanwhile, so that whatever came behind them, a sign of life among it, would not be answered.
   */
  async #takeTurn(): Promise<void> {
    if (this.#asked < MAX_ASKED) this.#asked++;
    else await new Promise<void>((resolve) => this.#turns.push(resolve));
  }

  #giveTurn(): void {
    const next = this.#turns.shift();
    if (next === undefined) this.#asked--;
    else next();
  }

  /** The parts of an answer as they come. */
  async *ask(body: RequestBody): AsyncGenerator<ResponseBody> {
    if (isUrgent(body)) {
      yield* this.#ask(body);
      return;
    }
    await this.#takeTurn();
    try {
      yield* this.#ask(body);
    } finally {
      this.#giveTurn();
    }
  }

  async *#ask(body: RequestBody): AsyncGenerator<ResponseBody> {
    if (this.#failure !== undefined) throw this.#failure;
    const id = this.#nextId++;
    const waiting: Waiting = { parts: [], ended: false, error: undefined, wake: () => undefined };
    this.#waiting.set(id, waiting);
    try {
      await this.#send(body, id);
      for (;;) {
        const part = waiting.parts.shift();
        if (part !== undefined) yield part;
        else if (waiting.error !== undefined) throw waiting.error;
        else if (waiting.ended) return;
        else await new Promise<void>((resolve) => (waiting.wake = resolve));
      }
    } catch (error) {
      throw this.#failure ?? error;
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** The single part of an answer that has just one. */
  async askOne(body: RequestBody): Promise<ResponseBody> {
    let answer: ResponseBody | undefined;
    for await (const part of this.ask(body)) answer = part;
    return answer ?? {};
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#channel.close();
  }

  abort(error: Error): void {
    this.#channel.abort(error);
    this.#fail(error);
  }
}

/** What takes no time and must not wait: leases end meanwhile, and so do rounds. */
function isUrgent({ renew, release, end }: RequestBody): boolean {
  return renew !== undefined || release !== undefined || end !== undefined;
}

/** Most requests that are asked at once, without the urgent ones. */
const MAX_ASKED = 16;
/** Most requests of one channel that are worked on at once. */
const MAX_CONCURRENT = 32;

/**
 * The answering side: runs `answer` for each request, several at once, and sends its parts. An
 * error of `answer` becomes the answer; a malformed frame ends the channel, and so does silence, as the
 * asker beats.
 *
 * @param silenceMs after which the other side counts as gone
 * @param stalledMs for how long the disk has not answered, in milliseconds
 */
export async function respond(
  channel: Channel,
  answer: (request: RoundRequest) => AsyncIterable<ResponseBody>,
  silenceMs: number = SILENCE_LIMIT_MS,
  stalledMs: () => number = () => 0,
): Promise<void> {
  let running = 0;
  let wake: () => void = () => undefined;
  const one = async (request: RoundRequest): Promise<void> => {
    try {
      for await (const part of answer(request)) {
        await channel.send(packFrame(RoundResponse.encode({ ...part, id: request.id, last: false })));
      }
      await channel.send(RoundResponse.encode({ id: request.id, last: true }));
    } catch (error) {
      await channel.send(RoundResponse.encode({ id: request.id, last: true, error: encodeError(error) }));
    }
  };
  const silent = (): Error => new LockstepError("LOCKSTEP_PEER_GONE", "the comparison server has fallen silent");
  const stop = watchSilence(channel, silent, silenceMs);
  try {
    for await (const frame of channel.source) {
      const request = decodeMessage((b) => RoundRequest.decode(b), unpackFrame(frame));
      if (request.ping !== undefined) {
        await channel.send(RoundResponse.encode({ id: request.id, last: true, stalledMs: stalledMs() }));
        continue;
      }
      while (running >= MAX_CONCURRENT) await new Promise<void>((resolve) => (wake = resolve));
      running++;
      void one(request)
        .catch((error: Error) => channel.abort(error))
        .finally(() => {
          running--;
          wake();
        });
    }
  } finally {
    stop();
  }
}
