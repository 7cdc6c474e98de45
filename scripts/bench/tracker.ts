/**
 * A BitTorrent tracker for one torrent (BEP 3, BEP 23), a process of its own in the master's namespace:
 *
 *     tracker.ts IP       prints its URL; says on stderr who announced what
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { bencode } from "./bencode.ts";

const INTERVAL_S = 5;

function compactPeer(address: string, port: number): Buffer {
  return Buffer.from([...address.split(".").map(Number), port >> 8, port & 255]);
}

const [ip] = process.argv.slice(2);
const peers = new Map<string, Buffer>();
const server = createServer((request, response) => {
  // The hash in the query is not UTF-8 and would not parse; nothing else is needed than these two.
  const port = Number(/[?&]port=(\d+)/.exec(request.url ?? "")?.[1]);
  const event = /[?&]event=(\w+)/.exec(request.url ?? "")?.[1] ?? "";
  const address = request.socket.remoteAddress ?? "";
  const others = [...peers].filter(([peer]) => peer !== address).map(([, compact]) => compact);
  if (event === "stopped") peers.delete(address);
  else peers.set(address, compactPeer(address, port));
  console.error(`${address} ${event}`);
  response.end(bencode({ interval: INTERVAL_S, peers: Buffer.concat(others) }));
});
server.listen(0, ip, () => console.log(`http://${ip}:${(server.address() as AddressInfo).port}/announce`));
