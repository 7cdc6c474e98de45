/**
 * What moving content costs, beside rsync to a daemon and over ssh: first copies of large and of small
 * files, bytes inserted and appended, a directory renamed. Master and remote are network namespaces;
 * the master compares too, so that each tool has two hosts. All tools see the same changes of the same
 * source, in turn, and copy to directories of their own that are removed only at the end.
 */
import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { renderTable } from "../../node/render/table.ts";
import { startLocalMesh } from "../mesh/local-mesh.ts";
import type { Workshop } from "../mesh/workshop.ts";
import { ContentWriter, generateTree, Random } from "../tree/generate.ts";
import { Namespaces } from "./namespaces.ts";
import { cpuSeconds, endedChildrenSeconds, MemoryWatch } from "./process-use.ts";
import { findProgram, type RsyncRoute, startDaemon, startSsh } from "./rsync.ts";
import { Samples } from "./samples.ts";
import { treeSize } from "./source-tree.ts";
import { warmMemory } from "./warm-memory.ts";

export const usage =
  "transfer [--runs N] [--only CASE,…] [--fsync] [--scale F] [--warm]   content moved, beside rsync; root, Linux";

const MIB = 1 << 20;
/** Digests of files that changed within 2 s are not cached. */
const SETTLE_MS = 2_500;
const HOSTS = ["master", "remote-1"];
/** Memory at hand for each run of `--warm`: a new copy, and what reading and writing it takes. */
const WARM_FACTOR = 1.5;
const WARM_LEAST = 1024 * MIB;

/** One tool with a target of its own, for one run of one case. */
interface Contender {
  readonly name: string;
  readonly durability: string;
  /** Processes that stay, on both sides. */
  readonly pids: readonly number[];
  sync(): Promise<void>;
}

/** A source tree and the changes that are made to it, each to be carried over. */
interface Case {
  readonly name: string;
  make(source: string, scale: number): void;
  readonly changes: readonly { readonly name: string; make(source: string): void }[];
}

function copyPart(from: number, to: number, start: number, end: number): void {
  const buffer = Buffer.allocUnsafe(4 * MIB);
  for (let at = start; at < end; ) {
    const count = readSync(from, buffer, 0, Math.min(buffer.length, end - at), at);
    if (count === 0) return;
    writeSync(to, buffer, 0, count);
    at += count;
  }
}

/** Writes each file anew with bytes put in, as an editor or a build would. */
function rewriteAll(source: string, at: (size: number) => number, added: Buffer): void {
  for (const name of readdirSync(source)) {
    const path = join(source, name);
    const { size } = statSync(path);
    const [from, to] = [openSync(path, "r"), openSync(`${path}.new`, "wx")];
    copyPart(from, to, 0, at(size));
    writeSync(to, added);
    copyPart(from, to, at(size), size);
    closeSync(from);
    closeSync(to);
    renameSync(`${path}.new`, path);
  }
}

const CASES: readonly Case[] = [
  {
    name: "large",
    make(source, scale) {
      mkdirSync(source);
      const random = new Random(7);
      const bytes = Math.round(256 * MIB * scale);
      for (let i = 0; i < 5; i++) {
        const fd = openSync(join(source, `file-${i}`), "wx");
        const writer = new ContentWriter(random);
        // The last one is text that can be compressed.
        for (let done = 0; done < bytes; done += MIB) writeSync(fd, writer.bytes(MIB, i === 4));
        closeSync(fd);
      }
    },
    changes: [
      {
        name: "100 bytes inserted",
        make: (source) => rewriteAll(source, (size) => size >> 1, Buffer.alloc(100, "inserted ")),
      },
      {
        name: "64 KiB appended",
        make(source) {
          const random = new Random(11);
          for (const name of readdirSync(source)) {
            const fd = openSync(join(source, name), "a");
            writeSync(fd, new ContentWriter(random).bytes(65_536, false));
            closeSync(fd);
          }
        },
      },
    ],
  },
  {
    name: "renamed",
    make(source, scale) {
      mkdirSync(source);
      const random = new Random(5);
      for (let d = 0; d < 20; d++) {
        mkdirSync(join(source, `directory-${d}`));
        for (let i = 0; i < 50; i++) {
          const fd = openSync(join(source, `directory-${d}`, `file-${i}`), "wx");
          new ContentWriter(random).write(fd, Math.round(scale * (64 * 1024 + random.below(2 * MIB))));
          closeSync(fd);
        }
      }
    },
    changes: [
      {
        name: "a fifth of the directories renamed",
        make(source) {
          for (let d = 0; d < 20; d += 5) renameSync(join(source, `directory-${d}`), join(source, `renamed-${d}`));
        },
      },
    ],
  },
  {
    name: "small",
    make(source, scale) {
      const files = Math.round(50_000 * scale);
      generateTree(source, { files, directories: Math.round(files / 17), minBytes: 1024, maxBytes: 8992, seed: 3 });
    },
    changes: [],
  },
];

