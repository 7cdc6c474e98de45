import test from "ava";
import { boundReport } from "../../src/compare/bound-report.ts";
import type { Outcome, RemoteReport, RoundReport } from "../../src/model/report.ts";

const REMOTE: RemoteReport = {
  ...{ outcome: "in-step", entries: 10, checksummed: 0, hashedForTransfer: 0, rechecked: 0, inconsistent: 0 },
  ...{ created: 1, updated: 2, deleted: 3, attributes: 4, fileBlocks: 1, bytesReused: 0, bytesFromMaster: 0 },
  ...{ bytesFromRemotes: 0, bytesReceived: 0, resynced: 0, warnings: [], kept: 0, problems: [], problemsOmitted: 0 },
};

function remote(outcome: Outcome, problems: number): RemoteReport {
  const problem = { path: "a/path/é", code: "LOCKSTEP_DRIFT", message: "is not as on the master" } as const;
  const change = { path: "another/path", change: "create" } as const;
  return {
    ...{ ...REMOTE, outcome, problems: Array.from({ length: problems }, () => problem), problemsOmitted: 5 },
    ...{ changes: Array.from({ length: problems }, () => change), changesOmitted: 7 },
    warnings: Array.from({ length: problems }, () => ({ code: "LOCKSTEP_DRIFT", message: "mind" }) as const),
  };
}

function reportOf(remotes: Record<string, RemoteReport>): RoundReport {
  return {
    ...{ root: "www", class: null, round: "www-1-1-1", epoch: 1, mode: "verify", outcome: "problems" },
    ...{ master: "alpha", comparison: "delta", durationMs: 12, remotes },
  };
}

const bytes = (report: RoundReport): number => Buffer.byteLength(JSON.stringify(report));

test("a report that fits stays as it is", (t) => {
  const report = reportOf({ beta: remote("problems", 3) });
  t.is(boundReport(report, bytes(report)), report);
});

test("of one that does not fit lists get shorter, and what is left out is counted", (t) => {
  const report = reportOf({
    beta: remote("problems", 300),
    gamma: remote("in-step", 0),
    delta: remote("problems", 100),
  });
  for (let limit = bytes(report) - 1; limit > 3_000; limit = Math.floor(limit * 0.8)) {
    const bounded = boundReport(report, limit);
    t.true(bytes(bounded) <= limit, `${bytes(bounded)} of ${limit}`);
    t.deepEqual(Object.keys(bounded.remotes), ["beta", "gamma", "delta"]);
    for (const [
      name,
      { problems, problemsOmitted, changes, changesOmitted, warnings, warningsOmitted },
    ] of Object.entries(bounded.remotes)) {
      const all = report.remotes[name].problems.length;
      t.is(problems.length + problemsOmitted, all + 5);
      t.is((changes?.length ?? 0) + (changesOmitted ?? 0), all + 7);
      t.is(warnings.length + (warningsOmitted ?? 0), all);
    }
    t.true(bounded.remotes["beta"].problems.length >= bounded.remotes["delta"].problems.length);
  }
  // A second time, as for what hosts keep.
  const twice = boundReport(boundReport(report, 20_000), 6_000);
  t.true(bytes(twice) <= 6_000);
  t.is(twice.remotes["beta"].problems.length + twice.remotes["beta"].problemsOmitted, 305);
});

test("of more remotes than fit those with the worst outcome stay, and the others are counted", (t) => {
  const remotes = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [
      `host-${i}`,
      remote(i === 40 ? "failed" : i % 50 === 3 ? "problems" : "in-step", 2),
    ]),
  );
  const bounded = boundReport(reportOf(remotes), 10_000);
  t.true(bytes(bounded) <= 10_000);
  for (const name of ["host-40", "host-3", "host-53"]) t.true(name in bounded.remotes, name);
  t.is(Object.keys(bounded.remotes).length + (bounded.remotesOmitted ?? 0), 100);
  t.is(bounded.outcome, "problems");
  const least = boundReport(reportOf(remotes), 10);
  t.is(least.remotesOmitted, 100);
});
