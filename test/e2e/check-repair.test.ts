/** What happens to files of a remote right after their switch is found in the same round, and put right. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { differences, Fleet, IS_ROOT, isTidy, writeTree } from "./mesh-harness.ts";

const SABOTEUR = fileURLToPath(new URL("../fixtures/saboteur.py", import.meta.url));
const LOWLY = 12345;
let fleet: Fleet | undefined;

test.before(async () => {
  const root = { comparison: ["delta"], master: "alpha", remotes: ["beta"], maxDelete: "100%" };
  fleet = await Fleet.start({
    hosts: {
      alpha: { roots: ["once", "always", "whole"] },
      beta: {},
      delta: { roots: [] },
      ...(IS_ROOT ? { lowly: { roots: ["blocks"], uid: LOWLY } } : {}),
    },
    roots: {
      // So that the round goes on for a while after the first switches.
      once: { ...root, blockSize: { paths: 20 } },
      always: root,
      whole: root,
      blocks: { ...root, master: IS_ROOT ? "lowly" : "alpha", blockSize: { paths: 1 } },
    },
  });
  await fleet.assign();
});

test.after.always(async () => {
  await fleet?.stop();
});

function theFleet(): Fleet {
  if (fleet === undefined) throw new Error("no fleet");
  return fleet;
}

async function sabotage(...args: string[]): Promise<ChildProcess> {
  const child = spawn("python3", [SABOTEUR, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

function generation(count: number, of: string): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`d/${String(i).padStart(4, "0")}`, `${of} ${i}\n`]),
  );
}

test.serial(
  "what is changed on a remote right after its switch is named, and repaired in the same round",
  async (t) => {
    const [master, remote] = [theFleet().path("alpha", "once"), theFleet().path("beta", "once")];
    writeTree(master, generation(400, "first"));
    t.is((await theFleet().run("sync", "once")).exitCode, 0);
    writeTree(master, generation(400, "second"));
    const spoiled = ["d/0000", "d/0001", "d/0002", "d/0003"];
    const deeds = ["overwrite", "truncate", "chmod", "delete"].map((action, i) => `${action}=${spoiled[i]}`);
    const saboteur = await sabotage("once", remote, ...deeds);
    try {
      const sync = await theFleet().run("sync", "once");
      t.is(sync.exitCode, 0, sync.stdout);
      const report = sync.json.remotes["beta"];
      t.is(report.outcome, "in-step");
      t.is(report.inconsistent, 4, sync.stdout);
      t.is(report.resynced, 4);
      t.deepEqual(report.resyncedPaths, spoiled);
      t.is(report.updated + report.created + report.attributes, 404);
      t.is(differences(master, remote), "");
    } finally {
      saboteur.kill("SIGKILL");
    }
  },
);

test.serial("what is changed after every switch is given up after some passes, by name", async (t) => {
  const [master, remote] = [theFleet().path("alpha", "always"), theFleet().path("beta", "always")];
  writeTree(master, generation(40, "first"));
  t.is((await theFleet().run("sync", "always")).exitCode, 0);
  writeTree(master, generation(40, "second"));
  const saboteur = await sabotage("always", remote, "overwrite=d/0007");
  try {
    const sync = await theFleet().run("sync", "always");
    t.is(sync.exitCode, 3, sync.stdout);
    const report = sync.json.remotes["beta"];
    t.deepEqual(
      report.problems.map(({ path, code }) => ({ path, code })),
      [{ path: "d/0007", code: "LOCKSTEP_NOT_IN_STEP" }],
    );
    t.is(differences(master, remote, { ignore: ["/d/0007"] }), "");
  } finally {
    saboteur.kill("SIGKILL");
  }
  const after = await theFleet().run("sync", "always");
  t.is(after.exitCode, 0, after.stdout);
  t.is(differences(master, remote), "");
});

test.serial("verify finds what was changed behind the cache's back", async (t) => {
  const [master, remote] = [theFleet().path("alpha", "whole"), theFleet().path("beta", "whole")];
  writeTree(master, generation(10, "first"));
  t.is((await theFleet().run("sync", "whole")).exitCode, 0);
  writeTree(remote, { "d/0003": "drift 3\n" });
  const verify = await theFleet().run("verify", "whole");
  t.is(verify.exitCode, 3);
  t.deepEqual(
    verify.json.remotes["beta"].problems.map(({ path, code }) => ({ path, code })),
    [{ path: "d/0003", code: "LOCKSTEP_DRIFT" }],
  );
});

(IS_ROOT ? test.serial : test.serial.skip)("of a thousand blocks one fails, and the others are finished", async (t) => {
  const [master, remote] = [theFleet().path("lowly", "blocks"), theFleet().path("beta", "blocks")];
  writeTree(master, generation(999, "first"));
  // Its own master cannot read it: the node there runs as another user.
  chownSync(join(master, "d/0500"), 0, 0);
  chmodSync(join(master, "d/0500"), 0o600);
  const sync = await theFleet().run("sync", "blocks");
  t.is(sync.exitCode, 3, sync.stdout);
  const report = sync.json.remotes["beta"];
  t.deepEqual(
    report.problems.map(({ path, code }) => ({ path, code })),
    [{ path: "d/0500", code: "LOCKSTEP_SOURCE_UNREADABLE" }],
  );
  t.is(report.fileBlocks, 1000, "998 of files, one of their directory, one of the root");
  t.is(differences(master, remote, { ignore: ["/d/0500"] }), "");
  t.true(isTidy(remote));
});