async function lockstepContender(
  workshop: Workshop,
  namespaces: Namespaces,
  place: string,
  source: string,
  durability: "full" | "none",
): Promise<Contender> {
  const mesh = await startLocalMesh(workshop, place, {
    remotes: 1,
    durability,
    masterRoot: source,
    masterCompares: true,
    places: namespaces,
  });
  return {
    name: "Lockstep",
    durability,
    pids: [mesh.master.pid, mesh.remotes[0].pid],
    async sync() {
      const { code, stdout, stderr } = await mesh.round("sync");
      if (code !== 0) throw new Error(`Lockstep: ${stdout}${stderr}`);
    },
  };
}

function rsyncContender(
  workshop: Workshop,
  namespaces: Namespaces,
  program: string,
  route: RsyncRoute,
  source: string,
  target: string,
  fsync: boolean,
): Contender {
  const options = ["-aHAX", "--delete", ...(fsync ? ["--fsync"] : [])];
  return {
    name: route.label,
    durability: fsync ? "fsync" : "none",
    pids: [route.pid],
    async sync() {
      const { command, args } = namespaces.at("master", program, [...options, ...route.arguments(source, target)]);
      const { code, stderr } = await workshop.run(command, args);
      if (code !== 0) throw new Error(`${route.label}: ${stderr.trim()}`);
    },
  };
}

/** What the transport alone would take for the same bytes: a bound, not a tool. */
async function bareContender(
  workshop: Workshop,
  namespaces: Namespaces,
  place: string,
  source: string,
): Promise<Contender> {
  const program = fileURLToPath(new URL("./bare-stream.ts", import.meta.url));
  const flags = ["--no-incremental-marking", "--import=tsx", program];
  mkdirSync(place);
  const start = (host: string, log: string, args: readonly string[], awaitLine: boolean) => {
    const at = namespaces.at(host, process.execPath, [...flags, ...args]);
    return workshop.serve(at.command, at.args, join(place, log), awaitLine);
  };
  const target = join(place, "received");
  const receiver = await start("remote-1", "receiver.log", ["receive", namespaces.address("remote-1"), target], true);
  const sender = await start("master", "sender.log", ["send", receiver.firstLine, source], false);
  const said = async (word: string): Promise<void> => {
    while (!readFileSync(sender.log, "utf8").includes(word)) {
      // Throws when it is gone, and would never say it.
      process.kill(sender.pid, 0);
      await sleep(5, undefined, { signal: workshop.signal });
    }
  };
  await said("ready");
  return {
    name: BARE,
    durability: "none",
    pids: [sender.pid, receiver.pid],
    async sync() {
      process.kill(sender.pid, "SIGUSR2");
      await said("done");
    },
  };
}

const BARE = "bare libp2p stream";
const FIGURES = ["wall s", "cpu s", "peak RSS MB", "wire MB"] as const;

async function measure(namespaces: Namespaces, contender: Contender, all: readonly Contender[]): Promise<number[]> {
  const [cpu, children] = [cpuSeconds(contender.pids), endedChildrenSeconds()];
  const wire = namespaces.wireBytes("remote-1");
  const memory = new MemoryWatch([process.pid, ...contender.pids], new Set(all.flatMap(({ pids }) => pids)));
  const started = performance.now();
  let [wall, peak] = [0, 0];
  try {
    await contender.sync();
    wall = (performance.now() - started) / 1000;
  } finally {
    // It would keep a script that failed from ending.
    peak = memory.stop();
  }
  const after = namespaces.wireBytes("remote-1");
  const used = cpuSeconds(contender.pids) - cpu + endedChildrenSeconds() - children;
  const bytes = after.sent + after.received - wire.sent - wire.received;
  return [wall, used, peak / 1e6, bytes / 1e6];
}

function table(steps: readonly string[], contenders: readonly string[], samples: Samples): string {
  const rows: string[][] = [];
  for (const step of steps) {
    for (const contender of contenders) {
      const key = (figure: string, of = contender): string => `${step}|${of}|${figure}`;
      const cells = FIGURES.map((figure) => {
        const median = samples.median(key(figure));
        return median === undefined ? "" : median.toFixed(figure === "peak RSS MB" ? 0 : 2);
      });
      const ratios = ["rsync daemon, none", "rsync over ssh, none"].map((other) => {
        const [a, b] = [samples.median(key("wall s")), samples.median(key("wall s", other))];
        return a === undefined || b === undefined ? "" : `${(a / b).toFixed(2)}×`;
      });
      rows.push([step, contender, ...cells, `${samples.range(key("wall s"))}`, ...ratios]);
    }
  }
  return renderTable(["step", "tool, durability", ...FIGURES, "wall range", "/daemon", "/ssh"], rows);
}

