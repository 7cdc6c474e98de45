/**
 * How near the fan-out comes to what the links allow, simulated (`fanout-model.ts`) with the
 * scheduler's own code. The bound is that of Kumar and Ross, "Peer-assisted file distribution: the
 * minimum distribution time" (2006), for content that can be split at will.
 */
import { parseArgs } from "node:util";
import { renderTable } from "../../node/render/table.ts";
import type { Workshop } from "../mesh/workshop.ts";
import { Random } from "../tree/generate.ts";
import { FanOutModel, type FanOutResult } from "./fanout-model.ts";

export const usage =
  "fanout-sim [--remotes N,N…] [--units N] [--mixed] [--churn P] [--slow P] [--slots N] [--downlink MB/S] [--seed N]   simulated fan-out beside its physical bound";

const UNIT_BYTES = 1 << 20;
const BLOCK_UNITS = 64;
/** Bytes per millisecond of 12.5 MB/s, that is 100 Mbit/s. */
const UPLINK = 12_500;
/** Bytes per millisecond in one MB/s. */
const MB_PER_S = 1_000;
const MIXED = [0.1, 0.5, 1, 2];
const SLOW = 0.1;
const LATENCY_MS = 5;
const GATHER_MS = 20;
const TICK_MS = 250;
const NOTICE_MS = 1_000;
/** A run ends after so many times the bound, finished or not. */
const GIVE_UP = 50;

interface Scenario {
  readonly name: string;
  readonly mixed: boolean;
  /** Part of the remotes that vanish, and that have a tenth of the uplink. */
  readonly churn: number;
  readonly slow: number;
}

export interface Case extends Scenario {
  readonly remotes: number;
  readonly units: number;
  readonly slots: number;
  /** Bytes per millisecond. */
  readonly downlink: number;
  readonly seed: number;
}

export interface Outcome {
  readonly result: FanOutResult;
  readonly bound: number;
  readonly masterCopies: number;
  /** Finish times over the bound, ascending, of those that have not vanished. */
  readonly times: Float64Array;
}

/** Simulates one case. */
export function simulate(
  { remotes, units, slots, downlink, seed, mixed, churn, slow }: Case,
  onProgress?: (now: number, left: number) => void,
): Outcome {
  const random = new Random(seed);
  const order = random.shuffle(Array.from({ length: remotes }, (_, i) => i));
  const slowOnes = new Set(order.slice(0, Math.round(slow * remotes)));
  const leaving = order.slice(remotes - Math.round(churn * remotes));
  const uplinks = order.map((_, i) => UPLINK * (mixed ? random.pick(MIXED) : 1) * (slowOnes.has(i) ? SLOW : 1));
  const bytes = units * UNIT_BYTES;
  const all = uplinks.reduce((sum, one) => sum + one, UPLINK);
  const bound = Math.max(bytes / UPLINK, bytes / downlink, (remotes * bytes) / all);
  const result = new FanOutModel({
    remotes,
    units,
    unitBytes: UNIT_BYTES,
    blockUnits: BLOCK_UNITS,
    masterUplink: UPLINK,
    uplink: (remote) => uplinks[remote],
    downlink,
    slots,
    latency: LATENCY_MS,
    gather: GATHER_MS,
    tick: TICK_MS,
    // One alone vanishes half-way, so that it is always the same case.
    vanish: new Map(leaving.map((remote) => [remote, bound * (leaving.length === 1 ? 0.5 : random.fraction())])),
    noticeAfter: NOTICE_MS,
    seed,
    giveUpAt: bound * GIVE_UP,
  }).run(onProgress);
  const times = result.finished.filter((at) => !Number.isNaN(at)).map((at) => at / bound);
  return { result, bound, masterCopies: result.masterBytes / bytes, times: times.sort() };
}

