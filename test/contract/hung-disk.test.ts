import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { WHOLE_ROOT } from "../../src/model/classification.ts";
import { pathFromText } from "../../src/model/path.ts";
import type { Tree } from "../../src/ports/tree.ts";
import { importCompiled } from "../fixtures/compiled-source.ts";
import { startFleet } from "../fixtures/fleet-in-process.ts";
import { CAN_BIND, hangingDisk } from "../fixtures/hanging-disk.ts";
import { MemoryHashCache } from "../fixtures/memory-hash-cache.ts";
import { openPaths } from "../fixtures/open-paths.ts";
import { MemoryJournal } from "../fixtures/sync-trees.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

const { openTree } = await importCompiled<typeof import("../../src/tree/open-tree.ts")>("src/tree/open-tree.ts");

const onHanging = CAN_BIND ? test : test.skip;
const SCAN = { classification: WHOLE_ROOT, now: Date.now(), fresh: false, isSource: false };

function treeOn(t: ExecutionContext, path: string, patienceMs: number): Tree {
  const tree = openTree("www", path, { cache: new MemoryHashCache(), journal: new MemoryJournal() }, [], patienceMs);
  // The threads of a tree do not keep the process alive by themselves.
  const alive = setInterval(() => undefined, 60_000);
  t.teardown(async () => {
    await tree.close();
    clearInterval(alive);
  });
  return tree;
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(100);
    }
  }
}

onHanging(
  "of a disk that hangs nothing more is asked, and nothing of what was asked is done when it answers",
  async (t) => {
    const path = join(tempDirectory(t), "www");
    mkdirSync(path);
    const tree = treeOn(t, path, 1_000);
    const disk = await hangingDisk(t, path);
    writeFileSync(join(disk.behind, "kept"), "1");
    const round = tree.begin();
    await round.scan(SCAN);
    await round.prepare({ delete: true, deletions: 1, durability: "none", hold: "none" });
    disk.hang();
    const code = { code: "LOCKSTEP_DISK_HUNG" };
    await Promise.all([
      t.throwsAsync(round.freeBytes(), code),
      t.throwsAsync(round.delete([pathFromText("kept")]), code),
    ]);
    t.true(tree.stalledMs >= 1_000);
    const before = performance.now();
    await t.throwsAsync(tree.begin().scan(SCAN), code);
    t.true(performance.now() - before < 900, "it is not waited for once more");
    disk.goOn();
    // What the thread had open is closed without another round, and its locks are gone.
    await eventually(async () => {
      const left = openPaths().filter((open) => open.startsWith(path));
      if (left.length > 0) throw new Error(left.join());
    });
    const next = tree.begin();
    t.is((await next.scan(SCAN)).entries, 1);
    await next.close(true);
    t.is(tree.stalledMs, 0);
    t.true(existsSync(join(disk.behind, "kept")));
  },
);

onHanging("a remote whose disk hangs is given up, told of, and brought in step later", async (t) => {
  const fleet = await startFleet(t, 3, [], { diskPatienceMs: 2_000 });
  const disk = await hangingDisk(t, fleet.root(2));
  await fleet.assign(1, 0, 0, [1, 2]);
  writeFileSync(join(fleet.root(0), "a"), "1");
  t.is((await fleet.sync(0)).outcome, "in-step");
  writeFileSync(join(fleet.root(0), "b"), "2");
  disk.hang();
  const { remotes } = await fleet.sync(0);
  t.deepEqual(
    Object.entries(remotes).map(([host, { outcome, problems }]) => [host, outcome, problems[0]?.code]),
    [
      ["host-1", "in-step", undefined],
      ["host-2", "failed", "LOCKSTEP_DISK_HUNG"],
    ],
  );
  t.true(existsSync(join(fleet.root(1), "b")));
  const status = await fleet.station.status(fleet.hosts[2], AbortSignal.timeout(10_000));
  t.true(status.roots[0].stalledMs >= 2_000);
  disk.goOn();
  await eventually(async () => {
    const { outcome } = await fleet.sync(0);
    if (outcome !== "in-step") throw new Error(outcome);
  });
  t.true(existsSync(join(disk.behind, "b")));
});

onHanging("a node whose disk hangs can be stopped", async (t) => {
  const path = join(tempDirectory(t), "www");
  mkdirSync(path);
  const tree = openTree("www", path, { cache: new MemoryHashCache(), journal: new MemoryJournal() }, [], 1_000);
  const disk = await hangingDisk(t, path);
  await tree.begin().scan(SCAN);
  disk.hang();
  tree
    .begin()
    .scan(SCAN)
    .catch(() => undefined);
  await sleep(100);
  await tree.close();
  t.pass();
});
