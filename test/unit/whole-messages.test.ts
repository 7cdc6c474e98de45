import type { ConnectionEncrypter, MessageStream } from "@libp2p/interface";
import test from "ava";
import { Uint8ArrayList } from "uint8arraylist";
import { wholeMessages } from "../../src/mesh/whole-messages.ts";

for (const way of ["secureOutbound", "secureInbound"] as const) {
  test(`what an encrypter sends in parts reaches the socket in one piece: ${way}`, async (t) => {
    const sent: (Uint8Array | Uint8ArrayList)[] = [];
    const socket = { send: (data: Uint8Array | Uint8ArrayList) => sent.push(data) < 0 } as unknown as MessageStream;
    const secure = async (connection: MessageStream): Promise<never> => {
      connection.send(new Uint8ArrayList(Uint8Array.of(1, 2), Uint8Array.of(3), Uint8Array.of(4, 5)));
      connection.send(Uint8Array.of(6));
      return { connection } as never;
    };
    const inner: ConnectionEncrypter = { protocol: "/test", secureOutbound: secure, secureInbound: secure };
    const encrypter = wholeMessages(() => inner)({});
    t.is(encrypter.protocol, "/test");
    await encrypter[way](socket);
    t.deepEqual(sent, [Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(6)]);
  });
}
