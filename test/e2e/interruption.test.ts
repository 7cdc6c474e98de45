import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { differences, Fleet, isTidy, portIsFree, until, writeTree } from "./mesh-harness.ts";

const NAMES = ["killed", "busy", "interrupted", "served"];
const MIB = 1 << 20;
/** More than two file blocks, so that a round has a middle. */
const FILES = 80;
let fleet: Fleet;

test.before(async () => {
  fleet = await Fleet.start({
    hosts: { alpha: {}, beta: {}, gamma: { roots: ["killed"] }, delta: { roots: [] } },
    roots: Object.fromEntries(
      NAMES.map((name) => [
        name,
        { comparison: ["delta"], master: "alpha", remotes: name === "killed" ? ["beta", "gamma"] : ["beta"] },
      ]),
    ),
  });
  await fleet.assign();
});

test.after.always(async () => {
  await fleet?.stop();
});

const nameOf = (i: number): string => `directory ${i % 8}/file ${i}`;

function fill(root: string, generation: string, bytes = 2 * MIB): void {
  for (let i = 0; i < FILES; i++) {
    const line = `${generation} of file ${i}\n`;
    writeTree(root, { [nameOf(i)]: line.repeat(Math.ceil(bytes / line.length)) });
  }
}

const digest = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");
const digests = (root: string): string[] => Array.from({ length: FILES }, (_, i) => digest(join(root, nameOf(i))));

/** Waits until the remote has staged something of the round that runs. */
function staged(root: string): Promise<void> {
  const area = join(root, ".lockstep");
  return until(() => {
    try {
      return readdirSync(area).length > 0;
    } catch {
      return false;
    }
  }, `${root} stages`);
}

test.serial("a remote killed in the middle of a sync holds old or new files only, and catches up", async (t) => {
  const [alpha, beta, gamma] = ["alpha", "beta", "gamma"].map((host) => fleet.path(host, "killed"));
  fill(alpha, "old");
  t.is((await fleet.run("sync", "killed")).exitCode, 0);
  const old = digests(alpha);
  fill(alpha, "new and longer");
  const fresh = digests(alpha);

  const sync = fleet.begin("sync", "killed");
  let ended = false;
  void sync.finished.finally(() => {
    ended = true;
  });
  // Until the first block has been switched, every file that is looked at must be whole.
  let looks = 0;
  const sizes = [0, FILES - 1].map((i) => lstatSync(join(beta, nameOf(i))).size);
  await until(() => {
    const i = looks++ % FILES;
    const found = digest(join(beta, nameOf(i)));
    if (found !== old[i] && found !== fresh[i]) t.fail(`${nameOf(i)} is neither old nor new`);
    return ended || lstatSync(join(beta, nameOf(0))).size !== sizes[0];
  }, "a block is switched");
  t.false(ended, "the sync was over before anything was seen of it");
  await fleet.kill("beta");

  const result = await sync.finished;
  t.is(result.exitCode, 3, result.stdout);
  t.is(result.json.remotes["beta"].outcome, "failed");
  t.regex(result.json.remotes["beta"].problems[0].code, /^LOCKSTEP_(HOST_UNREACHABLE|PEER_GONE)$/);
  t.is(result.json.remotes["gamma"].outcome, "in-step");
  t.is(differences(alpha, gamma), "");
  const left = digests(beta);
  const torn = left.filter((found, i) => found !== old[i] && found !== fresh[i]);
  t.deepEqual(torn, []);
  t.log(`killed with ${left.filter((found, i) => found === fresh[i]).length} of ${FILES} files switched`);

  await fleet.restart("beta");
  const again = await fleet.run("sync", "killed");
  t.is(again.exitCode, 0, again.stdout);
  t.is(differences(alpha, beta), "");
  t.true(isTidy(beta));
});

/** Stops the remote's process while it stages, does something, and lets it go on. */
async function whileStaging<T>(
  t: ExecutionContext,
  root: string,
  act: (sync: ReturnType<Fleet["begin"]>) => Promise<T>,
): Promise<{ result: Awaited<ReturnType<Fleet["run"]>>; acted: T }> {
  fill(fleet.path("alpha", root), "content");
  const sync = fleet.begin("sync", root);
  await staged(fleet.path("beta", root));
  fleet.host("beta").signal("SIGSTOP");
  try {
    const acted = await act(sync);
    fleet.host("beta").signal("SIGCONT");
    return { result: await sync.finished, acted };
  } finally {
    fleet.host("beta").signal("SIGCONT");
    t.is((await sync.finished).stderr.includes("    at "), false);
  }
}

test.serial("of two syncs at once on one root the second is told so", async (t) => {
  const { result, acted } = await whileStaging(t, "busy", () => fleet.run("sync", "busy"));
  t.is(acted.exitCode, 1);
  t.is(acted.json.error?.code, "LOCKSTEP_ROUND_BUSY");
  t.is(result.exitCode, 0, result.stdout);
  t.is(differences(fleet.path("alpha", "busy"), fleet.path("beta", "busy")), "");
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test.serial(`${signal} interrupts a sync with exit 130, and the next sync works`, async (t) => {
    const { result } = await whileStaging(t, "interrupted", async (sync) => sync.kill(signal));
    t.is(result.exitCode, 130, result.stdout + result.stderr);
    t.notThrows(() => result.json);
    // The hosts hear of it from the comparison server.
    let again = await fleet.run("sync", "interrupted");
    for (let i = 0; again.json.error?.code === "LOCKSTEP_ROUND_BUSY" && i < 20; i++) {
      again = await fleet.run("sync", "interrupted");
    }
    t.is(again.exitCode, 0, again.stdout);
    t.is(differences(fleet.path("alpha", "interrupted"), fleet.path("beta", "interrupted")), "");
    t.true(isTidy(fleet.path("beta", "interrupted")));
    writeFileSync(join(fleet.path("alpha", "interrupted"), nameOf(0)), "so that the next test has work");
    fill(fleet.path("beta", "interrupted"), "other");
  });
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test.serial(`${signal} ends a node with exit 0 and frees its port`, async (t) => {
    const port = Number(fleet.host("beta").address.split("/")[4]);
    t.false(await portIsFree(port));
    t.is(await fleet.host("beta").end(signal), 0);
    t.true(await portIsFree(port));
    await fleet.restart("beta");
    writeTree(fleet.path("alpha", "served"), { [`after ${signal}`]: "x" });
    const sync = await fleet.run("sync", "served");
    t.is(sync.exitCode, 0, sync.stdout);
    t.true(existsSync(join(fleet.path("beta", "served"), `after ${signal}`)));
  });
}

test.serial("a master killed in the middle of a sync fails the round, and remotes hold whole files", async (t) => {
  const [alpha, beta] = ["alpha", "beta"].map((host) => fleet.path(host, "served"));
  fill(alpha, "old");
  t.is((await fleet.run("sync", "served")).exitCode, 0);
  const old = digests(alpha);
  fill(alpha, "new");
  const fresh = digests(alpha);
  const sync = fleet.begin("sync", "served");
  await staged(beta);
  await fleet.kill("alpha");
  const result = await sync.finished;
  t.is(result.exitCode, 1, result.stdout);
  t.regex(result.json.error?.code ?? "", /^LOCKSTEP_(HOST_UNREACHABLE|PEER_GONE)$/);
  const torn = digests(beta).filter((found, i) => found !== old[i] && found !== fresh[i]);
  t.deepEqual(torn, []);
  await fleet.restart("alpha");
  const again = await fleet.run("sync", "served");
  t.is(again.exitCode, 0, again.stdout);
  t.is(differences(alpha, beta), "");
});
