import { createClassifier } from "../../src/compare/classify.ts";
import { type Classification, WHOLE_ROOT } from "../../src/model/classification.ts";
import { LockstepError } from "../../src/model/errors.ts";
import type { RoundMode } from "../../src/model/order.ts";
import type { RoundEvent, RoundReport } from "../../src/model/report.ts";
import type { RoundOptions } from "../command-options.ts";
import { exitCodeOfReport } from "../exit-codes.ts";
import { assignmentOf, type FleetRoot, readFleet } from "../fleet-file.ts";
import { printable } from "../printable.ts";
import { ProgressDisplay } from "../render/progress.ts";
import { renderReport } from "../render/report.ts";
import { withStation } from "../station.ts";

function rootOf(fleetFile: string, name: string): FleetRoot {
  const fleet = readFleet(fleetFile);
  const root = fleet.roots.get(name);
  if (root !== undefined) return root;
  const known = [...fleet.roots.keys()].join(", ");
  throw new LockstepError("LOCKSTEP_CONFIG", `fleet file ${fleetFile} has no root ${name}; it has: ${known}`);
}

function classOf(root: FleetRoot, name: string | undefined): Classification {
  if (name === undefined) return WHOLE_ROOT;
  const found = root.classes.get(name);
  if (found === undefined) {
    const known = [...root.classes.keys()].join(", ") || "none";
    throw new LockstepError("LOCKSTEP_CONFIG", `root ${root.name} has no class ${name}; it has: ${known}`);
  }
  // A pattern that cannot be read is the caller's mistake, to be told before anybody is asked.
  createClassifier(found, 0);
  return found;
}

/** Orders a round and shows its report. */
export async function runRound(mode: RoundMode, rootName: string, options: RoundOptions): Promise<void> {
  const root = rootOf(options.fleet, rootName);
  const classification = classOf(root, options.class);
  const display = process.stderr.isTTY && options.json !== true ? new ProgressDisplay(process.stderr) : undefined;
  const report = await withStation(options.data, async (station, signal) => {
    const order = {
      root: root.name,
      mode,
      className: options.class,
      classification,
      delete: root.delete,
      maxDelete: root.maxDelete,
      hold: root.hold,
      holdFallback: root.holdFallback,
      blockBytes: root.blockSize.bytes,
      blockPaths: root.blockSize.paths,
      compress: root.compress,
    };
    let last: RoundReport | undefined;
    try {
      for await (const event of station.round(root.comparison, order, signal, assignmentOf(root, 0))) {
        if (event.kind === "report") last = event.report;
        else if (event.kind === "standby") tellStandby(event);
        else display?.show(event);
      }
    } finally {
      display?.clear();
    }
    if (last === undefined) {
      throw new LockstepError("LOCKSTEP_HOST_UNREACHABLE", "the comparison server ended the round without a report");
    }
    return last;
  });
  process.exitCode = exitCodeOfReport(report);
  console.log(options.json === true ? JSON.stringify(report) : renderReport(report));
}

function tellStandby({ host, missing }: Extract<RoundEvent, { kind: "standby" }>): void {
  console.error(`lockstep: ${printable(missing)}; ${printable(host)} stands by and compares`);
}
