import { fail } from "./fail.ts";
import { createProgram } from "./program.ts";

/** The program: run by `launch.ts`, of which no module may be left waiting at its top. */
createProgram()
  .parseAsync(process.argv)
  .catch((error: unknown) => fail(error, process.argv.includes("--json")));
