import { isMultiaddr } from "../../src/mesh/check-address.ts";
import { LockstepError } from "../../src/model/errors.ts";
import { createNode, type NodeOptions } from "../../src/node.ts";
import type { NodeCommandOptions } from "../command-options.ts";
import { readNodeConfig } from "../config-file.ts";
import { givenPath } from "../given-path.ts";
import { parseLimitRate } from "../limit-rate.ts";
import { printable } from "../printable.ts";

function usage(message: string): LockstepError {
  return new LockstepError("LOCKSTEP_USAGE", message);
}

function parseRoots(roots: readonly string[]): Record<string, string> {
  const parsed: Record<string, string> = {};
  for (const root of roots) {
    const equals = root.indexOf("=");
    if (equals < 1 || equals === root.length - 1) throw usage(`--root takes NAME=PATH, not "${root}"`);
    const name = root.slice(0, equals);
    if (Object.hasOwn(parsed, name)) throw usage(`root ${name} is given twice`);
    parsed[name] = givenPath(root.slice(equals + 1));
  }
  return parsed;
}

function nodeOptions(options: NodeCommandOptions): NodeOptions {
  const config = options.config === undefined ? {} : readNodeConfig(options.config);
  const data = options.data ?? config.data;
  if (data === undefined) throw usage("a node needs --data DIR, its state directory");
  const listen = options.listen ?? config.listen ?? [];
  if (listen.length === 0) throw usage("a node needs --listen MULTIADDR, such as /ip4/0.0.0.0/tcp/7400");
  for (const address of listen) {
    if (!isMultiaddr(address))
      throw usage(`--listen takes a multiaddr such as /ip4/0.0.0.0/tcp/7400, not "${address}"`);
  }
  const control = options.control ?? config.control ?? [];
  if (control.length === 0)
    throw usage("a node needs --control PEERID, the control station to trust (`lockstep id` prints it)");
  for (const peer of control) {
    if (!/^[A-Za-z0-9]{40,80}$/.test(peer)) throw usage(`--control takes a peer id, not "${peer}"`);
  }
  const roots = { ...config.root, ...parseRoots(options.root ?? []) };
  const rate = options.limitRate ?? config["limit-rate"];
  const limits = rate === undefined ? {} : parseLimitRate(rate);
  if (limits === undefined) {
    throw usage(`--limit-rate takes bytes per second such as 10MiB, or up=10MiB,down=50MiB, not "${rate}"`);
  }
  const durability = options.durability ?? config.durability ?? "full";
  return { data, roots, listen, control, durability, ownsProcess: true, ...limits };
}

/** Runs the host until a signal ends it. */
export async function runNode(options: NodeCommandOptions): Promise<void> {
  const node = await createNode(nodeOptions(options));
  for (const lack of node.lacks) console.error(`lockstep: this host: ${printable(lack)}`);
  let stopping = false;
  const exit = (code: number): void => {
    if (node.stalledMs === 0) process.exit(code);
    // An exit waits for all threads.
    console.error("lockstep: a disk does not answer; the process ends without waiting for it");
    process.kill(process.pid, "SIGKILL");
  };
  const stop = (): void => {
    // An exit would wait for whatever the first signal waits for.
    if (stopping) process.kill(process.pid, "SIGKILL");
    stopping = true;
    node.stop().then(
      () => exit(0),
      () => exit(1),
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  process.on("SIGHUP", stop);
  process.on("unhandledRejection", (reason) => {
    // A host serves many rounds; one that went wrong is reported and must not end it.
    console.error(
      `lockstep: unexpected: ${printable(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason))}`,
    );
  });
  console.log(JSON.stringify({ event: "ready", peerId: node.peerId, addresses: node.addresses() }));
}
