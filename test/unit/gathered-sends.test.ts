import type { MessageStream, StreamMuxer, StreamMuxerFactory } from "@libp2p/interface";
import { multiaddrConnectionPair } from "@libp2p/utils";
import { yamux } from "@libp2p/yamux";
import test from "ava";
import type { Uint8ArrayList } from "uint8arraylist";
import { gatheredSends } from "../../src/mesh/gathered-sends.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A connection that notes what it is given, and the muxer that was made over it. */
function gathered(): { connection: MessageStream; muxer: StreamMuxer; sent: number[][]; fail: () => void } {
  const sent: number[][] = [];
  let broken = false;
  const connection = {
    status: "open",
    writableNeedsDrain: false,
    send(data: Uint8Array | Uint8ArrayList) {
      if (broken) throw new Error("closing");
      sent.push([...data.subarray()].slice(0, 8));
      return sent.length < 3;
    },
  } as unknown as MessageStream;
  const inner = {
    close: async () => void connection.send(Uint8Array.of(99)),
    abort: () => void connection.send(Uint8Array.of(98)),
  } as unknown as StreamMuxer;
  const factory: StreamMuxerFactory = { protocol: "/test", createStreamMuxer: () => inner };
  const muxer = gatheredSends(() => factory)({}).createStreamMuxer(connection);
  return { connection, muxer, sent, fail: () => (broken = true) };
}

test("short messages of one turn go together, in order", async (t) => {
  const { connection, sent } = gathered();
  t.true(connection.send(Uint8Array.of(1)));
  t.true(connection.send(Uint8Array.of(2, 3)));
  t.deepEqual(sent, []);
  await turn();
  t.deepEqual(sent, [[1, 2, 3]]);
  connection.send(Uint8Array.of(4));
  await turn();
  t.deepEqual(sent, [[1, 2, 3], [4]]);
});

test("a long message goes at once, and after what waits", async (t) => {
  const { connection, sent } = gathered();
  connection.send(new Uint8Array(5_000).fill(7));
  t.is(sent.length, 1);
  connection.send(Uint8Array.of(1));
  connection.send(new Uint8Array(5_000).fill(7));
  t.deepEqual(sent[1], [1, 7, 7, 7, 7, 7, 7, 7]);
  await turn();
  t.is(sent.length, 2);
});

test("much that is short does not wait, and the sender learns when it must", async (t) => {
  const { connection, sent } = gathered();
  const answers = Array.from({ length: 40 }, () => connection.send(new Uint8Array(4_000)));
  t.true(sent.length >= 4);
  t.true(answers.slice(0, 9).every(Boolean));
  t.true(answers.includes(false));
  await turn();
});

test("last words of a muxer go before the connection is closed", async (t) => {
  const { muxer, sent } = gathered();
  await muxer.close();
  t.deepEqual(sent, [[99]]);
  muxer.abort(new Error("enough"));
  t.deepEqual(sent, [[99], [98]]);
});

test("what waits for a connection that breaks is nobody's failure; what comes later is", async (t) => {
  const { connection, sent, fail } = gathered();
  connection.send(Uint8Array.of(1));
  fail();
  await turn();
  t.deepEqual(sent, []);
  (connection as { status: string }).status = "closed";
  t.throws(() => connection.send(Uint8Array.of(2)), { message: "closing" });
});

test("yamux over it carries streams and closes them", async (t) => {
  const make = gatheredSends(yamux({ enableKeepAlive: false }));
  const [a, b] = multiaddrConnectionPair().map((connection) => make({}).createStreamMuxer(connection));
  const echoed = new Promise<string>((resolve) => {
    let text = "";
    b.addEventListener("stream", ({ detail: stream }) => {
      stream.addEventListener("message", ({ data }) => (text += Buffer.from(data.subarray()).toString()));
      stream.addEventListener("remoteCloseWrite", () => resolve(text));
    });
  });
  const stream = await a.createStream();
  for (const word of ["one ", "two ", "three"]) stream.send(Buffer.from(word));
  await stream.close();
  t.is(await echoed, "one two three");
});
