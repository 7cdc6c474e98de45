import type { ConnectionEncrypter, MessageStream } from "@libp2p/interface";

/**
 * Hands each encrypted message to the socket in one piece. Noise gives its length, its parts and its
 * tag one by one, and the TCP transport makes a system call of each; without Nagle's algorithm, which
 * it turns off, each is a packet too: five to carry 12 bytes of a window update. One copy costs less.
 *
 * @param make makes the encrypter from libp2p's components
 */
export function wholeMessages<Components, Extension>(
  make: (components: Components) => ConnectionEncrypter<Extension>,
): (components: Components) => ConnectionEncrypter<Extension> {
  return (components) => {
    const encrypter = make(components);
    return {
      ...{ protocol: encrypter.protocol, [Symbol.toStringTag]: "lockstep-whole-messages" },
      secureOutbound: (connection, options) => encrypter.secureOutbound(sendingWhole(connection), options),
      secureInbound: (connection, options) => encrypter.secureInbound(sendingWhole(connection), options),
    };
  };
}

function sendingWhole(connection: MessageStream): MessageStream {
  const send = connection.send.bind(connection);
  connection.send = (data) => send(data instanceof Uint8Array ? data : data.subarray());
  return connection;
}
