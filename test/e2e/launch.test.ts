/** The program runs from code that was kept when it was built, and as well without it. */
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
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
    const { cachedDataRejected } = new Script(Module.wrap(program.toString("utf8")), { cachedData });
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
