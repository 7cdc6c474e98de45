import "./with-resolvers.ts";
import { noise } from "@chainsafe/libp2p-noise";
import type { Connection, Stream } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p, type Libp2p } from "libp2p";
import { LockstepError } from "../model/errors.ts";
import type { HostAddress, PeerId } from "../model/role.ts";
import type { Admission, Channel, Mesh, Protocol } from "../ports/mesh.ts";
import { isMultiaddr } from "./check-address.ts";
import { DialledConnections } from "./dialled-connections.ts";
import { FrameChannel } from "./frame-channel.ts";
import { gatheredSends } from "./gathered-sends.ts";
import { HeardConnections } from "./heard-connections.ts";
import type { Identity } from "./identity.ts";
import { localChannelPair } from "./local-channel.ts";
import { noiseCrypto, takesPieces } from "./noise-cipher.ts";
import { openStream } from "./open-stream.ts";
import { sparingWindows } from "./sparing-windows.ts";
import { unjoinedMessages } from "./unjoined-messages.ts";
import { wholeMessages } from "./whole-messages.ts";

export interface MeshOptions {
  readonly identity: Identity;
  /** Multiaddrs; none for a control station, which only dials. */
  readonly listen: readonly string[];
  readonly admission: Admission;
}

/** A mesh that can be started and stopped. */
export interface RunningMesh extends Mesh {
  stop(): Promise<void>;
}

/**
 * Strangers that may be connected at once, each for a moment. A fresh host knows nobody but its
 * control stations, and yet the comparison server must be able to bring it its first assignment. What a
 * stranger may do is to bring one, by itself or with the begin of a round, and to be told that it is refused.
 */
const MAX_STRANGERS = 8;
/** Streams of one of them, those of libp2p itself (identify) counted. */
const MAX_STRANGER_STREAMS = 6;
const STRANGER_MS = 10_000;
const DIAL_TIMEOUT_MS = 6_000;
const MAX_STREAMS = 1024;

