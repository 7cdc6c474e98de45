import { type LockstepError, toLockstepError } from "../../src/model/errors.ts";
import type { HostStatus } from "../../src/roles/control-station.ts";
import type { StationOptions } from "../command-options.ts";
import { EXIT } from "../exit-codes.ts";
import { readFleet } from "../fleet-file.ts";
import { renderTable } from "../render/table.ts";
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
    return roots.map((root) => [
      name,
      root.root,
      root.roles.join("+") || "none",
      String(root.epoch),
      root.busy
        ? `a round is under way${root.held > 0 ? `, ${root.held} files held` : ""}${root.checking > 0 ? `, ${root.checking} blocks being checked` : ""}`
        : root.lastRound === undefined
          ? "no round yet"
          : `last ${root.lastRound.mode}: ${root.lastRound.outcome} (${root.lastRound.round})`,
    ]);
  });
  console.log(renderTable(["host", "root", "roles", "epoch", "state"], rows));
}
