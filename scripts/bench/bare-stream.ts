/**
 * What libp2p alone does: files sent over one stream of TCP, Noise and yamux and written to a file, with
 * nothing compared or verified. The bench runs it as two processes:
 *
 *     bare-stream.ts receive IP TARGET        prints its address; writes what comes to TARGET
 *     bare-stream.ts send ADDRESS DIRECTORY   prints "ready"; at SIGUSR2 sends all files, then prints "done"
 */
import "../../src/mesh/with-resolvers.ts";
import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { noise } from "@chainsafe/libp2p-noise";
import type { Stream } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";

const PROTOCOL = "/lockstep-bench/bare/1.0.0";
const PIECE = 256 * 1024;

function startNode(listen: string[]) {
  return createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
  });
}

async function receive(ip: string, target: string): Promise<void> {
  const node = await startNode([`/ip4/${ip}/tcp/0`]);
  await node.handle(PROTOCOL, (stream) => {
    const fd = openSync(target, "w");
    let at = 0;
    stream.addEventListener("message", ({ data }) => {
      for (const piece of data instanceof Uint8Array ? [data] : data) {
        for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done, piece.length - done, at + done);
        at += piece.length;
      }
    });
    stream.addEventListener("remoteCloseWrite", () => {
      closeSync(fd);
      void stream.close();
    });
  });
  console.log(node.getMultiaddrs()[0].toString());
}

async function sendAll(stream: Stream, directory: string): Promise<void> {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const { size } = statSync(path);
    const fd = openSync(path, "r");
    for (let at = 0; at < size; ) {
      const piece = Buffer.allocUnsafeSlow(Math.min(PIECE, size - at));
      at += readSync(fd, piece, 0, piece.length, at);
      if (!stream.send(piece)) {
        await new Promise<void>((resolve) => stream.addEventListener("drain", () => resolve(), { once: true }));
      }
    }
    closeSync(fd);
  }
  const closed = new Promise<void>((resolve) => stream.addEventListener("close", () => resolve(), { once: true }));
  await stream.close();
  // The receiver closes its side when all is written.
  await closed;
}

async function send(address: string, directory: string): Promise<void> {
  const node = await startNode([]);
  const connection = await node.dial(multiaddr(address));
  process.on("SIGUSR2", () => {
    void connection
      .newStream(PROTOCOL)
      .then((stream) => sendAll(stream, directory))
      .then(() => console.log("done"));
  });
  console.log("ready");
}

const [role, ...args] = process.argv.slice(2);
await (role === "receive" ? receive(args[0], args[1]) : send(args[0], args[1]));