/** Starts libp2p over TCP, Noise and yamux. */
export async function startMesh(options: MeshOptions): Promise<RunningMesh> {
  const { identity, admission } = options;
  const strangers = new Set<Connection>();
  const dialable = new Set<PeerId>();
  const dialled = new DialledConnections();
  const handlers = new Map<string, { admit: (peer: PeerId) => boolean; run: (channel: Channel) => Promise<void> }>();
  const isStranger = (peer: PeerId): boolean => !admission.isKnown(peer) && !dialable.has(peer);
  const heard = new HeardConnections();

  const encrypter = heard.watching(wholeMessages(noise({ crypto: noiseCrypto() })));
  let node: Libp2p;
  try {
    node = await createLibp2p({
      privateKey: identity.privateKey,
      addresses: { listen: [...options.listen] },
      transports: [tcp()],
      connectionEncrypters: [takesPieces() ? unjoinedMessages(encrypter) : encrypter],
      // Windows stay at their defaults: a host with other ones would kill the connection.
      streamMuxers: [
        gatheredSends(sparingWindows(yamux({ maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS }))),
      ],
      connectionManager: {
        // The defaults (5 a second, 10 pending, 300 in all) refuse a fleet that starts together.
        inboundConnectionThreshold: 10_000,
        maxIncomingPendingConnections: 1000,
        maxConnections: 20_000,
        // A rebooting host may be away for minutes; the default gives up after 31 s.
        reconnectRetries: Number.POSITIVE_INFINITY,
        dialTimeout: DIAL_TIMEOUT_MS,
      },
      // It would cut a busy slow link after one ping of 5 s; rounds watch for silence themselves.
      connectionMonitor: { abortConnectionOnPingFailure: false },
      connectionGater: {
        denyDialPeer: (peer) => !dialable.has(peer.toString()),
        denyInboundEncryptedConnection: (peer) => isStranger(peer.toString()) && strangers.size >= MAX_STRANGERS,
        // Hosts on loopback and private networks are what Lockstep is for.
        denyDialMultiaddr: () => false,
      },
    });
  } catch (error) {
    const { message, errors } = error as { message?: string; errors?: unknown[] };
    // libp2p puts advice and stacks behind the cause: the errno says it all.
    const errno = /E[A-Z]{4,}/.exec(`${message} ${(errors ?? []).join(" ")}`)?.[0];
    const isOther = String(message).includes("faultTolerance");
    const why = errno ?? (isOther ? "only TCP, such as /ip4/0.0.0.0/tcp/7400" : String(message).split("\n")[0]);
    throw new LockstepError("LOCKSTEP_LISTEN_FAILED", `cannot listen on ${options.listen.join(", ")}: ${why}`, {
      cause: error,
    });
  }

  node.addEventListener("connection:open", (event) => {
    const connection = event.detail;
    if (!isStranger(connection.remotePeer.toString())) return;
    if (strangers.size >= MAX_STRANGERS) {
      // Several may have passed the gater together.
      connection.abort(new Error("too many strangers at once"));
      return;
    }
    strangers.add(connection);
    setTimeout(() => {
      strangers.delete(connection);
      if (isStranger(connection.remotePeer.toString())) connection.abort(new Error("not known here"));
    }, STRANGER_MS).unref();
  });
  node.addEventListener("connection:close", (event) => strangers.delete(event.detail));

  const serve = async (channel: Channel, run: (channel: Channel) => Promise<void>): Promise<void> => {
    try {
      await run(channel);
      await channel.close();
    } catch (error) {
      channel.abort(error as Error);
    }
  };

  const dial = (peer: PeerId, signal: AbortSignal): Promise<Connection> =>
    dialled.call(peer, signal, (addresses) =>
      node.dial(addresses.length > 0 ? addresses : peerIdFromString(peer), { signal, force: true }),
    );

  /** libp2p does not dial itself; a host may be comparison server and remote at once. */
  const openToSelf = (protocol: Protocol): Channel => {
    const handler = handlers.get(protocol.id);
    if (handler === undefined || !handler.admit(identity.self)) {
      throw new LockstepError("LOCKSTEP_NOT_AUTHORISED", `this host does not answer ${protocol.id} to itself`);
    }
    const [outer, inner] = localChannelPair(identity.self, identity.self);
    void serve(inner, handler.run);
    return outer;
  };

  return {
    self: identity.self,
    addresses: () => node.getMultiaddrs().map((address) => address.toString()),
    async learn(hosts: readonly HostAddress[]) {
      for (const { peer, addresses } of hosts) {
        if (peer === identity.self) continue;
        dialable.add(peer);
        // One that cannot be read must not keep the node from starting.
        const multiaddrs = addresses.filter(isMultiaddr).map((address) => multiaddr(address));
        await node.peerStore.patch(peerIdFromString(peer), { multiaddrs });
        dialled.expect(peer, multiaddrs);
      }
    },
    async connect(peer: PeerId, signal: AbortSignal): Promise<void> {
      if (peer === identity.self) return;
      if (node.getConnections(peerIdFromString(peer)).length === 0) await dial(peer, signal);
    },
    async open(peer: PeerId, protocol: Protocol, signal: AbortSignal): Promise<Channel> {
      if (peer === identity.self) return openToSelf(protocol);
      try {
        const only = protocol.onlyDialled === true ? { only: dialled } : {};
        const limits = { maxOutboundStreams: MAX_STREAMS, signal, dial: () => dial(peer, signal), ...only };
        const { stream, connection } = await openStream(node, peerIdFromString(peer), protocol.id, heard, limits);
        return new FrameChannel(stream, peer, protocol, undefined, heard.of(connection));
      } catch (error) {
        const isLate = signal.aborted && (signal.reason as Error | undefined)?.name === "TimeoutError";
        if (signal.aborted && !isLate) throw error;
        const { name } = error as Error;
        // Of a host with several addresses each says why it is not reached there.
        const reasons = error instanceof AggregateError ? (error.errors as Error[]) : [error as Error];
        const message = [...new Set(reasons.map((reason) => reason.message.split("\n")[0]))].join("; ");
        if (name === "UnsupportedProtocolError") {
          throw new LockstepError("LOCKSTEP_NOT_AUTHORISED", `${peer} refused to speak ${protocol.id} with us`, {
            cause: error,
          });
        }
        // Noise has no code for it.
        if (/identity key .* does not match/.test(message)) {
          throw new LockstepError(
            "LOCKSTEP_WRONG_HOST",
            `another host answers at the address of ${peer}: is its peer id in the fleet file that of \`lockstep id\` there?`,
            { cause: error },
          );
        }
        const refused = name === "DialDeniedError" ? "its address is not known" : message;
        // The time for a connection is over sooner than all that was given.
        const why = isLate || /due to timeout/.test(message) ? "it does not answer" : refused;
        const place = dialled.placeOf(peer);
        const at = place === "" ? "" : ` at ${place}`;
        throw new LockstepError("LOCKSTEP_HOST_UNREACHABLE", `cannot reach ${peer}${at}: ${why}`, { cause: error });
      }
    },
    handle(protocol, admit, handler) {
      handlers.set(protocol.id, { admit, run: handler });
      const onStream = async (stream: Stream, connection: Connection): Promise<void> => {
        const peer = connection.remotePeer.toString();
        const tooMany = isStranger(peer) && connection.streams.length > MAX_STRANGER_STREAMS;
        const isKnown = (): boolean => !isStranger(peer);
        if (!admit(peer) || tooMany) stream.abort(new Error("not authorised"));
        else await serve(new FrameChannel(stream, peer, protocol, isKnown, heard.of(connection)), handler);
      };
      void node.handle(protocol.id, onStream, {
        maxInboundStreams: protocol.maxStreams,
        maxOutboundStreams: MAX_STREAMS,
      });
    },
    stop: async () => {
      await node.stop();
    },
  };
}
