import type { Stream, StreamMuxer } from "@libp2p/interface";
import { type MakeMuxers, wrapMuxers } from "./muxer-wrapper.ts";

/** What of a yamux stream its window updates depend on. */
interface WindowedStream {
  /** Bytes that the peer may have sent without new credit, and how many of them it may still send. */
  readonly recvWindow: number;
  readonly recvWindowCapacity: number;
  /** Libp2p's StreamState. */
  readonly state: number;
  sendWindowUpdate(): void;
}

/** Streams whose next update opens them, or accepts them: StreamState.Init and SYNReceived. */
const OPENING: ReadonlySet<number> = new Set([0, 2]);

/**
 * Has yamux streams give new credit when half of it is used, as hashicorp's implementation does. Libp2p's
 * answers each message of some bytes with one that gives these bytes back, which costs both hosts a tenth
 * of a millisecond and more: half of all messages of a fan-out are such.
 *
 * @param make makes the muxer from libp2p's components
 */
export function sparingWindows<Components>(make: MakeMuxers<Components>): MakeMuxers<Components> {
  return wrapMuxers(make, "lockstep-sparing-windows", (factory, connection) =>
    withSparingStreams(factory.createStreamMuxer(connection)),
  );
}

function withSparingStreams(muxer: StreamMuxer): StreamMuxer {
  const createStream = muxer.createStream.bind(muxer);
  muxer.createStream = async (options) => sparing(await createStream(options));
  // Not by a listener: to the first one all streams are given that came before there was any.
  const accepting = muxer as Partial<{ onRemoteStream(stream: Stream): void }>;
  const onRemoteStream = accepting.onRemoteStream?.bind(muxer);
  if (onRemoteStream !== undefined) accepting.onRemoteStream = (stream) => onRemoteStream(sparing(stream));
  return muxer;
}

/** A stream of another implementation stays as it is. */
function sparing(stream: Stream): Stream {
  if (!isWindowed(stream)) return stream;
  const giveCredit = stream.sendWindowUpdate.bind(stream);
  stream.sendWindowUpdate = () => {
    if (OPENING.has(stream.state) || stream.recvWindowCapacity <= stream.recvWindow / 2) giveCredit();
  };
  return stream;
}

function isWindowed(stream: Stream): stream is Stream & WindowedStream {
  const { recvWindow, recvWindowCapacity, state, sendWindowUpdate } = stream as Partial<WindowedStream>;
  return (
    [recvWindow, recvWindowCapacity, state].every((each) => typeof each === "number") &&
    typeof sendWindowUpdate === "function"
  );
}
