/**
 * The acceptance lines for a large tree, by hand:
 *
 *   node --import=tsx scripts/acceptance/large-tree.ts [--files 50000] [--directories 3000] [--seed 1]
 *
 * 50,000 files of 1–16 KiB with odd names, links, modes, owners and times go to three remotes through
 * a comparison server without a root; then 1% edits, 0.5% adds, 0.5% deletes, a renamed top directory
 * and 5% mode or time changes. Exits with 0 when every line holds. Owners need root.
 */
import { parseArgs } from "node:util";
import {
  type CommandResult,
  countsOf,
  differences,
  Fleet,
  isTidy,
  NO_CHANGES,
  type RemoteResult,
} from "../../test/e2e/mesh-harness.ts";
import { editTree } from "../tree/edit.ts";
import { generateTree } from "../tree/generate.ts";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "50000" },
    directories: { type: "string", default: "3000" },
    seed: { type: "string", default: "1" },
  },
});
const REMOTES = ["beta", "gamma", "epsilon"];

interface Row {
  readonly step: string;
  readonly seconds: number;
  readonly holds: boolean;
  readonly seen: string;
}
const rows: Row[] = [];

/** Does one step and checks what it must show; `check` returns what is wrong, nothing when all is well. */
async function step<T>(name: string, act: () => Promise<T> | T, check: (result: T) => string[]): Promise<T> {
  const from = performance.now();
  const result = await act();
  const seconds = (performance.now() - from) / 1000;
  const wrong = check(result);
  rows.push({ step: name, seconds, holds: wrong.length === 0, seen: wrong.join("; ").slice(0, 400) });
  console.error(
    `${name}: ${seconds.toFixed(1)} s${wrong.length === 0 ? "" : `, NOT AS IT MUST BE: ${wrong.join("; ")}`}`,
  );
  return result;
}

function ended(result: CommandResult): string[] {
  if (result.exitCode === 0) return [];
  return [`exit ${result.exitCode}: ${(result.stdout + result.stderr).slice(0, 300)}`];
}

function onEach(result: CommandResult, check: (remote: RemoteResult, name: string) => string | undefined): string[] {
  return REMOTES.flatMap((name) => {
    const wrong = check(result.json.remotes[name], name);
    return wrong === undefined ? [] : [`${name}: ${wrong}`];
  });
}

function hasCounts(result: CommandResult, expected: object): string[] {
  const wanted = JSON.stringify(expected);
  return onEach(result, (remote) => {
    const counts = JSON.stringify(countsOf(remote));
    return counts === wanted ? undefined : `${counts} instead of ${wanted}`;
  });
}

function walk(fleet: Fleet): string[] {
  const master = fleet.path("alpha", "www");
  return REMOTES.flatMap((name) => {
    const found = differences(master, fleet.path(name, "www"));
    const tidy = isTidy(fleet.path(name, "www")) ? [] : [`${name}: .lockstep is left`];
    return found === "" ? tidy : [...tidy, `${name}: ${found.slice(0, 200)}`];
  });
}

async function run(fleet: Fleet): Promise<void> {
  const master = fleet.path("alpha", "www");
  const [files, directories, seed] = [values.files, values.directories, values.seed].map(Number);
  const tree = await step(
    "generate",
    () => generateTree(master, { files, directories, minBytes: 1024, maxBytes: 16_384, seed }),
    () => [],
  );
  console.error(JSON.stringify(tree));
  await fleet.assign();
  const sync = (): Promise<CommandResult> => fleet.run("sync", "www");
  const plan = (): Promise<CommandResult> => fleet.run("plan", "www");
  const walked = (): string[] => walk(fleet);
  const asFound = (wrong: string[]): string[] => wrong;

  await step("first sync to 3 remotes", sync, (result) => [
    ...ended(result),
    ...onEach(result, ({ checksummed }) => (checksummed === 0 ? undefined : `${checksummed} checksummed`)),
  ]);
  await step("walk: all equal", walked, asFound);
  await step("second sync: no changes", sync, (result) => [...ended(result), ...hasCounts(result, NO_CHANGES)]);
  await step("plan: empty", plan, (result) => [...ended(result), ...hasCounts(result, NO_CHANGES)]);
  const edits = await step(
    "edit the master",
    () => editTree(master, { seed: seed + 1 }),
    () => [],
  );
  console.error(JSON.stringify(edits));
  await step("plan: exact counts", plan, (result) => [...ended(result), ...hasCounts(result, edits.expect)]);
  const paths = Object.values(edits.expect).reduce((sum, count) => sum + count, 0);
  const bound = 1.05 * edits.changedBytes + 100 * paths;
  await step("sync: exact counts, few bytes", sync, (result) => [
    ...ended(result),
    ...hasCounts(result, edits.expect),
    ...onEach(result, ({ bytesFromMaster }) =>
      bytesFromMaster <= bound ? undefined : `${bytesFromMaster} bytes from the master, more than ${Math.floor(bound)}`,
    ),
  ]);
  await step("walk: all equal", walked, asFound);
  await step("sync: no changes", sync, (result) => [...ended(result), ...hasCounts(result, NO_CHANGES)]);
  await step("verify: no drift", () => fleet.run("verify", "www"), ended);
}

const fleet = await Fleet.start({
  hosts: { alpha: {}, beta: {}, gamma: {}, epsilon: {}, delta: { roots: [] } },
  roots: { www: { comparison: ["delta"], master: "alpha", remotes: "*" } },
});
const interrupted = (): void => void fleet.stop().finally(() => process.exit(130));
process.on("SIGINT", interrupted);
process.on("SIGTERM", interrupted);
try {
  await run(fleet);
} finally {
  await fleet.stop();
}
const width = Math.max(...rows.map((row) => row.step.length));
for (const { step: name, seconds, holds, seen } of rows) {
  console.log(`${name.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s  ${holds ? "holds" : `FAILS  ${seen}`}`);
}
process.exitCode = rows.every((row) => row.holds) ? 0 : 1;
