/** Content on its way between processes: what it weighs, and what is not sent at all. */
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { differences, Fleet, type RemoteResult, writeTree } from "./mesh-harness.ts";

const MIB = 1 << 20;
let fleet: Fleet;

test.before(async () => {
  const root = { comparison: ["delta"], master: "alpha", remotes: ["beta"], maxDelete: "100%" } as const;
  fleet = await Fleet.start({
    hosts: { alpha: { options: ["--limit-rate", "up=16MiB"] }, beta: {}, delta: { roots: [] } },
    roots: { edited: root, text: root, limited: root, plain: { ...root, compress: "off" }, moved: root, many: root },
  });
  await fleet.assign();
});

test.after.always(async () => {
  await fleet?.stop();
});

async function synced(t: ExecutionContext, root: string): Promise<RemoteResult & { readonly seconds: number }> {
  const started = performance.now();
  const { exitCode, json, stdout } = await fleet.run("sync", root);
  const seconds = (performance.now() - started) / 1000;
  t.is(exitCode, 0, stdout);
  t.is(differences(fleet.path("alpha", root), fleet.path("beta", root)), "");
  return { ...json.remotes["beta"], seconds };
}

test.serial("a large file is sent at the rate that is allowed, and of an edit only what is new", async (t) => {
  const path = join(fleet.path("alpha", "edited"), "file");
  const content = randomBytes(20 * MIB);
  writeFileSync(path, content);
  const first = await synced(t, "edited");
  t.is(first.bytesFromMaster, content.length);
  // A quarter of a second is free.
  t.true(first.seconds >= 20 / 16 - 0.26, `${first.seconds} s`);
  writeFileSync(path, Buffer.concat([content.subarray(0, 9e6), Buffer.from("an edit"), content.subarray(9e6)]));
  const { bytesFromMaster, bytesReused } = await synced(t, "edited");
  t.true(bytesFromMaster < 128 * 1024, `${bytesFromMaster} bytes`);
  t.is(bytesFromMaster + bytesReused, content.length + 7);
});

test.serial("text is compressed on its way, unless the fleet file says not to", async (t) => {
  const text = Array.from({ length: 100_000 }, (_, i) => `line ${i} of some text that repeats itself\n`).join("");
  for (const root of ["text", "plain"])
    writeTree(fleet.path("alpha", root), { "d/text": text, small: text.slice(0, 9000) });
  const packed = await synced(t, "text");
  const plain = await synced(t, "plain");
  t.is(packed.bytesFromMaster, plain.bytesFromMaster);
  t.true(packed.bytesReceived < packed.bytesFromMaster / 3, `${packed.bytesReceived} bytes`);
  t.true(plain.bytesReceived >= plain.bytesFromMaster);
});

test.serial("text goes on being compressed on a fast link with a limit", async (t) => {
  const root = fleet.path("alpha", "limited");
  const text = randomBytes(15 * MIB).toString("hex");
  writeTree(root, { text });
  const { bytesReceived, bytesFromMaster } = await synced(t, "limited");
  t.is(bytesFromMaster, text.length);
  t.true(bytesReceived < bytesFromMaster * 0.65, `${bytesReceived} bytes`);
});

test.serial("a directory that was renamed on the master is not sent again", async (t) => {
  const root = fleet.path("alpha", "moved");
  const files = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [`old/d${i % 7}/file ${i}`, randomBytes(1 + i * 997)]),
  );
  writeTree(root, { ...files, "old/large": randomBytes(5 * MIB), stays: "here" });
  await synced(t, "moved");
  renameSync(join(root, "old"), join(root, "new name"));
  const { bytesFromMaster, bytesReused, created, deleted } = await synced(t, "moved");
  t.is(bytesFromMaster, 0);
  t.true(bytesReused > 5 * MIB);
  t.is(created, deleted);
});

test.serial("files of every size arrive side by side", async (t) => {
  const root = fleet.path("alpha", "many");
  const sizes = [0, 1, 4095, 65_535, 65_536, 65_537, 262_144, MIB - 1, MIB, MIB + 1, 2 * MIB, 2 * MIB + 1, 5_000_001];
  writeTree(root, Object.fromEntries(sizes.map((size) => [`random ${size}`, randomBytes(size)])));
  writeTree(root, Object.fromEntries(sizes.map((size) => [`zeros ${size}`, Buffer.alloc(size)])));
  await synced(t, "many");
  // Each becomes a little longer, or something else.
  for (const size of sizes) {
    const path = join(root, `random ${size}`);
    writeFileSync(path, Buffer.concat([Buffer.from("!"), readFileSync(path)]));
    writeFileSync(join(root, `zeros ${size}`), randomBytes(size));
  }
  await synced(t, "many");
});
