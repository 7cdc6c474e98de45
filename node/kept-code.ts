/**
 * The built program and the code that V8 made of it (vm.Script, `cachedData`), which lies beside it: a
 * digest of both, then the code.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire, Module } from "node:module";
import { dirname } from "node:path";
import { constants, Script } from "node:vm";

const DIGEST_BYTES = 32;

const codeFile = (file: string): string => `${file}.code`;
const digestOf = (source: Buffer, code: Buffer): Buffer => createHash("sha256").update(source).update(code).digest();

/** The kept code, when it is whole and of just this program: damaged code crashes V8, and that of another one would run. */
function keptCode(file: string, source: Buffer): Buffer | undefined {
  try {
    const kept = readFileSync(codeFile(file));
    const code = kept.subarray(DIGEST_BYTES);
    return digestOf(source, code).equals(kept.subarray(0, DIGEST_BYTES)) ? code : undefined;
  } catch {
    return undefined;
  }
}

export interface Program {
  run(): void;
  /** Keeps the code of all functions that have run by now. */
  keep(): void;
}

/**
 * Loads a program of one CommonJS file.
 *
 * @param useKept take the kept code, where there is any. What another version of V8 or other flags have made
 * V8 itself refuses, and compiles anew
 */
export function loadProgram(file: string, useKept: boolean): Program {
  const source = readFileSync(file);
  const cachedData = useKept ? keptCode(file, source) : undefined;
  // The bundler writes ASCII, but for comments: as UTF-8 these would make two bytes of each character.
  const script = new Script(Module.wrap(source.toString("latin1")), {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return {
    run() {
      const program = new Module(file);
      const run = script.runInThisContext() as (...args: readonly unknown[]) => void;
      run.call(program.exports, program.exports, createRequire(file), program, file, dirname(file));
    },
    keep() {
      const code = script.createCachedData();
      writeFileSync(codeFile(file), Buffer.concat([digestOf(source, code), code]));
    },
  };
}