export async function run(workshop: Workshop, args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: "3" },
      only: { type: "string" },
      fsync: { type: "boolean", default: false },
      scale: { type: "string", default: "1" },
      alone: { type: "boolean", default: false },
      warm: { type: "boolean", default: false },
    },
  });
  const [runs, scale] = [Number(values.runs), Number(values.scale)];
  const cases = CASES.filter(({ name }) => values.only === undefined || values.only.split(",").includes(name));
  if (!(runs > 0 && scale > 0) || cases.length === 0) throw new Error(`usage: ${usage}`);
  if (process.getuid?.() !== 0) throw new Error("network namespaces need root");
  const [rsync, sshd] = ["rsync", "sshd"].map(findProgram);
  if (!values.alone && (rsync === undefined || sshd === undefined || findProgram("ip") === undefined)) {
    throw new Error("needs apt-get install rsync openssh-server iproute2");
  }
  const base = workshop.temporaryDirectory("lockstep-transfer");
  const servers = workshop.temporaryDirectory("lockstep-transfer-servers");
  const namespaces = new Namespaces(HOSTS);
  try {
    const routes: RsyncRoute[] = [];
    if (!values.alone && rsync !== undefined && sshd !== undefined) {
      const place = namespaces.serverPlace("remote-1");
      routes.push(await startDaemon(workshop, rsync, base, servers, place));
      routes.push(await startSsh(workshop, sshd, base, servers, place));
    }
    for (const each of cases) {
      const samples = new Samples();
      let names: string[] = [];
      const steps = [`${each.name}: first copy`, ...each.changes.map((change) => `${each.name}: ${change.name}`)];
      for (let number = 0; number < runs; number++) {
        const own = `${each.name}-${number}`;
        const source = join(base, `${own}-source`);
        each.make(source, scale);
        const contenders: Contender[] = [];
        for (const durability of ["none", "full"] as const) {
          if (durability === "full" && !values.fsync) continue;
          const place = join(base, `${own}-lockstep-${durability}`);
          contenders.push(await lockstepContender(workshop, namespaces, place, source, durability));
        }
        for (const [i, route] of routes.entries()) {
          for (const fsync of values.fsync ? [false, true] : [false]) {
            const target = `${own}-rsync-${i}${fsync ? "-fsync" : ""}`;
            if (!existsSync(join(base, target))) mkdirSync(join(base, target));
            contenders.push(rsyncContender(workshop, namespaces, rsync as string, route, source, target, fsync));
          }
        }
        if (each.name === "large") {
          contenders.push(await bareContender(workshop, namespaces, join(base, `${own}-bare`), source));
        }
        names = contenders.map(({ name, durability }) => `${name}, ${durability}`);
        for (const [s, step] of steps.entries()) {
          if (s > 0) each.changes[s - 1].make(source);
          await sleep(SETTLE_MS);
          for (let i = 0; i < contenders.length; i++) {
            // Another one begins each time.
            const contender = contenders[(i + number + s) % contenders.length];
            // It compares nothing, so there is no change to be carried over.
            if (contender.name === BARE && s > 0) continue;
            spawnSync("sync");
            if (values.warm) warmMemory(WARM_FACTOR * treeSize(source).bytes + WARM_LEAST);
            const figures = await measure(namespaces, contender, contenders);
            const name = `${contender.name}, ${contender.durability}`;
            for (const [f, figure] of FIGURES.entries()) samples.add(`${step}|${name}|${figure}`, figures[f]);
            console.log(`run ${number + 1}, ${step}: ${name}: ${figures.map((f) => f.toFixed(2)).join(", ")}`);
          }
        }
        for (const { name, pids } of contenders)
          if (name === "Lockstep" || name === BARE) for (const pid of pids) process.kill(pid);
      }
      console.log(`\n${table(steps, names, samples)}\n`);
    }
  } finally {
    await workshop.stopAll();
    namespaces.remove();
  }
  console.log(`medians; wire: bytes on the remote's interface, both ways; cpu: both sides and the command;
peak RSS: of the largest process. durability: none = left to the system; full = one syncfs before each
block's names are switched and one at the end; fsync = rsync --fsync, each file by itself.`);
  return 0;
}
