/**
 * Walks at random through what can happen to a fleet, and checks each step against a model, by hand:
 *
 *   node --import=tsx scripts/acceptance/random-walks.ts [--seeds 20] [--from 1] [--steps 20] [--keep]
 *
 * Each seed takes some steps with one fleet of three hosts and a comparison server. A step changes the trees
 * of the master and the remotes in every way that a file system knows (test/fixtures/random-edits.py), may swap
 * roles, kill and restart hosts, or change the fleet file, and then plans, syncs (all or a class, at rest or
 * while changes go on) or verifies. What each command says is compared with walks of all trees before and
 * after: that in step means equal, that counts and planned changes are those that the walks show, that nothing
 * outside a class changes, that a path always holds its old or its new content, that what programs have open
 * never changes under them, and that nothing is left behind. A step that fails is printed with all that was
 * done since the trees were equal; `--keep` leaves the fleet's directory for a look. Needs root.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type CommandResult, Fleet, isTidy, type RemoteResult, type RootOptions } from "../../test/e2e/mesh-harness.ts";
import { Random } from "../tree/generate.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "20" },
    from: { type: "string", default: "1" },
    steps: { type: "string", default: "20" },
    keep: { type: "boolean", default: false },
  },
});
const ROOT = "www";
const HOSTS = ["alpha", "beta", "gamma"];
const THEMES = ["all", "links", "types", "large", "attributes"];
const SHOWN = 8;
const fixture = (name: string): string => fileURLToPath(new URL(`../../test/fixtures/${name}`, import.meta.url));

/** What the walk says of a path. */
interface Found {
  readonly path: string;
  readonly type: string;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** As text, as numbers of nanoseconds do not fit into a number. */
  readonly mtime_ns: string;
  readonly size: number | null;
  readonly sha256: string | null;
  readonly target: string | null;
  readonly rdev: number | null;
  readonly group: string | null;
  readonly xattrs: Readonly<Record<string, string>>;
}
/** Keyed by byte strings; the root is "". */
type Snapshot = ReadonlyMap<string, Found>;
type Change = "create" | "replace" | "relink" | "attributes" | "delete";

interface FileClass {
  readonly options: object;
  selects(path: string, found: Found, nowMs: number): boolean;
}

const isText = (path: string): boolean => path.split("/").some((name) => name.endsWith(".txt"));
const isFile = (found: Found): boolean => found.type === "file";

const CLASSES: Readonly<Record<string, FileClass>> = {
  texts: { options: { include: "*.txt" }, selects: (path) => isText(path) },
  tops: {
    options: { include: ["/d1/", "/d2", "d3/a*"], exclude: "*.txt" },
    selects: (path, found) =>
      !isText(path) &&
      ((path === "d1" && found.type === "directory") || /^(d1\/|d2(\/|$)|d3\/a[^/]*(\/|$))/s.test(path)),
  },
  small: {
    options: { type: "file", size: "<1000" },
    selects: (_path, found) => isFile(found) && (found.size ?? 0) < 1000,
  },
  large: { options: { size: ">=1000" }, selects: (_path, found) => !isFile(found) || (found.size ?? 0) >= 1000 },
  links: {
    options: { type: ["symlink", "fifo"] },
    selects: (_path, { type }) => type === "symlink" || type === "fifo",
  },
  directories: { options: { type: "directory" }, selects: (_path, { type }) => type === "directory" },
  old: {
    options: { age: ">7d" },
    selects: (_path, found, nowMs) => BigInt(nowMs) * 1_000_000n - BigInt(found.mtime_ns) > 604_800_000_000_000n,
  },
  rest: {
    options: { exclude: ["d1", "*.b", "caf*"] },
    selects: (path) => !path.split("/").some((name) => name === "d1" || name.endsWith(".b") || name.startsWith("caf")),
  },
};

// Paths

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const shown = (path: string): string => JSON.stringify(path.length > 90 ? `${path.slice(0, 90)}…` : path);

function* ancestorsOf(path: string): Generator<string> {
  for (let at = path; at !== ""; ) {
    at = parentOf(at);
    yield at;
  }
}

const isWithin = (path: string, directory: string): boolean =>
  path === directory || directory === "" || path.startsWith(`${directory}/`);

/** The order of lists: name by name. */
function comparePaths(a: string, b: string): number {
  const [left, right] = [a.split("/"), b.split("/")];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] !== right[i]) return left[i] < right[i] ? -1 : 1;
  }
  return left.length - right.length;
}

