import "./with-resolvers.ts";
import { setMaxListeners } from "node:events";
import type { Stream } from "@libp2p/interface";
import { Uint8ArrayList } from "uint8arraylist";
import { LockstepError } from "../model/errors.ts";
import type { Channel, Frame, Protocol } from "../ports/mesh.ts";

const LENGTH_BYTES = 4;
/** What a queued frame costs besides its bytes; without it empty frames would cost nothing. */
const FRAME_OVERHEAD = 128;
/**
 * How much may wait in the stream's own write buffer before `send` waits. libp2p would queue without
 * limit: `onDrain()` resolves at once after its first use, so the buffer itself is watched.
 */
const WRITE_HIGH_BYTES = 512 * 1024;

/**
 * What a peer that is not known may have waiting on a stream: an assignment, or the begin of a round that brings
 * one. On all its streams it is memory that anybody could take.
 */
const STRANGER_WINDOW_BYTES = 4 * 1024 * 1024 + 64 * 1024;

/** When something last came on a connection, on the clock of performance.now(). */
export interface Heard {
  at: number;
}

/**
 * Frames over a libp2p stream: a length (u32, little endian), then that many bytes. Reading is by
 * events into a queue bounded by the protocol's window, since `for await` over a stream buffers
 * without limit and `pause()` is not to be had inside a message handler.
 */
export class FrameChannel implements Channel {
  readonly peer: string;
  readonly source: AsyncIterable<Frame>;
  readonly #stream: Stream;
  readonly #protocol: Protocol;
  readonly #isKnown: () => boolean;
  readonly #closed = new AbortController();
  readonly #queue: Frame[] = [];
  #queuedBytes = 0;
  #wakeReader: () => void = () => undefined;
  readonly #wakeWriters = new Set<() => void>();
  readonly #heard: Heard;
  #ended = false;
  /** The peer has said that it ends its side, which a stream that breaks does not say. */
  #isClosedByPeer = false;
  /** It did so between two frames: whatever happens afterwards, all that it sent is here. */
  #isComplete = false;
  #error: Error | undefined;
  // The frame that is being put together: its length field first, then its bytes.
  readonly #head = new Uint8Array(LENGTH_BYTES);
  #headFill = 0;
  #body: Frame | undefined;
  #bodyFill = 0;

