import type { MessageStream } from "@libp2p/interface";
import { type MakeEncrypter, wrapEncrypter } from "./encrypter-wrapper.ts";
import { hasRoom, LENGTH_GAP } from "./noise-cipher.ts";

/**
 * Hands each encrypted message to the socket in one piece. Noise gives its length, its parts and its
 * tag one by one, and the TCP transport makes a system call of each; without Nagle's algorithm, which
 * it turns off, each is a packet too: five to carry 12 bytes of a window update.
 *
 * @param make makes the encrypter from libp2p's components
 */
export function wholeMessages<Components, Extension>(
  make: MakeEncrypter<Components, Extension>,
): MakeEncrypter<Components, Extension> {
  return wrapEncrypter(make, "lockstep-whole-messages", sendingWhole, (connection) => connection);
}

function sendingWhole(connection: MessageStream): MessageStream {
  const send = connection.send.bind(connection);
  connection.send = (data) => {
    let canSendMore = true;
    for (const piece of data instanceof Uint8Array ? [data] : wholePieces([...data])) canSendMore = send(piece);
    return canSendMore;
  };
  return connection;
}

/**
 * The same bytes in few pieces. Noise's list has a length and a ciphertext in turn; where ciphertexts lie
 * in one piece of memory with room for their lengths, these are put there; else all is copied.
 */
export function wholePieces(pieces: readonly Uint8Array[]): Uint8Array[] {
  if (pieces.length % 2 !== 0) return [copied(pieces)];
  const whole: Uint8Array[] = [];
  for (let i = 0; i < pieces.length; i += 2) {
    const [head, body] = [pieces[i], pieces[i + 1]];
    const start = body.byteOffset - LENGTH_GAP;
    if (head.length !== LENGTH_GAP || !hasRoom(body)) return [copied(pieces)];
    const last = whole.at(-1);
    const isNext = last?.buffer === body.buffer && last.byteOffset + last.length === start;
    const from = isNext ? last.byteOffset : start;
    const joined = new Uint8Array(body.buffer, from, start - from + LENGTH_GAP + body.length);
    joined.set(head, start - from);
    if (isNext) whole[whole.length - 1] = joined;
    else whole.push(joined);
  }
  return whole;
}

function copied(pieces: readonly Uint8Array[]): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.concat(pieces);
  return new Uint8Array(buffer, byteOffset, length);
}
