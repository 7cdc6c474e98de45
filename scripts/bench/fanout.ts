/**
 * What it takes until n remotes have a first copy, when every host can send no more than its uplink
 * takes: Lockstep, as many rsyncs from the master at once, and aria2 as a swarm. One host a network
 * namespace, the egress of each shaped. With Lockstep a remote compares, so that all tools have the same
 * hosts. Tools take turns with the same source and copy to new directories; those of thousands of files
 * are removed only at the end, since ext4 is slow at making files right after many were deleted.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { renderTable } from "../../node/render/table.ts";
import { startLocalMesh } from "../mesh/local-mesh.ts";
import { Workshop } from "../mesh/workshop.ts";
import { ContentWriter, Random } from "../tree/generate.ts";
import { Namespaces } from "./namespaces.ts";
import { cpuSeconds, endedChildrenSeconds, killWithDescendants, untilChildless } from "./process-use.ts";
import { findProgram, type RsyncRoute, startDaemon } from "./rsync.ts";
import { Samples } from "./samples.ts";
import { copySourceTree, gzippedBytes, type TreeSize, treeSize } from "./source-tree.ts";
import { Swarm } from "./swarm.ts";
import { warmMemory } from "./warm-memory.ts";

export const usage =
  "fanout [--remotes N,…] [--runs N] [--only CASE,…] [--tools TOOL,…] [--slow | --kill] [--rate MBIT] [--scale F] [--warm]   first copies to many, beside rsync and aria2; root, Linux";

const MIB = 1 << 20;
/** Digests of files that changed within 2 s are not cached. */
const SETTLE_MS = 2_500;
/** Memory at hand for each run of `--warm`, in copies that the remotes make, and for all the processes. */
const WARM_FACTOR = 1.2;
const WARM_LEAST = 2048 * MIB;
const WATCH_MS = 250;
/** The uplink of the last remote of `--slow`, as a part of the others'. */
const SLOW_PART = 0.1;
/** What the queue before a link may hold: slow links have long ones, as short ones would lose most of what is sent. */
const QUEUE_MS = 60;
const LEAST_QUEUE_BYTES = 64 * 1024;

interface Case {
  readonly name: string;
  /** Tools that can compress do. */
  readonly compressible: boolean;
  readonly keepCopies: boolean;
  make(source: string, scale: number): void;
}

const CASES: readonly Case[] = [
  {
    name: "large",
    compressible: false,
    keepCopies: false,
    make(source, scale) {
      mkdirSync(source);
      const writer = new ContentWriter(new Random(13));
      const bytes = Math.round(60 * MIB * scale);
      for (let i = 0; i < 4; i++) {
        const fd = openSync(join(source, `file-${i}`), "wx");
        for (let done = 0; done < bytes; done += MIB) writeSync(fd, writer.bytes(Math.min(MIB, bytes - done), false));
        closeSync(fd);
      }
    },
  },
  {
    name: "source",
    compressible: true,
    keepCopies: true,
    make: (source, scale) =>
      copySourceTree(source, { files: Math.round(12_700 * scale), bytes: Math.round(97e6 * scale) }),
  },
];

/** A case's tree on the master. */
interface Source {
  readonly of: Case;
  readonly root: string;
  readonly size: TreeSize;
  /** By gzip. */
  readonly compressed: number;
}

/** What one copy is made with and where. */
interface Setting {
  /** Of this copy alone. */
  readonly workshop: Workshop;
  readonly namespaces: Namespaces;
  readonly source: Source;
  /** A new directory. */
  readonly place: string;
  readonly remotes: readonly string[];
  /** Memory is at hand for all that is copied. */
  readonly isWarm: boolean;
  /** The remote that is killed on the way. */
  readonly lost: string | undefined;
}

interface Copied {
  readonly seconds: number;
  readonly fromMaster?: number;
  readonly fromRemotes?: number;
  /** What else it took, for the log. */
  readonly remark?: string;
}

