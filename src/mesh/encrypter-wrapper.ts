import type { ConnectionEncrypter, MessageStream } from "@libp2p/interface";

/** What libp2p takes to make encrypters of connections with. */
export type MakeEncrypter<Components, Extension> = (components: Components) => ConnectionEncrypter<Extension>;

/**
 * The same encrypter, with its connections changed.
 *
 * @param name told as the encrypter's kind
 * @param plain changes a connection that is to be encrypted
 * @param secured changes what has become of it; is told of the plain one
 */
export function wrapEncrypter<Components, Extension>(
  make: MakeEncrypter<Components, Extension>,
  name: string,
  plain: (connection: MessageStream) => MessageStream,
  secured: (connection: MessageStream, plain: MessageStream) => MessageStream,
): MakeEncrypter<Components, Extension> {
  return (components) => {
    const encrypter = make(components);
    const way = (secure: "secureOutbound" | "secureInbound"): ConnectionEncrypter<Extension>["secureOutbound"] => {
      return async (connection, options) => {
        const result = await encrypter[secure](plain(connection), options);
        return { ...result, connection: secured(result.connection, connection) };
      };
    };
    return {
      ...{ protocol: encrypter.protocol, [Symbol.toStringTag]: name },
      secureOutbound: way("secureOutbound"),
      secureInbound: way("secureInbound"),
    };
  };
}
