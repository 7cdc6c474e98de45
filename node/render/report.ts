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
      "received",
      "problems",
    ];
    lines.push(renderTable(headings, rows));
  }
  for (const [name, remote] of Object.entries(report.remotes)) {
    for (const { path, code, message } of remote.problems.slice(0, SHOWN_PROBLEMS)) {
      lines.push(printable(`${name}: ${path === "" ? "" : `${path}: `}${message} [${code}]`));
    }
    const more = remote.problems.length + remote.problemsOmitted - SHOWN_PROBLEMS;
    if (more > 0) lines.push(`${name}: and ${more} more problems (--json lists them)`);
  }
  for (const [name, remote] of Object.entries(report.remotes)) {
    const { changes = [], changesOmitted = 0 } = remote;
    for (const { path, change } of changes.slice(0, SHOWN_CHANGES)) {
      lines.push(printable(`${name}: ${change} ${path === "" ? "(the root itself)" : path}`));
    }
    const more = changes.length + changesOmitted - SHOWN_CHANGES;
    if (more > 0) lines.push(`${name}: and ${more} more changes (--json lists up to 1000)`);
  }
  if (report.error !== undefined) lines.push(printable(`${report.error.message} [${report.error.code}]`));
  return lines.join("\n");
}
