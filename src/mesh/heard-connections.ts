import type { Connection, MessageStream } from "@libp2p/interface";
import { type MakeEncrypter, wrapEncrypter } from "./encrypter-wrapper.ts";
import type { Heard } from "./frame-channel.ts";

/**
 * When something last came on each connection, by every read of it. Streams tell only of whole frames of the muxer,
 * which may be as long as its window: some megabytes, for which a slow link needs minutes, and its host would count
 * as silent. Of one connection only: what comes on a new one says nothing of the old one, which may be dead.
 */
export class HeardConnections {
  readonly #heard = new WeakMap<object, Heard>();

  #at(plain: object): Heard {
    const known = this.#heard.get(plain);
    if (known !== undefined) return known;
    const first = { at: 0 };
    this.#heard.set(plain, first);
    return first;
  }

  /** Shared by all that goes over the connection. */
  of(connection: Connection): Heard {
    // What it goes over is no part of its interface; where it is not there, its channels tell of what they read.
    const { maConn } = connection as Connection & { readonly maConn?: MessageStream };
    return this.#at(maConn ?? connection);
  }

  /** @param make makes the encrypter from libp2p's components */
  watching<Components, Extension>(make: MakeEncrypter<Components, Extension>): MakeEncrypter<Components, Extension> {
    const secured = (connection: MessageStream, plain: MessageStream): MessageStream => {
      const heard = this.#at(plain);
      // Not before: what came while nobody else listens would be lost.
      plain.addEventListener("message", () => {
        heard.at = performance.now();
      });
      return connection;
    };
    return wrapEncrypter(make, "lockstep-heard-connections", (connection) => connection, secured);
  }
}