/** One tool, ready to copy to all remotes. */
interface Contender {
  /** Processes there are by now, of all hosts. */
  pids(): readonly number[];
  pidOf(remote: string): number | undefined;
  rootOf(remote: string): string;
  copy(): Promise<Copied>;
}

interface Tool {
  readonly name: string;
  readonly compresses: boolean;
  readonly program: string;
  prepare(setting: Setting, program: string): Promise<Contender>;
}

async function prepareLockstep({ workshop, namespaces, source, place, remotes, lost }: Setting): Promise<Contender> {
  const mesh = await startLocalMesh(workshop, place, {
    remotes: remotes.length,
    durability: "none",
    masterRoot: source.root,
    remoteCompares: true,
    places: namespaces,
  });
  const hostOf = (remote: string) => mesh.remotes.find(({ name }) => name === remote);
  return {
    pids: () => [mesh.master, ...mesh.remotes].map(({ pid }) => pid),
    pidOf: (remote) => hostOf(remote)?.pid,
    rootOf: (remote) => hostOf(remote)?.root as string,
    async copy() {
      const { code, seconds, report, stdout, stderr } = await mesh.round("sync");
      const asExpected = remotes.every(
        (remote) => report.remotes[remote]?.outcome === (remote === lost ? "failed" : "in-step"),
      );
      if (code !== (lost === undefined ? 0 : 3) || !asExpected) throw new Error(`Lockstep: ${stdout}${stderr}`);
      const all = Object.values(report.remotes);
      return {
        seconds,
        fromMaster: all.reduce((sum, { bytesFromMaster }) => sum + bytesFromMaster, 0),
        fromRemotes: all.reduce((sum, { bytesFromRemotes }) => sum + bytesFromRemotes, 0),
      };
    },
  };
}

async function prepareRsync(setting: Setting, program: string): Promise<Contender> {
  const { workshop, namespaces, source, place, remotes, lost } = setting;
  const routes = new Map<string, RsyncRoute>();
  for (const remote of remotes) {
    const own = join(place, remote);
    mkdirSync(join(own, "copy"), { recursive: true });
    routes.set(remote, await startDaemon(workshop, program, own, own, namespaces.serverPlace(remote)));
  }
  const options = ["-aHAX", "--delete", ...(source.of.compressible ? ["-z"] : [])];
  return {
    pids: () => [...routes.values()].map(({ pid }) => pid),
    pidOf: (remote) => routes.get(remote)?.pid,
    rootOf: (remote) => join(place, remote, "copy"),
    async copy() {
      const copies = [...routes].map(async ([remote, route]) => {
        const { command, args } = namespaces.at("master", program, [
          ...options,
          ...route.arguments(source.root, "copy"),
        ]);
        const { code, stderr, seconds } = await workshop.run(command, args);
        if (remote === lost) return 0;
        if (code !== 0) throw new Error(`rsync to ${remote}: ${stderr.trim()}`);
        return seconds;
      });
      const seconds = Math.max(...(await Promise.all(copies)));
      await untilChildless([...routes.values()].map(({ pid }) => pid));
      return { seconds };
    },
  };
}

async function prepareAria2(setting: Setting, program: string): Promise<Contender> {
  const { workshop, namespaces, source, place, remotes, lost } = setting;
  const swarm = new Swarm(workshop, namespaces, program, place, source.root);
  await swarm.seed();
  return {
    pids: () => swarm.pids,
    pidOf: (remote) => swarm.pidOf(remote),
    rootOf: (remote) => swarm.rootOf(remote),
    async copy() {
      const started = performance.now();
      await swarm.fetch(remotes, lost);
      const seconds = (performance.now() - started) / 1000;
      return { seconds, remark: `and ${swarm.preparation.toFixed(2)} s for the torrent before` };
    },
  };
}

const TOOLS: readonly Tool[] = [
  { name: "lockstep", compresses: true, program: "ip", prepare: prepareLockstep },
  { name: "rsync", compresses: true, program: "rsync", prepare: prepareRsync },
  { name: "aria2", compresses: false, program: "aria2c", prepare: prepareAria2 },
];

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

