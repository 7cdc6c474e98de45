import * as z from "zod";
import { patternMistake } from "../src/compare/pattern-mistake.ts";
import { isMultiaddr } from "../src/mesh/check-address.ts";
import type { Bound, Classification } from "../src/model/classification.ts";
import { ENTRY_TYPES, type EntryTypeName } from "../src/model/entry.ts";
import { LockstepError } from "../src/model/errors.ts";
import { DEFAULT_BLOCK_BOUNDS, MAX_BLOCK_PATHS } from "../src/model/file-block.ts";
import {
  DEFAULT_MAX_DELETE,
  HOLD_FALLBACKS,
  HOLDS,
  type Hold,
  type HoldFallback,
  type MaxDelete,
} from "../src/model/order.ts";
import { type HostAddress, isRootName, type RoleAssignment } from "../src/model/role.ts";
import { readYaml } from "./config-file.ts";
import { parseSize, SIZE_UNITS } from "./size-units.ts";

export interface FleetRoot {
  readonly name: string;
  readonly comparison: readonly HostAddress[];
  readonly master: HostAddress;
  readonly remotes: readonly HostAddress[];
  readonly hold: Hold;
  readonly holdFallback: HoldFallback;
  readonly blockSize: { readonly bytes: number; readonly paths: number };
  readonly compress: boolean;
  readonly delete: boolean;
  readonly maxDelete: MaxDelete;
  readonly classes: ReadonlyMap<string, Classification>;
}

export interface Fleet {
  readonly hosts: readonly HostAddress[];
  readonly roots: ReadonlyMap<string, FleetRoot>;
}

const AGE_UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3 };

function boundSchema(units: Readonly<Record<string, number>>, example: string) {
  return z.string().transform((text, context): Bound => {
    const match = /^\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(text);
    const unit = match !== null && Object.hasOwn(units, match[3]) ? units[match[3]] : undefined;
    if (match === null || unit === undefined) {
      context.addIssue({ code: "custom", message: `"${text}" is not a bound such as "${example}"` });
      return z.NEVER;
    }
    return { op: match[1] as Bound["op"], value: Number(match[2]) * unit };
  });
}

const strings = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === "string" ? [value] : value));
const typeNames = Object.keys(ENTRY_TYPES) as [EntryTypeName, ...EntryTypeName[]];

const patterns = strings.superRefine((list, context) => {
  for (const pattern of list) {
    const mistake = patternMistake(pattern);
    if (mistake === undefined) continue;
    context.addIssue({ code: "custom", message: `the pattern ${JSON.stringify(pattern)} ${mistake}` });
  }
});
const included = patterns.superRefine((list, context) => {
  // Nothing can be read as all or as none; whoever generates the file may have meant none.
  if (list.length === 0) context.addIssue({ code: "custom", message: "is empty; leave it out to select all" });
  else if (list.every((pattern) => pattern.startsWith("!"))) {
    context.addIssue({ code: "custom", message: "has only patterns that take back (!), so it selects nothing" });
  }
});

const classSchema = z
  .strictObject({
    include: included.optional(),
    exclude: patterns.optional(),
    type: z.union([z.enum(typeNames), z.array(z.enum(typeNames)).min(1)]).optional(),
    size: boundSchema(SIZE_UNITS, "<1MiB").optional(),
    age: boundSchema(AGE_UNITS, ">7d").optional(),
  })
  .transform(
    (value): Classification => ({
      include: value.include ?? [],
      exclude: value.exclude ?? [],
      types: value.type === undefined ? [] : [value.type].flat(),
      size: value.size,
      age: value.age,
    }),
  );

const maxDeleteSchema = z.union([z.string(), z.number()]).transform((value, context): MaxDelete => {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(String(value));
  const isOff = match !== null && (match[2] === "%" ? Number(match[1]) > 100 : !Number.isSafeInteger(Number(match[1])));
  if (match === null || isOff) {
    context.addIssue({ code: "custom", message: `"${value}" is neither a count nor a percentage such as "50%"` });
    return z.NEVER;
  }
  return { amount: Number(match[1]), unit: match[2] === "%" ? "percent" : "count" };
});

const bytesSchema = z.union([z.string(), z.number()]).transform((value, context): number => {
  const bytes = parseSize(String(value));
  if (bytes === undefined || bytes < 1) {
    context.addIssue({ code: "custom", message: `"${value}" is not a size such as "64MiB"` });
    return z.NEVER;
  }
  return bytes;
});

const blockSizeSchema: z.ZodType<{ bytes?: number; paths?: number }> = z.strictObject({
  bytes: bytesSchema.optional(),
  paths: z.number().int().min(1).max(MAX_BLOCK_PATHS).optional(),
});

