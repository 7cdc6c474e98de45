import type { MessageStream } from "@libp2p/interface";
import { Uint8ArrayList } from "uint8arraylist";
import { type MakeEncrypter, wrapEncrypter } from "./encrypter-wrapper.ts";
import { FreshMemory } from "./fresh-memory.ts";
import { TAG_BYTES } from "./noise-cipher.ts";

/** Longest encrypted message (the Noise protocol framework, revision 34, 3). */
const MAX_MESSAGE_BYTES = 65_535;

/** What of Noise's connection decrypts. */
interface DecryptingConnection {
  readonly handshake: {
    decrypt(ciphertext: Uint8Array | Uint8ArrayList, into: Uint8Array): Uint8Array | Uint8ArrayList;
  };
  decrypt(message: Uint8Array | Uint8ArrayList): Uint8ArrayList;
}

/**
 * Decrypts messages from the pieces that they came in. A message of 64 KiB never comes in one read of 64 KiB,
 * and Noise copies its pieces together, only to have the plain text written over them.
 *
 * @param make makes Noise from libp2p's components; its cipher must take pieces
 */
export function unjoinedMessages<Components, Extension>(
  make: MakeEncrypter<Components, Extension>,
): MakeEncrypter<Components, Extension> {
  return wrapEncrypter(make, "lockstep-unjoined-messages", (connection) => connection, unjoined);
}

/** A connection of another implementation stays as it is. */
function unjoined(connection: MessageStream): MessageStream {
  if (!isDecrypting(connection)) return connection;
  const decrypt = connection.decrypt.bind(connection);
  connection.decrypt = (message) => {
    const { byteLength } = message;
    const isOne = message instanceof Uint8Array || [...message].length === 1;
    if (isOne || byteLength > MAX_MESSAGE_BYTES || byteLength < TAG_BYTES) return decrypt(message);
    return new Uint8ArrayList(connection.handshake.decrypt(message, memory.take(byteLength - TAG_BYTES)));
  };
  return connection;
}

function isDecrypting(connection: MessageStream): connection is MessageStream & DecryptingConnection {
  const { decrypt, handshake } = connection as Partial<DecryptingConnection>;
  return typeof decrypt === "function" && typeof handshake?.decrypt === "function";
}

/** For plain texts; one for all connections, as most of them are idle most of the time. */
const memory = new FreshMemory();