/** Kills a host's process once half of the remotes have got half of what they will. */
class KillAtHalf {
  readonly #timer: NodeJS.Timeout;
  done = false;

  constructor({ namespaces, remotes }: Setting, bytes: number, pid: () => number | undefined) {
    const before = namespaces.receivedByAll();
    this.#timer = setInterval(() => {
      const now = namespaces.receivedByAll();
      const received = remotes.map((remote) => (now.get(remote) ?? 0) - (before.get(remote) ?? 0));
      const victim = pid();
      if (victim === undefined || median(received) < bytes / 2) return;
      killWithDescendants(victim);
      this.done = true;
      this.stop();
    }, WATCH_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const FIGURES = ["makespan s", "sent", "cpu s", "from master", "from remotes"] as const;
type Figures = Partial<Record<(typeof FIGURES)[number], number>> & { readonly remark?: string };

async function measure(setting: Setting, tool: Tool, contender: Contender): Promise<Figures> {
  const { namespaces, source, lost } = setting;
  const inFlight = tool.compresses && source.of.compressible ? source.compressed : source.size.bytes;
  const [before, cpu] = [namespaces.wireBytes("master").sent, cpuSeconds(contender.pids()) + endedChildrenSeconds()];
  const kill = lost === undefined ? undefined : new KillAtHalf(setting, inFlight, () => contender.pidOf(lost));
  try {
    const { seconds, fromMaster, fromRemotes, remark } = await contender.copy();
    if (kill?.done === false) throw new Error(`${tool.name} was done before ${lost} could be killed: scale up`);
    const killed = kill === undefined ? undefined : contender.pidOf(lost as string);
    const there = contender.pids().filter((pid) => pid !== killed);
    return {
      "makespan s": seconds,
      sent: namespaces.wireBytes("master").sent - before,
      // What was killed is among the ended children by now.
      "cpu s": cpuSeconds(there) + endedChildrenSeconds() - cpu,
      "from master": fromMaster,
      "from remotes": fromRemotes,
      remark,
    };
  } finally {
    kill?.stop();
  }
}

function refuseUnequal({ source, remotes, lost }: Setting, tool: Tool, contender: Contender): void {
  for (const remote of remotes) {
    if (remote === lost) continue;
    const { files, bytes } = treeSize(contender.rootOf(remote));
    if (files === source.size.files && bytes === source.size.bytes) continue;
    throw new Error(
      `${tool.name}: ${remote} has ${files} files of ${bytes} bytes, not ${source.size.files} of ${source.size.bytes}`,
    );
  }
}

/** One copy by one tool, whose processes are ended afterwards. */
async function copyOnce(outer: Workshop, tool: Tool, setting: Omit<Setting, "workshop">): Promise<Figures> {
  const workshop = new Workshop();
  const interrupt = (): void => workshop.interrupt();
  const abandon = (): void => workshop.abandon();
  outer.signal.addEventListener("abort", interrupt, { once: true });
  process.once("exit", abandon);
  try {
    mkdirSync(setting.place);
    const own = { ...setting, workshop };
    const contender = await tool.prepare(own, findProgram(tool.program) as string);
    spawnSync("sync");
    if (setting.isWarm) warmMemory(WARM_FACTOR * setting.remotes.length * setting.source.size.bytes + WARM_LEAST);
    await sleep(SETTLE_MS, undefined, { signal: outer.signal });
    const figures = await measure(own, tool, contender);
    refuseUnequal(own, tool, contender);
    return figures;
  } finally {
    outer.signal.removeEventListener("abort", interrupt);
    await workshop.stopAll();
    process.removeListener("exit", abandon);
    if (!setting.source.of.keepCopies) rmSync(setting.place, { recursive: true });
  }
}

function key(tool: string, n: number, figure: string): string {
  return `${tool}|${n}|${figure}`;
}

/** Seconds that one copy takes on an uplink of so many Mbit/s. */
function limitOf({ size }: Source, rate: number): number {
  return (size.bytes * 8) / (rate * 1e6);
}

function table(source: Source, { tools, counts, rate }: Options, samples: Samples): string {
  const { bytes } = source.size;
  const [first] = counts;
  const rows: string[][] = [];
  for (const n of counts) {
    for (const { name } of tools) {
      const value = (figure: string, of = n): number => samples.median(key(name, of, figure)) ?? Number.NaN;
      const shown = (number: number, digits: number): string => (Number.isNaN(number) ? "" : number.toFixed(digits));
      rows.push([
        String(n),
        name,
        shown(value("makespan s"), 2),
        samples.range(key(name, n, "makespan s")),
        shown(value("makespan s") / limitOf(source, rate), 2),
        shown(value("makespan s") / value("makespan s", first), 2),
        shown(value("sent") / bytes, 2),
        shown(value("sent") / source.compressed, 2),
        shown(value("cpu s"), 1),
        shown(value("from master") / 1e6, 1),
        shown(value("from remotes") / 1e6, 1),
      ]);
    }
  }
  const headings = [
    "n",
    "tool",
    "makespan s",
    "range",
    "/ limit",
    `/ n=${first}`,
    "egress / F",
    "egress / gz",
    "cpu s",
  ];
  return renderTable([...headings, "from master MB", "from remotes MB"], rows);
}

/** @param mbit what each sends a second; the slow one a tenth */
function shapeAll(namespaces: Namespaces, hosts: readonly string[], mbit: number, slow: string | undefined): void {
  for (const host of hosts) {
    const rate = host === slow ? mbit * SLOW_PART : mbit;
    const queue = Math.max(QUEUE_MS, (LEAST_QUEUE_BYTES * 8) / (rate * 1e3));
    const burst = Math.min(128, Math.ceil(rate * 16));
    namespaces.shape(host, "rate", `${rate}mbit`, "burst", `${burst}kb`, "latency", `${Math.round(queue)}ms`);
  }
}

/** Blocks, directories and journals come on top of the bytes of files. */
const DISK_MARGIN = 1.4;

/** What cannot be had for copies that stay until the end, and those that do not. */
function refuseFullDisk(base: string, sources: readonly Source[], copies: number, remotes: number): void {
  const { bavail, bsize, ffree } = statfsSync(base);
  let [bytes, files] = [0, 0];
  for (const { of, size } of sources) {
    const count = of.keepCopies ? copies : remotes;
    bytes += size.bytes * count * DISK_MARGIN;
    files += size.files * count * DISK_MARGIN;
  }
  // Some file systems have no bound of files and say 0.
  if (bytes <= bavail * bsize && (files <= ffree || ffree === 0)) return;
  const need = `${Math.ceil(bytes / 1e9)} GB and ${Math.ceil(files / 1000)},000 inodes`;
  throw new Error(`the copies need ${need} in ${base}: set TMPDIR, or fewer --runs or --remotes`);
}

interface Options {
  readonly counts: readonly number[];
  readonly runs: number;
  /** Mbit/s. */
  readonly rate: number;
  readonly scale: number;
  readonly cases: readonly Case[];
  readonly tools: readonly Tool[];
  readonly slow: boolean;
  readonly kill: boolean;
  readonly warm: boolean;
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      remotes: { type: "string", default: "2,4,8" },
      runs: { type: "string", default: "3" },
      only: { type: "string", default: CASES.map(({ name }) => name).join() },
      tools: { type: "string", default: TOOLS.map(({ name }) => name).join() },
      rate: { type: "string", default: "100" },
      scale: { type: "string", default: "1" },
      slow: { type: "boolean", default: false },
      kill: { type: "boolean", default: false },
      warm: { type: "boolean", default: false },
    },
  });
  const named = <T extends { readonly name: string }>(all: readonly T[], names: string): T[] =>
    all.filter(({ name }) => names.split(",").includes(name));
  const options = {
    counts: values.remotes.split(",").map(Number),
    runs: Number(values.runs),
    rate: Number(values.rate),
    scale: Number(values.scale),
    cases: named(CASES, values.only),
    tools: named(TOOLS, values.tools),
    slow: values.slow,
    kill: values.kill,
    warm: values.warm,
  };
  const { counts, runs, rate, scale, cases, tools, slow, kill } = options;
  // One that is slow or killed must not be the one that compares.
  const least = slow || kill ? 2 : 1;
  const right = counts.every((n) => Number.isInteger(n) && n >= least && n <= 200) && runs > 0 && rate > 0 && scale > 0;
  if (!right || cases.length === 0 || tools.length === 0 || (slow && kill)) throw new Error(`usage: ${usage}`);
  return options;
}

