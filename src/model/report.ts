import type { ErrorCode } from "./errors.ts";
import type { Hold } from "./order.ts";
import type { ChangeCounts } from "./plan.ts";

export const OUTCOMES = ["in-step", "planned", "problems", "failed"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The worse of two outcomes, in the order of OUTCOMES. */
export function worseOutcome(a: Outcome, b: Outcome): Outcome {
  return OUTCOMES.indexOf(a) >= OUTCOMES.indexOf(b) ? a : b;
}

export const CHANGE_NAMES = ["create", "replace", "relink", "attributes", "delete"] as const;

/** One path that a plan would change, or that drifts. */
export interface ReportedChange {
  /** Display form. */
  readonly path: string;
  readonly change: (typeof CHANGE_NAMES)[number];
}

export interface ReportedProblem {
  /** Display form (UTF-8, other bytes as %XX); "" when the whole host is concerned. */
  readonly path: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/** How files were held while they were switched, over all blocks of a round. */
export interface HoldReport {
  /** The level that was taken. */
  readonly level: Hold;
  readonly blocks: number;
  readonly files: number;
  /** Milliseconds in all, and of the block that was held longest. */
  readonly ms: number;
  readonly longestMs: number;
  /** Processes that waited in open(2); those given the new content afterwards; those refused. */
  readonly waiters: number;
  readonly refreshed: number;
  readonly denied: number;
  /** Blocks whose hold ended before their switch did. */
  readonly lost: number;
}

/** Something that the order allows, but that people should know. */
export interface ReportedWarning {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What a round did on one remote. Counts are paths unless they say bytes. */
export interface RemoteReport extends ChangeCounts {
  readonly outcome: Outcome;
  /** Selected entries in the remote's list, without the root itself. */
  readonly entries: number;
  /** Files read and hashed on the remote for the comparison. */
  readonly checksummed: number;
  /** Files hashed while they were received. */
  readonly hashedForTransfer: number;
  /** Files read back and hashed after the switch. */
  readonly rechecked: number;
  /** Paths that were switched, and then found other than the master's when they were compared again. */
  readonly inconsistent: number;
  readonly fileBlocks: number;
  readonly bytesReused: number;
  readonly bytesFromMaster: number;
  readonly bytesFromRemotes: number;
  /** Bytes that the content from others took on its way, compressed or not. */
  readonly bytesReceived: number;
  /** Paths put right in a second or third pass. */
  readonly resynced: number;
  /** The first of them, in display form. */
  readonly resyncedPaths?: readonly string[];
  /** Where the order asks for a hold. */
  readonly hold?: HoldReport;
  readonly warnings: readonly ReportedWarning[];
  /** Warnings beyond those listed. */
  readonly warningsOmitted?: number;
  /** With `delete: false`, paths that only the remote has and that were kept. */
  readonly kept: number;
  /** Of `plan` and `verify`: what a sync would do, in path order, deletions last. */
  readonly changes?: readonly ReportedChange[];
  /** Changes beyond those listed. */
  readonly changesOmitted?: number;
  readonly problems: readonly ReportedProblem[];
  /** Problems beyond those listed. */
  readonly problemsOmitted: number;
}

export interface RoundReport {
  readonly root: string;
  readonly class: string | null;
  readonly round: string;
  readonly epoch: number;
  readonly mode: string;
  readonly outcome: Outcome;
  readonly master: string;
  readonly comparison: string;
  readonly durationMs: number;
  readonly remotes: Readonly<Record<string, RemoteReport>>;
  /** Remotes beyond those listed, in a fleet whose report would not fit into a message. */
  readonly remotesOmitted?: number;
  /** Set when the round failed as a whole. */
  readonly error?: ReportedProblem;
}

/** Whether this, which a peer sent, can be shown as the report of a round. */
export function isRoundReport(value: unknown): value is RoundReport {
  if (typeof value !== "object" || value === null) return false;
  const { round, mode, outcome, remotes } = value as Partial<Record<keyof RoundReport, unknown>>;
  const isNamed = typeof round === "string" && typeof mode === "string";
  const isKnown = OUTCOMES.includes(outcome as Outcome);
  return isNamed && isKnown && typeof remotes === "object" && remotes !== null;
}

/** What a running round tells the control station. */
export type RoundEvent =
  /** The comparison server before this one cannot be reached, and why; this one is asked. */
  | { readonly kind: "standby"; readonly host: string; readonly missing: string }
  | { readonly kind: "phase"; readonly phase: string; readonly pass: number }
  | {
      readonly kind: "progress";
      readonly remote: string;
      readonly blocksDone: number;
      readonly blocks: number;
      readonly pathsDone: number;
      readonly paths: number;
      readonly bytesDone: number;
      readonly bytes: number;
      /** Bytes of content so far, by the host that sent them. */
      readonly fedBy: Readonly<Record<string, number>>;
      /** Blocks that were held so far, and for how long in all. */
      readonly heldBlocks: number;
      readonly heldMs: number;
      readonly checked: number;
    }
  /** Hosts whose disks do not answer, each time anew; none when all do again. */
  | { readonly kind: "stalled"; readonly hosts: readonly { readonly host: string; readonly ms: number }[] }
  | { readonly kind: "report"; readonly report: RoundReport };

export const MAX_REPORTED_PROBLEMS = 1000;
export const MAX_REPORTED_CHANGES = 1000;
export const MAX_REPORTED_RESYNCED = 1000;
export const MAX_REPORTED_WARNINGS = 1000;