/** A path as reports show it. */
function reported(path: string): string {
  const bytes = Buffer.from(path, "latin1");
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    let length = 1;
    let character: string | undefined;
    for (; length <= 4 && character === undefined; length++) {
      try {
        character = decoder.decode(bytes.subarray(at, at + length));
      } catch {
        // Not one character, or only its beginning.
      }
    }
    if (character === undefined) text += `%${bytes[at].toString(16).toUpperCase().padStart(2, "0")}`;
    else text += character === "%" ? "%25" : character;
    at += character === undefined ? 1 : length - 1;
  }
  return text;
}

// Helpers that are processes of their own

interface Helper {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Rejects when it fails. */
  readonly ended: Promise<string>;
  ready(): Promise<void>;
}

function startHelper(script: string, args: readonly string[]): Helper {
  const child = spawn("python3", [fixture(script), ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const out: Buffer[] = [];
  let errors = "";
  child.stdout.on("data", (data: Buffer) => out.push(data));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  child.stdin.on("error", () => {});
  const output = (): string => Buffer.concat(out).toString("utf8");
  const ended = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(output());
      else reject(new Error(`${script} ${args[0]}: ${errors.slice(-600)}`));
    });
  });
  ended.catch(() => {});
  const ready = async (): Promise<void> => {
    while (!output().startsWith("ready")) await Promise.race([sleep(5), ended]);
  };
  return { child, output, ended, ready };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The bytes of a Python literal such as b'\xff'. */
function fromLiteral(literal: string): string {
  const named: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
  return literal
    .slice(2, -1)
    .replace(/\\(x[0-9a-f]{2}|.)/g, (_all, code: string) =>
      code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (named[code] ?? code),
    );
}

async function takeSnapshot(directory: string): Promise<Snapshot> {
  const text = await startHelper("walk.py", ["--dump", directory]).ended;
  const records = JSON.parse(text.replace(/"mtime_ns": (-?\d+)/g, '"mtime_ns": "$1"')) as Found[];
  return new Map(records.map((record) => [fromLiteral(record.path), record]));
}

/** The first path in the list of each path's inode, where that is another path; as far as paths are selected. */
function leadersOf(snapshot: Snapshot, isSelected: (path: string) => boolean): Map<string, string> {
  const groups = new Map<string, string[]>();
  for (const [path, { group }] of snapshot) {
    if (group === null || !isSelected(path)) continue;
    groups.set(group, [...(groups.get(group) ?? []), path]);
  }
  const leaders = new Map<string, string>();
  for (const paths of groups.values()) {
    const [first, ...others] = paths.sort(comparePaths);
    for (const path of others) leaders.set(path, first);
  }
  return leaders;
}

const contentOf = (found: Found): string => `${found.type} ${found.sha256 ?? found.target ?? found.rdev ?? ""}`;
const attributesOf = (found: Found): string =>
  JSON.stringify([found.type === "symlink" ? "" : found.mode, found.uid, found.gid, found.mtime_ns, found.xattrs]);

/** What differs between two snapshots, as text by path. */
function differencesOf(
  a: Snapshot,
  b: Snapshot,
  isCompared: (path: string) => boolean,
  links = true,
): Map<string, string> {
  const wrong = new Map<string, string>();
  const [left, right] = [leadersOf(a, isCompared), leadersOf(b, isCompared)];
  for (const path of new Set([...a.keys(), ...b.keys()])) {
    if (!isCompared(path)) continue;
    const [x, y] = [a.get(path), b.get(path)];
    if (x === undefined || y === undefined) wrong.set(path, x === undefined ? "only there" : "missing");
    else if (contentOf(x) !== contentOf(y)) wrong.set(path, `${contentOf(x)} | ${contentOf(y)}`.slice(0, 200));
    else if (attributesOf(x) !== attributesOf(y))
      wrong.set(path, `${attributesOf(x)} | ${attributesOf(y)}`.slice(0, 300));
    else if (links && left.get(path) !== right.get(path)) {
      wrong.set(path, `is one with ${left.get(path) ?? "none"} | ${right.get(path) ?? "none"}`);
    }
  }
  return wrong;
}

interface Expected {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly attributes: number;
  readonly kept: number;
  readonly changes: ReadonlyMap<string, Change>;
  /** Whether a path is in the group. */
  selects(path: string): boolean;
  /** Entries of the remote that it selects itself, without the root. */
  readonly entries: number;
}

