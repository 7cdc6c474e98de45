import type { MessageStream } from "@libp2p/interface";
import { Uint8ArrayList } from "uint8arraylist";
import { type MakeEncrypter, wrapEncrypter } from "./encrypter-wrapper.ts";

/** Longest encrypted message, and its tag (the Noise protocol framework, revision 34, 3 and 14). */
const MAX_MESSAGE_BYTES = 65_535;
const TAG_BYTES = 16;
const MEMORY_BYTES = 1 << 20;

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

/** Memory for plain texts, one after the other; never used again, as nobody says when they have been read. */
class PlainMemory {
  #bytes = new Uint8Array(0);
  #at = 0;

  take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) {
      this.#bytes = Buffer.allocUnsafeSlow(MEMORY_BYTES);
      this.#at = 0;
    }
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }
}

/** One for all connections: most of them are idle most of the time. */
const memory = new PlainMemory();
