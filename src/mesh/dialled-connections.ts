import type { Connection } from "@libp2p/interface";
import type { PeerId } from "../model/role.ts";

/**
 * Which connections this host has made itself, to the addresses at which a peer is to be called. Two machines may
 * have one key: one that was moved while the old one still runs, or a clone, and either may call.
 */
export class DialledConnections {
  /** Peers' addresses, put together. */
  readonly #wanted = new Map<PeerId, string>();
  readonly #madeFor = new WeakMap<Connection, string>();

  /** From now on the peer is to be called there; connections to where it was stay, and are not taken for it. */
  expect(peer: PeerId, addresses: readonly { toString(): string }[]): void {
    this.#wanted.set(peer, addresses.map(String).sort().join(" "));
  }

  /** Where the peer is called, as people write it; "" when that is not known. */
  placeOf(peer: PeerId): string {
    return (this.#wanted.get(peer) ?? "").replaceAll(`/p2p/${peer}`, "").replaceAll(" ", ", ");
  }

  /** @param connection just made, by this host */
  add(peer: PeerId, connection: Connection): void {
    this.#madeFor.set(connection, this.#wanted.get(peer) ?? "");
  }

  has(peer: PeerId, connection: Connection): boolean {
    return this.#madeFor.get(connection) === (this.#wanted.get(peer) ?? "");
  }
}