function quantile(sorted: Float64Array, part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

const HEADINGS = [
  "remotes",
  "scenario",
  "makespan",
  "p50",
  "p99",
  "master sent",
  "duplicates",
  "requests",
  "elsewhere",
  "uplinks used",
  "simulated s",
  "real s",
];

function row(one: Case, { result, times, masterCopies, bound }: Outcome, seconds: number): string[] {
  const copies = one.remotes * one.units;
  const makespan = result.unfinished > 0 ? `${result.unfinished} unfinished` : quantile(times, 1).toFixed(3);
  return [
    String(one.remotes),
    one.name,
    makespan,
    quantile(times, 0.5).toFixed(3),
    quantile(times, 0.99).toFixed(3),
    masterCopies.toFixed(3),
    (result.duplicateBytes / UNIT_BYTES / copies).toFixed(4),
    (result.messages.requests / copies).toFixed(3),
    (result.messages.elsewhere / copies).toFixed(3),
    `${Math.round(100 * result.masterBusy)}, ${Math.round(100 * result.remotesBusy)} %`,
    (quantile(times, 1) * bound * 1e-3).toFixed(1),
    seconds.toFixed(1),
  ];
}

function scenarios(mixed: boolean, churn: number | undefined, slow: number | undefined): Scenario[] {
  const plain = { mixed: false, churn: 0, slow: 0 };
  if (mixed || churn !== undefined || slow !== undefined) {
    const own = { mixed, churn: churn ?? 0, slow: slow ?? 0 };
    const parts = [
      mixed ? "mixed" : "equal",
      ...(own.churn > 0 ? [`${own.churn * 100} % vanish`] : []),
      ...(own.slow > 0 ? [`${own.slow * 100} % slow`] : []),
    ];
    return [{ name: parts.join(", "), ...own }];
  }
  return [
    { ...plain, name: "equal" },
    { ...plain, name: "mixed", mixed: true },
    { ...plain, name: "10 % vanish", churn: 0.1 },
    { ...plain, name: "10 % slow", slow: 0.1 },
  ];
}

export async function run(workshop: Workshop, args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      remotes: { type: "string", default: "10,100,1000,10000" },
      units: { type: "string", default: "240" },
      mixed: { type: "boolean", default: false },
      churn: { type: "string" },
      slow: { type: "string" },
      slots: { type: "string", default: "2" },
      downlink: { type: "string", default: "50" },
      seed: { type: "string", default: "1" },
    },
  });
  const counts = values.remotes.split(",").map(Number);
  const [units, slots, seed] = [values.units, values.slots, values.seed].map(Number);
  // 0 stands for a link without limit.
  const downlink = Number(values.downlink) * MB_PER_S || Number.POSITIVE_INFINITY;
  const [churn, slow] = [values.churn, values.slow].map((part) => (part === undefined ? undefined : Number(part)));
  const whole = [...counts, units, slots].every((value) => Number.isInteger(value) && value > 0);
  const parts = [churn ?? 0, slow ?? 0].every((part) => part >= 0 && part <= 1);
  if (!whole || !parts || !Number.isInteger(seed) || !(downlink > 0)) throw new Error(`usage: ${usage}`);

  const rows: string[][] = [];
  for (const remotes of counts) {
    for (const scenario of scenarios(values.mixed, churn, slow)) {
      workshop.signal.throwIfAborted();
      const one: Case = { ...scenario, remotes, units, slots, downlink, seed };
      const started = performance.now();
      const outcome = simulate(one, (now, left) => {
        if (process.stderr.isTTY) {
          process.stderr.write(`\r${remotes}, ${scenario.name}: ${(now / 1000).toFixed(1)} s, ${left} to go\x1b[K`);
        }
      });
      if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
      rows.push(row(one, outcome, (performance.now() - started) / 1000));
      // Signals get their turn between two runs.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const bytes = (units * UNIT_BYTES) / 1e6;
  console.log(`${units} units of 1 MiB (${bytes.toFixed(0)} MB), uplinks of 12.5 MB/s, seed ${seed}\n`);
  console.log(renderTable(HEADINGS, rows));
  console.log(`
makespan, p50, p99: finish times over max(F/u, F/d, nF/(u+Σu)); master sent: times the content;
duplicates, requests, elsewhere (the master's answer that another remote was given it): per unit and
remote; uplinks used: the master's, the remotes'.`);
  return 0;
}
