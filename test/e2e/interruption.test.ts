import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { digests, fill, nameOf, staged } from "./large-files.ts";
import { differences, Fleet, isTidy, portIsFree, writeTree } from "./mesh-harness.ts";

const NAMES = ["busy", "interrupted", "served"];
let fleet: Fleet;

test.before(async () => {
  fleet = await Fleet.start({
    hosts: { alpha: {}, beta: {}, delta: { roots: [] } },
    roots: Object.fromEntries(
      NAMES.map((name) => [name, { comparison: ["delta"], master: "alpha", remotes: ["beta"] }]),
    ),
  });
  await fleet.assign();
});

test.after.always(async () => {
  await fleet?.stop();
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
    // Seen: the round before, in step.
    const shown = async (): Promise<string | undefined> => {
      const { roots } = (await fleet.run("status")).json.hosts["beta"];
      return roots.find(({ root }) => root === "interrupted")?.lastRound?.outcome;
    };
    for (let i = 0; i < 20 && (await shown()) === undefined; i++) await new Promise((tick) => setTimeout(tick, 100));
    t.is(await shown(), "failed");
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

test.serial(
  "a comparison server that hangs is given up by the command, and one that is only busy is not",
  async (t) => {
    t.timeout(120_000);
    const [alpha, beta] = ["alpha", "beta"].map((host) => fleet.path(host, "served"));
    const begun = async (content: string) => {
      fill(alpha, content);
      const sync = fleet.begin("sync", "served");
      await staged(beta);
      return sync;
    };
    // Of a remote that hangs for long nothing is told, but the comparison server is there.
    const waiting = await begun("waiting");
    fleet.host("beta").signal("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    fleet.host("beta").signal("SIGCONT");
    t.is((await waiting.finished).exitCode, 0);

    const lost = await begun("lost");
    fleet.host("delta").signal("SIGSTOP");
    try {
      const { exitCode, json } = await lost.finished;
      t.is(exitCode, 1);
      t.is(json.error?.code, "LOCKSTEP_NO_COMPARISON_SERVER");
      t.regex(json.error?.message ?? "", /said nothing for 20 s/);
    } finally {
      fleet.host("delta").signal("SIGCONT");
    }
  },
);

test.serial("a remote that hangs before a round fails alone, when it has had its time", async (t) => {
  t.timeout(120_000);
  writeTree(fleet.path("alpha", "served"), { "for a remote that hangs": "x" });
  fleet.host("beta").signal("SIGSTOP");
  try {
    const { exitCode, json } = await fleet.run("sync", "served");
    t.is(exitCode, 3);
    t.is(json.remotes["beta"].outcome, "failed");
    t.is(json.remotes["beta"].problems[0].code, "LOCKSTEP_HOST_UNREACHABLE");
    t.regex(json.remotes["beta"].problems[0].message, /beta at \/ip4\/127\.0\.0\.1\/tcp\/\d+: it does not answer/);
  } finally {
    fleet.host("beta").signal("SIGCONT");
  }
});

test.serial("hosts that all lose their power in the middle of a sync do not show the round before", async (t) => {
  const hosts = ["alpha", "beta", "delta"];
  const shown = async (): Promise<(string | undefined)[]> => {
    const { json } = await fleet.run("status");
    return hosts.map((host) => json.hosts[host].roots.find(({ root }) => root === "served")?.lastRound?.outcome);
  };
  fill(fleet.path("alpha", "served"), "powered");
  t.is((await fleet.run("sync", "served")).exitCode, 0);
  t.deepEqual(await shown(), ["in-step", "in-step", "in-step"]);
  fill(fleet.path("alpha", "served"), "powerless");
  const sync = fleet.begin("sync", "served");
  await staged(fleet.path("beta", "served"));
  await Promise.all(hosts.map((host) => fleet.kill(host)));
  t.is((await sync.finished).exitCode, 1);
  await Promise.all(hosts.map((host) => fleet.restart(host)));
  t.deepEqual(await shown(), ["failed", "failed", "failed"]);
  t.is((await fleet.run("sync", "served")).exitCode, 0);
  t.deepEqual(await shown(), ["in-step", "in-step", "in-step"]);
});
