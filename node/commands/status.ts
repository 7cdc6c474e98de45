import { type LockstepError, toLockstepError } from "../../src/model/errors.ts";
import type { HostStatus, RootStatus } from "../../src/roles/control-station.ts";
import type { StationOptions } from "../command-options.ts";
import { EXIT } from "../exit-codes.ts";
import { readFleet } from "../fleet-file.ts";
import { renderTable } from "../render/table.ts";
import { formatSeconds } from "../render/units.ts";
import { withStation } from "../station.ts";

/** Shows what every host of the fleet file says of itself. */
export async function runStatus(options: StationOptions): Promise<void> {
  const fleet = readFleet(options.fleet);
  const answers = await withStation(options.data, (station, signal) =>
    Promise.all(
      fleet.hosts.map(async (host): Promise<{ name: string; status?: HostStatus; error?: LockstepError }> => {
        try {
          return { name: host.name, status: await station.status(host, signal) };
        } catch (error) {
          signal.throwIfAborted();
          return { name: host.name, error: toLockstepError(error) };
        }
      }),
    ),
  );
  const anyError = answers.some(({ error }) => error !== undefined);
  const allRefused = answers.length > 0 && answers.every(({ error }) => error?.code === "LOCKSTEP_NOT_AUTHORISED");
  process.exitCode = allRefused ? EXIT.failed : anyError ? EXIT.problems : EXIT.done;
  if (options.json === true) {
    const hosts = answers.map(({ name, status, error }) => [
      name,
      error === undefined
        ? { reachable: true, ...status }
        : { reachable: error.code !== "LOCKSTEP_HOST_UNREACHABLE", code: error.code, message: error.message },
    ]);
    console.log(JSON.stringify({ hosts: Object.fromEntries(hosts) }));
    return;
  }
  const rows = answers.flatMap(({ name, status, error }) => {
    if (error !== undefined) return [[name, "", "", "", `${error.message} [${error.code}]`]];
    const roots = status?.roots ?? [];
    if (roots.length === 0) return [[name, "", "", "", "no roots, no roles"]];
    return roots.map((root) => [name, root.root, root.roles.join("+") || "none", String(root.epoch), stateOf(root)]);
  });
  console.log(renderTable(["host", "root", "roles", "epoch", "state"], rows));
}

function stateOf({ stalledMs, busy, held, checking, lastRound }: RootStatus): string {
  if (stalledMs > 0) return `its disk has not answered for ${formatSeconds(stalledMs / 1000)}`;
  if (busy) {
    const doing = [held > 0 ? `, ${held} files held` : "", checking > 0 ? `, ${checking} blocks being checked` : ""];
    return `a round is under way${doing.join("")}`;
  }
  return lastRound === undefined ? "no round yet" : `last ${lastRound.mode}: ${lastRound.outcome} (${lastRound.round})`;
}
