import type { MessageStream, Stream, StreamMuxer, StreamMuxerFactory } from "@libp2p/interface";
import { multiaddrConnectionPair } from "@libp2p/utils";
import { yamux } from "@libp2p/yamux";
import test from "ava";
import type { Uint8ArrayList } from "uint8arraylist";
import { sparingWindows } from "../../src/mesh/sparing-windows.ts";

/** Type and length of a yamux frame's header (hashicorp/yamux, spec.md). */
const WINDOW_UPDATE = 1;
const HEADER_BYTES = 12;
const WINDOW_BYTES = 256 * 1024;

interface Side {
  readonly muxer: StreamMuxer;
  /** Window updates that it has sent, by what they grant. */
  readonly grants: number[];
}

function side(connection: MessageStream, wrap: boolean): Side {
  const grants: number[] = [];
  const send = connection.send.bind(connection);
  connection.send = (data: Uint8Array | Uint8ArrayList) => {
    const header = data.subarray(0, HEADER_BYTES);
    if (header[1] === WINDOW_UPDATE) grants.push(new DataView(header.slice().buffer).getUint32(8));
    return send(data);
  };
  const make = (): StreamMuxerFactory => yamux({ enableKeepAlive: false })();
  const factory = wrap ? sparingWindows(make)({}) : make();
  return { muxer: factory.createStreamMuxer(connection), grants };
}

async function streams(a: Side, b: Side): Promise<[Stream, Stream]> {
  const accepted = new Promise<Stream>((resolve) => {
    b.muxer.addEventListener("stream", (event) => resolve(event.detail), { once: true });
  });
  const own = await a.muxer.createStream();
  return [own, await accepted];
}

/** Sends all of it, whatever must be waited for. */
async function sendAll(stream: Stream, pieces: number, bytes: number): Promise<void> {
  for (let i = 0; i < pieces; i++) {
    if (stream.send(new Uint8Array(bytes))) continue;
    await new Promise((resolve) => stream.addEventListener("drain", resolve, { once: true }));
  }
}

async function received(stream: Stream, bytes: number): Promise<void> {
  let count = 0;
  await new Promise<void>((resolve) => {
    stream.addEventListener("message", ({ data }) => {
      count += data.byteLength;
      if (count >= bytes) resolve();
    });
  });
}

async function exchange(wrap: boolean, pieces: number, bytes: number): Promise<[Side, Side]> {
  const [outbound, inbound] = multiaddrConnectionPair();
  const [a, b] = [side(outbound, wrap), side(inbound, wrap)];
  const [own, other] = await streams(a, b);
  for (const [from, to] of [
    [own, other],
    [other, own],
  ]) {
    const all = received(to, pieces * bytes);
    await sendAll(from, pieces, bytes);
    await all;
  }
  return [a, b];
}

test("small messages are not answered by new credit, but for the handshake", async (t) => {
  for (const { grants } of await exchange(true, 100, 100)) t.true(grants.length <= 1, grants.join());
  // Which they are without.
  for (const { grants } of await exchange(false, 100, 100)) t.true(grants.length >= 100, grants.join());
});

test("credit comes in time for any amount, both ways, also by messages that fit no window", async (t) => {
  for (const bytes of [1_000, 100_003, WINDOW_BYTES - HEADER_BYTES, 3 * WINDOW_BYTES + 1]) {
    const pieces = Math.ceil((20 * WINDOW_BYTES) / bytes);
    for (const { grants } of await exchange(true, pieces, bytes)) {
      t.true(grants.length > 1);
      t.true(
        grants.slice(1).every((grant) => grant >= WINDOW_BYTES / 2),
        grants.join(),
      );
    }
  }
});

test("streams of another muxer stay as they are", async (t) => {
  const stream = { send: () => true } as unknown as Stream;
  const muxer = { createStream: async () => stream } as unknown as StreamMuxer;
  const factory = { protocol: "/test", createStreamMuxer: () => muxer };
  const wrapped = sparingWindows(() => factory)({}).createStreamMuxer({} as MessageStream);
  t.is(await wrapped.createStream(), stream);
  t.deepEqual(Object.keys(stream), ["send"]);
});
