import type { Connection, PeerId, Stream } from "@libp2p/interface";
import type { Libp2p } from "libp2p";
import type { DialledConnections } from "./dialled-connections.ts";
import type { HeardConnections } from "./heard-connections.ts";

/**
 * How long an open connection may leave a new stream unanswered, while nothing else comes on it either, until it
 * counts as dead. TCP itself takes a quarter of an hour (tcp(7), `tcp_retries2`) to notice that a host, a cable
 * or a firewall's entry has gone without a word. Longer than what a busy host sends as a sign of life (5 s).
 */
export const ANSWER_MS = 8_000;

export interface StreamLimits {
  readonly maxOutboundStreams: number;
  readonly signal: AbortSignal;
  /** Takes no connection but one of these: on another one may be another host, with a copy of the peer's key. */
  readonly only?: Pick<DialledConnections, "has">;
  /** Makes a new connection. */
  readonly dial: () => Promise<Connection>;
}

/**
 * Opens a stream on the latest connection to the peer, or on a new one when there is none or when it does not carry
 * anything any more; that one is cut then, with whatever else was on it.
 *
 * @throws what libp2p throws when the peer cannot be reached, or does not speak the protocol
 */
export async function openStream(
  node: Pick<Libp2p, "getConnections">,
  peer: PeerId,
  protocol: string,
  heard: HeardConnections,
  limits: StreamLimits,
): Promise<{ stream: Stream; connection: Connection }> {
  // The latest: the peer may have come back on a new one, while the old one waits for what never comes.
  const { only } = limits;
  const existing = node
    .getConnections(peer)
    .filter((connection) => only?.has(peer.toString(), connection) ?? true)
    .at(-1);
  if (existing !== undefined) {
    const stop = whenSilent(existing, heard, () => {
      for (const one of node.getConnections(peer)) {
        if (one === existing || performance.now() - heard.of(one).at > ANSWER_MS) one.abort(silent());
      }
    });
    try {
      return { stream: await existing.newStream(protocol, limits), connection: existing };
    } catch (error) {
      if ((error as Error).name === "UnsupportedProtocolError" || limits.signal.aborted) throw error;
      existing.abort(error as Error);
    } finally {
      stop();
    }
  }
  const connection = await limits.dial();
  return { stream: await connection.newStream(protocol, limits), connection };
}

function silent(): Error {
  return new Error("it does not answer");
}

/** @returns stops watching */
function whenSilent(connection: Connection, heard: HeardConnections, cut: () => void): () => void {
  const since = performance.now();
  const timer = setInterval(() => {
    if (performance.now() - Math.max(since, heard.of(connection).at) < ANSWER_MS) return;
    clearInterval(timer);
    cut();
  }, ANSWER_MS / 8);
  timer.unref();
  return () => clearInterval(timer);
}
