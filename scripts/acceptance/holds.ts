/**
 * Shows what holds do, from outside, with real processes:
 *
 *     node --import=tsx scripts/acceptance/holds.ts [--flips 200] [--files 10000]
 *
 * - a reader opens the first and the last of 50 files while their group is flipped again and again:
 *   mixed pairs with `none`, with `mandatory` (at least a hundredth), and of readers that take locks
 *   with `advisory` (none at all); needs root for `mandatory`
 * - for how long a block of many files is held, by the report and by a probe outside (at most 0.5 s)
 *
 * Ends with 1 when something does not hold.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type CommandDocument, differences, Fleet, writeTree } from "../../test/e2e/mesh-harness.ts";

const COUNT = 50;
/** `none` must show so many mixed pairs, else it goes on. */
const ENOUGH_MIXED = 1000;
const { values } = parseArgs({ options: { flips: { type: "string" }, files: { type: "string" } } });
const flips = Number(values.flips ?? 200);
const files = Number(values.files ?? 10_000);
const fixture = (name: string): string => fileURLToPath(new URL(`../../test/fixtures/${name}`, import.meta.url));
let failed = false;

function shows(what: string, holds: boolean): void {
  console.log(`${holds ? "ok  " : "FAIL"}  ${what}`);
  if (!holds) failed = true;
}

async function startProbe(program: string, ...args: string[]): Promise<ChildProcess> {
  const child = spawn("python3", [fixture(program), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

async function stopProbe<T>(child: ChildProcess): Promise<T> {
  let text = "";
  child.stdout?.on("data", (data: Buffer) => {
    text += data.toString();
  });
  const closed = once(child, "close");
  child.kill("SIGTERM");
  await closed;
  return JSON.parse(text) as T;
}

const root = { comparison: ["delta"], master: "alpha", remotes: ["beta"], maxDelete: "100%" };
const large = { ...root, blockSize: { bytes: "1GiB", paths: 10_000 } };
const fleet = await Fleet.start({
  hosts: { alpha: {}, beta: {}, delta: { roots: [] } },
  roots: {
    none: { ...root, hold: "none" },
    advisory: { ...root, hold: "advisory" },
    mandatory: { ...root, hold: "mandatory" },
    "large-advisory": { ...large, hold: "advisory" },
    "large-mandatory": { ...large, hold: "mandatory" },
  },
});

async function sync(name: string): Promise<CommandDocument["remotes"][string]> {
  const result = await fleet.run("sync", name);
  if (result.exitCode !== 0) throw new Error(`sync ${name}: exit ${result.exitCode}\n${result.stdout}${result.stderr}`);
  return result.json.remotes["beta"];
}

const named = (i: number): string => String(i).padStart(3, "0");

function generation(k: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: COUNT }, (_, i) => [named(i), `${k}\n`.repeat(500)]));
}

interface Seen {
  pairs: number;
  mixed: number;
  partial: number;
  older: number;
  denied: number;
}

async function flip(name: string, how: "plain" | "flock", enough: number): Promise<Seen & { flips: number }> {
  const [master, remote] = [fleet.path("alpha", name), fleet.path("beta", name)];
  writeTree(master, generation(0));
  await sync(name);
  const total: Seen = { pairs: 0, mixed: 0, partial: 0, older: 0, denied: 0 };
  let k = 0;
  while (k < flips || total.mixed < enough) {
    const reader = await startProbe("pair-reader.py", how, remote, String(COUNT));
    for (let i = 0; i < flips; i++) {
      writeTree(master, generation(++k));
      await sync(name);
    }
    const seen = await stopProbe<Seen>(reader);
    for (const key of Object.keys(total) as (keyof Seen)[]) total[key] += seen[key];
  }
  if (differences(master, remote) !== "") throw new Error(`${name}: the trees differ`);
  console.log(`      ${name}: ${k} flips, ${JSON.stringify(total)}`);
  return { ...total, flips: k };
}

async function largeBlock(level: "advisory" | "mandatory"): Promise<void> {
  const name = `large-${level}`;
  const [master, remote] = [fleet.path("alpha", name), fleet.path("beta", name)];
  const tree = (k: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: files }, (_, i) => [`d/${named(i)}`, `${k} ${i}\n`]));
  writeTree(master, tree(0));
  await sync(name);
  for (const at of [0, files - 1]) {
    writeTree(master, tree(at + 1));
    const probe = await startProbe(
      "hold-probe.py",
      level === "advisory" ? "flock" : "open",
      `${remote}/d/${named(at)}`,
    );
    const { hold } = await sync(name);
    const probed = await stopProbe<number>(probe);
    if (hold === undefined) throw new Error("no hold in the report");
    console.log(
      `      ${name}, file ${at}: ${hold.files} files in ${hold.blocks} blocks, held for ${hold.longestMs.toFixed(0)} ms; ` +
        `a probe waited ${probed.toFixed(0)} ms (${hold.waiters} waiters, ${hold.denied} refused)`,
    );
    shows(`${level}: a block of ${hold.files} files is held for at most 500 ms`, hold.longestMs <= 500);
    // What comes before and after within the probe's own open is not the hold's.
    shows(`${level}: the probe saw no more than the report says`, probed <= hold.longestMs + 50);
    shows(`${level}: the probe saw the hold`, probed > 0.3 * hold.longestMs);
  }
}

try {
  await fleet.assign();
  const none = await flip("none", "plain", ENOUGH_MIXED);
  const mandatory = await flip("mandatory", "plain", 0);
  const advisory = await flip("advisory", "flock", 0);
  shows(`none: ${none.mixed} mixed pairs in ${none.flips} flips`, none.mixed >= ENOUGH_MIXED);
  const rate = (seen: Seen & { flips: number }): number => seen.mixed / seen.flips;
  shows(`mandatory: ${mandatory.mixed} mixed pairs, at most a hundredth`, 100 * rate(mandatory) <= rate(none));
  shows("mandatory: nothing older after something newer of a name", mandatory.older === 0);
  shows("advisory: no mixed pair of readers that take locks", advisory.mixed === 0);
  shows("nobody reads a partial file", none.partial + mandatory.partial + advisory.partial === 0);
  await largeBlock("advisory");
  await largeBlock("mandatory");
} finally {
  await fleet.stop();
}
process.exitCode = failed ? 1 : 0;
