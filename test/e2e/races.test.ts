import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { differences, dumpTree, Fleet, IS_ROOT, writeTree } from "./mesh-harness.ts";

/** Syncs while something races; the acceptance run asks for more. */
const ROUNDS = Number(process.env["LOCKSTEP_RACE_ROUNDS"] ?? 6);
const BYTES = 16 << 20;
let fleet: Fleet;

test.before(async () => {
  fleet = await Fleet.start({
    // A node that is neither root nor the owner of the files gets no leases.
    hosts: { alpha: {}, omega: IS_ROOT ? { uid: 65534 } : {}, beta: {}, delta: { roots: [] } },
    roots: Object.fromEntries(
      ["whole", "pieces", "unleased-whole", "unleased-pieces", "swapped"].map((name) => {
        const master = name.startsWith("unleased") ? "omega" : "alpha";
        // What the swapper leaves behind may be more than half of the tree.
        return [name, { comparison: ["delta"], master, remotes: ["beta"], maxDelete: "100%" }];
      }),
    ),
  });
  await fleet.assign();
});

test.after.always(async () => {
  await fleet?.stop();
});

const fixture = (name: string): string => join(import.meta.dirname, "../fixtures", name);

async function end(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exited;
}

for (const name of ["whole", "pieces", "unleased-whole", "unleased-pieces"] as const) {
  const how = name.replace("unleased-", "");
  test.serial(`a file that is rewritten on the master (${name}) is never installed torn`, async (t) => {
    t.timeout(1_200_000);
    const [alpha, beta] = [name.startsWith("unleased") ? "omega" : "alpha", "beta"].map((host) =>
      fleet.path(host, name),
    );
    writeFileSync(join(alpha, "file"), Buffer.alloc(BYTES, 1));
    writeTree(alpha, { "other/quiet": "at rest" });
    const first = await fleet.run("sync", name);
    t.is(first.exitCode, 0, first.stdout + first.stderr);
    const writer = spawn("python3", [fixture("rewriter.py"), join(alpha, "file"), String(BYTES), how], {
      stdio: "inherit",
    });
    const generations = new Set<number>();
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const { exitCode } = await fleet.run("sync", name);
        t.true(exitCode === 0 || exitCode === 3, `exit code ${exitCode}`);
        const content = readFileSync(join(beta, "file"));
        t.is(content.length, BYTES);
        const torn = content.findIndex((byte) => byte !== content[0]);
        if (torn !== -1) t.fail(`round ${round}: byte ${torn} is of another generation`);
        generations.add(content[0]);
      }
    } finally {
      await end(writer);
    }
    t.log(`${generations.size} generations were installed`);
    await fleet.run("sync", name);
    t.is((await fleet.run("sync", name)).exitCode, 0);
    t.is(differences(alpha, beta), "");
  });
}

test.serial("a directory that is swapped for a symlink during syncs leads nobody outside the root", async (t) => {
  t.timeout(600_000);
  const [alpha, beta] = ["alpha", "beta"].map((host) => fleet.path(host, "swapped"));
  const canary = join(fleet.directory, "canary");
  mkdirSync(join(canary, "deep"), { recursive: true });
  for (let i = 0; i < 20; i++) {
    writeTree(canary, { [`file ${i}`]: "canary", [`deep/file ${i}`]: "canary", [`extra ${i}`]: "canary" });
    writeTree(alpha, { [`directory/file ${i}`]: `first ${i}`, [`directory/deep/file ${i}`]: `first ${i}` });
  }
  t.is((await fleet.run("sync", "swapped")).exitCode, 0);
  const before = dumpTree(canary);
  const swapper = spawn("python3", [fixture("swapper.py"), join(beta, "directory"), canary], { stdio: "inherit" });
  try {
    for (let round = 0; round < ROUNDS * 3; round++) {
      for (let i = 0; i < 20; i++) {
        const path = `directory/${i % 2 === 0 ? "" : "deep/"}file ${i}`;
        writeTree(alpha, { [path]: `round ${round} of ${i}` });
      }
      // Extra files whose names the canary has too: to be deleted here, never there.
      const { exitCode } = await fleet.run("sync", "swapped");
      t.true(exitCode === 0 || exitCode === 3, `exit code ${exitCode}`);
      t.is(dumpTree(canary), before, `round ${round}`);
    }
  } finally {
    await end(swapper);
  }
  await fleet.run("sync", "swapped");
  const last = await fleet.run("sync", "swapped");
  t.is(last.exitCode, 0, last.stdout);
  t.is(differences(alpha, beta), "");
  t.is(dumpTree(canary), before);
});
