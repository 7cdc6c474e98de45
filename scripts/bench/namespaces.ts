/**
 * Hosts as network namespaces of this machine, each with one interface on a bridge in a namespace of
 * its own: what one host sends and receives is counted, and can be shaped. Needs root and iproute2.
 */
import { spawnSync } from "node:child_process";
import type { Places } from "../mesh/local-mesh.ts";
import type { ServerPlace } from "./rsync.ts";

/** Addresses that this machine alone uses, in its own namespaces. */
const SUBNET = "10.77.0";

function ip(...args: string[]): void {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr.trim()}`);
}

export interface WireBytes {
  readonly sent: number;
  readonly received: number;
}

export class Namespaces implements Places {
  readonly #label = `ls${process.pid}`;
  readonly #hosts: readonly string[];

  /** Makes the namespaces of hosts with these names. */
  constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
    const bridge = `${this.#label}-br`;
    try {
      ip("netns", "add", bridge);
      ip("-n", bridge, "link", "add", "br0", "type", "bridge");
      ip("-n", bridge, "link", "set", "br0", "up");
      for (const [i, host] of hosts.entries()) {
        const name = this.name(host);
        ip("netns", "add", name);
        ip("-n", name, "link", "set", "lo", "up");
        ip("-n", bridge, "link", "add", `port${i}`, "type", "veth", "peer", "name", "eth0", "netns", name);
        ip("-n", bridge, "link", "set", `port${i}`, "master", "br0", "up");
        ip("-n", name, "addr", "add", `${this.address(host)}/24`, "dev", "eth0");
        ip("-n", name, "link", "set", "eth0", "up");
      }
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  name(host: string): string {
    return `${this.#label}-${this.#index(host)}`;
  }

  #index(host: string): number {
    const index = this.#hosts.indexOf(host);
    if (index < 0) throw new Error(`no namespace for ${host}`);
    return index;
  }

  address(host: string): string {
    return `${SUBNET}.${this.#index(host) + 1}`;
  }

  at(host: string, command: string, args: readonly string[]): { command: string; args: readonly string[] } {
    return { command: "ip", args: ["netns", "exec", this.name(host), command, ...args] };
  }

  /** Bytes on the host's interface so far, with all headers. */
  wireBytes(host: string): WireBytes {
    const read = (what: string): number => {
      const file = `/sys/class/net/eth0/statistics/${what}_bytes`;
      const { stdout } = spawnSync("ip", ["netns", "exec", this.name(host), "cat", file], { encoding: "utf8" });
      return Number(stdout);
    };
    return { sent: read("tx"), received: read("rx") };
  }

  /** Bytes that each host has received so far, by one look at the bridge's ports. */
  receivedByAll(): ReadonlyMap<string, number> {
    const files = this.#hosts.map((_, i) => `/sys/class/net/port${i}/statistics/tx_bytes`);
    const args = ["netns", "exec", `${this.#label}-br`, "cat", ...files];
    const numbers = spawnSync("ip", args, { encoding: "utf8" }).stdout.split("\n").map(Number);
    return new Map(this.#hosts.map((host, i) => [host, numbers[i]]));
  }

  /** The host as a place of servers. */
  serverPlace(host: string): ServerPlace {
    return {
      address: this.address(host),
      at: (command, args) => this.at(host, command, args),
      isListening: async (port) => {
        const args = ["netns", "exec", this.name(host), "ss", "-ltnH"];
        return spawnSync("ip", args, { encoding: "utf8" }).stdout.includes(`:${port} `);
      },
    };
  }

  /** Limits what the host sends (tc-tbf(8)). */
  shape(host: string, ...parameters: readonly string[]): void {
    const args = ["-n", this.name(host), "qdisc", "replace", "dev", "eth0", "root", "tbf", ...parameters];
    const { status, stderr } = spawnSync("tc", args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`tc ${args.join(" ")}: ${stderr.trim()}`);
  }

  remove(): void {
    for (const name of [...this.#hosts.map((host) => this.name(host)), `${this.#label}-br`]) {
      spawnSync("ip", ["netns", "delete", name]);
    }
  }
}