const rootSchema = z.strictObject({
  comparison: strings,
  master: z.string(),
  remotes: z.union([z.literal("*"), z.array(z.string()), z.string().transform((name) => [name])]),
  hold: z.enum(HOLDS).optional(),
  holdFallback: z.enum(HOLD_FALLBACKS).optional(),
  blockSize: z
    .union([bytesSchema.transform((bytes) => ({ bytes, paths: undefined })), blockSizeSchema], {
      error: `is neither a size such as "64MiB" nor { bytes, paths }, with at most ${MAX_BLOCK_PATHS} paths`,
    })
    .optional(),
  compress: z.enum(["auto", "off"]).optional(),
  delete: z.boolean().optional(),
  maxDelete: maxDeleteSchema.optional(),
  classes: z.record(z.string(), classSchema).optional(),
});

const fleetSchema = z.strictObject({
  hosts: z.record(z.string(), z.union([z.string(), z.array(z.string()).min(1)])),
  roots: z.record(z.string(), rootSchema),
});

function config(file: string, message: string): LockstepError {
  return new LockstepError("LOCKSTEP_CONFIG", `fleet file ${file}: ${message}`);
}

function readHost(file: string, name: string, addresses: readonly string[]): HostAddress {
  let peer: string | undefined;
  for (const address of addresses) {
    const match = /^(\/.+)\/p2p\/([A-Za-z0-9]{40,80})$/.exec(address);
    if (match === null || !isMultiaddr(address)) {
      throw config(
        file,
        `hosts.${name}: "${address}" is not a multiaddr with a peer id, such as /ip4/192.0.2.1/tcp/7400/p2p/12D3KooW…`,
      );
    }
    if (peer !== undefined && peer !== match[2]) throw config(file, `hosts.${name}: addresses of two peer ids`);
    peer = match[2];
  }
  return { name, peer: peer as string, addresses };
}

/** Reads and checks a fleet file. @throws LockstepError `LOCKSTEP_CONFIG` in one line */
export function readFleet(file: string): Fleet {
  const raw = readYaml(file, "fleet file", fleetSchema);
  const hosts = new Map(
    Object.entries(raw.hosts).map(([name, addresses]) => [name, readHost(file, name, [addresses].flat())]),
  );
  const peers = new Map<string, string>();
  for (const { name, peer } of hosts.values()) {
    const other = peers.get(peer);
    if (other !== undefined) throw config(file, `hosts ${other} and ${name} have the same peer id`);
    peers.set(peer, name);
  }
  const roots = new Map<string, FleetRoot>();
  for (const [name, root] of Object.entries(raw.roots)) {
    if (!isRootName(name)) throw config(file, `roots: ${JSON.stringify(name)} cannot name a root`);
    const find = (host: string, where: string): HostAddress => {
      const found = hosts.get(host);
      if (found === undefined) throw config(file, `roots.${name}.${where}: there is no host ${host}`);
      return found;
    };
    const master = find(root.master, "master");
    const comparison = root.comparison.map((host) => find(host, "comparison"));
    if (comparison.length === 0) throw config(file, `roots.${name}.comparison: at least one host is needed`);
    const all = [...hosts.values()].filter((host) => host !== master && !comparison.includes(host));
    const remotes = root.remotes === "*" ? all : root.remotes.map((host) => find(host, "remotes"));
    if (remotes.includes(master)) throw config(file, `roots.${name}.remotes: ${master.name} is the master`);
    if (new Set(remotes).size !== remotes.length) throw config(file, `roots.${name}.remotes: a host is named twice`);
    roots.set(name, {
      name,
      comparison,
      master,
      remotes,
      hold: root.hold ?? "none",
      holdFallback: root.holdFallback ?? "stop",
      blockSize: {
        bytes: root.blockSize?.bytes ?? DEFAULT_BLOCK_BOUNDS.maxBytes,
        paths: root.blockSize?.paths ?? DEFAULT_BLOCK_BOUNDS.maxPaths,
      },
      compress: root.compress !== "off",
      delete: root.delete ?? true,
      maxDelete: root.maxDelete ?? DEFAULT_MAX_DELETE,
      classes: new Map(Object.entries(root.classes ?? {})),
    });
  }
  return { hosts: [...hosts.values()], roots };
}

/** The assignment that a root's part of the fleet file asks for. */
export function assignmentOf(root: FleetRoot, epoch: number): RoleAssignment {
  const hosts = [...new Set([...root.comparison, root.master, ...root.remotes])];
  return {
    root: root.name,
    epoch,
    master: root.master.peer,
    comparison: root.comparison.map((host) => host.peer),
    remotes: root.remotes.map((host) => host.peer),
    hosts,
  };
}
