import { EXIT } from "./exit-codes.ts";
import { fail } from "./fail.ts";
import { createProgram } from "./program.ts";

// What a command has to say must not be lost without a word, as on a full disk. Whoever stops reading has read enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return;
  process.exitCode = EXIT.failed;
  process.stderr.write(`lockstep: the output cannot be written (${error.code}) [LOCKSTEP_INTERNAL]\n`);
});

/** The program: run by `launch.ts`, of which no module may be left waiting at its top. */
createProgram()
  .parseAsync(process.argv)
  .catch((error: unknown) => fail(error, process.argv.includes("--json")));