/** What a round has to change on a remote, by the walks. */
function expect(master: Snapshot, remote: Snapshot, fileClass: FileClass | undefined, mayDelete: boolean): Expected {
  const nowMs = Date.now();
  const isSelectedIn =
    (snapshot: Snapshot) =>
    (path: string): boolean => {
      const found = snapshot.get(path);
      return found !== undefined && (fileClass === undefined || fileClass.selects(path, found, nowMs));
    };
  const [byMaster, byRemote] = [isSelectedIn(master), isSelectedIn(remote)];
  const selects = (path: string): boolean => byMaster(path) || byRemote(path);
  const changes = new Map<string, Change>();
  // Directories that are missing above what is selected are made too.
  for (const path of master.keys()) {
    if (!selects(path)) continue;
    for (const at of ancestorsOf(path)) if (!remote.has(at)) changes.set(at, "create");
  }
  const [left, right] = [leadersOf(master, selects), leadersOf(remote, selects)];
  let kept = 0;
  for (const path of new Set([...master.keys(), ...remote.keys()])) {
    if (!selects(path)) continue;
    const [m, r] = [master.get(path), remote.get(path)];
    if (m === undefined) {
      if (mayDelete) changes.set(path, "delete");
      else kept++;
    } else if (r === undefined) changes.set(path, "create");
    else if (contentOf(m) !== contentOf(r)) changes.set(path, "replace");
    else if (left.get(path) !== right.get(path)) {
      // Links to the first name are made of files, and of whatever is another name than the first.
      changes.set(path, m.type === "file" || left.has(path) ? "relink" : "replace");
    } else if (attributesOf(m) !== attributesOf(r)) changes.set(path, "attributes");
  }
  const count = (...kinds: Change[]): number => [...changes.values()].filter((change) => kinds.includes(change)).length;
  return {
    created: count("create"),
    updated: count("replace", "relink"),
    deleted: count("delete"),
    attributes: count("attributes"),
    kept,
    changes,
    selects,
    entries: [...remote.keys()].filter((path) => path !== "" && byRemote(path)).length,
  };
}

const COUNTS = ["created", "updated", "deleted", "attributes"] as const;
const countsText = (counts: Pick<RemoteResult, (typeof COUNTS)[number]>): string =>
  COUNTS.map((name) => `${name} ${counts[name]}`).join(" ");

function answerOf(result: CommandResult): string {
  try {
    const { outcome, error, remotes } = result.json;
    const each = Object.entries(remotes ?? {}).map(([name, remote]) => {
      const problems = remote.problems
        .slice(0, 4)
        .map(({ code, path, message }) => `${code} ${shown(path)} ${message}`);
      return `${name} ${remote.outcome} (${countsText(remote)})${problems.length > 0 ? ` ${problems.join("; ")}` : ""}`;
    });
    return `exit ${result.exitCode}: ${[outcome, error?.code, error?.message, ...each].filter(Boolean).join(", ")}`;
  } catch (error) {
    return `exit ${result.exitCode}: ${String(error).slice(0, 600)}`;
  }
}

/** Problems that a class makes for itself: a directory of the group that has to stay for what is outside it. */
function isOfClasses(code: string, message: string): boolean {
  if (code === "LOCKSTEP_DIRECTORY_NOT_EMPTY" || code === "LOCKSTEP_DELETE_FORBIDDEN") return true;
  return code === "LOCKSTEP_TARGET_CHANGED" && /not compared|first name of its group|ENOTDIR|ELOOP/.test(message);
}

class Walk {
  readonly #fleet: Fleet;
  readonly #random: Random;
  readonly wrong: string[] = [];
  /** What was done since the trees were known to be equal. */
  #story: string[] = [];
  #master = "alpha";
  #comparison = "delta";
  #options: RootOptions = { maxDelete: "100%" };
  #isFrozen = false;
  readonly #theme: string;
  /** Steps of each kind. */
  readonly tally = new Map<string, number>();

  constructor(fleet: Fleet, seed: number) {
    this.#fleet = fleet;
    this.#random = new Random(seed * 7919);
    this.#theme = this.#random.pick(THEMES);
  }

  get #remotes(): string[] {
    return HOSTS.filter((name) => name !== this.#master);
  }

