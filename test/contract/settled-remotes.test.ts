/** A remote that is in step with the master while the round goes on for others: real hosts in this process. */
import { readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import type { RoundReport } from "../../src/model/report.ts";
import { type LocalFleet, order, startFleet } from "../fixtures/fleet-in-process.ts";

const MASTER = 0;
const SETTLED = 1;
const COPYING = 2;
const FILES = 200;
/** As long as content must be at rest before its checksum is kept, and a little more. */
const AT_REST_MS = 2_500;
/** The same time whenever a file is written. */
const A_TIME = new Date(1_600_000_000_000);

function write(root: string, name: string, content: string): void {
  writeFileSync(join(root, name), content);
  utimesSync(join(root, name), A_TIME, A_TIME);
}

const read = (fleet: LocalFleet, host: number, name = "a"): string =>
  readFileSync(join(fleet.root(host), name), "utf8");

/** A fleet in which one remote has everything, and another is about to copy many files. */
async function startHalf(t: ExecutionContext): Promise<LocalFleet> {
  t.timeout(120_000);
  const fleet = await startFleet(t, 3);
  write(fleet.root(MASTER), "a", "old");
  for (let i = 0; i < FILES; i++) write(fleet.root(MASTER), `f${i}`, `x${i}`);
  await sleep(AT_REST_MS);
  await fleet.assign(1, MASTER, MASTER, [SETTLED]);
  t.is((await fleet.sync(MASTER)).outcome, "in-step");
  await fleet.assign(2, MASTER, MASTER, [SETTLED, COPYING]);
  return fleet;
}

/** Syncs in many blocks, and does something as soon as some of them are done on the remote that copies. */
function syncWhile(fleet: LocalFleet, meanwhile: () => void): Promise<RoundReport> {
  let done = false;
  return fleet.round(MASTER, order("sync", { blockPaths: 2 }), (event) => {
    if (done || event.kind !== "progress" || event.blocksDone < 3) return;
    done = true;
    meanwhile();
  });
}

test("what changes on the master while another remote copies comes to the settled one too", async (t) => {
  const fleet = await startHalf(t);
  const { outcome, remotes } = await syncWhile(fleet, () => write(fleet.root(MASTER), "a", "changed meanwhile"));
  t.is(outcome, "in-step");
  t.is(read(fleet, SETTLED), "changed meanwhile");
  t.is(read(fleet, COPYING), "changed meanwhile");
  const { updated, resynced, resyncedPaths } = remotes["host-1"];
  t.deepEqual({ updated, resynced, resyncedPaths }, { updated: 1, resynced: 1, resyncedPaths: ["a"] });
  t.is(remotes["host-2"].created, FILES + 1);
});

test("so does content of which the master's list shows nothing", async (t) => {
  const fleet = await startHalf(t);
  const { outcome } = await syncWhile(fleet, () => write(fleet.root(MASTER), "a", "new"));
  t.is(outcome, "in-step");
  t.is(read(fleet, SETTLED), "new");
});

test("a settled remote is not listed again when nothing has changed on the master", async (t) => {
  const fleet = await startHalf(t);
  // Which a second list would find, and put right.
  const { outcome, remotes } = await syncWhile(fleet, () => write(fleet.root(SETTLED), "a", "changed here"));
  t.is(outcome, "in-step");
  t.is(remotes["host-1"].updated, 0);
  t.is(read(fleet, SETTLED), "changed here");
});

test("a remote that is settled no more is refused by its guard like any other", async (t) => {
  const fleet = await startHalf(t);
  const { outcome, remotes } = await syncWhile(fleet, () => {
    for (let i = 0; i < FILES; i++) rmSync(join(fleet.root(MASTER), `f${i}`));
  });
  t.is(outcome, "failed");
  t.is(remotes["host-1"].outcome, "failed");
  t.is(remotes["host-1"].problems[0].code, "LOCKSTEP_DELETE_GUARD");
  t.is(read(fleet, SETTLED, "f0"), "x0");
  // One that was changed before is told why it goes no further too.
  t.is(remotes["host-2"].outcome, "problems");
  const { path, code } = remotes["host-2"].problems[0];
  t.deepEqual([path, code], ["", "LOCKSTEP_DELETE_GUARD"]);
});

test("a master that changes in every pass leaves nobody in step", async (t) => {
  const fleet = await startHalf(t);
  let pass = 0;
  let generation = 0;
  const before = new Map<string, number>();
  const latest = new Map<string, number>();
  const report = await fleet.round(MASTER, order("sync", { blockPaths: 2 }), (event) => {
    if (event.kind === "phase" && event.phase === "update") {
      pass = event.pass;
      for (const [name, blocks] of latest) before.set(name, blocks);
    }
    if (event.kind !== "progress") return;
    latest.set(event.remote, event.blocksDone);
    const working = pass === 0 ? ["host-2"] : ["host-1", "host-2"];
    // The first block, which holds the file, is done on all of them.
    const isDone = working.every((name) => (latest.get(name) ?? 0) > (before.get(name) ?? 0));
    if (!isDone || generation > pass) return;
    generation = pass + 1;
    write(fleet.root(MASTER), "a", `generation ${generation}`);
    for (let i = 0; i < FILES; i++) write(fleet.root(MASTER), `f${i}`, `x${i} of ${generation}`);
  });
  t.is(generation, 3, "it changed in every pass");
  for (const name of ["host-1", "host-2"]) {
    const { outcome, problems } = report.remotes[name];
    t.is(outcome, "problems", name);
    // What was just being fetched when it changed has another code.
    t.true(
      problems.some(({ path }) => path === "a"),
      name,
    );
  }
});
