import { lstatSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { LevelHashCache } from "../../src/store/hash-cache.ts";
import { createHasher } from "../../src/tree/hasher.ts";
import { countsOf, differences, dumpTree, Fleet, NO_CHANGES, writeTree } from "./mesh-harness.ts";

let fleet: Fleet;

test.before(async () => {
  fleet = await Fleet.start({
    hosts: { alpha: {}, beta: {}, delta: { roots: [] } },
    roots: {
      same: { comparison: ["delta"], master: "alpha", remotes: ["beta"] },
      empty: { comparison: ["delta"], master: "alpha", remotes: ["beta"] },
      forged: { comparison: ["delta"], master: "alpha", remotes: ["beta"] },
    },
  });
  await fleet.assign();
});

test.after.always(async () => {
  await fleet?.stop();
});

/** Gives both hosts the same files but for one, which differs in content only. */
async function driftUnseen(root: string): Promise<{ master: string; remote: string }> {
  const [master, remote] = [fleet.path("alpha", root), fleet.path("beta", root)];
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`d${i % 4}/file ${i}`, `content ${i}`]));
  writeTree(master, { ...files, "d1/victim": "the right content" });
  const sync = await fleet.run("sync", root);
  if (sync.exitCode !== 0) throw new Error(sync.stdout);
  const { atimeMs, mtimeMs } = lstatSync(join(master, "d1/victim"));
  // Whole milliseconds on both sides, as Node cannot set nanoseconds exactly.
  for (const tree of [master, remote]) {
    if (tree === remote) writeFileSync(join(tree, "d1/victim"), "the wrong content");
    utimesSync(join(tree, "d1/victim"), Math.trunc(atimeMs / 1000), Math.trunc(mtimeMs / 1000));
  }
  return { master, remote };
}

test.serial("other content behind the same size and mtime is found and repaired", async (t) => {
  const { master, remote } = await driftUnseen("same");
  const plan = await fleet.run("plan", "same");
  t.deepEqual(countsOf(plan.json.remotes["beta"]), { ...NO_CHANGES, updated: 1 });
  const sync = await fleet.run("sync", "same");
  t.is(sync.exitCode, 0, sync.stdout);
  t.deepEqual(countsOf(sync.json.remotes["beta"]), { ...NO_CHANGES, updated: 1 });
  t.is(differences(master, remote), "");
});

test.serial("a forged cache record fools plan, but not verify, which changes nothing", async (t) => {
  const { master, remote } = await driftUnseen("forged");
  t.is(await fleet.host("beta").end("SIGTERM"), 0);
  const stat = lstatSync(join(remote, "d1/victim"), { bigint: true });
  const second = 1_000_000_000n;
  const cache = await LevelHashCache.open(join(fleet.data("beta"), "cache"));
  await cache.store(
    {
      inodeLow: Uint32Array.of(Number(stat.ino & 0xffff_ffffn)),
      inodeHigh: Uint32Array.of(Number(stat.ino >> 32n)),
      // dev_t as glibc packs it; the key holds major and minor.
      device: Float64Array.of(
        Number(((stat.dev >> 8n) & 0xfffn) | ((stat.dev >> 32n) & ~0xfffn)) * 2 ** 32 +
          Number((stat.dev & 0xffn) | ((stat.dev >> 12n) & ~0xffn & 0xffff_ffffn)),
      ),
      size: Float64Array.of(Number(stat.size)),
      mtimeSec: Float64Array.of(Number(stat.mtimeNs / second)),
      mtimeNsec: Uint32Array.of(Number(stat.mtimeNs % second)),
      ctimeSec: Float64Array.of(Number(stat.ctimeNs / second)),
      ctimeNsec: Uint32Array.of(Number(stat.ctimeNs % second)),
    },
    { known: Uint8Array.of(1), digests: createHasher().hash(readFileSync(join(master, "d1/victim"))) },
  );
  await cache.close();
  await fleet.restart("beta");

  const plan = await fleet.run("plan", "forged");
  t.is(plan.exitCode, 0, plan.stdout);
  t.deepEqual(countsOf(plan.json.remotes["beta"]), NO_CHANGES, "the forgery was not believed: is its key right?");
  const before = dumpTree(remote);
  const verify = await fleet.run("verify", "forged");
  t.is(verify.exitCode, 3);
  t.deepEqual(
    verify.json.remotes["beta"].problems.map(({ path, code }) => [path, code]),
    [["d1/victim", "LOCKSTEP_DRIFT"]],
  );
  t.is(dumpTree(remote), before);
});

test.serial("empty files are mirrored, also when there is nothing else", async (t) => {
  const [master, remote] = [fleet.path("alpha", "empty"), fleet.path("beta", "empty")];
  writeTree(master, { empty: "", "directory/empty too": "" });
  const sync = await fleet.run("sync", "empty");
  t.is(sync.exitCode, 0, sync.stdout);
  t.is(differences(master, remote), "");
});
