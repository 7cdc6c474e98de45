import type { MessageStream } from "@libp2p/interface";
import { Uint8ArrayList } from "uint8arraylist";
import { type MakeMuxers, wrapMuxers } from "./muxer-wrapper.ts";

/** Longer ones go at once, with what waits. */
const SHORT_BYTES = 4096;
/** So much makes one encrypted message. */
const MOST_BYTES = 32 * 1024;

/**
 * Lets short messages of one turn of the event loop go to the peer together, whatever streams they are of:
 * what a unit that has arrived sets off, say, is its receipt, a new request and an announcement. Each by
 * itself is encrypted, is a system call and a packet, and wakes the peer.
 *
 * @param make makes the muxer from libp2p's components
 */
export function gatheredSends<Components>(make: MakeMuxers<Components>): MakeMuxers<Components> {
  return wrapMuxers(make, "lockstep-gathered-sends", (factory, connection) => {
    const flush = gather(connection);
    const muxer = factory.createStreamMuxer(connection);
    const close = muxer.close.bind(muxer);
    const abort = muxer.abort.bind(muxer);
    // Its last words, before the connection is closed.
    muxer.close = (options) => close(options).finally(flush);
    muxer.abort = (error) => {
      abort(error);
      flush();
    };
    return muxer;
  });
}

/**
 * Lets the connection's short messages wait for the end of the turn.
 *
 * @returns sends what waits at once
 */
function gather(connection: MessageStream): () => void {
  const send = connection.send.bind(connection);
  let waiting: Uint8ArrayList | undefined;
  let turn: NodeJS.Immediate | undefined;

  const sendWaiting = (): boolean => {
    clearImmediate(turn);
    const all = waiting;
    [waiting, turn] = [undefined, undefined];
    return all === undefined || send(all);
  };
  const flush = (): void => {
    try {
      sendWaiting();
    } catch {
      // The connection is closing or gone, of which its streams are told.
    }
  };

  connection.send = (data) => {
    const isShort = data.byteLength <= SHORT_BYTES;
    // Of a connection that is not open it throws.
    if (waiting === undefined && (!isShort || connection.status !== "open")) return send(data);
    waiting ??= new Uint8ArrayList();
    waiting.append(data);
    if (!isShort || waiting.byteLength >= MOST_BYTES) return sendWaiting();
    turn ??= setImmediate(flush);
    return !connection.writableNeedsDrain;
  };
  return flush;
}
