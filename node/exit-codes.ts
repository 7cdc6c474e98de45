import { ERROR_TABLE, LockstepError } from "../src/model/errors.ts";
import type { RoundReport } from "../src/model/report.ts";

export const EXIT = { done: 0, failed: 1, usage: 2, problems: 3, interrupted: 130 } as const;

export function exitCodeOfError(error: unknown): number {
  if (!(error instanceof LockstepError)) return EXIT.failed;
  if (error.code === "LOCKSTEP_ABORTED") return EXIT.interrupted;
  return ERROR_TABLE[error.code].consequence === "usage" ? EXIT.usage : EXIT.failed;
}

export function exitCodeOfReport(report: RoundReport): number {
  if (report.error !== undefined) return report.error.code === "LOCKSTEP_ABORTED" ? EXIT.interrupted : EXIT.failed;
  return report.outcome === "in-step" || report.outcome === "planned" ? EXIT.done : EXIT.problems;
}
