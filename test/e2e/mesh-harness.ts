/**
 * A fleet of real processes on loopback: every host runs the built program with a state directory
 * and roots of its own, and commands run as an operator would run them. Nothing here knows the
 * product's insides but its command line; trees are compared by test/fixtures/walk.py.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const projectPath = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** `LOCKSTEP_BIN` runs another build, such as a copy that nobody rebuilds meanwhile. */
export const LOCKSTEP_BIN = process.env["LOCKSTEP_BIN"] ?? projectPath("dist/node/lockstep.js");
const WALK = projectPath("test/fixtures/walk.py");

const READY_MS = 60_000;
const STOP_MS = 15_000;
/** A command that hangs is a failed test, not a hanging one. */
const COMMAND_MS = 240_000;

/** Whether these tests may change owners, make devices and mount file systems. */
export const IS_ROOT = process.getuid?.() === 0;
/** Children die with this process, however it ends; where the tool is missing, only in the usual ways. */
const DIES_WITH_PARENT = spawnSync("setpriv", ["--pdeathsig", "KILL", "true"]).status === 0;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Another user, and an empty directory that it may enter. */
interface Identity {
  readonly uid: number;
  readonly place: string;
}

const userOptions = ({ uid }: Identity): string[] => [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];

/**
 * The command that runs the program as another user. Where that user may not enter the checkout (a
 * clone made by `mktemp -d` has mode 0700), the process alone sees the built program mounted at `place`.
 */
function asUser(identity: Identity, args: readonly string[]): string[] {
  const user = ["setpriv", "--pdeathsig", "KILL", ...userOptions(identity), "--"];
  const isReadable = spawnSync("setpriv", [...userOptions(identity), "--", "test", "-x", LOCKSTEP_BIN]).status === 0;
  if (isReadable) return [...user, LOCKSTEP_BIN, ...args];
  const checkout = dirname(dirname(dirname(LOCKSTEP_BIN)));
  const mounted = join(identity.place, relative(checkout, LOCKSTEP_BIN));
  const parts = ["dist", "node_modules"];
  for (const part of parts) mkdirSync(join(identity.place, part), { recursive: true });
  copyFileSync(join(checkout, "package.json"), join(identity.place, "package.json"));
  // Whatever the umask is.
  for (const path of ["", "package.json"]) chmodSync(join(identity.place, path), 0o755);
  // What is mounted elsewhere later shows here too (slave), but not the other way round.
  const own = ["unshare", "--mount", "--propagation", "slave", "sh", "-euc"];
  const mounts = parts.map((part) => `mount --bind "$0/${part}" "$1/${part}"`);
  const steps = [...mounts, "shift", 'exec "$@"'].join("; ");
  return [...own, steps, checkout, identity.place, ...user, mounted, ...args];
}

function launch(args: readonly string[], identity?: Identity): ChildProcess {
  // As it is installed: its first line says with which flags node runs it.
  const lockstep = [LOCKSTEP_BIN, ...args];
  const [command, ...rest] =
    identity !== undefined
      ? asUser(identity, args)
      : DIES_WITH_PARENT
        ? ["setpriv", "--pdeathsig", "KILL", "--", ...lockstep]
        : lockstep;
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

export interface RemoteResult {
  outcome: string;
  entries: number;
  created: number;
  updated: number;
  deleted: number;
  attributes: number;
  checksummed: number;
  hashedForTransfer: number;
  fileBlocks: number;
  bytesReused: number;
  bytesFromMaster: number;
  bytesFromRemotes: number;
  bytesReceived: number;
  rechecked: number;
  inconsistent: number;
  resynced: number;
  resyncedPaths?: string[];
  hold?: {
    level: string;
    blocks: number;
    files: number;
    ms: number;
    longestMs: number;
    waiters: number;
    refreshed: number;
    denied: number;
    lost: number;
  };
  warnings: { code: string; message: string }[];
  kept: number;
  problems: { path: string; code: string; message: string }[];
}

/** A command's JSON document; which parts are there depends on the command. */
export interface CommandDocument {
  outcome: string;
  epoch: number;
  class: string | null;
  master: string;
  comparison: string;
  durationMs: number;
  peerId?: string;
  error?: { path: string; code: string; message: string };
  remotes: Record<string, RemoteResult>;
  roots: Record<string, { epoch: number; hosts: Record<string, { assigned: boolean; code?: string }> }>;
  hosts: Record<
    string,
    {
      reachable: boolean;
      code?: string;
      roots: { root: string; epoch: number; roles: string[]; busy: boolean; lastRound?: { outcome: string } }[];
    }
  >;
}

export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as one JSON document. @throws when it is not exactly that */
  readonly json: CommandDocument;
}

