#!/usr/bin/env -S node --no-incremental-marking
import { fail } from "./fail.ts";
import { createProgram } from "./program.ts";

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  fail(error, process.argv.includes("--json"));
}