async function makeSource(of: Case, base: string, { scale, rate }: Options): Promise<Source> {
  const root = join(base, of.name);
  of.make(root, scale);
  const source = { of, root, size: treeSize(root), compressed: await gzippedBytes(root) };
  console.log(
    `${of.name}: ${source.size.files} files, F = ${(source.size.bytes / 1e6).toFixed(1)} MB, by gzip -6 in one stream ` +
      `${(source.compressed / 1e6).toFixed(1)} MB; limit F / uplink ${limitOf(source, rate).toFixed(2)} s`,
  );
  return source;
}

export async function run(workshop: Workshop, args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  const { counts, runs, rate, cases, tools, slow, kill, warm } = options;
  if (process.getuid?.() !== 0) throw new Error("network namespaces need root");
  if (["ip", "tc", ...tools.map(({ program }) => program)].some((program) => findProgram(program) === undefined)) {
    throw new Error("needs apt-get install aria2 rsync iproute2");
  }
  const base = workshop.temporaryDirectory("lockstep-fanout");
  const remotes = Array.from({ length: Math.max(...counts) }, (_, i) => `remote-${i + 1}`);
  const namespaces = new Namespaces(["master", ...remotes]);
  try {
    const sources: Source[] = [];
    for (const of of cases) sources.push(await makeSource(of, base, options));
    const copies = runs * tools.length * counts.reduce((sum, n) => sum + n, 0);
    refuseFullDisk(base, sources, copies, remotes.length);
    for (const source of sources) {
      const samples = new Samples();
      for (let number = 0; number < runs; number++) {
        for (const [c, n] of counts.entries()) {
          const taking = remotes.slice(0, n);
          const last = taking[n - 1];
          shapeAll(namespaces, ["master", ...taking], rate, slow ? last : undefined);
          for (let i = 0; i < tools.length; i++) {
            // Another one begins each time.
            const tool = tools[(i + number + c) % tools.length];
            const figures = await copyOnce(workshop, tool, {
              namespaces,
              source,
              place: join(base, `${source.of.name}-${number}-${n}-${tool.name}`),
              remotes: taking,
              isWarm: warm,
              lost: kill ? last : undefined,
            });
            for (const figure of FIGURES) {
              const value = figures[figure];
              if (value !== undefined) samples.add(key(tool.name, n, figure), value);
            }
            const said = `${figures["makespan s"]?.toFixed(2)} s ${figures.remark ?? ""}`.trim();
            console.log(`run ${number + 1}, ${source.of.name}, ${n} remotes: ${tool.name}: ${said}`);
          }
        }
      }
      console.log(`\n${source.of.name}\n${table(source, options, samples)}\n`);
    }
  } finally {
    await workshop.stopAll();
    namespaces.remove();
  }
  console.log(`medians; each host sends at most ${rate} Mbit/s${slow ? `, the last remote ${rate * SLOW_PART}` : ""}.
makespan: until all remotes${kill ? " but the one that was killed at half" : ""} have everything; with Lockstep the whole command, which lists and
compares before and checks after; aria2 without making the torrent. limit: F / uplink. egress: bytes on
the master's interface. cpu: all hosts' processes and the command. from master, remotes: as reported.`);
  return 0;
}
