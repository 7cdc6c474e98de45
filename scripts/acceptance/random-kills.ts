/**
 * Kills hosts at random moments of a sync, by hand:
 *
 *   node --import=tsx scripts/acceptance/random-kills.ts [--seeds 20] [--from 1]
 *
 * Each seed makes a tree, brings two remotes in step, edits the tree, kills -9 a remote, the master or
 * the comparison server in the middle of the next sync, and checks that every path on the remotes is
 * wholly old or wholly new, that nothing beside the roots changed, and that after a restart at most two
 * syncs bring the remotes in step. Exits with 0 when every seed holds.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type CommandResult, differences, dumpTree, Fleet, isTidy } from "../../test/e2e/mesh-harness.ts";
import { editTree } from "../tree/edit.ts";
import { byteString, ContentWriter, generateTree, pathBytes, Random } from "../tree/generate.ts";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "20" }, from: { type: "string", default: "1" } },
});
const ROOT = "www";
const REMOTES = ["beta", "gamma"];
const VICTIMS = ["beta", "alpha", "delta"] as const;
/** Names that both the tree and the canary have, so that a followed link finds something to damage. */
const CANARY_NAMES = ["kept", "other", "sub/kept", "sub/other"];
const SHOWN = 6;

/** What a path holds: "directory", "file <digest>", "symlink <target>"; keyed by byte strings. */
type Snapshot = Map<string, string>;

const isGone = (error: unknown): boolean =>
  ["ENOENT", "ENOTDIR", "ELOOP"].includes((error as NodeJS.ErrnoException).code ?? "");
const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const shown = (path: string): string => JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path);

const readBuffer = Buffer.allocUnsafe(1 << 20);

function digest(path: Buffer): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    // The path may have become something else since it was looked at.
    if (!fstatSync(fd).isFile()) throw Object.assign(new Error("not a file any more"), { code: "ENOTDIR" });
    const hash = createHash("sha256");
    for (;;) {
      const length = readSync(fd, readBuffer, 0, readBuffer.length, null);
      if (length === 0) return hash.digest("hex").slice(0, 32);
      hash.update(readBuffer.subarray(0, length));
    }
  } finally {
    closeSync(fd);
  }
}

/** What the path holds now; a path that changes under the look is looked at again. */
function look(root: string, path: string): string | undefined {
  const bytes = pathBytes(root, path);
  for (let attempt = 0; attempt < 20; attempt++) {
    let type = "";
    try {
      const stat = lstatSync(bytes);
      if (stat.isDirectory()) return "directory";
      type = stat.isFile() ? "file" : stat.isSymbolicLink() ? "symlink" : "other";
      if (type === "file") return `file ${digest(bytes)}`;
      if (type === "symlink") return `symlink ${readlinkSync(bytes, { encoding: "buffer" }).toString("latin1")}`;
      return `other ${stat.mode} ${stat.rdev}`;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (!isGone(error) && code !== "EINVAL") throw error;
      if (type === "") return undefined;
    }
  }
  throw new Error(`${shown(path)} does not keep still`);
}

