import "../../src/mesh/with-resolvers.ts";
import { randomBytes } from "node:crypto";
import { noise } from "@chainsafe/libp2p-noise";
import { generateKeyPair } from "@libp2p/crypto/keys";
import type { MessageStream, StreamMessageEvent } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { multiaddrConnectionPair } from "@libp2p/utils";
import test from "ava";
import { noiseCrypto } from "../../src/mesh/noise-cipher.ts";
import { unjoinedMessages } from "../../src/mesh/unjoined-messages.ts";

/** Two encrypted ends of one connection, which carries everything in pieces of so many bytes at most. */
async function encryptedPair(pieceBytes: number, change: (piece: Uint8Array) => void = () => undefined) {
  const [near, far] = multiaddrConnectionPair();
  const sendPlainly = near.send.bind(near);
  near.send = (data) => {
    const bytes = data.subarray().slice();
    let canSendMore = true;
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.slice(at, at + pieceBytes);
      change(piece);
      canSendMore = sendPlainly(piece);
    }
    return canSendMore;
  };
  const [sender, receiver] = await Promise.all(
    [near, far].map(async (connection, i) => {
      const privateKey = await generateKeyPair("Ed25519");
      const components = {
        privateKey,
        peerId: peerIdFromPrivateKey(privateKey),
        logger: { forComponent: () => near.log },
        upgrader: {},
      };
      const encrypter = unjoinedMessages(noise({ crypto: noiseCrypto() }))(components as never);
      const options = { skipStreamMuxerNegotiation: true } as never;
      const secure = i === 0 ? encrypter.secureOutbound : encrypter.secureInbound;
      return (await secure(connection, options)).connection;
    }),
  );
  return { sender, receiver };
}

function received(connection: MessageStream): { bytes: () => Buffer; until: (length: number) => Promise<void> } {
  const parts: Uint8Array[] = [];
  let length = 0;
  connection.addEventListener("message", (event) => {
    const { data } = event as StreamMessageEvent;
    parts.push(data.subarray());
    length += data.byteLength;
  });
  return {
    bytes: () => Buffer.concat(parts),
    async until(wanted) {
      while (length < wanted && connection.status === "open") await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

for (const pieceBytes of [1_000, 65_536, 65_537, 70_000, 1 << 20]) {
  test(`what comes in pieces of ${pieceBytes} bytes is what was sent`, async (t) => {
    const { sender, receiver } = await encryptedPair(pieceBytes);
    // Another version of Noise that has another shape would go on, but slower.
    t.true(Object.hasOwn(receiver, "decrypt"));
    const got = received(receiver);
    const sent = [5, 0, 65_519, 65_520, 300_000, 17].map((length) => randomBytes(length));
    for (const bytes of sent) sender.send(bytes);
    const all = Buffer.concat(sent);
    await got.until(all.length);
    t.true(got.bytes().equals(all));
  });
}

test("what is not authentic ends the connection, and nothing of it is seen", async (t) => {
  let spoils = false;
  const { sender, receiver } = await encryptedPair(40_000, (piece) => {
    if (spoils) piece[piece.length - 1] ^= 1;
  });
  const got = received(receiver);
  spoils = true;
  sender.send(randomBytes(60_000));
  await got.until(60_000);
  t.not(receiver.status, "open");
  t.is(got.bytes().length, 0);
});
