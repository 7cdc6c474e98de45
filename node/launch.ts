#!/usr/bin/env -S node --no-incremental-marking --single-threaded-gc --interrupt-budget=300000
/**
 * Runs the built program from the code that V8 made of it when it was built (vm.Script, `cachedData`):
 * to compile it takes a third of the time of a short command. What another version of V8 or other flags
 * have made V8 itself refuses, and compiles anew.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire, Module } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, Script } from "node:vm";

const DIGEST_BYTES = 32;

/** The kept code, when it is whole and of just this program: damaged code crashes V8, and that of another one would run. */
function keptCode(program: Buffer): Buffer | undefined {
  try {
    const kept = readFileSync(`${file}.code`);
    const code = kept.subarray(DIGEST_BYTES);
    const digest = createHash("sha256").update(program).update(code).digest();
    return digest.equals(kept.subarray(0, DIGEST_BYTES)) ? code : undefined;
  } catch {
    return undefined;
  }
}

const file = fileURLToPath(new URL("./program.cjs", import.meta.url));
const source = readFileSync(file);
const cachedData = keptCode(source);
const script = new Script(Module.wrap(source.toString("utf8")), {
  filename: file,
  ...(cachedData === undefined ? {} : { cachedData }),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
const program = new Module(file);
script.runInThisContext().call(program.exports, program.exports, createRequire(file), program, file, dirname(file));
