import { CommanderError } from "commander";
import { LockstepError } from "../src/model/errors.ts";
import { EXIT, exitCodeOfError } from "./exit-codes.ts";
import { printable } from "./printable.ts";

/** Says in one line what went wrong and sets the exit code; with `--json` as a document as well. */
export function fail(error: unknown, json: boolean): void {
  if (error instanceof CommanderError) {
    // Help and version are no errors; commander has said its line already.
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (json && error.exitCode !== 0) {
      const message = error.message.replace(/^error: /, "");
      console.log(JSON.stringify({ outcome: "failed", error: { code: "LOCKSTEP_USAGE", message, path: "" } }));
    }
    return;
  }
  const code = error instanceof LockstepError ? error.code : "LOCKSTEP_INTERNAL";
  const message = error instanceof Error ? error.message : String(error);
  process.exitCode = exitCodeOfError(error);
  if (json) console.log(JSON.stringify({ outcome: "failed", error: { code, message, path: "" } }));
  console.error(`lockstep: ${printable(message)} [${code}]`);
}
