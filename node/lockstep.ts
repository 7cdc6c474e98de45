#!/usr/bin/env -S node --no-incremental-marking --single-threaded-gc --interrupt-budget=300000
import { fail } from "./fail.ts";
import { createProgram } from "./program.ts";

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  fail(error, process.argv.includes("--json"));
}
