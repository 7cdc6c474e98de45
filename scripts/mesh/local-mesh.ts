/** A fleet on this machine: a master, remotes, and unless one of them compares, a comparison server without a root. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RoundReport } from "../../src/model/report.ts";
import type { Finished, Workshop } from "./workshop.ts";

/** Run as it is installed: its first line says with which flags. */
export const PROGRAM = fileURLToPath(new URL("../../dist/node/lockstep.js", import.meta.url));
export const ROOT_NAME = "www";

export interface MeshOptions {
  readonly remotes: number;
  readonly durability: "full" | "none";
  /** The master's directory of the root, when it is not to lie in the mesh's own. */
  readonly masterRoot?: string;
  /** The master compares, so that there are two hosts as with other tools. */
  readonly masterCompares?: boolean;
  /** The first remote compares too, so that there are no hosts but the master and those that copy. */
  readonly remoteCompares?: boolean;
  /** Where hosts run, when not on loopback; the control station runs where the master does. */
  readonly places?: Places;
  /** Lines for the root in the fleet file. */
  readonly rootSettings?: readonly string[];
  /** Further arguments of each node. */
  readonly nodeArguments?: readonly string[];
}

/** Where processes run, by host. */
export interface Places {
  address(host: string): string;
  /** The command that runs this one at the host's place. */
  at(host: string, command: string, args: readonly string[]): { command: string; args: readonly string[] };
}

const LOOPBACK: Places = { address: () => "127.0.0.1", at: (_, command, args) => ({ command, args }) };

export interface MeshHost {
  readonly name: string;
  readonly peer: string;
  readonly address: string;
  readonly pid: number;
  readonly log: string;
  /** Its directory of the root; a comparison server of its own has none. */
  readonly root: string | undefined;
  /** Arguments of the program that start this host again at the same address. */
  readonly arguments: readonly string[];
}

export interface Round extends Finished {
  readonly report: RoundReport;
}

export interface LocalMesh {
  readonly control: string;
  readonly fleet: string;
  readonly comparison: MeshHost;
  readonly master: MeshHost;
  readonly remotes: readonly MeshHost[];
  /** Runs `plan`, `sync` or `verify`. */
  round(mode: "plan" | "sync" | "verify"): Promise<Round>;
}

function lockstep(workshop: Workshop, places: Places, ...args: string[]): Promise<Finished> {
  const command = places.at("master", PROGRAM, args);
  return workshop.run(command.command, command.args);
}

/** Where the root of a host of that name lies, also before the mesh is started. */
export function rootOf(directory: string, name: string): string {
  return join(directory, name, ROOT_NAME);
}

async function identity(workshop: Workshop, data: string): Promise<string> {
  const { code, stdout, stderr } = await lockstep(workshop, LOOPBACK, "id", "--data", data);
  if (code !== 0) throw new Error(`no identity in ${data}: ${stderr.trim()}`);
  return stdout.trim();
}

async function startHost(
  workshop: Workshop,
  directory: string,
  name: string,
  root: string | undefined,
  control: string,
  options: MeshOptions,
): Promise<MeshHost> {
  const { places = LOOPBACK } = options;
  mkdirSync(join(directory, name), { recursive: true });
  if (root !== undefined) mkdirSync(root, { recursive: true });
  const start = (port: number): string[] => [
    "node",
    ...["--data", join(directory, name, "state")],
    ...(root === undefined ? [] : ["--root", `${ROOT_NAME}=${root}`]),
    ...["--listen", `/ip4/${places.address(name)}/tcp/${port}`],
    ...["--control", control],
    ...["--durability", options.durability],
    ...(options.nodeArguments ?? []),
  ];
  const log = join(directory, name, "node.log");
  // Port 0: the system picks a free one, and the ready line says which.
  const { command, args } = places.at(name, PROGRAM, start(0));
  const { pid, firstLine } = await workshop.serve(command, args, log, true);
  const ready = JSON.parse(firstLine) as { peerId: string; addresses: string[] };
  const [address] = ready.addresses;
  const port = Number(/\/tcp\/(\d+)\//.exec(address)?.[1]);
  return { name, peer: ready.peerId, address, pid, log, root, arguments: start(port) };
}

function fleetFile(
  comparison: MeshHost,
  master: MeshHost,
  remotes: readonly MeshHost[],
  settings: readonly string[],
): string {
  const hosts = [...new Set([master, comparison, ...remotes])].map(({ name, address }) => `  ${name}: ${address}\n`);
  // "*" leaves out a host that compares.
  const all = remotes.includes(comparison) ? `[${remotes.map(({ name }) => name).join(", ")}]` : '"*"';
  return `hosts:
${hosts.join("")}roots:
  ${ROOT_NAME}:
    comparison: ${comparison.name}
    master: ${master.name}
    remotes: ${all}
    maxDelete: 50%
${settings.map((line) => `    ${line}\n`).join("")}    classes:
      text: { include: ["*.txt"], type: file }
      small: { type: file, size: "<4KiB" }
`;
}

/** Starts the hosts, writes the fleet file and assigns the roles. */
export async function startLocalMesh(workshop: Workshop, directory: string, options: MeshOptions): Promise<LocalMesh> {
  if (!existsSync(PROGRAM)) throw new Error("the program is not built: run `npm ci` or `npm run build` first");
  mkdirSync(directory, { recursive: true });
  const control = join(directory, "control");
  const station = await identity(workshop, control);
  const start = (name: string, root?: string): Promise<MeshHost> =>
    startHost(workshop, directory, name, root, station, options);
  const names = Array.from({ length: options.remotes }, (_, i) => `remote-${i + 1}`);
  const { places = LOOPBACK } = options;
  const [own, master, ...remotes] = await Promise.all([
    options.masterCompares === true || options.remoteCompares === true ? undefined : start("comparison"),
    start("master", options.masterRoot ?? rootOf(directory, "master")),
    ...names.map((name) => start(name, rootOf(directory, name))),
  ]);
  const comparison = own ?? (options.remoteCompares === true ? remotes[0] : master);
  const fleet = join(directory, "fleet.yaml");
  writeFileSync(fleet, fleetFile(comparison, master, remotes, options.rootSettings ?? []));
  const assigned = await lockstep(workshop, places, "assign", "--data", control, "--fleet", fleet);
  if (assigned.code !== 0) throw new Error(`assign failed: ${assigned.stdout}${assigned.stderr}`);
  return {
    control,
    fleet,
    comparison,
    master,
    remotes,
    async round(mode) {
      const done = await lockstep(workshop, places, mode, ROOT_NAME, "--json", "--data", control, "--fleet", fleet);
      const report = done.stdout === "" ? undefined : (JSON.parse(done.stdout) as RoundReport);
      if (report?.remotes === undefined) throw new Error(`${mode} gave no report: ${done.stdout}${done.stderr}`);
      return { ...done, report };
    },
  };
}
