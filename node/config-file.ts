import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { LockstepError } from "../src/model/errors.ts";
import { givenPath } from "./given-path.ts";

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
  let reserved: string | undefined;
  try {
    document = parse(text, (key, value) => {
      // As names of hosts or roots these would be taken for what each object has.
      if (typeof key === "string" && key in Object.prototype) reserved = key;
      return value as unknown;
    });
  } catch (error) {
    const why = (error as Error).message.split("\n")[0];
    throw new LockstepError("LOCKSTEP_CONFIG", `${what} ${file} is not YAML: ${why}`, { cause: error });
  }
  if (reserved !== undefined) {
    throw new LockstepError("LOCKSTEP_CONFIG", `${what} ${file}: ${reserved} cannot be a name; give it another one`);
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

const nodeConfigSchema = z.strictObject({
  data: z.string().optional(),
  root: z.record(z.string(), z.string()).optional(),
  listen: oneOrMore.optional(),
  control: oneOrMore.optional(),
  durability: z.enum(["full", "none"]).optional(),
  "limit-rate": z.union([z.string(), z.number().transform(String)]).optional(),
});

export type NodeConfig = z.infer<typeof nodeConfigSchema>;

/**
 * A node's settings. Relative paths start at the file's directory, since a service runs in whatever directory it
 * is started from.
 *
 * @throws LockstepError `LOCKSTEP_CONFIG`, `LOCKSTEP_USAGE` in one line
 */
export function readNodeConfig(file: string): NodeConfig {
  const config = readYaml(file, "configuration", nodeConfigSchema);
  const place = (path: string): string => resolve(dirname(file), givenPath(path));
  return {
    ...config,
    data: config.data === undefined ? undefined : place(config.data),
    root: Object.fromEntries(Object.entries(config.root ?? {}).map(([name, path]) => [name, place(path)])),
  };
}
