import type { RoundReport } from "../../src/model/report.ts";
import { printable } from "../printable.ts";
import { renderTable } from "./table.ts";
import { formatBytes } from "./units.ts";

const SHOWN_PROBLEMS = 20;
const SHOWN_CHANGES = 20;

/** A round's report for people. */
export function renderReport(report: RoundReport): string {
  const rows = Object.entries(report.remotes).map(([name, remote]) => [
    name,
    remote.outcome,
    String(remote.entries),
    String(remote.created),
    String(remote.updated),
    String(remote.deleted),
    String(remote.attributes),
    formatBytes(remote.bytesFromMaster),
    formatBytes(remote.bytesFromRemotes),
    String(remote.problems.length + remote.problemsOmitted),
  ]);
  const group = report.class === null ? "" : ` class ${report.class}`;
  const lines = [
    `${report.mode} ${report.root}${group}: ${report.outcome} in ${(report.durationMs / 1000).toFixed(1)} s ` +
      `(master ${report.master}, comparison ${report.comparison}, epoch ${report.epoch})`,
  ];
  if (rows.length > 0) {
    const headings = [
      "remote",
      "outcome",
      "entries",
      "created",
      "updated",
      "deleted",
      "attributes",
      "from master",
      "from remotes",
      "problems",
    ];
    lines.push(renderTable(headings, rows));
  }
  for (const [name, remote] of Object.entries(report.remotes)) {
    for (const { path, code, message } of remote.problems.slice(0, SHOWN_PROBLEMS)) {
      lines.push(printable(`${name}: ${path === "" ? "" : `${path}: `}${message} [${code}]`));
    }
    for (const { code, message } of remote.warnings) lines.push(printable(`${name}: ${message} [${code}]`));
    const more = remote.problemsOmitted + Math.max(0, remote.problems.length - SHOWN_PROBLEMS);
    if (more > 0) lines.push(`${name}: and ${more} more problems (--json lists them)`);
  }
  for (const [name, { hold }] of Object.entries(report.remotes)) {
    if (hold === undefined || hold.blocks === 0) continue;
    const waiters = hold.waiters === 0 ? "" : `; ${hold.waiters} waiters, ${hold.denied} of them refused`;
    lines.push(
      `${name}: ${hold.files} files held (${hold.level}) in ${hold.blocks} blocks, ` +
        `each for at most ${Math.ceil(hold.longestMs)} ms${waiters}`,
    );
  }
  for (const [name, { inconsistent, resyncedPaths = [] }] of Object.entries(report.remotes)) {
    if (inconsistent === 0) continue;
    const named = resyncedPaths.slice(0, SHOWN_CHANGES).join(", ");
    lines.push(
      printable(
        `${name}: ${inconsistent} paths were not as stated when they were compared again after their switch; put right: ${named}`,
      ),
    );
  }
  for (const [name, remote] of Object.entries(report.remotes)) {
    const { changes = [], changesOmitted = 0 } = remote;
    for (const { path, change } of changes.slice(0, SHOWN_CHANGES)) {
      lines.push(printable(`${name}: ${change} ${path === "" ? "(the root itself)" : path}`));
    }
    const more = changesOmitted + Math.max(0, changes.length - SHOWN_CHANGES);
    if (more > 0) lines.push(`${name}: and ${more} more changes (--json lists up to 1000)`);
  }
  const { remotesOmitted = 0 } = report;
  if (remotesOmitted > 0) lines.push(`and ${remotesOmitted} more remotes, none with a worse outcome than those above`);
  if (report.error !== undefined) lines.push(printable(`${report.error.message} [${report.error.code}]`));
  return lines.join("\n");
}
