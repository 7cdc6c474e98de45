import { readFileSync } from "node:fs";
import { parse } from "yaml";
import * as z from "zod";
import { LockstepError } from "../src/model/errors.ts";

/** Reads a YAML file of a known shape. @throws LockstepError `LOCKSTEP_CONFIG` in one line */
export function readYaml<T>(file: string, what: string, schema: z.ZodType<T>): T {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new LockstepError("LOCKSTEP_CONFIG", `${what} ${file} cannot be read (${code})`, { cause: error });
  }
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    const why = (error as Error).message.split("\n")[0];
    throw new LockstepError("LOCKSTEP_CONFIG", `${what} ${file} is not YAML: ${why}`, { cause: error });
  }
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue.path.join(".");
  throw new LockstepError("LOCKSTEP_CONFIG", `${what} ${file}: ${place === "" ? "" : `${place}: `}${issue.message}`);
}

const oneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === "string" ? [value] : value));

export const nodeConfigSchema = z.strictObject({
  data: z.string().optional(),
  root: z.record(z.string(), z.string()).optional(),
  listen: oneOrMore.optional(),
  control: oneOrMore.optional(),
  durability: z.enum(["full", "none"]).optional(),
  "limit-rate": z.union([z.string(), z.number().transform(String)]).optional(),
});
