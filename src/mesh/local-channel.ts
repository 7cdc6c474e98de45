import { setMaxListeners } from "node:events";
import { LockstepError } from "../model/errors.ts";
import type { Channel, Frame } from "../ports/mesh.ts";

/** One direction between two ends in one process; `send` waits while much is queued. */
class Lane {
  readonly #queue: Frame[] = [];
  putAt = 0;
  #bytes = 0;
  #ended = false;
  #error: Error | undefined;
  #wakeReader: () => void = () => undefined;
  readonly #wakeWriters = new Set<() => void>();

  async put(frame: Uint8Array): Promise<void> {
    while (this.#bytes > 1 << 20 && !this.#ended) await new Promise<void>((resolve) => this.#wakeWriters.add(resolve));
    if (this.#ended) throw this.#error ?? new LockstepError("LOCKSTEP_PEER_GONE", "the other end has closed");
    const copy = new Uint8Array(frame);
    this.#queue.push(copy);
    this.putAt = performance.now();
    this.#bytes += copy.length;
    this.#wakeReader();
  }

  end(error?: Error): void {
    this.#ended = true;
    this.#error ??= error;
    this.#wakeReader();
    this.#wakeAllWriters();
  }

  get ended(): boolean {
    return this.#ended;
  }

  #wakeAllWriters(): void {
    for (const wake of this.#wakeWriters) wake();
    this.#wakeWriters.clear();
  }

  async *read(): AsyncGenerator<Frame> {
    for (;;) {
      const frame = this.#queue.shift();
      if (frame !== undefined) {
        this.#bytes -= frame.length;
        this.#wakeAllWriters();
        yield frame;
      } else if (this.#error !== undefined) throw this.#error;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }
}

class LocalChannel implements Channel {
  readonly peer: string;
  readonly source: AsyncIterable<Frame>;
  readonly #out: Lane;
  readonly #in: Lane;
  readonly #gone: AbortController;

  constructor(peer: string, incoming: Lane, outgoing: Lane, gone: AbortController) {
    this.peer = peer;
    this.#in = incoming;
    this.#out = outgoing;
    this.#gone = gone;
    this.source = { [Symbol.asyncIterator]: () => this.#in.read() };
  }

  get heardAt(): number {
    return this.#in.putAt;
  }

  get closed(): AbortSignal {
    return this.#gone.signal;
  }

  send(frame: Uint8Array): Promise<void> {
    return this.#out.put(frame);
  }

  readonly sink = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const frame of source) await this.send(frame);
    await this.close();
  };

  async close(): Promise<void> {
    this.#out.end();
    if (this.#in.ended && !this.#gone.signal.aborted) {
      this.#gone.abort(new LockstepError("LOCKSTEP_PEER_GONE", "both ends have closed"));
    }
  }

  abort(error: Error): void {
    this.#in.end(error);
    this.#out.end(error);
    this.#gone.abort(error);
  }
}

/** Two ends of a channel within this process: a host that is comparison server and remote at once. */
export function localChannelPair(a: string, b: string): [toB: Channel, toA: Channel] {
  const [there, back] = [new Lane(), new Lane()];
  const gone = new AbortController();
  setMaxListeners(0, gone.signal);
  return [new LocalChannel(b, back, there, gone), new LocalChannel(a, there, back, gone)];
}