  /**
   * @param heard shared by all channels of the connection
   * @param isKnown whether the peer is to be trusted with the protocol's memory; asked for each frame, as it may become so
   */
  constructor(
    stream: Stream,
    peer: string,
    protocol: Protocol,
    isKnown: () => boolean = () => true,
    heard: Heard = { at: 0 },
  ) {
    this.#heard = heard;
    this.#stream = stream;
    this.#protocol = protocol;
    this.#isKnown = isKnown;
    this.peer = peer;
    this.source = { [Symbol.asyncIterator]: () => this.#read() };
    // One for each request that waits for its turn.
    setMaxListeners(0, this.#closed.signal);
    stream.addEventListener("drain", () => this.#wakeAllWriters());
    stream.addEventListener("idle", () => this.#wakeAllWriters());
    stream.addEventListener("end", () => this.#ownEnd());
    stream.addEventListener("remoteCloseWrite", () => {
      this.#isClosedByPeer = true;
      this.#ownEnd();
    });
    stream.addEventListener("close", (event) => {
      this.#end(event.error === undefined ? undefined : this.#gone(event.error));
      this.#wakeAllWriters();
      this.#closed.abort(this.#error ?? this.#gone());
    });
    stream.addEventListener("message", (event) => {
      this.#take(event.data);
      // Of a stream that had ended before anybody listened, no further event tells.
      if (stream.remoteWriteStatus === "closed") this.#ownEnd();
    });
    // The other side may have ended before anybody listened.
    if (stream.status === "aborted" || stream.status === "reset" || stream.status === "closed") {
      if (stream.readBufferLength === 0) this.#end(stream.status === "closed" ? undefined : this.#gone());
      this.#closed.abort(this.#error ?? this.#gone());
    } else if (stream.remoteWriteStatus === "closed") this.#ownEnd();
  }

  /** Of the whole connection: on a slow link what one channel sends waits behind what another one does. */
  get heardAt(): number {
    return this.#heard.at;
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  #gone(cause?: Error): LockstepError {
    return new LockstepError("LOCKSTEP_PEER_GONE", "the stream to the other host broke", { cause });
  }

  /** The peer has ended its side: fine between two frames, a fault within one. */
  #ownEnd(): void {
    // What has come and was not looked at yet is taken first; the stream tells again when it is.
    if (this.#ended || this.#stream.readBufferLength > 0) return;
    const within = this.#headFill > 0 || this.#body !== undefined;
    this.#isComplete = this.#isClosedByPeer && !within;
    this.#end(within ? new LockstepError("LOCKSTEP_PEER_GONE", "the stream ended within a message") : undefined);
  }

  #wakeAllWriters(): void {
    for (const wake of this.#wakeWriters) wake();
    this.#wakeWriters.clear();
  }

  #end(error: Error | undefined): void {
    this.#error ??= error;
    this.#ended = true;
    this.#wakeReader();
  }

  #take(data: Uint8Array | Uint8ArrayList): void {
    if (this.#ended) return;
    this.#heard.at = performance.now();
    for (const piece of data instanceof Uint8Array ? [data] : data) {
      let at = 0;
      while (at < piece.length) {
        if (this.#body === undefined) at = this.#takeHead(piece, at);
        else at = this.#takeBody(this.#body, piece, at);
        if (this.#ended) return;
      }
    }
  }

  #takeHead(piece: Uint8Array, start: number): number {
    let at = start;
    while (at < piece.length && this.#headFill < LENGTH_BYTES) this.#head[this.#headFill++] = piece[at++];
    if (this.#headFill < LENGTH_BYTES) return at;
    const length = new DataView(this.#head.buffer).getUint32(0, true);
    if (length > this.#protocol.maxFrameBytes) {
      this.abort(new LockstepError("LOCKSTEP_TOO_LARGE", `a peer announced a message of ${length} bytes`));
      return at;
    }
    // Not zeroed: it is handed on only when it is full. Large ones are moved between threads by their receivers.
    this.#body = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    this.#bodyFill = 0;
    if (length === 0) this.#frameComplete(this.#body);
    return at;
  }

  #takeBody(body: Frame, piece: Uint8Array, at: number): number {
    const count = Math.min(body.length - this.#bodyFill, piece.length - at);
    body.set(at === 0 && count === piece.length ? piece : piece.subarray(at, at + count), this.#bodyFill);
    this.#bodyFill += count;
    if (this.#bodyFill === body.length) this.#frameComplete(body);
    return at + count;
  }

  #frameComplete(body: Frame): void {
    this.#body = undefined;
    this.#headFill = 0;
    this.#queue.push(body);
    this.#queuedBytes += body.length + FRAME_OVERHEAD;
    const { windowBytes } = this.#protocol;
    if (this.#queuedBytes > (this.#isKnown() ? windowBytes : Math.min(windowBytes, STRANGER_WINDOW_BYTES))) {
      this.abort(new LockstepError("LOCKSTEP_PEER_FLOODED", "a peer sent more than it had credit for"));
      return;
    }
    this.#wakeReader();
  }

  async *#read(): AsyncGenerator<Frame> {
    for (;;) {
      const frame = this.#queue.shift();
      if (frame !== undefined) {
        this.#queuedBytes -= frame.length + FRAME_OVERHEAD;
        yield frame;
      } else if (this.#isComplete) return;
      else if (this.#error !== undefined) throw this.#error;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  async send(frame: Uint8Array): Promise<void> {
    while (this.#stream.writeBufferLength > WRITE_HIGH_BYTES && this.#stream.writeStatus === "writable") {
      await new Promise<void>((resolve) => this.#wakeWriters.add(resolve));
    }
    if (this.#stream.writeStatus !== "writable") throw this.#error ?? this.#gone();
    const head = new Uint8Array(LENGTH_BYTES);
    new DataView(head.buffer).setUint32(0, frame.length, true);
    try {
      this.#stream.send(new Uint8ArrayList(head, frame));
    } catch (error) {
      throw this.#gone(error as Error);
    }
  }

  readonly sink = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const frame of source) await this.send(frame);
    await this.close();
  };

  async close(): Promise<void> {
    await this.#stream.close({ signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
  }

  abort(error: Error): void {
    this.#end(error);
    this.#stream.abort(error);
    this.#wakeAllWriters();
    if (!this.#closed.signal.aborted) this.#closed.abort(error);
  }
}