export interface RunningCommand {
  readonly pid: number;
  readonly finished: Promise<CommandResult>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts the program with these arguments. */
export function startLockstep(args: readonly string[]): RunningCommand {
  const child = launch(args);
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), COMMAND_MS);
  const finished = new Promise<CommandResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => {
      clearTimeout(timer);
      resolve({
        exitCode,
        stdout,
        stderr,
        get json(): CommandDocument {
          try {
            return JSON.parse(stdout) as CommandDocument;
          } catch {
            throw new Error(`${args.join(" ")}: not one JSON document (exit ${exitCode}): ${stdout}${stderr}`);
          }
        },
      });
    });
  });
  return { pid: child.pid as number, finished, kill: (signal) => child.kill(signal) };
}

/** Runs the program with these arguments to its end. */
export function runLockstep(...args: string[]): Promise<CommandResult> {
  return startLockstep(args).finished;
}

export interface HostOptions {
  /** Names of its roots; `{}` of a comparison server that holds none. Default: those of the fleet. */
  readonly roots?: readonly string[];
  /** Runs the node as this user. */
  readonly uid?: number;
  /** Further options of `lockstep node`. */
  readonly options?: readonly string[];
}

/** What the fleet file says of a root. */
export interface RootOptions {
  readonly comparison?: string | readonly string[];
  readonly master?: string;
  readonly remotes?: "*" | readonly string[];
  readonly delete?: boolean;
  readonly maxDelete?: string | number;
  readonly compress?: "auto" | "off";
  readonly hold?: "none" | "advisory" | "mandatory";
  readonly holdFallback?: "stop" | "advisory" | "none";
  readonly blockSize?: { readonly bytes?: string; readonly paths?: number };
  readonly classes?: Readonly<Record<string, object>>;
}

export interface FleetOptions {
  readonly hosts: Readonly<Record<string, HostOptions>>;
  readonly roots: Readonly<Record<string, RootOptions>>;
}

class Host {
  readonly name: string;
  readonly #arguments: () => string[];
  readonly #identity: Identity | undefined;
  #child: ChildProcess | undefined;
  #exited: Promise<number | null> = Promise.resolve(null);
  log = "";
  peerId = "";
  address = "";

  constructor(name: string, args: () => string[], identity: Identity | undefined) {
    this.name = name;
    this.#arguments = args;
    this.#identity = identity;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} is not running`);
    return pid;
  }

  async start(): Promise<void> {
    const child = launch(["node", ...this.#arguments()], this.#identity);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("exit", (code) => {
        if (this.#child === child) this.#child = undefined;
        resolve(code);
      });
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.log += text;
    });
    const line = await new Promise<string>((resolve, reject) => {
      let stdout = "";
      const timer = setTimeout(() => reject(new Error(`${this.name} is not ready: ${this.log}`)), READY_MS);
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
        if (!stdout.includes("\n")) return;
        clearTimeout(timer);
        resolve(stdout.slice(0, stdout.indexOf("\n")));
      });
      child.once("exit", (code) => {
        clearTimeout(timer);
        reject(new Error(`${this.name} ended with ${code}: ${this.log}`));
      });
    });
    const ready = JSON.parse(line) as { peerId: string; addresses: string[] };
    this.peerId = ready.peerId;
    this.address = ready.addresses[0];
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Ends the process and waits for its end; its exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    const code = await this.#exited;
    clearTimeout(timer);
    return code;
  }
}

/** A fleet on loopback. Roots lie at `path(host, root)`, and begin as empty directories. */
export class Fleet {
  readonly directory: string;
  readonly fleetFile: string;
  readonly #options: FleetOptions;
  readonly #hosts = new Map<string, Host>();
  #roots: Record<string, RootOptions>;
  #mounts: string[] = [];
  controlPeer = "";

  private constructor(options: FleetOptions) {
    this.#options = options;
    this.#roots = { ...options.roots };
    this.directory = realpathSync(mkdtempSync(join(tmpdir(), "lockstep-e2e-")));
    // A node that runs as another user has to reach its own directories.
    chmodSync(this.directory, 0o711);
    this.fleetFile = join(this.directory, "fleet.yaml");
  }

