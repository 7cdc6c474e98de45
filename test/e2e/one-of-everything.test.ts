import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, lstatSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import {
  type CommandResult,
  countsOf,
  differences,
  dumpTree,
  Fleet,
  IS_ROOT,
  NO_CHANGES,
  writeTree,
} from "./mesh-harness.ts";

const GENERATOR = fileURLToPath(new URL("../fixtures/one-of-everything.py", import.meta.url));
const LOWLY = 12345;
const asRoot = IS_ROOT ? test.serial : test.serial.skip;
let fleet: Fleet | undefined;

test.before(async (t) => {
  if (!IS_ROOT) {
    t.log("not root: a tree with one of everything cannot be made");
    return;
  }
  const to = (master: string, remote: string): object => ({ comparison: ["delta"], master, remotes: [remote] });
  fleet = await Fleet.start({
    hosts: {
      alpha: { roots: ["everything", "foreign"] },
      beta: { roots: ["everything", "closed"] },
      delta: { roots: [] },
      lowly: { roots: ["foreign", "closed"], uid: LOWLY },
    },
    roots: {
      everything: to("alpha", "beta"),
      foreign: to("alpha", "lowly"),
      closed: { ...to("lowly", "beta"), maxDelete: "100%" },
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

function generate(...args: string[]): void {
  const { status, stderr } = spawnSync("python3", [GENERATOR, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`one-of-everything.py: ${stderr}`);
}

/** Bytes as Python's repr() shows them. */
function bytesOf(repr: string): Buffer {
  const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
  const text = repr.slice(2, -1).replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, char: string) => {
    return hex === undefined ? (escapes[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16));
  });
  return Buffer.from(text, "latin1");
}

/** A path as reports show it. Good enough for names that are UTF-8, or have no UTF-8 in them at all. */
function shown(path: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(path).replaceAll("%", "%25");
  } catch {
    const hex = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
    return path.toString("latin1").replace(/[%\x80-\xff]/g, hex);
  }
}

/** What walk.py found, as sorted lines "path: what"; owner and group of a path are one thing to a report. */
function found(walk: string): string[] {
  const lines = walk.trimEnd().split("\n");
  const total = /^different: (\d+) differences$/.exec(lines.pop() ?? "")?.[1];
  if (Number(total) !== lines.length) throw new Error(`walk.py does not show all: ${walk}`);
  const result = lines.map((line) => {
    const match = /^(b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*") (\w+): /.exec(line);
    if (match === null) throw new Error(`not a line of walk.py: ${line}`);
    return `${shown(bytesOf(match[1]))}: ${match[2] === "uid" || match[2] === "gid" ? "owner" : match[2]}`;
  });
  return [...new Set(result)].sort();
}

/** The same of a report's problems. */
function explained(result: CommandResult, remote: string): string[] {
  const { problems } = result.json.remotes[remote];
  return problems
    .flatMap(({ path, code, message }) => {
      if (code !== "LOCKSTEP_UNREPRESENTABLE") return [`${path}: ${code} ${message}`];
      const columns = /^this host cannot set (.*) here; /.exec(message)?.[1];
      if (columns === undefined) return [`${path}: path`];
      const names = columns.split(", ").map((column) => (column === "uid" || column === "gid" ? "owner" : column));
      return [...new Set(names)].map((column) => `${path}: ${column}`);
    })
    .sort();
}

function blocksOf(path: string): number {
  return lstatSync(path).blocks;
}

asRoot("one of everything arrives exactly, changes exactly, and is no change afterwards", async (t) => {
  const [master, remote] = [theFleet().path("alpha", "everything"), theFleet().path("beta", "everything")];
  generate("make", master, "0");
  for (const round of ["first", "edited"]) {
    if (round === "edited") generate("edit", master);
    const sync = await theFleet().run("sync", "everything");
    t.is(sync.exitCode, 0, sync.stdout);
    t.deepEqual(sync.json.remotes["beta"].problems, []);
    t.is(differences(master, remote), "", round);
    const before = dumpTree(remote);
    const again = await theFleet().run("sync", "everything");
    t.is(again.exitCode, 0, again.stdout);
    t.deepEqual(countsOf(again.json.remotes["beta"]), NO_CHANGES, round);
    t.is(dumpTree(remote), before);
    for (const [name, most] of Object.entries({ hole: 0, islands: 1024, tail: 512, head: 512 })) {
      t.true(blocksOf(join(remote, "sparse", name)) <= most, `${name}: ${blocksOf(join(remote, "sparse", name))}`);
    }
  }
});

asRoot("what an unprivileged remote cannot represent is named path by path, and all else is equal", async (t) => {
  const [master, remote] = [theFleet().path("alpha", "foreign"), theFleet().path("lowly", "foreign")];
  generate("make", master, String(LOWLY));
  let problems: string[] = [];
  for (const round of ["first", "second"]) {
    const sync = await theFleet().run("sync", "foreign");
    t.is(sync.exitCode, 3, sync.stdout);
    t.is(sync.json.remotes["lowly"].outcome, "problems");
    problems = explained(sync, "lowly");
    t.deepEqual(problems, found(differences(master, remote)), round);
    if (round === "second") t.deepEqual(countsOf(sync.json.remotes["lowly"]), NO_CHANGES);
    const plan = await theFleet().run("plan", "foreign");
    t.deepEqual(countsOf(plan.json.remotes["lowly"]), NO_CHANGES, round);
    t.deepEqual(explained(plan, "lowly"), problems, "a plan says the same");
  }
  // That the two lists agree says little unless each kind is in them.
  const expected = ["owners/both: owner", "special/character: path", "attributes/link trusted: xattrs"];
  for (const line of [...expected, "attributes/security: xattrs", "groups/sub/foreign 3: owner"]) {
    t.true(problems.includes(line), line);
  }
  t.false(
    problems.some((line) => /^(modes|times|symlinks|sparse|names|empty)/.test(line)),
    problems.join("\n"),
  );
});

asRoot("what an unprivileged master cannot read is named, and stays as it is on the remote", async (t) => {
  const [master, remote] = [theFleet().path("lowly", "closed"), theFleet().path("beta", "closed")];
  const tree = { file: "f", "directory/a": "a", "directory/b/c": "c", "open/file": "old", "open/closed file": "x" };
  writeTree(master, tree);
  spawnSync("chown", ["-R", `${LOWLY}:${LOWLY}`, master]);
  const first = await theFleet().run("sync", "closed");
  t.is(first.exitCode, 0, first.stdout);
  const closed = ["directory", "file", "new file", "open/closed file"];
  writeFileSync(join(master, "file"), "changed, and unreadable");
  writeTree(master, { "new file": "new, and unreadable", "open/file": "new", "open/more": "more" });
  rmSync(join(master, "directory/b"), { recursive: true });
  for (const path of closed) {
    chownSync(join(master, path), 0, 0);
    chmodSync(join(master, path), path === "directory" ? 0o700 : 0o600);
  }
  const sync = await theFleet().run("sync", "closed");
  t.is(sync.exitCode, 3, sync.stdout);
  const { problems } = sync.json.remotes["beta"];
  t.deepEqual([...new Set(problems.map(({ path }) => path))].sort(), closed, sync.stdout);
  for (const { code } of problems) {
    t.true(["LOCKSTEP_ACCESS_DENIED", "LOCKSTEP_SOURCE_UNREADABLE"].includes(code), sync.stdout);
  }
  const content = (path: string): string => readFileSync(join(remote, path), "utf8");
  for (const path of ["file", "directory/a", "directory/b/c", "open/closed file"] as const) {
    t.is(content(path), tree[path], path);
  }
  t.is(differences(master, remote, { ignore: closed.map((path) => `/${path}`) }), "");
  // Once it can be read again, all of it arrives.
  spawnSync("chown", ["-R", `${LOWLY}:${LOWLY}`, master]);
  const again = await theFleet().run("sync", "closed");
  t.is(again.exitCode, 0, again.stdout);
  t.is(differences(master, remote), "");
});

// Seen: a plan that deleted what lies below them, as if they were gone.
asRoot("more paths than a list can name that cannot be read end the round, and nothing is deleted", async (t) => {
  const [master, remote] = [theFleet().path("lowly", "closed"), theFleet().path("beta", "closed")];
  const before = dumpTree(remote);
  const many = join(master, "many");
  spawnSync("bash", ["-c", 'mkdir "$0"; cd "$0"; seq -f "d%g" 10001 | xargs mkdir -m 700', many]);
  const { exitCode, json } = await theFleet().run("sync", "closed");
  t.deepEqual([exitCode, json.error?.code], [1, "LOCKSTEP_ACCESS_DENIED"]);
  t.regex(json.error?.message ?? "", /^lowly: 10001 paths.*many\/d1 /);
  t.is(dumpTree(remote), before);
  rmSync(many, { recursive: true });
});
