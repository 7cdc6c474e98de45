import { LockstepError, toLockstepError } from "../../src/model/errors.ts";
import type { ControlStation, Delivery, HostStatus } from "../../src/roles/control-station.ts";
import type { StationOptions } from "../command-options.ts";
import { EXIT } from "../exit-codes.ts";
import { assignmentOf, type FleetRoot, readFleet } from "../fleet-file.ts";
import { renderTable } from "../render/table.ts";
import { withStation } from "../station.ts";

interface Assigned {
  readonly epoch: number;
  readonly deliveries: readonly Delivery[];
  /** Why nobody was asked, or no comparison server took it. */
  readonly error?: LockstepError;
}

/**
 * Signs and sends the assignment of every root of the fleet file. A root that cannot be assigned keeps no other
 * from it.
 *
 * @throws LockstepError when none could be assigned
 */
export async function runAssign(options: StationOptions): Promise<void> {
  const fleet = readFleet(options.fleet);
  const assigned = await withStation(options.data, async (station, signal) => {
    const known = await Promise.all(
      fleet.hosts.map((host) => station.status(host, signal).catch((error: unknown) => refusal(error, host.name))),
    );
    const results = new Map<string, Assigned>();
    for (const root of fleet.roots.values()) {
      const epoch = highestEpoch(known, root.name) + 1;
      results.set(root.name, await assign(station, root, epoch, signal));
    }
    return results;
  });
  const all = [...assigned.values()];
  const [first] = all;
  if (first?.error !== undefined && all.every(({ error }) => error !== undefined)) throw first.error;
  const failed = all.some((one) => one.error !== undefined || one.deliveries.some(({ error }) => error !== undefined));
  process.exitCode = failed ? EXIT.problems : EXIT.done;
  if (options.json === true) console.log(JSON.stringify(toJson(assigned, failed)));
  else print(assigned);
}

async function assign(station: ControlStation, root: FleetRoot, epoch: number, signal: AbortSignal): Promise<Assigned> {
  try {
    return { epoch, deliveries: await station.assign(assignmentOf(root, epoch), signal) };
  } catch (error) {
    if (signal.aborted || !(error instanceof LockstepError)) throw error;
    return { epoch, deliveries: [], error };
  }
}

/**
 * A host that is away or does not trust this station knows of no epoch that we could see. One that turns out to
 * be another than the fleet file says must get no role: hosts that know each other would not look at its address.
 */
function refusal(error: unknown, name: string): undefined {
  if (!(error instanceof LockstepError)) throw toLockstepError(error);
  if (error.code !== "LOCKSTEP_WRONG_HOST") return undefined;
  throw new LockstepError("LOCKSTEP_CONFIG", `${error.message} Nothing was assigned`, { host: name, cause: error });
}

function highestEpoch(known: readonly (HostStatus | undefined)[], root: string): number {
  const epochs = known.flatMap((status) => status?.roots.filter((candidate) => candidate.root === root) ?? []);
  return Math.max(0, ...epochs.map(({ epoch }) => epoch));
}

function toJson(assigned: ReadonlyMap<string, Assigned>, failed: boolean): unknown {
  const roots: Record<string, unknown> = {};
  for (const [name, { epoch, deliveries, error: refused }] of assigned) {
    const why = refused === undefined ? {} : { error: { code: refused.code, message: refused.message } };
    const hosts = deliveries.map(({ host, error }) => [
      host,
      error === undefined ? { assigned: true } : { assigned: false, code: error.code, message: error.message },
    ]);
    roots[name] = { epoch, hosts: Object.fromEntries(hosts), ...why };
  }
  return { outcome: failed ? "problems" : "assigned", roots };
}

function print(assigned: ReadonlyMap<string, Assigned>): void {
  const result = (error: LockstepError | undefined): string =>
    error === undefined ? "assigned" : `${error.message} [${error.code}]`;
  const rows = [...assigned].flatMap(([name, { epoch, deliveries, error }]) =>
    error === undefined
      ? deliveries.map((delivery) => [name, String(epoch), delivery.host, result(delivery.error)])
      : [[name, "", "", `not assigned: ${result(error)}`]],
  );
  console.log(renderTable(["root", "epoch", "host", "result"], rows));
}