  /** Starts every host and writes the fleet file; nothing is assigned yet. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options);
    try {
      const { json } = await runLockstep("id", "--data", fleet.controlData, "--json");
      fleet.controlPeer = json.peerId as string;
      for (const [name, host] of Object.entries(options.hosts)) await fleet.#addHost(name, host);
      await Promise.all([...fleet.#hosts.values()].map((host) => host.start()));
      fleet.#writeFleetFile();
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  get controlData(): string {
    return join(this.directory, "control");
  }

  data(host: string): string {
    return join(this.directory, host, "data");
  }

  path(host: string, root: string): string {
    return join(this.directory, host, "roots", root);
  }

  host(name: string): Host {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  }

  async #addHost(name: string, options: HostOptions): Promise<void> {
    const roots = options.roots ?? Object.keys(this.#roots);
    for (const root of roots) mkdirSync(this.path(name, root), { recursive: true });
    mkdirSync(join(this.directory, name), { recursive: true });
    const identity =
      options.uid === undefined ? undefined : { uid: options.uid, place: join(this.directory, "program") };
    if (identity !== undefined) {
      mkdirSync(identity.place, { recursive: true });
      spawnSync("chown", ["-R", `${options.uid}:${options.uid}`, join(this.directory, name)]);
    }
    // Port 0 at first; a restart takes the port that the fleet file names.
    const args = (): string[] => {
      const known = this.#hosts.get(name)?.address;
      const listen = known === undefined || known === "" ? "/ip4/127.0.0.1/tcp/0" : known.split("/p2p/")[0];
      return [
        ...["--data", this.data(name), "--listen", listen, "--control", this.controlPeer],
        ...roots.flatMap((root) => ["--root", `${root}=${this.path(name, root)}`]),
        ...(options.options ?? []),
      ];
    };
    this.#hosts.set(name, new Host(name, args, identity));
  }

  #writeFleetFile(): void {
    writeFileSync(this.fleetFile, this.fleetText());
  }

  /** The fleet file's text; JSON is YAML. */
  fleetText(roots: Readonly<Record<string, RootOptions>> = this.#roots): string {
    const hosts = Object.fromEntries([...this.#hosts].map(([name, host]) => [name, host.address]));
    return JSON.stringify({ hosts, roots }, undefined, 1);
  }

  /** Changes what the fleet file says of a root; who is who counts from the next `assign`. */
  configure(root: string, options: RootOptions): void {
    this.#roots = { ...this.#roots, [root]: { ...this.#roots[root], ...options } };
    this.#writeFleetFile();
  }

  /** Arguments that every command of the control station takes. */
  get stationArguments(): string[] {
    return ["--data", this.controlData, "--fleet", this.fleetFile, "--json"];
  }

  begin(command: string, ...args: string[]): RunningCommand {
    return startLockstep([command, ...args, ...this.stationArguments]);
  }

  run(command: string, ...args: string[]): Promise<CommandResult> {
    return this.begin(command, ...args).finished;
  }

  async assign(): Promise<CommandResult> {
    const result = await this.run("assign");
    if (result.exitCode !== 0) throw new Error(`assign: ${result.stdout}${result.stderr}`);
    return result;
  }

  /** Ends a host's process as a power loss would. */
  async kill(name: string): Promise<void> {
    await this.host(name).end("SIGKILL");
  }

  /** Starts a host again: same identity, same port. */
  restart(name: string): Promise<void> {
    return this.host(name).start();
  }

  /** Puts a small file system of its own under a host's root. */
  mountTmpfs(host: string, root: string, size: string): void {
    const path = this.path(host, root);
    const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=755`, "tmpfs", path]);
    if (status !== 0) throw new Error(`mount: ${stderr}`);
    this.#mounts.push(path);
  }

  /** Ends every process, each by its pid, and removes every directory. */
  async stop(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => host.end("SIGTERM")));
    for (const mount of this.#mounts.splice(0)) spawnSync("umount", [mount]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface WalkOptions {
  readonly ignore?: readonly string[];
  readonly ignoreOwner?: boolean;
}

function walkArguments(options: WalkOptions): string[] {
  const ignore = options.ignore ?? [];
  return [...(options.ignoreOwner ? ["--ignore-owner"] : []), ...(ignore.length > 0 ? ["--ignore", ...ignore] : [])];
}

/** Every difference between two trees as text, "" when they are equal; shares no code with the product. */
export function differences(a: string, b: string, options: WalkOptions = {}): string {
  const walk = spawnSync("python3", [WALK, a, b, ...walkArguments(options)], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (walk.status === 0) return "";
  if (walk.status === 1) return walk.stdout;
  throw new Error(`walk.py: ${walk.stderr}`);
}

/** Everything there is to know of a tree, to be compared with a later dump. */
export function dumpTree(path: string): string {
  const walk = spawnSync("python3", [WALK, "--dump", path], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (walk.status !== 0) throw new Error(`walk.py: ${walk.stderr}`);
  return walk.stdout;
}

/** True when nothing is left of a round's staging area. */
export function isTidy(root: string): boolean {
  return !existsSync(join(root, ".lockstep"));
}

/** Polls until the condition holds. @throws after `timeoutMs` */
export async function until(condition: () => boolean, what: string, timeoutMs = 120_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`timed out waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Whether a TCP port of 127.0.0.1 can be listened on. */
export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Writes files, making their directories; a path that ends in "/" is an empty directory. */
export function writeTree(root: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    const full = join(root, path);
    if (path.endsWith("/")) {
      mkdirSync(full, { recursive: true });
      continue;
    }
    mkdirSync(join(full, ".."), { recursive: true });
    writeFileSync(full, content);
  }
}

/** The four counts of a remote. */
export function countsOf(remote: RemoteResult): {
  created: number;
  updated: number;
  deleted: number;
  attributes: number;
} {
  const { created, updated, deleted, attributes } = remote;
  return { created, updated, deleted, attributes };
}

export const NO_CHANGES = { created: 0, updated: 0, deleted: 0, attributes: 0 };
