import type { Connection } from "@libp2p/interface";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import type { PeerId } from "../model/role.ts";

interface Call {
  /** The peer's addresses when it began. */
  readonly to: string;
  readonly ended: Promise<void>;
}

const ignore = (): void => undefined;

/**
 * Which connections this host has made itself, to the addresses at which a peer is to be called. Two machines may
 * have one key: one that was moved while the old one still runs, or a clone, and either may call.
 */
export class DialledConnections {
  /** Peers' addresses, each with the peer's id, put together. */
  readonly #wanted = new Map<PeerId, string>();
  readonly #madeFor = new WeakMap<Connection, string>();
  readonly #calls = new Map<PeerId, Set<Call>>();

  /** From now on the peer is to be called there; connections to where it was stay, and are not taken for it. */
  expect(peer: PeerId, addresses: readonly Multiaddr[]): void {
    const named = addresses.map((address) => `${String(address).replace(/\/p2p\/[^/]+$/, "")}/p2p/${peer}`);
    this.#wanted.set(peer, named.sort().join(" "));
  }

  /** Where the peer is called, as people write it; "" when that is not known. */
  placeOf(peer: PeerId): string {
    return this.#wantedOf(peer).replaceAll(`/p2p/${peer}`, "").replaceAll(" ", ", ");
  }

  /**
   * Calls a peer where it is to be called now, and nowhere else: libp2p's own address book takes up again where a call
   * that began before has got through. It also joins such a call, so the end of that is waited for.
   */
  async call(
    peer: PeerId,
    signal: AbortSignal,
    dial: (addresses: Multiaddr[]) => Promise<Connection>,
  ): Promise<Connection> {
    const calls = this.#calls.get(peer) ?? new Set();
    this.#calls.set(peer, calls);
    const isToElsewhere = (call: Call): boolean => call.to !== this.#wantedOf(peer);
    for (let other = [...calls].find(isToElsewhere); other !== undefined; other = [...calls].find(isToElsewhere)) {
      await unlessAborted(other.ended, signal);
    }
    const to = this.#wantedOf(peer);
    const dialling = dial(to === "" ? [] : to.split(" ").map((address) => multiaddr(address)));
    // It can be joined for a moment after it has ended.
    const call = { to, ended: dialling.then(ignore, ignore).then(() => new Promise<void>(setImmediate)) };
    calls.add(call);
    void call.ended.then(() => calls.delete(call));
    const connection = await dialling;
    this.#madeFor.set(connection, to);
    return connection;
  }

  has(peer: PeerId, connection: Connection): boolean {
    return this.#madeFor.get(connection) === this.#wantedOf(peer);
  }

  #wantedOf(peer: PeerId): string {
    return this.#wanted.get(peer) ?? "";
  }
}

/** @throws the signal's reason */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop = ignore;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
  });
  signal.addEventListener("abort", stop);
  try {
    if (!signal.aborted) await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
}
