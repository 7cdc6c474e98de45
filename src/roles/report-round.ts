import { LockstepError } from "../model/errors.ts";
import { type RoundId, type RoundOrder, roundName } from "../model/order.ts";
import { type BytePath, displayPath } from "../model/path.ts";
import type { RemotePlan } from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";
import {
  CHANGE_NAMES,
  MAX_REPORTED_CHANGES,
  MAX_REPORTED_PROBLEMS,
  MAX_REPORTED_RESYNCED,
  type Outcome,
  type RemoteReport,
  type ReportedChange,
  type RoundReport,
  worseOutcome,
} from "../model/report.ts";
import { hostName, type RoleAssignment } from "../model/role.ts";
import type { RemoteProgress } from "./remote-progress.ts";

export interface RoundResult {
  readonly id: RoundId;
  readonly order: RoundOrder;
  readonly assignment: RoleAssignment;
  /** Peer id of the comparison server. */
  readonly comparison: string;
  readonly remotes: readonly RemoteProgress[];
  readonly durationMs: number;
  /** Why the round ended early. */
  readonly error: LockstepError | undefined;
}

/** What a round tells of itself at its end. */
export function reportRound({
  id,
  order,
  assignment,
  comparison,
  remotes,
  durationMs,
  error,
}: RoundResult): RoundReport {
  const reports: Record<string, RemoteReport> = {};
  let outcome: Outcome = order.mode === "plan" ? "planned" : "in-step";
  for (const remote of remotes) {
    const report = remoteReport(remote, order, error);
    reports[remote.name] = report;
    outcome = worseOutcome(outcome, report.outcome);
  }
  const problem =
    error === undefined ? undefined : { path: error.path ?? "", code: error.code, message: error.message };
  return {
    root: order.root,
    class: order.className ?? null,
    round: roundName(id),
    epoch: order.epoch,
    mode: order.mode,
    outcome: error === undefined ? outcome : "failed",
    master: hostName(assignment, assignment.master),
    comparison: hostName(assignment, comparison),
    durationMs,
    remotes: reports,
    ...(problem === undefined ? {} : { error: problem }),
  };
}

/** What a host keeps of a round that went no further there, as far as it knows: no report of it has come. */
export function reportCutShort(id: RoundId, order: RoundOrder, assignment: RoleAssignment): RoundReport {
  const message = "the round was cut short here: no report of it came";
  const error = new LockstepError("LOCKSTEP_ABORTED", message);
  const [comparison] = assignment.comparison;
  return reportRound({ id, order, assignment, comparison, remotes: [], durationMs: 0, error });
}

function remoteReport(remote: RemoteProgress, order: RoundOrder, error: LockstepError | undefined): RemoteReport {
  const { mode, hold } = order;
  const problems = remoteProblems(remote, order, error);
  const clean = mode === "plan" ? "planned" : "in-step";
  const failed = remote.failure !== undefined || error !== undefined;
  const shown = problems.slice(0, MAX_REPORTED_PROBLEMS);
  return {
    outcome: failed ? "failed" : problems.length > 0 ? "problems" : clean,
    entries: remote.entries,
    ...(mode === "sync" ? remote.counts : remote.planned),
    checksummed: remote.checksummed,
    hashedForTransfer: remote.hashedForTransfer,
    rechecked: remote.rechecked + remote.checked,
    inconsistent: remote.inconsistent.size,
    fileBlocks: remote.fileBlocks,
    bytesReused: remote.bytesReused,
    bytesFromMaster: remote.bytesFromMaster,
    bytesFromRemotes: remote.bytesFromRemotes,
    bytesReceived: remote.bytesReceived,
    resynced: remote.resynced,
    ...(remote.resyncedPaths.size === 0
      ? {}
      : { resyncedPaths: [...remote.resyncedPaths].slice(0, MAX_REPORTED_RESYNCED).map(displayPath) }),
    ...(hold === "none" || mode !== "sync" ? {} : { hold: { level: remote.hold, ...remote.held } }),
    warnings: [...remote.warnings.values()],
    kept: remote.kept,
    ...(mode === "sync" ? {} : reportChanges(remote.current?.plan)),
    problems: shown.map(({ path, code, message }) => ({ path: displayPath(path), code, message })),
    problemsOmitted: problems.length - shown.length,
  };
}

function remoteProblems(
  remote: RemoteProgress,
  { mode }: RoundOrder,
  error: LockstepError | undefined,
): readonly Problem[] {
  if (remote.failure !== undefined) {
    const { code, message } = remote.failure;
    return [{ path: "", code, message }];
  }
  if (error !== undefined) return [{ path: "", code: error.code, message: `the round ended: ${error.message}` }];
  const problems = new Map<BytePath, Problem>(remote.compareProblems.map((problem) => [problem.path, problem]));
  if (remote.refusal !== undefined) {
    const { code, message } = remote.refusal;
    problems.set("", { path: "", code, message });
  }
  const plan = remote.current?.plan;
  if (plan === undefined || mode === "plan") return [...problems.values()];
  for (const path of [...plan.actions.keys(), ...plan.deletions]) {
    // That its owner, say, cannot be set must not hide that its content differs.
    const known = problems.get(path);
    if (known !== undefined && known.code !== "LOCKSTEP_UNREPRESENTABLE") continue;
    const drift = { path, code: "LOCKSTEP_DRIFT", message: "is not as on the master" } as const;
    const left = { path, code: "LOCKSTEP_NOT_IN_STEP", message: "still differs after all passes" } as const;
    problems.set(path, mode === "verify" ? drift : (remote.applyProblems.get(path) ?? left));
  }
  return [...problems.values()];
}

function reportChanges(plan: RemotePlan | undefined): Pick<RemoteReport, "changes" | "changesOmitted"> {
  if (plan === undefined) return {};
  const changes: ReportedChange[] = [];
  for (const [path, action] of plan.actions) {
    if (changes.length === MAX_REPORTED_CHANGES) break;
    changes.push({ path: displayPath(path), change: CHANGE_NAMES[action - 1] });
  }
  const gone = [...plan.deletions, ...plan.replaced];
  for (const path of gone) {
    if (changes.length === MAX_REPORTED_CHANGES) break;
    changes.push({ path: displayPath(path), change: "delete" });
  }
  return { changes, changesOmitted: plan.actions.size + gone.length - changes.length };
}
