import type { PeerId } from "../model/role.ts";
import { type MakeEncrypter, wrapEncrypter } from "./encrypter-wrapper.ts";

/**
 * Tells of every read from a peer's connection. Streams tell only of whole frames of the muxer, which may be as
 * long as its window: some megabytes, for which a slow link needs minutes, and its host would count as silent.
 *
 * @param make makes the encrypter from libp2p's components
 * @param heard something has come of the peer
 */
export function heardConnections<Components, Extension>(
  make: MakeEncrypter<Components, Extension>,
  heard: (peer: PeerId) => void,
): MakeEncrypter<Components, Extension> {
  return wrapEncrypter(
    make,
    "lockstep-heard-connections",
    (connection) => connection,
    (secured, plain, peer) => {
      // Not before: what came while nobody else listens would be lost.
      plain.addEventListener("message", () => heard(peer));
      return secured;
    },
  );
}
