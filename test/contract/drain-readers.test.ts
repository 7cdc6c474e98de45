/** Files that always have some reader are locked by putting the new version in their place for a moment. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { WHOLE_ROOT } from "../../src/model/classification.ts";
import { FILE } from "../../src/model/entry.ts";
import { ACTIONS } from "../../src/model/plan.ts";
import type { ApplyContext, Block } from "../../src/tree/apply-context.ts";
import { blockFiles } from "../../src/tree/block-files.ts";
import { deletePaths, switchBlock, UNBOUNDED_SWITCH } from "../../src/tree/commit.ts";
import { type Drained, drainReaders } from "../../src/tree/drain-readers.ts";
import { createHasher } from "../../src/tree/hasher.ts";
import { createLinuxCalls } from "../../src/tree/linux-calls.ts";
import { beginStage } from "../../src/tree/stage.ts";
import type { SystemCalls } from "../../src/tree/system-calls.ts";
import { newContext, openRoot } from "../fixtures/mirror-in-process.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

interface World {
  readonly path: string;
  readonly context: ApplyContext;
  readonly block: Block;
  drain(): Drained;
  /** Done once, when the new version is in the old one's place. */
  meanwhile(deed: () => void): void;
}

/** Every file of the tree is to be replaced by an empty one. */
async function createWorld(t: ExecutionContext, grow: (path: string) => void): Promise<World> {
  const real = createLinuxCalls();
  let deed: (() => void) | undefined;
  const calls: SystemCalls = {
    ...real,
    rename(from, fromName, to, toName, how) {
      real.rename(from, fromName, to, toName, how);
      const now = deed;
      deed = undefined;
      now?.();
    },
  };
  const path = tempDirectory(t);
  grow(path);
  const root = openRoot(calls, path);
  t.teardown(() => root.directories.close());
  await root.list.scan({ classification: WHOLE_ROOT, now: 0, fresh: false, isSource: false });
  const context = newContext(calls, root, "none");
  const { table, listed } = root.list;
  const entries = Array.from({ length: listed }, (_, i) => table.entry(i)).filter(({ type }) => type === FILE);
  const checksum = createHasher().hash(new Uint8Array());
  const stated = entries.map((entry) => ({ entry: { ...entry, size: 0 }, checksum, chunkRoot: undefined }));
  const steps = stated.map((_, index) => ({ index, action: ACTIONS.replace }));
  const { block } = beginStage(context, { block: 0, stated, steps });
  return {
    path,
    context,
    block,
    drain() {
      const drained = drainReaders(context, blockFiles(block));
      t.teardown(() => {
        for (const fd of drained.descriptors) real.closeFile(fd);
      });
      return drained;
    },
    meanwhile(what) {
      deed = what;
    },
  };
}

test("what is drained is locked, and as it was", async (t) => {
  const world = await createWorld(t, (path) => writeFileSync(join(path, "f"), "old"));
  t.deepEqual([...world.drain().paths], ["f"]);
  t.is(readFileSync(join(world.path, "f"), "utf8"), "old");
  t.deepEqual(switchBlock(world.context, world.block, UNBOUNDED_SWITCH).problems, []);
  t.is(readFileSync(join(world.path, "f"), "utf8"), "");
});

test("a file that is never free stays as it was", async (t) => {
  const world = await createWorld(t, (path) => writeFileSync(join(path, "f"), "old"));
  const locker = spawn("flock", ["--no-fork", "-s", join(world.path, "f"), "sh", "-c", "echo locked; exec sleep 60"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => locker.kill("SIGKILL"));
  await once(locker.stdout, "data");
  t.deepEqual([...world.drain().paths], []);
  t.is(readFileSync(join(world.path, "f"), "utf8"), "old");
});

test("a link group is drained once, under all its names", async (t) => {
  const world = await createWorld(t, (path) => {
    writeFileSync(join(path, "f"), "old");
    linkSync(join(path, "f"), join(path, "g"));
  });
  const { paths, descriptors } = world.drain();
  t.deepEqual([[...paths], descriptors.length], [["f", "g"], 2]);
});

for (const [what, deed, left] of [
  ["replaced by somebody", (file: string) => renameSync(`${file}.theirs`, file), "theirs"],
  ["deleted by somebody", (file: string) => rmSync(file), undefined],
] as const) {
  test(`a file that is ${what} meanwhile is left as they made it`, async (t) => {
    const world = await createWorld(t, (path) => writeFileSync(join(path, "f"), "old"));
    const file = join(world.path, "f");
    writeFileSync(`${file}.theirs`, "theirs");
    world.meanwhile(() => deed(file));
    t.deepEqual([...world.drain().paths], []);
    const { problems } = switchBlock(world.context, world.block, UNBOUNDED_SWITCH);
    t.deepEqual(
      problems.map(({ path, code }) => [path, code]),
      [["f", "LOCKSTEP_TARGET_CHANGED"]],
    );
    const names = readdirSync(world.path);
    t.is(names.includes("f") ? readFileSync(file, "utf8") : undefined, left);
  });
}

test("a file that has changed since it was listed is not moved, and still counts as changed", async (t) => {
  const world = await createWorld(t, (path) => writeFileSync(join(path, "f"), "old"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  writeFileSync(join(world.path, "f"), "new");
  t.deepEqual([...world.drain().paths], []);
  const { problems } = switchBlock(world.context, world.block, UNBOUNDED_SWITCH);
  t.deepEqual(
    problems.map(({ path, code }) => [path, code]),
    [["f", "LOCKSTEP_TARGET_CHANGED"]],
  );
  t.is(readFileSync(join(world.path, "f"), "utf8"), "new");
});

test("what may not be opened to be locked is said so, not called locked", async (t) => {
  const world = await createWorld(t, (path) => writeFileSync(join(path, "f"), "old"));
  const bounds = { ...UNBOUNDED_SWITCH, forbidden: new Set(["f"]) };
  const told = [switchBlock(world.context, world.block, bounds), deletePaths(world.context, ["f"], bounds)];
  for (const { problems } of told) t.is(problems[0]?.code, "LOCKSTEP_ACCESS_DENIED");
  t.is(readFileSync(join(world.path, "f"), "utf8"), "old");
});

test("what a program has locked is neither switched nor deleted", async (t) => {
  const world = await createWorld(t, (path) => writeFileSync(join(path, "f"), "old"));
  const bounds = { ...UNBOUNDED_SWITCH, refused: new Set(["f"]) };
  const told = [switchBlock(world.context, world.block, bounds), deletePaths(world.context, ["f"], bounds)];
  for (const { problems } of told) t.is(problems[0]?.code, "LOCKSTEP_HELD");
  t.is(readFileSync(join(world.path, "f"), "utf8"), "old");
});

test("no path is begun with after the hold", async (t) => {
  const world = await createWorld(t, (path) => writeFileSync(join(path, "f"), "old"));
  const { problems } = switchBlock(world.context, world.block, { ...UNBOUNDED_SWITCH, mayBegin: () => false });
  t.is(problems[0]?.code, "LOCKSTEP_HOLD_ENDED");
  t.is(readFileSync(join(world.path, "f"), "utf8"), "old");
});
