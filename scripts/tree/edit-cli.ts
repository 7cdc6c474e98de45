/**
 * edit-cli.ts DIR [--seed N] [--edit F] [--add F] [--remove F] [--touch F] [--no-rename]
 */
import { parseArgs } from "node:util";
import { editTree } from "./edit.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    edit: { type: "string" },
    add: { type: "string" },
    remove: { type: "string" },
    touch: { type: "string" },
    "no-rename": { type: "boolean", default: false },
  },
});
const [directory] = positionals;
if (directory === undefined || positionals.length !== 1) {
  throw new Error("expected exactly one directory");
}
const number = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value >= 0)) throw new RangeError(`bad number ${text}`);
  return value;
};
const summary = editTree(directory, {
  seed: number(values.seed) ?? 1,
  edit: number(values.edit),
  add: number(values.add),
  remove: number(values.remove),
  touch: number(values.touch),
  renameTop: !values["no-rename"],
});
process.stdout.write(`${JSON.stringify(summary)}\n`);
