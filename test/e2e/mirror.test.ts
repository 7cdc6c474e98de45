import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { editTree } from "../../scripts/tree/edit.ts";
import { generateTree } from "../../scripts/tree/generate.ts";
import { countsOf, differences, Fleet, isTidy, NO_CHANGES } from "./mesh-harness.ts";

const REMOTES = ["beta", "gamma", "epsilon"];
let fleet: Fleet;

// The comparison server, delta, has no root; one tree goes through all tests of this file in turn.
test.before(async () => {
  fleet = await Fleet.start({
    hosts: { alpha: {}, beta: {}, gamma: {}, epsilon: {}, delta: { roots: [] } },
    roots: { www: { comparison: ["delta"], master: "alpha", remotes: "*" } },
  });
  generateTree(fleet.path("alpha", "www"), { files: 2000, directories: 150, minBytes: 0, maxBytes: 8192, seed: 7 });
  await fleet.assign();
});

test.after.always(async () => {
  await fleet?.stop();
});

test.serial("plan of a first mirror names every entry and changes nothing", async (t) => {
  const plan = await fleet.run("plan", "www");
  t.is(plan.exitCode, 0);
  t.is(plan.json.outcome, "planned");
  for (const remote of REMOTES) {
    t.true(plan.json.remotes[remote].created > 2150);
    t.is(plan.json.remotes[remote].updated + plan.json.remotes[remote].deleted, 0);
    t.true(isTidy(fleet.path(remote, "www")));
  }
});

test.serial("a first sync makes three remotes equal to an odd tree, and hashes nothing to compare", async (t) => {
  const sync = await fleet.run("sync", "www");
  t.is(sync.exitCode, 0, sync.stdout);
  t.is(sync.json.outcome, "in-step");
  for (const remote of REMOTES) {
    t.is(differences(fleet.path("alpha", "www"), fleet.path(remote, "www")), "");
    t.is(sync.json.remotes[remote].checksummed, 0);
    t.deepEqual(sync.json.remotes[remote].problems, []);
    t.true(isTidy(fleet.path(remote, "www")));
  }
});

test.serial("a second sync reports no changes", async (t) => {
  const sync = await fleet.run("sync", "www");
  t.is(sync.exitCode, 0);
  for (const remote of REMOTES) {
    t.deepEqual(countsOf(sync.json.remotes[remote]), NO_CHANGES);
    t.is(sync.json.remotes[remote].bytesFromMaster, 0);
  }
});

test.serial("a plan of what is in step is empty, and so is verify", async (t) => {
  for (const command of ["plan", "verify"]) {
    const result = await fleet.run(command, "www");
    t.is(result.exitCode, 0, result.stdout);
    for (const remote of REMOTES) t.deepEqual(countsOf(result.json.remotes[remote]), NO_CHANGES);
  }
});

test.serial("plan counts edits exactly, sync carries them out with few bytes", async (t) => {
  const edits = editTree(fleet.path("alpha", "www"), { seed: 3 });
  const plan = await fleet.run("plan", "www");
  t.is(plan.exitCode, 0);
  const sync = await fleet.run("sync", "www");
  t.is(sync.exitCode, 0, sync.stdout);
  const { created, updated, deleted, attributes } = edits.expect;
  const bound = 1.05 * edits.changedBytes + 100 * (created + updated + deleted + attributes);
  for (const remote of REMOTES) {
    t.deepEqual(countsOf(plan.json.remotes[remote]), edits.expect);
    t.deepEqual(countsOf(sync.json.remotes[remote]), edits.expect);
    t.is(differences(fleet.path("alpha", "www"), fleet.path(remote, "www")), "");
    t.true(sync.json.remotes[remote].bytesFromMaster <= bound);
  }
});

test.serial("remotes that drifted in different ways come in step together", async (t) => {
  writeFileSync(join(fleet.path("beta", "www"), "only on beta"), "extra");
  rmSync(join(fleet.path("gamma", "www"), "deep"), { recursive: true });
  editTree(fleet.path("epsilon", "www"), { seed: 5 });
  const sync = await fleet.run("sync", "www");
  t.is(sync.exitCode, 0, sync.stdout);
  for (const remote of REMOTES) t.is(differences(fleet.path("alpha", "www"), fleet.path(remote, "www")), "");
  t.is(sync.json.remotes["beta"].deleted, 1);
  t.true(sync.json.remotes["gamma"].created > 0);
});