  #chance(probability: number): boolean {
    return this.#random.fraction() < probability;
  }

  #root(host: string): string {
    return this.#fleet.path(host, ROOT);
  }

  #fail(what: string): void {
    if (this.wrong.length < SHOWN) this.wrong.push(what);
  }

  #failAll(what: string, found: ReadonlyMap<string, string>): void {
    if (found.size === 0) return;
    const some = [...found].slice(0, 3).map(([path, how]) => `${shown(path)}: ${how}`);
    this.#fail(`${what}: ${found.size} paths: ${some.join("; ")}`);
  }

  get story(): readonly string[] {
    return this.#story;
  }

  async #snapshots(): Promise<Map<string, Snapshot>> {
    const all = await Promise.all(HOSTS.map((host) => takeSnapshot(this.#root(host))));
    return new Map(HOSTS.map((host, i) => [host, all[i]]));
  }

  #edit(host: string, seed: number, count: number, ...options: string[]): Helper {
    const args = [String(seed), String(count), "--theme", this.#theme, ...options];
    this.#story.push(`${host}: random-edits.py edit ROOT ${args.join(" ")}`);
    const outside = ["--outside", this.#fleet.path(host, "outside")];
    return startHelper("random-edits.py", ["edit", this.#root(host), ...args, ...outside]);
  }

  async #editAll(): Promise<void> {
    const edits: Helper[] = [];
    const seed = this.#random.uint32();
    const count = 1 + this.#random.below(this.#chance(0.2) ? 60 : 12);
    if (this.#chance(0.85)) edits.push(this.#edit(this.#master, seed, count));
    for (const host of this.#remotes) {
      const freeze = this.#chance(0.08) ? ["--freeze", String(1 + this.#random.below(3))] : [];
      if (freeze.length > 0) this.#isFrozen = true;
      if (freeze.length === 0 && !this.#chance(0.5)) continue;
      // With the master's seed much the same is done to both, at another time.
      const own = this.#chance(0.35) ? seed : this.#random.uint32();
      edits.push(this.#edit(host, own, own === seed ? count : 1 + this.#random.below(10), ...freeze));
    }
    for (const edit of edits) {
      for (const line of (await edit.ended).trim().split("\n")) this.#story.push(`    ${line.slice(0, 200)}`);
    }
  }

  async #thaw(): Promise<void> {
    if (!this.#isFrozen) return;
    await Promise.all(HOSTS.map((host) => startHelper("random-edits.py", ["thaw", this.#root(host)]).ended));
    this.#isFrozen = false;
  }

  async #run(command: string, ...args: string[]): Promise<CommandResult> {
    const result = await this.#fleet.run(command, ...args);
    this.#note([command, ...args], result);
    return result;
  }

  #note(command: readonly string[], result: CommandResult): void {
    this.#story.push(`${command.join(" ")} → ${answerOf(result)}`);
    if (result.stderr.includes("    at ") || /"LOCKSTEP_INTERNAL"/.test(result.stdout)) {
      this.#fail(`${command.join(" ")}: ${result.stderr.slice(0, 400)} ${answerOf(result)}`);
    }
  }

  async #assign(): Promise<void> {
    this.#fleet.configure(ROOT, {
      comparison: [this.#comparison],
      master: this.#master,
      remotes: this.#remotes,
      ...this.#options,
      classes: Object.fromEntries(Object.entries(CLASSES).map(([name, { options }]) => [name, options])),
    });
    const result = await this.#run("assign");
    if (result.exitCode !== 0) this.#fail(`assign: ${answerOf(result)}`);
  }

  /** Kills hosts, and changes the fleet file. */
  async #rearrange(): Promise<void> {
    if (this.#chance(0.15)) {
      const host = this.#random.pick([...HOSTS, "delta"]);
      const signal = this.#random.pick(["SIGTERM", "SIGKILL"] as const);
      this.#story.push(`${host}: ${signal} and restart`);
      await this.#fleet.host(host).end(signal);
      await this.#fleet.restart(host);
    }
    if (!this.#chance(0.2)) return;
    this.#master = this.#random.pick(HOSTS);
    this.#comparison = this.#random.pick(["delta", "delta", ...HOSTS]);
    this.#options = {
      hold: this.#random.pick(["none", "none", "advisory", "mandatory"] as const),
      blockSize: this.#chance(0.5)
        ? { bytes: "64MiB", paths: 2048 }
        : { bytes: "64KiB", paths: 1 + this.#random.below(8) },
      delete: !this.#chance(0.15),
      maxDelete: this.#chance(0.15) ? this.#random.below(6) : "100%",
    };
    this.#story.push(`roles: master ${this.#master}, comparison ${this.#comparison}, ${JSON.stringify(this.#options)}`);
    await this.#assign();
  }

  /** What every sync leaves as it was. */
  #checkUntouched(before: ReadonlyMap<string, Snapshot>, after: ReadonlyMap<string, Snapshot>): void {
    const [old, now] = [before.get(this.#master), after.get(this.#master)] as [Snapshot, Snapshot];
    this.#failAll(
      "the master's tree changed",
      differencesOf(old, now, () => true),
    );
  }

  #checkTidy(): void {
    for (const host of HOSTS) if (!isTidy(this.#root(host))) this.#fail(`${host}: .lockstep is left`);
  }

  #checkCounts(what: string, host: string, remote: RemoteResult, expected: Expected): void {
    if (countsText(remote) !== countsText(expected)) {
      const some = [...expected.changes].map(([path, change]) => `${change} ${shown(path)}`).join(", ");
      const wanted = `${countsText(expected)}: ${some.slice(0, 1500)}`;
      this.#fail(`${what} on ${host} counts ${countsText(remote)}, but is to count ${wanted}`);
    }
    if (remote.kept !== undefined && remote.kept !== expected.kept) {
      this.#fail(`${what} on ${host}: kept ${remote.kept}, but ${expected.kept} are only there`);
    }
  }

  #isRefused(expected: Expected): boolean {
    const { maxDelete } = this.#options;
    return typeof maxDelete === "number" && expected.deleted > maxDelete;
  }

  /** A plan or a verify says exactly what the walks show. */
  #checkForeseen(what: string, result: CommandResult, expected: ReadonlyMap<string, Expected>): void {
    let isEqual = true;
    for (const [host, each] of expected) {
      const remote = result.json.remotes?.[host];
      if (remote === undefined) {
        this.#fail(`${what}: no word of ${host}`);
        continue;
      }
      if (what.startsWith("plan") && this.#isRefused(each)) {
        if (remote.problems[0]?.code !== "LOCKSTEP_DELETE_GUARD")
          this.#fail(`${what}: ${host} does not refuse ${each.deleted} deletions`);
        isEqual = false;
        continue;
      }
      const isForbidden = remote.problems.some(({ code }) => code === "LOCKSTEP_DELETE_FORBIDDEN");
      if (isForbidden && this.#options.delete === false) {
        isEqual = false;
        continue;
      }
      this.#checkCounts(what, host, remote, each);
      if (remote.entries !== each.entries)
        this.#fail(`${what} on ${host}: ${remote.entries} entries, there are ${each.entries}`);
      const { changes } = remote as unknown as { changes?: { path: string; change: string }[] };
      const said = new Map((changes ?? []).map(({ path, change }) => [path, change]));
      const wanted = new Map([...each.changes].map(([path, change]) => [reported(path), change as string]));
      const wrong = new Map<string, string>();
      for (const path of new Set([...said.keys(), ...wanted.keys()])) {
        if (said.get(path) !== wanted.get(path)) wrong.set(path, `says ${said.get(path)}, is ${wanted.get(path)}`);
      }
      this.#failAll(`${what} on ${host}, changes`, wrong);
      if (each.changes.size > 0) isEqual = false;
      if (what.startsWith("verify") && (remote.outcome === "in-step") !== (each.changes.size === 0)) {
        this.#fail(`${what}: ${host} is ${remote.outcome} with ${each.changes.size} differences`);
      }
    }
    if (what.startsWith("verify") && (result.exitCode === 0) !== isEqual) this.#fail(`${what}: ${answerOf(result)}`);
    if (what.startsWith("plan") && result.exitCode !== 0 && isEqual) this.#fail(`${what}: ${answerOf(result)}`);
  }

  async #foresee(command: "plan" | "verify", className: string | undefined): Promise<void> {
    const before = await this.#snapshots();
    const args = className === undefined ? [] : ["--class", className];
    const result = await this.#run(command, ROOT, ...args);
    const after = await this.#snapshots();
    for (const host of HOSTS) {
      const [old, now] = [before.get(host), after.get(host)] as [Snapshot, Snapshot];
      this.#failAll(
        `${command} changed ${host}`,
        differencesOf(old, now, () => true),
      );
    }
    this.#checkTidy();
    this.#checkForeseen([command, ...args].join(" "), result, this.#expectAll(before, className));
  }

  #expectAll(before: ReadonlyMap<string, Snapshot>, className: string | undefined): Map<string, Expected> {
    const master = before.get(this.#master) as Snapshot;
    const fileClass = className === undefined ? undefined : CLASSES[className];
    const mayDelete = this.#options.delete !== false;
    return new Map(
      this.#remotes.map((host) => [host, expect(master, before.get(host) as Snapshot, fileClass, mayDelete)]),
    );
  }

  /** Watches what the paths of a remote hold: nothing but the old and the new. */
  #watch(host: string, old: Snapshot, fresh: Snapshot): Helper {
    const isSteady = (path: string): boolean =>
      [...ancestorsOf(path)].every((at) => old.get(at)?.type === "directory" && fresh.get(at)?.type === "directory");
    const contentText = (found: Found | undefined): string | null => {
      if (found === undefined) return null;
      if (found.type === "symlink") return `symlink ${fromLiteral(found.target as string)}`;
      if (found.type === "file") return contentOf(found);
      return found.type === "directory" ? "directory" : "other";
    };
    const allowed: Record<string, (string | null)[]> = {};
    for (const path of new Set([...old.keys(), ...fresh.keys()])) {
      if (path === "" || !isSteady(path)) continue;
      allowed[path] = [contentText(old.get(path)), contentText(fresh.get(path))];
    }
    const helper = startHelper("random-edits.py", ["watch", this.#root(host)]);
    helper.child.stdin?.write(`${JSON.stringify(allowed)}\n`);
    return helper;
  }

  async #sync(className: string | undefined): Promise<void> {
    const before = await this.#snapshots();
    const master = before.get(this.#master) as Snapshot;
    const expected = this.#expectAll(before, className);
    const outside = await Promise.all(this.#remotes.map((host) => takeSnapshot(this.#fleet.path(host, "outside"))));
    const helpers: [string, Helper][] = [];
    for (const host of this.#remotes) {
      if (this.#chance(0.4)) helpers.push([host, this.#watch(host, before.get(host) as Snapshot, master)]);
      if (this.#chance(0.4)) {
        const seed = String(this.#random.uint32());
        helpers.push([host, startHelper("random-edits.py", ["grip", this.#root(host), seed, "30"])]);
      }
    }
    await Promise.all(helpers.map(([, helper]) => helper.ready()));
    const args = className === undefined ? [] : ["--class", className];
    const result = await this.#run("sync", ROOT, ...args);
    for (const [host, helper] of helpers) {
      helper.child.stdin?.end("end");
      for (const line of (await helper.ended).split("\n")) {
        if (line.startsWith("WRONG")) this.#fail(`${host} during the sync: ${line.slice(0, 400)}`);
      }
    }
    const after = await this.#snapshots();
    this.#checkUntouched(before, after);
    this.#checkTidy();
    for (const [i, host] of this.#remotes.entries()) {
      const now = await takeSnapshot(this.#fleet.path(host, "outside"));
      // The links' own groups change as names inside the root get inodes of their own.
      this.#failAll(
        `beside ${host}'s root`,
        differencesOf(outside[i], now, () => true),
      );
    }
    let isFine = true;
    for (const [host, each] of expected) {
      const old = before.get(host) as Snapshot;
      const now = after.get(host) as Snapshot;
      const remote = result.json.remotes?.[host];
      if (remote === undefined) {
        this.#fail(`sync: no word of ${host}`);
        continue;
      }
      if (remote.outcome !== "in-step" || remote.problems.length > 0) isFine = false;
      if (this.#isRefused(each)) {
        if (remote.problems[0]?.code !== "LOCKSTEP_DELETE_GUARD")
          this.#fail(`sync: ${host} does not refuse ${each.deleted} deletions`);
        this.#failAll(
          `sync changed ${host}, which refused`,
          differencesOf(old, now, () => true),
        );
        continue;
      }
      if (className === undefined) this.#checkWhole(host, remote, each, master, old, now);
      else this.#checkClass(host, remote, each, master, old, now);
    }
    if ((result.exitCode === 0) !== isFine) this.#fail(`sync: ${answerOf(result)}`);
    const isEqual = isFine && className === undefined && this.#options.delete !== false;
    if (isEqual && this.wrong.length === 0) this.#story = [];
    if (isFine && this.#chance(0.5)) await this.#syncAgain(args);
  }

  #checkWhole(
    host: string,
    remote: RemoteResult,
    expected: Expected,
    master: Snapshot,
    old: Snapshot,
    now: Snapshot,
  ): void {
    const isKept = (path: string): boolean => this.#options.delete === false && !master.has(path) && now.has(path);
    const wrong = differencesOf(master, now, (path) => !isKept(path));
    if (remote.problems.length === 0) {
      if (remote.outcome !== "in-step") this.#fail(`sync: ${host} is ${remote.outcome} without a problem`);
      this.#failAll(`sync says ${remote.outcome}, ${host} differs`, wrong);
      this.#checkCounts("sync", host, remote, expected);
      const { resynced, inconsistent } = remote;
      if (resynced !== 0 || inconsistent !== 0) {
        const which = (remote.resyncedPaths ?? []).map(shown).join(" ");
        this.#fail(`sync on ${host}: ${resynced} resynced, ${inconsistent} inconsistent at rest: ${which}`);
      }
      return;
    }
    if (!this.#isFrozen && this.#options.delete !== false) {
      const { path, code, message } = remote.problems[0];
      this.#fail(`sync: ${host} has problems: ${code} ${shown(path)} ${message}`);
    }
    // Each path that differs has a problem at it, above it or below it.
    const paths = remote.problems.map(({ path }) => path);
    const unsaid = new Map(
      [...wrong].filter(
        ([path]) => !paths.some((each) => isWithin(reported(path), each) || isWithin(each, reported(path))),
      ),
    );
    this.#failAll(`sync on ${host}: differs, and no problem says so`, unsaid);
    this.#checkOldOrNew(`sync on ${host}`, master, old, now);
  }

  #checkOldOrNew(what: string, master: Snapshot, old: Snapshot, now: Snapshot): void {
    const is = (snapshot: Snapshot, path: string): string => {
      const found = snapshot.get(path);
      return found === undefined ? "absent" : contentOf(found);
    };
    for (const path of new Set([...old.keys(), ...master.keys(), ...now.keys()])) {
      const found = is(now, path);
      if (found === is(old, path) || found === is(master, path)) continue;
      this.#fail(`${what}: ${shown(path)} is ${found}, neither old nor new`);
    }
  }

  #checkClass(
    host: string,
    remote: RemoteResult,
    expected: Expected,
    master: Snapshot,
    old: Snapshot,
    now: Snapshot,
  ): void {
    const { selects } = expected;
    const isNeeded = new Set([...master.keys()].filter(selects).flatMap((path) => [...ancestorsOf(path)]));
    const outside = differencesOf(old, now, (path) => !selects(path), false);
    for (const path of outside.keys()) {
      const [m, n] = [master.get(path), now.get(path)];
      const isMade = !old.has(path) && isNeeded.has(path) && m !== undefined && n !== undefined;
      if (isMade && attributesOf(m) === attributesOf(n)) outside.delete(path);
    }
    this.#failAll(`sync of a class on ${host} changed what is outside it`, outside);
    const isKept = (path: string): boolean => this.#options.delete === false && !master.has(path);
    const inside = differencesOf(master, now, (path) => selects(path) && !isKept(path), false);
    if (remote.problems.length === 0) {
      if (remote.outcome !== "in-step") this.#fail(`sync: ${host} is ${remote.outcome} without a problem`);
      this.#failAll(`sync of a class says ${remote.outcome}, ${host} differs`, inside);
      // Where a group's first name is selected, links between the selected ones are as on the master.
      const [left, right] = [leadersOf(master, () => true), leadersOf(now, selects)];
      const apart = new Map<string, string>();
      for (const [path, leader] of left) {
        if (!selects(path) || !selects(leader) || right.get(path) === leader) continue;
        apart.set(path, `is one with ${right.get(path) ?? "none"} instead of ${leader}`);
      }
      this.#failAll(`sync of a class on ${host}, links`, apart);
      return;
    }
    const paths = remote.problems.map(({ path }) => path);
    const unsaid = new Map(
      [...inside].filter(
        ([path]) => !paths.some((each) => isWithin(reported(path), each) || isWithin(each, reported(path))),
      ),
    );
    this.#failAll(`sync of a class on ${host}: differs, and no problem says so`, unsaid);
    const odd = remote.problems.filter(({ code, message }) => !isOfClasses(code, message));
    if (!this.#isFrozen && odd.length > 0)
      this.#fail(`sync of a class on ${host}: ${odd[0].code} ${shown(odd[0].path)} ${odd[0].message}`);
  }

  async #syncAgain(args: readonly string[]): Promise<void> {
    const result = await this.#run("sync", ROOT, ...args);
    if (result.exitCode !== 0) this.#fail(`a second sync: ${answerOf(result)}`);
    for (const [host, remote] of Object.entries(result.json.remotes ?? {})) {
      const bytes = remote.bytesFromMaster + remote.bytesFromRemotes;
      if (COUNTS.some((name) => remote[name] !== 0) || bytes !== 0) {
        this.#fail(`a second sync does something on ${host}: ${countsText(remote)}, ${bytes} bytes`);
      }
    }
  }

  /** A sync while somebody changes the trees, and then one at rest. */
  async #race(): Promise<void> {
    const pause = this.#random.pick(["0.01", "0.05"]);
    const edits = [this.#edit(this.#master, this.#random.uint32(), 10 + this.#random.below(100), "--pause", pause)];
    const host = this.#random.pick(this.#remotes);
    if (this.#chance(0.5)) edits.push(this.#edit(host, this.#random.uint32(), 20, "--pause", "0.04"));
    await this.#run("sync", ROOT);
    await Promise.all(edits.map((edit) => edit.ended));
    this.#checkTidy();
  }

  /** A sync that is cut short, by its station or by the end of a host. */
  async #interrupt(): Promise<void> {
    const before = await this.#snapshots();
    const sync = this.#fleet.begin("sync", ROOT);
    await sleep(this.#random.below(900));
    const victim = [...HOSTS, "delta"].at(this.#random.below(5));
    if (victim === undefined) sync.kill("SIGINT");
    else await this.#fleet.kill(victim);
    this.#note(["sync", victim === undefined ? "(interrupted)" : `(${victim} killed)`], await sync.finished);
    if (victim !== undefined) await this.#fleet.restart(victim);
    const after = await this.#snapshots();
    this.#checkUntouched(before, after);
    const master = before.get(this.#master) as Snapshot;
    for (const host of this.#remotes) {
      this.#checkOldOrNew(
        `the interrupted sync on ${host}`,
        master,
        before.get(host) as Snapshot,
        after.get(host) as Snapshot,
      );
    }
  }

  async step(): Promise<void> {
    try {
      await this.#takeStep();
    } finally {
      await this.#thaw();
    }
  }

  async #takeStep(): Promise<void> {
    await this.#rearrange();
    await this.#editAll();
    const className = this.#chance(0.25) ? this.#random.pick(Object.keys(CLASSES)) : undefined;
    const kind = this.#random.pick(["sync", "sync", "sync", "plan", "plan", "verify", "race", "interrupt"]);
    this.tally.set(kind, (this.tally.get(kind) ?? 0) + 1);
    switch (kind) {
      case "plan":
        await this.#foresee("plan", className);
        break;
      case "verify":
        await this.#foresee("verify", className);
        break;
      case "interrupt":
        await this.#interrupt();
        if (this.wrong.length === 0) await this.#rearrange();
        break;
      case "race":
        await this.#race();
        break;
    }
    if (this.wrong.length === 0 && kind !== "verify") await this.#sync(className);
    if (this.wrong.length === 0 && this.#chance(0.15)) await this.#foresee("verify", undefined);
  }

  async begin(): Promise<void> {
    await this.#assign();
    await this.#edit(this.#master, this.#random.uint32(), 120).ended;
  }
}

async function startFleet(): Promise<Fleet> {
  const fleet = await Fleet.start({
    hosts: { alpha: {}, beta: {}, gamma: {}, delta: { roots: [] } },
    roots: { [ROOT]: { comparison: ["delta"], master: "alpha", remotes: ["beta", "gamma"] } },
  });
  for (const host of HOSTS) mkdirSync(fleet.path(host, "outside"));
  return fleet;
}

let fleet: Fleet | undefined;
const interrupted = (): void => void fleet?.stop().finally(() => process.exit(130));
process.on("SIGINT", interrupted);
process.on("SIGTERM", interrupted);
const failing: number[] = [];
const from = Number(values.from);
const seeds = Number(values.seeds);
for (let seed = from; seed < from + seeds; seed++) {
  fleet = await startFleet();
  const walk = new Walk(fleet, seed);
  const start = performance.now();
  let steps = 0;
  try {
    await walk.begin();
    for (; steps < Number(values.steps) && walk.wrong.length === 0; steps++) await walk.step();
  } catch (error) {
    walk.wrong.push(String((error as Error).stack));
  }
  const tally = [...walk.tally].map(([kind, count]) => `${kind} ${count}`).join(", ");
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(
    `seed ${seed}: ${steps} steps in ${seconds} s (${tally}): ${walk.wrong.length === 0 ? "holds" : "FAILS"}`,
  );
  if (walk.wrong.length > 0) {
    failing.push(seed);
    for (const line of walk.story) console.log(`    ${line}`);
    for (const wrong of walk.wrong) console.log(`  WRONG ${wrong}`);
    for (const host of [...HOSTS, "delta"]) {
      const log = fleet.host(host).log.slice(-600).trim();
      if (log !== "") console.log(`  ${host}'s log: …${log.replaceAll("\n", "\n    ")}`);
    }
    if (values.keep) {
      console.log(`  kept: ${fleet.directory}`);
      for (const host of [...HOSTS, "delta"]) await fleet.host(host).end("SIGTERM");
      continue;
    }
  }
  await fleet.stop();
}
console.log(`${seeds} seeds, ${failing.length} failing${failing.length > 0 ? `: ${failing.join(" ")}` : ""}`);
process.exitCode = failing.length === 0 ? 0 : 1;
