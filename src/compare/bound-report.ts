import { OUTCOMES, type RemoteReport, type RoundReport } from "../model/report.ts";

const utf8 = new TextEncoder();

function bytesOf(value: unknown): number {
  return utf8.encode(JSON.stringify(value)).length;
}

/** As many from the first on as fit into so many bytes of JSON, and what is left of these bytes. */
function fitting<T>(items: readonly T[], bytes: number): { kept: T[]; left: number } {
  const kept: T[] = [];
  let left = bytes;
  for (const item of items) {
    // And a comma.
    left -= bytesOf(item) + 1;
    if (left < 0) return { kept, left: 0 };
    kept.push(item);
  }
  return { kept, left };
}

/** @param bytes what its lists may take in all; what says most about the outcome comes first */
function shorten(remote: RemoteReport, bytes: number): RemoteReport {
  const problems = fitting(remote.problems, bytes);
  const warnings = fitting(remote.warnings, problems.left);
  const changes = fitting(remote.changes ?? [], warnings.left);
  const resynced = fitting(remote.resyncedPaths ?? [], changes.left);
  const lacking = (kept: readonly unknown[], all: readonly unknown[] = []): number => all.length - kept.length;
  return {
    ...remote,
    problems: problems.kept,
    problemsOmitted: remote.problemsOmitted + lacking(problems.kept, remote.problems),
    warnings: warnings.kept,
    warningsOmitted: (remote.warningsOmitted ?? 0) + lacking(warnings.kept, remote.warnings),
    ...(remote.resyncedPaths === undefined ? {} : { resyncedPaths: resynced.kept }),
    ...(remote.changes === undefined
      ? {}
      : {
          changes: changes.kept,
          changesOmitted: (remote.changesOmitted ?? 0) + lacking(changes.kept, remote.changes),
        }),
  };
}

/**
 * The report with at most so many bytes as JSON: it must fit into one message, however many remotes and
 * problems there are. Lists get shorter, the same for each remote; where that does not do, the remotes
 * with the best outcome are left out. Outcomes and counts stay, and what is left out is counted.
 */
export function boundReport(report: RoundReport, maxBytes: number): RoundReport {
  if (bytesOf(report) <= maxBytes) return report;
  const worstFirst = Object.entries(report.remotes).sort(
    ([, a], [, b]) => OUTCOMES.indexOf(b.outcome) - OUTCOMES.indexOf(a.outcome),
  );
  const remotesOmitted = report.remotesOmitted ?? 0;
  const frame = bytesOf({ ...report, remotes: {}, remotesOmitted: remotesOmitted + worstFirst.length });
  const bare = worstFirst.map(([name, remote]): [string, RemoteReport] => [name, shorten(remote, 0)]);
  const { kept, left } = fitting(bare, Math.max(0, maxBytes - frame));
  const each = kept.length === 0 ? 0 : left / kept.length;
  const whole = new Set(kept.map(([name]) => name));
  const omitted = remotesOmitted + worstFirst.length - kept.length;
  return {
    ...report,
    remotes: Object.fromEntries(
      Object.entries(report.remotes).flatMap(([name, remote]) =>
        whole.has(name) ? [[name, shorten(remote, each)]] : [],
      ),
    ),
    ...(omitted === 0 ? {} : { remotesOmitted: omitted }),
  };
}
