/** The program runs from code that was kept when it was built, and as well without it. */
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "ava";
import { tempDirectory } from "../fixtures/temp-directory.ts";
import { LOCKSTEP_BIN } from "./mesh-harness.ts";

const PROGRAM = "program.cjs";
const CODE = "program.cjs.code";

function flags(): string[] {
  const [first] = readFileSync(LOCKSTEP_BIN, "utf8").split("\n");
  return first.split(" ").filter((word) => word.startsWith("--"));
}

test("V8 takes the kept code", (t) => {
  const script = `
    const { readFileSync } = require("node:fs");
    const { Module } = require("node:module");
    const { Script } = require("node:vm");
    const [program, code] = process.argv.slice(1).map((file) => readFileSync(file));
    const cachedData = code.subarray(32);
    const { cachedDataRejected } = new Script(Module.wrap(program.toString("latin1")), { cachedData });
    process.exit(cachedDataRejected ? 1 : 0);`;
  const files = [PROGRAM, CODE].map((file) => join(dirname(LOCKSTEP_BIN), file));
  const { status, stderr } = spawnSync(process.execPath, [...flags(), "-e", script, ...files], { encoding: "utf8" });
  t.is(status, 0, stderr);
});

for (const [what, harm] of [
  ["is damaged", (file) => writeFileSync(file, readFileSync(file).fill(1, 500_000, 600_000))],
  ["is cut off", (file) => truncateSync(file, 1_000)],
  ["is not there", (file) => rmSync(file)],
] satisfies [string, (file: string) => void][]) {
  test(`when the kept code ${what} the program is compiled`, (t) => {
    const place = tempDirectory(t);
    for (const file of ["lockstep.js", PROGRAM, CODE])
      copyFileSync(join(dirname(LOCKSTEP_BIN), file), join(place, file));
    writeFileSync(join(place, "package.json"), '{ "type": "module" }');
    harm(join(place, CODE));
    const args = [...flags(), join(place, "lockstep.js"), "--version"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    t.is(status, 0, stderr);
    t.regex(stdout, /^\d+\.\d+\.\d+\n$/);
  });
}

test("where the native calls cannot be loaded a node starts all the same, and says what it lacks", async (t) => {
  const place = tempDirectory(t);
  const preload = join(place, "without-koffi.cjs");
  const lines = [
    'const Module = require("node:module");',
    "const load = Module._load;",
    "Module._load = (name, ...rest) => {",
    '  if (name === "koffi") throw new Error("Cannot find the native Koffi module");',
    "  return load(name, ...rest);",
    "};",
  ];
  writeFileSync(preload, lines.join("\n"));
  mkdirSync(join(place, "www"));
  const control = spawnSync(LOCKSTEP_BIN, ["id", "--data", join(place, "control")], { encoding: "utf8" }).stdout.trim();
  const options = ["--data", join(place, "data"), "--root", `www=${join(place, "www")}`, "--control", control];
  const args = ["--require", preload, ...flags(), LOCKSTEP_BIN, "node", ...options, "--listen", "/ip4/127.0.0.1/tcp/0"];
  const node = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  t.teardown(() => node.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  node.stderr.on("data", (data: Buffer) => {
    stderr += data;
  });
  await new Promise<void>((resolve) => {
    node.once("exit", resolve);
    node.stdout.on("data", (data: Buffer) => {
      stdout += data;
      if (stdout.includes("\n")) resolve();
    });
  });
  t.is((JSON.parse(stdout || "{}") as { event?: string }).event, "ready", stderr);
  t.regex(stderr, /this host: /);
  const ended = new Promise((resolve) => node.once("exit", resolve));
  node.kill("SIGTERM");
  t.is(await ended, 0);
});
