/**
 * The first copy of a tree to one host over loopback, and what it costs when nothing has changed:
 * Lockstep beside rsync to a daemon and over ssh. Wall time of the whole command, medians of runs
 * that alternate. Every run goes to a new directory, and none is removed before the end: ext4 makes
 * new files 3 to 4 times slower right after a tree was deleted.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { renderTable } from "../../node/render/table.ts";
import { formatBytes } from "../../node/render/units.ts";
import { startLocalMesh } from "../mesh/local-mesh.ts";
import { Workshop } from "../mesh/workshop.ts";
import { generateTree } from "../tree/generate.ts";
import { findProgram, type RsyncRoute, startDaemon, startSsh } from "./rsync.ts";
import { Samples } from "./samples.ts";

export const usage = "first-sync [--files N] [--runs N] [--fsync]   first copy and no-op, beside rsync";

const FILES_PER_DIRECTORY = 17;
const SIZES = { minBytes: 1024, maxBytes: 16_384 };
/** Digests of files that changed within 2 s are not cached; so long a sync that settles waits. */
const SETTLE_MS = 2_500;

interface Contender {
  readonly name: string;
  readonly durability: string;
  /** Makes one copy into a place of that number, then two rounds without a change. */
  run(number: number): Promise<{ first: number; noop: number; again: number }>;
}

function lockstep(workshop: Workshop, base: string, source: string, durability: "full" | "none"): Contender {
  return {
    name: "Lockstep",
    durability,
    async run(number) {
      // Hosts of its own for each run, so that no cache knows anything.
      const own = new Workshop();
      const stop = (): void => own.interrupt();
      workshop.signal.addEventListener("abort", stop, { once: true });
      try {
        const mesh = await startLocalMesh(own, join(base, `lockstep-${durability}-${number}`), {
          remotes: 1,
          durability,
          masterRoot: source,
        });
        const seconds: number[] = [];
        for (const step of ["first", "noop", "again"]) {
          if (step !== "first") await sleep(SETTLE_MS);
          const round = await mesh.round("sync");
          const [remote] = Object.values(round.report.remotes);
          const changes = remote.created + remote.updated + remote.deleted + remote.attributes;
          const fits = step === "first" ? remote.created === remote.entries : changes === 0;
          if (round.code !== 0 || !fits) throw new Error(`Lockstep, ${step}: ${round.stdout}${round.stderr}`);
          seconds.push(round.seconds);
        }
        return { first: seconds[0], noop: seconds[1], again: seconds[2] };
      } finally {
        workshop.signal.removeEventListener("abort", stop);
        await own.stopAll();
      }
    },
  };
}

function rsync(
  workshop: Workshop,
  program: string,
  route: RsyncRoute,
  base: string,
  source: string,
  fsync: boolean,
): Contender {
  const options = ["-aHAX", "--delete", ...(fsync ? ["--fsync"] : [])];
  return {
    name: route.label,
    durability: fsync ? "fsync" : "none",
    async run(number) {
      const target = `${route.label.replaceAll(" ", "-")}${fsync ? "-fsync" : ""}-${number}`;
      mkdirSync(join(base, target));
      const seconds: number[] = [];
      for (const step of ["first", "noop", "again"]) {
        const done = await workshop.run(program, [...options, ...route.arguments(source, target)]);
        if (done.code !== 0) throw new Error(`${route.label}, ${step}: ${done.stderr.trim()}`);
        seconds.push(done.seconds);
      }
      return { first: seconds[0], noop: seconds[1], again: seconds[2] };
    },
  };
}

async function contenders(workshop: Workshop, base: string, source: string, fsync: boolean): Promise<Contender[]> {
  const all = [lockstep(workshop, base, source, "none"), lockstep(workshop, base, source, "full")];
  const [program, sshd] = ["rsync", "sshd"].map(findProgram);
  const missing: string[] = [];
  if (program === undefined) missing.push("rsync");
  if (sshd === undefined) missing.push("openssh-server");
  if (missing.length > 0) console.log(`not measured for want of it: apt-get install ${missing.join(" ")}\n`);
  if (program === undefined) return all;
  const own = workshop.temporaryDirectory("lockstep-bench-servers");
  const routes = [await startDaemon(workshop, program, base, own)];
  if (sshd !== undefined) routes.push(await startSsh(workshop, sshd, base, own));
  for (const route of routes) {
    all.push(rsync(workshop, program, route, base, source, false));
    if (fsync) all.push(rsync(workshop, program, route, base, source, true));
  }
  return all;
}

function key(contender: Contender, what: string): string {
  return `${contender.name}, ${contender.durability}, ${what}`;
}

function table(all: readonly Contender[], samples: Samples): string {
  const cell = (contender: Contender, what: string): string => {
    const median = samples.median(key(contender, what));
    return median === undefined ? "" : `${median.toFixed(2)} (${samples.range(key(contender, what))})`;
  };
  /** How many times the time of plain rsync by that route. */
  const ratio = (contender: Contender, what: string, label: string): string => {
    const other = all.find((candidate) => candidate.name === label);
    const [a, b] = [contender, other].map((c) => (c === undefined ? undefined : samples.median(key(c, what))));
    return a === undefined || b === undefined ? "" : `${(a / b).toFixed(2)}×`;
  };
  const rows = all.map((contender) => [
    contender.name,
    contender.durability,
    ...["first", "noop", "again"].flatMap((what) => [
      cell(contender, what),
      ratio(contender, what, "rsync daemon"),
      ratio(contender, what, "rsync over ssh"),
    ]),
  ]);
  const against = ["/daemon", "/ssh"];
  const headings = ["tool", "durability", ...["first copy", "no-op", "no-op again"].flatMap((w) => [w, ...against])];
  return renderTable(headings, rows);
}

export async function run(workshop: Workshop, args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      files: { type: "string", default: "50000" },
      runs: { type: "string", default: "3" },
      fsync: { type: "boolean", default: false },
    },
  });
  const [files, runs] = [Number(values.files), Number(values.runs)];
  if (!(Number.isInteger(files) && files > 0 && Number.isInteger(runs) && runs > 0)) throw new Error(`usage: ${usage}`);

  const base = workshop.temporaryDirectory("lockstep-bench");
  const source = join(base, "source");
  const directories = Math.max(20, Math.round(files / FILES_PER_DIRECTORY));
  const { bytes } = generateTree(source, { files, directories, ...SIZES, seed: 1 });
  console.log(`${files} files of 1–16 KiB in ${directories} directories, ${formatBytes(bytes)}; ${runs} runs each\n`);
  const all = await contenders(workshop, base, source, values.fsync);
  const samples = new Samples();
  for (let number = 0; number < runs; number++) {
    for (let i = 0; i < all.length; i++) {
      // Another one begins each time.
      const contender = all[(i + number) % all.length];
      // What the run before left to be written is not this one's.
      await workshop.run("sync", []);
      const seconds = await contender.run(number);
      for (const [what, value] of Object.entries(seconds)) samples.add(key(contender, what), value);
      const shown = Object.values(seconds).map((value) => value.toFixed(2));
      console.log(`run ${number + 1}: ${contender.name} (${contender.durability}): ${shown.join(", ")} s`);
    }
  }
  console.log(`\nseconds of wall time, medians (smallest–largest), and times that of plain rsync:\n`);
  console.log(table(all, samples));
  console.log(`
durability: none = left to the system; full = one syncfs before each block's names are switched and one
at the end; fsync = rsync --fsync, each file by itself. "no-op again" is a second no-op: by then all of
Lockstep's digests are cached.`);
  return 0;
}