/** The tree without the tool's own directory; `vanished` gets the paths that were listed, and then were not there. */
function takeSnapshot(directory: string, vanished: string[] = []): Snapshot {
  const root = byteString(directory);
  const snapshot: Snapshot = new Map();
  const pending = [""];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const found = look(root, path);
    if (found === undefined) {
      vanished.push(path);
      continue;
    }
    snapshot.set(path, found);
    if (found !== "directory") continue;
    try {
      for (const name of readdirSync(pathBytes(root, path), { encoding: "buffer" })) {
        const text = name.toString("latin1");
        if (path !== "" || text !== ".lockstep") pending.push(path === "" ? text : `${path}/${text}`);
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return snapshot;
}

/** Whether every ancestor is a directory, so that no link is followed on the way. */
function isReached(root: string, path: string): boolean {
  for (let parent = parentOf(path); parent !== ""; parent = parentOf(parent)) {
    if (look(root, parent) !== "directory") return false;
  }
  return true;
}

/** Everything in the tree that is neither as it was nor as it is to be. */
function mixtures(directory: string, old: Snapshot, fresh: Snapshot): string[] {
  const vanished: string[] = [];
  const now = takeSnapshot(directory, vanished);
  const root = byteString(directory);
  const wrong: string[] = [];
  for (const path of vanished) {
    const parent = parentOf(path);
    const stays = old.get(parent) === "directory" && fresh.get(parent) === "directory";
    if (stays && old.has(path) && fresh.has(path)) wrong.push(`${shown(path)} was missing for a moment`);
  }
  for (const path of new Set([...old.keys(), ...fresh.keys(), ...now.keys()])) {
    const allowed = [old.get(path), fresh.get(path)];
    let found = now.get(path);
    if (allowed.includes(found)) continue;
    // A listing may miss a name that is replaced meanwhile, and the path to a name may have changed.
    if (found === undefined || allowed.includes(undefined))
      found = isReached(root, path) ? look(root, path) : undefined;
    if (allowed.includes(found)) continue;
    wrong.push(
      `${shown(path)} is ${found ?? "missing"}, was ${allowed[0] ?? "absent"}, is to be ${allowed[1] ?? "absent"}`,
    );
  }
  return wrong;
}

function clear(directory: string): void {
  // Names that are no UTF-8 are nothing for everyone.
  spawnSync("find", [directory, "-mindepth", "1", "-delete"]);
}

function makeTree(root: string, seed: number): void {
  const random = new Random(seed ^ 0x7ee);
  clear(root);
  generateTree(root, { files: 200 + random.below(200), directories: 60, minBytes: 0, maxBytes: 204_800, seed });
  mkdirSync(join(root, "big"));
  for (let i = 0; i < 5; i++) {
    const fd = openSync(join(root, "big", `${i}`), "wx");
    new ContentWriter(random).write(fd, 1 + random.below(4 << 20));
    closeSync(fd);
  }
  mkdirSync(join(root, "was-directory", "sub"), { recursive: true });
  for (const name of CANARY_NAMES) writeFileSync(join(root, "was-directory", name), `${name} ${seed}`);
  symlinkSync("../canary", join(root, "was-link"));
  symlinkSync("../canary/kept", join(root, "was-file-link"));
}

/** Edits of all sorts, and changes of type in every direction. */
function changeTree(root: string, seed: number): void {
  const random = new Random(seed ^ 0xed17);
  // The two paths that lead to the canary afterwards: content becomes a link to it, a link becomes content.
  rmSync(join(root, "was-directory"), { recursive: true });
  symlinkSync("../canary", join(root, "was-directory"));
  unlinkSync(join(root, "was-link"));
  mkdirSync(join(root, "was-link", "sub"), { recursive: true });
  for (const name of CANARY_NAMES) writeFileSync(join(root, "was-link", name), `new ${name} ${seed}`);
  unlinkSync(join(root, "was-file-link"));
  writeFileSync(join(root, "was-file-link"), `new ${seed}`);
  editTree(root, { seed, edit: 0.25, add: 0.1, remove: 0.1, touch: 0.2 });

  const bytes = byteString(root);
  const at = (path: string): Buffer => pathBytes(bytes, path);
  const paths = [...takeSnapshot(root)].filter(([path]) => path !== "" && !/^was-|^big/.test(path));
  const holds = (type: string): string[] =>
    random.shuffle(paths.filter(([, found]) => found.startsWith(type)).map(([path]) => path));
  const fill = (path: string): void => {
    mkdirSync(at(path));
    for (let i = 0; i < 3; i++) writeFileSync(at(`${path}/${i}`), Buffer.alloc(random.below(20_000), `${seed}-${i}`));
  };
  const files = holds("file");
  const links = holds("symlink");
  // Leaves only, as all other picks have to stay in place.
  const parents = new Set(paths.map(([path]) => parentOf(path)));
  const near = (path: string): boolean => files.slice(-40).some((file) => parentOf(file) === path);
  const children = (path: string): number => paths.filter(([child]) => parentOf(child) === path).length;
  const directories = holds("directory").filter(
    (path) => !near(path) && !paths.some(([child]) => parentOf(child) === path && parents.has(child)),
  );
  // Those that hold something come first.
  directories.sort((a, b) => Math.sign(children(b)) - Math.sign(children(a)));
  for (let i = 0; i < 8; i++) {
    const path = files.pop();
    if (path === undefined) break;
    unlinkSync(at(path));
    if (i % 2 === 0) fill(path);
    else symlinkSync(i % 4 === 1 ? "nowhere" : "/etc", at(path));
  }
  const ofDirectories = directories.slice(0, 6);
  const isInside = (path: string): boolean => ofDirectories.some((directory) => path.startsWith(`${directory}/`));
  for (const [i, path] of links
    .filter((link) => !isInside(link))
    .slice(0, 6)
    .entries()) {
    unlinkSync(at(path));
    if (i % 2 === 0) fill(path);
    else writeFileSync(at(path), `was a link ${seed} ${i}`);
  }
  const rest = files.filter((path) => !isInside(path));
  // Two names change places; another two become one inode.
  for (let i = 0; i < 3 && rest.length >= 4; i++) {
    const [a, b, c, d] = rest.splice(-4);
    renameSync(at(a), at(`swap-${i}`));
    renameSync(at(b), at(a));
    renameSync(at(`swap-${i}`), at(b));
    unlinkSync(at(c));
    linkSync(at(d), at(c));
  }
  for (const [i, path] of ofDirectories.entries()) {
    const full = at(path);
    for (const name of readdirSync(full, { encoding: "buffer" })) {
      rmSync(Buffer.concat([full, Buffer.from("/"), name]), { recursive: true });
    }
    rmSync(full, { recursive: true });
    if (i % 2 === 0) writeFileSync(full, Buffer.alloc(random.below(50_000), `was a directory ${i}`));
    else symlinkSync(i % 4 === 1 ? ".." : "/etc/passwd", full);
  }
}

/** A directory beside the root, with second names of files inside it. */
function makeCanary(canary: string, root: string, seed: number): void {
  clear(canary);
  mkdirSync(join(canary, "sub"), { recursive: true });
  for (const name of CANARY_NAMES) writeFileSync(join(canary, name), `canary ${name}`);
  const random = new Random(seed ^ 0xca9a);
  const files = [...takeSnapshot(root)].filter(([, found]) => found.startsWith("file "));
  for (const [i, [path]] of random.shuffle(files).slice(0, 40).entries()) {
    linkSync(pathBytes(byteString(root), path), join(canary, `linked-${i}`));
  }
}

interface Row {
  readonly seed: number;
  readonly victim: string;
  when: string;
  answer: string;
  readonly wrong: string[];
}

function answerOf(result: CommandResult): string {
  try {
    const { outcome, error, remotes } = result.json;
    const each = Object.entries(remotes ?? {}).map(([name, remote]) => {
      const codes = [...new Set(remote.problems.map(({ code }) => code.replace("LOCKSTEP_", "")))];
      return `${name} ${remote.outcome}${codes.length > 0 ? ` ${codes.join("+")}` : ""}`;
    });
    const what = [outcome, error?.code, error?.message.slice(0, 80), ...each].filter((part) => part !== undefined);
    return `exit ${result.exitCode}: ${what.join(", ")}`;
  } catch (error) {
    return `exit ${result.exitCode}: ${String(error).slice(0, 300)}`;
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function runSeed(fleet: Fleet, seed: number): Promise<Row> {
  const random = new Random(seed * 7919);
  const victim = VICTIMS[random.below(VICTIMS.length)] as string;
  const row: Row = { seed, victim, when: "never", answer: "", wrong: [] };
  const fail = (what: string, wrong: readonly string[]): void => {
    if (wrong.length > SHOWN) row.wrong.push(`${what}: ${wrong.length} in all`);
    for (const each of wrong.slice(0, SHOWN)) row.wrong.push(`${what}: ${each}`);
  };
  const master = fleet.path("alpha", ROOT);
  makeTree(master, seed);
  const from = performance.now();
  const first = await fleet.run("sync", ROOT);
  const duration = performance.now() - from;
  if (first.exitCode !== 0) {
    fail("first sync", [answerOf(first)]);
    return row;
  }

  const old = takeSnapshot(fleet.path("beta", ROOT));
  for (const name of REMOTES) {
    fail(`${name} after the first sync`, mixtures(fleet.path(name, ROOT), old, old));
    makeCanary(fleet.path(name, "canary"), fleet.path(name, ROOT), seed);
  }
  changeTree(master, seed);
  const fresh = takeSnapshot(master);
  const canaries = new Map(REMOTES.map((name) => [name, dumpTree(fleet.path(name, "canary"))]));
  const check = (what: string): void => {
    for (const name of REMOTES) {
      fail(`${name} ${what}`, mixtures(fleet.path(name, ROOT), old, fresh));
      if (dumpTree(fleet.path(name, "canary")) !== canaries.get(name)) fail(`${name} ${what}`, ["the canary changed"]);
    }
  };

  const beta = byteString(fleet.path("beta", ROOT));
  // Files whose content changes: a new size or inode shows the first switch.
  const watched = [...fresh]
    .filter(
      ([path, found]) => found.startsWith("file ") && old.get(path)?.startsWith("file ") && old.get(path) !== found,
    )
    .map(([path]) => [pathBytes(beta, path), lstatSync(pathBytes(beta, path)).ino] as const);
  const isSwitched = (): boolean => watched.some(([path, ino]) => lstatSync(path).ino !== ino);
  const isStaged = (): boolean => existsSync(join(fleet.path("beta", ROOT), ".lockstep"));

  let ended = false;
  const start = performance.now();
  const sync = fleet.begin("sync", ROOT);
  void sync.finished.finally(() => {
    ended = true;
  });
  const trigger = seed % 2 === 0 ? "clock" : seed % 4 === 1 ? "staged" : "switched";
  if (trigger === "clock") {
    await sleep(random.fraction() * duration);
  } else {
    const awaited = trigger === "staged" ? isStaged : isSwitched;
    while (!ended && !awaited()) await sleep(1);
    await sleep(random.fraction() * (trigger === "staged" ? 0.2 * duration : 100));
  }
  const seen = `${isStaged() ? "staged" : ""} ${isSwitched() ? "switched" : ""}`.trim();
  const phases: Record<string, string> = { staged: "staging", "staged switched": "switching", switched: "tidied up" };
  const phase = ended ? "over" : (phases[seen] ?? "before staging");
  const killed = performance.now() - start;
  await fleet.kill(victim);
  row.when = `${Math.round(killed)} of ${Math.round(duration)} ms, by ${trigger}, ${phase}`;
  check("right after the kill");
  const result = await sync.finished;
  row.answer = `${answerOf(result)} (${((performance.now() - start) / 1000).toFixed(1)} s)`;
  if (result.stderr.includes("    at ")) fail("interrupted sync", [result.stderr.slice(0, 300)]);
  check("after the interrupted sync");
  try {
    await fleet.restart(victim);
  } catch (error) {
    fail("restart", [String(error).slice(-400)]);
    return row;
  }
  check("after the restart");

  let again = await fleet.run("sync", ROOT);
  if (again.exitCode !== 0) {
    row.answer += `; then ${answerOf(again)}`;
    check("after the first sync again");
    again = await fleet.run("sync", ROOT);
  }
  if (again.exitCode !== 0) fail("second sync after the restart", [answerOf(again)]);
  for (const name of REMOTES) {
    const found = differences(master, fleet.path(name, ROOT));
    if (found !== "") fail(`${name} at the end`, found.trim().split("\n"));
    if (!isTidy(fleet.path(name, ROOT))) fail(`${name} at the end`, [".lockstep is left"]);
    if (dumpTree(fleet.path(name, "canary")) !== canaries.get(name)) fail(`${name} at the end`, ["the canary changed"]);
  }
  return row;
}

async function startFleet(): Promise<Fleet> {
  const fleet = await Fleet.start({
    hosts: { alpha: {}, beta: {}, gamma: {}, delta: { roots: [] } },
    roots: { [ROOT]: { comparison: ["delta"], master: "alpha", remotes: REMOTES, maxDelete: "100%" } },
  });
  for (const name of REMOTES) mkdirSync(fleet.path(name, "canary"));
  await fleet.assign();
  return fleet;
}

let fleet = await startFleet();
const interrupted = (): void => void fleet.stop().finally(() => process.exit(130));
process.on("SIGINT", interrupted);
process.on("SIGTERM", interrupted);
const rows: Row[] = [];
try {
  const from = Number(values.from);
  for (let seed = from; seed < from + Number(values.seeds); seed++) {
    let row: Row;
    try {
      row = await runSeed(fleet, seed);
    } catch (error) {
      row = { seed, victim: "?", when: "?", answer: "", wrong: [String((error as Error).stack)] };
    }
    rows.push(row);
    console.log(`seed ${seed}: ${row.victim} killed at ${row.when}: ${row.answer}`);
    for (const wrong of row.wrong) console.log(`  WRONG ${wrong}`);
    if (row.wrong.length === 0) continue;
    for (const name of ["alpha", ...REMOTES, "delta"]) {
      const log = fleet.host(name).log.slice(-600);
      if (log !== "") console.log(`  ${name}'s log: …${log.trim().replaceAll("\n", "\n    ")}`);
    }
    // What a failure leaves behind shall not fail the next seed too.
    await fleet.stop();
    fleet = await startFleet();
  }
} finally {
  await fleet.stop();
}
console.log("");
for (const { seed, victim, when, wrong } of rows) {
  const verdict = wrong.length === 0 ? "holds" : `FAILS  ${wrong[0].slice(0, 120)}`;
  console.log(`${String(seed).padStart(5)}  ${victim.padEnd(5)}  ${when.padEnd(48)}  ${verdict}`);
}
const failing = rows.filter((row) => row.wrong.length > 0).map((row) => row.seed);
console.log(`${rows.length} seeds, ${failing.length} failing${failing.length > 0 ? `: ${failing.join(" ")}` : ""}`);
process.exitCode = failing.length === 0 ? 0 : 1;
