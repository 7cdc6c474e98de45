/** aria2 as a swarm in namespaces: the master seeds a torrent, and who has all goes on seeding. */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Workshop } from "../mesh/workshop.ts";
import { bencode } from "./bencode.ts";
import type { Namespaces } from "./namespaces.ts";
import { filesOf } from "./source-tree.ts";

const [MIN_PIECE, MAX_PIECE] = [256 * 1024, 1 << 20];
/** About as many pieces as other makers of torrents choose. */
const PIECES = 1000;
const POLL_MS = 10;

function pieceLength(bytes: number): number {
  const power = 2 ** Math.round(Math.log2(Math.max(1, bytes / PIECES)));
  return Math.min(MAX_PIECE, Math.max(MIN_PIECE, power));
}

/** SHA-1 of each piece of the files one behind the other. */
function pieceDigests(paths: readonly string[], length: number): Buffer {
  const digests: Buffer[] = [];
  let hash = createHash("sha1");
  let room = length;
  for (const path of paths) {
    for (let rest = readFileSync(path); rest.length > 0; ) {
      const part = rest.subarray(0, room);
      hash.update(part);
      room -= part.length;
      rest = rest.subarray(part.length);
      if (room > 0) continue;
      digests.push(hash.digest());
      hash = createHash("sha1");
      room = length;
    }
  }
  if (room < length) digests.push(hash.digest());
  return Buffer.concat(digests);
}

/** Empty directories are not in a torrent; the trees measured here have none. */
function torrent(source: string, announce: string): Buffer {
  const files = filesOf(source);
  const length = pieceLength(files.reduce((sum, { bytes }) => sum + bytes, 0));
  const paths = files.map(({ path }) => path);
  return bencode({
    announce,
    info: {
      files: files.map(({ bytes, names }) => ({ length: bytes, path: names })),
      name: basename(source),
      "piece length": length,
      pieces: pieceDigests(paths, length),
      // No peers but those that the tracker names.
      private: 1,
    },
  });
}

/** A command that makes `file` once the content is complete. */
function completionHook(place: string, file: string): string {
  const hook = join(place, "complete.sh");
  writeFileSync(hook, `#!/bin/sh\n: > '${file}'\n`);
  chmodSync(hook, 0o755);
  return hook;
}

interface Peer {
  readonly host: string;
  readonly pid: number;
  readonly log: string;
  /** Is there when the peer has everything. */
  readonly complete: string;
}

export class Swarm {
  readonly #workshop: Workshop;
  readonly #namespaces: Namespaces;
  readonly #program: string;
  readonly #place: string;
  readonly #source: string;
  readonly #peers: Peer[] = [];
  #torrent = "";
  /** Seconds to make the torrent. */
  preparation = 0;

  constructor(workshop: Workshop, namespaces: Namespaces, program: string, place: string, source: string) {
    this.#workshop = workshop;
    this.#namespaces = namespaces;
    this.#program = program;
    this.#place = place;
    this.#source = source;
  }

  /** The seed and the peers started so far; not the tracker. */
  get pids(): readonly number[] {
    return this.#peers.map(({ pid }) => pid);
  }

  pidOf(host: string): number | undefined {
    return this.#peers.find((peer) => peer.host === host)?.pid;
  }

  rootOf(host: string): string {
    return join(this.#place, host, basename(this.#source));
  }

  /** Makes the torrent and starts the tracker and the seed; returns when the seed can be found. */
  async seed(): Promise<void> {
    mkdirSync(this.#place, { recursive: true });
    const flags = ["--import=tsx", fileURLToPath(new URL("./tracker.ts", import.meta.url))];
    const at = this.#namespaces.at("master", process.execPath, [...flags, this.#namespaces.address("master")]);
    const log = join(this.#place, "tracker.log");
    const tracker = await this.#workshop.serve(at.command, at.args, log, true);
    const started = performance.now();
    this.#torrent = join(this.#place, "tree.torrent");
    writeFileSync(this.#torrent, torrent(this.#source, tracker.firstLine));
    this.preparation = (performance.now() - started) / 1000;
    await this.#start("master", dirname(this.#source));
    while (!readFileSync(log, "utf8").includes("started")) {
      this.#refuseEnded();
      await sleep(POLL_MS);
    }
  }

  async #start(host: string, directory: string): Promise<void> {
    const place = join(this.#place, host);
    mkdirSync(place, { recursive: true });
    const [log, complete] = [join(place, "aria2.log"), join(place, "complete")];
    const options = [
      ...["--no-conf", "--quiet", "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false"],
      ...["--file-allocation=none", "--seed-ratio=0.0", "--bt-seed-unverified=true", "--listen-port=6881"],
      ...["--bt-tracker-connect-timeout=1", "--bt-tracker-timeout=5"],
      ...[`--dir=${directory}`, `--on-bt-download-complete=${completionHook(place, complete)}`, this.#torrent],
    ];
    const { command, args } = this.#namespaces.at(host, this.#program, options);
    const { pid } = await this.#workshop.serve(command, args, log, false);
    this.#peers.push({ host, pid, log, complete });
  }

  /** Starts a peer on each of the hosts; returns when all but the given one have everything. */
  async fetch(hosts: readonly string[], lost: string | undefined): Promise<void> {
    await Promise.all(hosts.map((host) => this.#start(host, join(this.#place, host))));
    const awaited = this.#peers.filter(({ host }) => host !== "master" && host !== lost);
    while (!awaited.every(({ complete }) => existsSync(complete))) {
      this.#workshop.signal.throwIfAborted();
      this.#refuseEnded(lost);
      await sleep(POLL_MS);
    }
  }

  #refuseEnded(lost?: string): void {
    const ended = this.#peers.find(({ host, pid }) => host !== lost && !existsSync(`/proc/${pid}`));
    if (ended !== undefined) throw new Error(`aria2 on ${ended.host} ended: ${readFileSync(ended.log, "utf8").trim()}`);
  }
}
