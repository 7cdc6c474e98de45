/** generate-cli.ts DIR [--files N] [--directories N] [--min N] [--max N] [--seed N] */
import { parseArgs } from "node:util";
import { generateTree } from "./generate.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    files: { type: "string", default: "1000" },
    directories: { type: "string", default: "100" },
    min: { type: "string", default: "1024" },
    max: { type: "string", default: "16384" },
    seed: { type: "string", default: "1" },
  },
});
const [directory] = positionals;
if (directory === undefined || positionals.length !== 1) {
  throw new Error("expected exactly one directory");
}
const summary = generateTree(directory, {
  files: Number(values.files),
  directories: Number(values.directories),
  minBytes: Number(values.min),
  maxBytes: Number(values.max),
  seed: Number(values.seed),
});
process.stdout.write(`${JSON.stringify(summary)}\n`);
