import type { Connection, PeerId, Stream } from "@libp2p/interface";
import type { Libp2p } from "libp2p";
import type { Heard } from "./frame-channel.ts";

/**
 * How long an open connection may leave a new stream unanswered, while nothing else comes of the peer either, until
 * it counts as dead. TCP itself takes a quarter of an hour (tcp(7), `tcp_retries2`) to notice that a host, a cable
 * or a firewall's entry has gone without a word. Longer than what a busy host sends as a sign of life (5 s).
 */
export const ANSWER_MS = 8_000;

export interface StreamLimits {
  readonly maxOutboundStreams: number;
  readonly signal: AbortSignal;
}

/**
 * Opens a stream on the latest connection to the peer, or on a new one when there is none or when it does not carry
 * anything any more; that one is cut then, with whatever else was on it.
 *
 * @param heard when something last came of the peer
 * @throws what libp2p throws when the peer cannot be reached, or does not speak the protocol
 */
export async function openStream(
  node: Pick<Libp2p, "getConnections" | "dialProtocol">,
  peer: PeerId,
  protocol: string,
  heard: Heard,
  limits: StreamLimits,
): Promise<Stream> {
  // The latest: the peer may have come back on a new one, while the old one waits for what never comes.
  const existing = node.getConnections(peer).at(-1);
  if (existing === undefined) return node.dialProtocol(peer, protocol, limits);
  const stop = cutWhenSilent(existing, heard);
  try {
    return await existing.newStream(protocol, limits);
  } catch (error) {
    if ((error as Error).name === "UnsupportedProtocolError" || limits.signal.aborted) throw error;
    existing.abort(error as Error);
    return node.dialProtocol(peer, protocol, limits);
  } finally {
    stop();
  }
}

function cutWhenSilent(connection: Connection, heard: Heard): () => void {
  const since = performance.now();
  const timer = setInterval(() => {
    if (performance.now() - Math.max(since, heard.at) < ANSWER_MS) return;
    clearInterval(timer);
    connection.abort(new Error("it does not answer"));
  }, ANSWER_MS / 8);
  timer.unref();
  return () => clearInterval(timer);
}
