/**
 * Keeps V8's code of the program beside it, for `node/launch.ts`: of all functions that a first round of a
 * small fleet on this machine needs. The flags are those of the program's first line, since V8 refuses
 * code that was made under others.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { loadProgram } from "../dist/node/kept-code.js";

const launcher = fileURLToPath(new URL("../dist/node/lockstep.js", import.meta.url));
const file = fileURLToPath(new URL("../dist/node/program.cjs", import.meta.url));
const LIMIT_MS = 30_000;

/** Runs the program as the launcher does, and keeps its code when it ends. */
function record(args) {
  const program = loadProgram(file, false);
  process.argv = [process.argv[0], launcher, ...args];
  process.on("exit", () => program.keep());
  program.run();
}

async function rehearse() {
  const directory = mkdtempSync(join(tmpdir(), "lockstep-rehearsal-"));
  const flags = /^#!.* node (.*)$/m.exec(readFileSync(launcher, "utf8"))[1].split(" ");
  const ran = (...args) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: LIMIT_MS });
    if (status !== 0) throw new Error(`${args.join(" ")}: ${stdout}${stderr}`);
    return stdout.trim();
  };
  const hosts = [];
  try {
    const control = ran(...flags, launcher, "id", "--data", join(directory, "control"));
    const addresses = [];
    for (const name of ["master", "remote"]) {
      const root = join(directory, name, "root");
      mkdirSync(root, { recursive: true });
      const settings = { "--data": join(directory, name, "state"), "--root": `r=${root}`, "--control": control };
      const args = ["node", "--listen", "/ip4/127.0.0.1/tcp/0", ...Object.entries(settings).flat()];
      const host = spawn(process.execPath, [...flags, launcher, ...args], { stdio: ["ignore", "pipe", "ignore"] });
      hosts.push(host);
      const [ready] = await once(createInterface(host.stdout), "line", { signal: AbortSignal.timeout(LIMIT_MS) });
      addresses.push(`  ${name}: ${JSON.parse(ready).addresses[0]}\n`);
    }
    writeFileSync(join(directory, "master", "root", "file"), "content");
    const fleet = join(directory, "fleet.yaml");
    const root = "roots:\n  r: { comparison: master, master: master, remotes: [remote] }\n";
    writeFileSync(fleet, `hosts:\n${addresses.join("")}${root}`);
    const station = ["--data", join(directory, "control"), "--fleet", fleet];
    ran(...flags, launcher, "assign", ...station);
    ran(...flags, fileURLToPath(import.meta.url), "record", "sync", "r", ...station);
  } finally {
    for (const host of hosts) host.kill();
    await Promise.all(hosts.map((host) => host.exitCode ?? host.signalCode ?? once(host, "exit")));
    rmSync(directory, { recursive: true, force: true });
  }
}

const [step, ...args] = process.argv.slice(2);
if (step === "record") record(args);
else await rehearse();
