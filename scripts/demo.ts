/**
 * demo.ts [DIRECTORY]
 *
 * Lockstep's main job, from end to end on this machine: a master, a comparison server and three
 * remotes as processes; a first sync, a change, a second sync, a no-op, a verify, and an
 * independent walk over all trees. DIRECTORY (by default the project's node_modules) is copied, not
 * touched; beside the copy lies a seeded tree, which is the part that changes.
 */
import { mkdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { renderTable } from "../node/render/table.ts";
import { formatBytes } from "../node/render/units.ts";
import { type LocalMesh, type Round, rootOf, startLocalMesh } from "./mesh/local-mesh.ts";
import { compareTrees } from "./mesh/walk.ts";
import { inWorkshop, type Workshop } from "./mesh/workshop.ts";
import { type EditSummary, editTree } from "./tree/edit.ts";
import { generateTree } from "./tree/generate.ts";

const REMOTES = 3;
const SEEDED = { files: 3000, directories: 300, minBytes: 1024, maxBytes: 16_384, seed: 1 };
const EDIT = { seed: 2, edit: 0.01, add: 0.01, remove: 0.01, touch: 0.05 };

type Expected = Readonly<EditSummary["expect"]>;
const NOTHING: Expected = { created: 0, updated: 0, deleted: 0, attributes: 0 };

class Demo {
  readonly #rows: string[][] = [];
  readonly #faults: string[] = [];

  fault(text: string): void {
    this.#faults.push(text);
    console.log(`  ! ${text}`);
  }

  /** Runs a round and checks what it reports. */
  async round(mesh: LocalMesh, step: string, mode: "plan" | "sync" | "verify", expected?: Expected): Promise<void> {
    const round = await mesh.round(mode);
    console.log(`${step}: ${round.report.outcome} (${round.seconds.toFixed(1)} s)`);
    this.#check(step, round, mode === "plan" ? "planned" : "in-step", expected);
    for (const [i, [name, remote]] of Object.entries(round.report.remotes).entries()) {
      this.#rows.push([
        i === 0 ? step : "",
        i === 0 ? round.seconds.toFixed(2) : "",
        name,
        remote.outcome,
        ...[remote.created, remote.updated, remote.deleted, remote.attributes].map(String),
        formatBytes(remote.bytesFromMaster),
      ]);
    }
  }

  #check(step: string, round: Round, outcome: string, expected: Expected | undefined): void {
    const { report, code, stderr } = round;
    if (code !== 0) this.fault(`${step}: exit code ${code} ${report.error?.message ?? stderr.trim()}`);
    if (Object.keys(report.remotes).length !== REMOTES) this.fault(`${step}: not all remotes are reported`);
    for (const [name, remote] of Object.entries(report.remotes)) {
      if (remote.outcome !== outcome) this.fault(`${step}: ${name} is ${remote.outcome}, not ${outcome}`);
      for (const { path, code: why, message } of remote.problems.slice(0, 3)) {
        this.fault(`${step}: ${name}: ${path} ${message} [${why}]`);
      }
      for (const key of expected === undefined ? [] : (Object.keys(expected) as (keyof Expected)[])) {
        if (remote[key] === expected?.[key]) continue;
        this.fault(`${step}: ${name} reports ${key} ${remote[key]}; the edits were ${expected?.[key]}`);
      }
    }
  }

  walk(mesh: LocalMesh, step: string): void {
    const started = performance.now();
    const roots = mesh.remotes.map((host) => host.root as string);
    const { paths, differences } = compareTrees(mesh.master.root as string, roots);
    const seconds = (performance.now() - started) / 1000;
    for (const [root, off] of differences) this.fault(`${step}: ${root} differs: ${off.join(", ")}`);
    const verdict = differences.size === 0 ? `${paths} paths equal` : "different";
    console.log(`${step}: ${verdict} (${seconds.toFixed(1)} s)`);
    this.#rows.push([step, seconds.toFixed(2), "all", verdict, "", "", "", "", ""]);
  }

  /** Prints the table; the exit code. */
  finish(): number {
    const headings = [
      "step",
      "seconds",
      "remote",
      "outcome",
      "created",
      "updated",
      "deleted",
      "attributes",
      "from master",
    ];
    console.log(`\n${renderTable(headings, this.#rows)}\n`);
    if (this.#faults.length === 0) {
      console.log(`All ${REMOTES} remotes are exactly equal to the master.`);
      return 0;
    }
    console.log(`Something was off:\n${this.#faults.map((fault) => `  ${fault}`).join("\n")}`);
    return 1;
  }
}

async function run(workshop: Workshop, source: string): Promise<number> {
  if (!statSync(source, { throwIfNoEntry: false })?.isDirectory()) throw new Error(`${source} is not a directory`);
  const directory = workshop.temporaryDirectory("lockstep-demo");
  const root = rootOf(directory, "master");
  const seeded = join(root, "seeded");
  mkdirSync(seeded, { recursive: true });
  const { files, bytes } = generateTree(seeded, SEEDED);
  console.log(`master's tree: ${files} seeded files (${formatBytes(bytes)}) and a copy of ${source}`);
  const copy = await workshop.run("cp", ["-a", "--", source, join(root, `copy of ${basename(source)}`)]);
  if (copy.code !== 0) throw new Error(`cannot copy ${source}: ${copy.stderr.trim().split("\n")[0]}`);

  const started = performance.now();
  const mesh = await startLocalMesh(workshop, directory, { remotes: REMOTES, durability: "full" });
  console.log(`fleet started: master, comparison server, ${REMOTES} remotes (${secondsSince(started)} s)\n`);
  const demo = new Demo();
  await demo.round(mesh, "first sync", "sync");
  const edits = editTree(seeded, EDIT);
  console.log(
    `master changed: ${edits.edited} files edited, ${edits.added} added, ${edits.removed} removed, ` +
      `${edits.touched} modes or times, a directory of ${edits.renamed} paths renamed`,
  );
  await demo.round(mesh, "plan", "plan", edits.expect);
  await demo.round(mesh, "second sync", "sync", edits.expect);
  await demo.round(mesh, "no-op sync", "sync", NOTHING);
  await demo.round(mesh, "verify", "verify", NOTHING);
  demo.walk(mesh, "own walk");
  return demo.finish();
}

function secondsSince(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(1);
}

const args = process.argv.slice(2);
if (args.length > 1 || args[0]?.startsWith("-")) {
  console.error("usage: demo.ts [DIRECTORY]");
  process.exitCode = 2;
} else {
  const source = resolve(args[0] ?? fileURLToPath(new URL("../node_modules", import.meta.url)));
  await inWorkshop((workshop) => run(workshop, source));
}
