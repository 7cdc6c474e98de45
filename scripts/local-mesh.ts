/**
 * local-mesh.ts [DIR] [--remotes N]
 *
 * Starts a fleet on loopback, assigns its roles and stays up until Ctrl-C. DIR (by default
 * .lockstep-mesh) is kept, so that the next start finds the same identities and trees.
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { renderTable } from "../node/render/table.ts";
import { type LocalMesh, PROGRAM, ROOT_NAME, rootOf, startLocalMesh } from "./mesh/local-mesh.ts";
import { inWorkshop, type Workshop } from "./mesh/workshop.ts";
import { generateTree } from "./tree/generate.ts";

const SEED = { files: 300, directories: 40, minBytes: 200, maxBytes: 20_000, seed: 1 };
const MAX_REMOTES = 50;

/** A word for the shell; only quoted where it must be. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function here(path: string): string {
  const short = relative(process.cwd(), path);
  return word(short.startsWith("..") ? path : short === "" ? "." : short);
}

function commands(mesh: LocalMesh): string {
  const program = `node ${here(PROGRAM)}`;
  const station = `--data ${here(mesh.control)} --fleet ${here(mesh.fleet)}`;
  const [remote] = mesh.remotes;
  const root = remote.root as string;
  return `
Try, in another terminal and the same directory:

  ${program} plan ${ROOT_NAME} ${station}
  ${program} sync ${ROOT_NAME} ${station}
  ${program} verify ${ROOT_NAME} ${station}
  ${program} status ${station}

Change the master, or spoil a remote, and sync again:

  echo new > ${here(join(mesh.master.root as string, "new.txt"))}
  echo spoilt > ${here(join(root, "new.txt"))}
  ${program} sync ${ROOT_NAME} --class text ${station}
  diff -r --no-dereference ${here(mesh.master.root as string)} ${here(root)}

Stop a host, see what a sync says, and start it again:

  kill ${remote.pid}
  ${program} ${remote.arguments.map(word).join(" ")}
`;
}

async function run(workshop: Workshop, directory: string, remotes: number): Promise<number> {
  const fresh = !existsSync(directory) || readdirSync(directory).length === 0;
  if (!fresh && !existsSync(join(directory, "control"))) {
    throw new Error(`${directory} holds something else; name an empty or a new directory`);
  }
  const master = rootOf(directory, "master");
  if (!existsSync(master) || readdirSync(master).length === 0) {
    mkdirSync(master, { recursive: true });
    generateTree(master, SEED);
  }
  const mesh = await startLocalMesh(workshop, directory, { remotes, durability: "full" });
  const rows = [mesh.master, mesh.comparison, ...mesh.remotes].map((host) => [
    host.name,
    String(host.pid),
    host.address.replace(/\/p2p\/.*/, ""),
    host.root === undefined ? "no root" : here(host.root),
  ]);
  console.log(renderTable(["host", "pid", "listens on", "root www"], rows));
  console.log(commands(mesh));
  console.log("The fleet is up. Ctrl-C stops it.");
  // A signal's listener alone does not keep the script alive; the hosts' processes do.
  await new Promise<void>((done) => workshop.signal.addEventListener("abort", () => done(), { once: true }));
  console.log("\nstopping …");
  return 0;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { remotes: { type: "string", default: "3" } },
});
const remotes = Number(values.remotes);
if (positionals.length > 1 || !Number.isInteger(remotes) || remotes < 1 || remotes > MAX_REMOTES) {
  console.error(`usage: local-mesh.ts [DIR] [--remotes N], N from 1 to ${MAX_REMOTES}`);
  process.exitCode = 2;
} else {
  const directory = resolve(positionals[0] ?? ".lockstep-mesh");
  await inWorkshop((workshop) => run(workshop, directory, remotes));
}
