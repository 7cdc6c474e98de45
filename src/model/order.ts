import type { Classification } from "./classification.ts";

/** What a round does: `plan` compares only; `verify` re-reads everything, ignoring the cache. */
export const ROUND_MODES = ["plan", "sync", "verify"] as const;
export type RoundMode = (typeof ROUND_MODES)[number];

export const HOLDS = ["none", "advisory", "mandatory"] as const;
export type Hold = (typeof HOLDS)[number];

/**
 * What to do where a host cannot hold as ordered: `stop` refuses that host; the others name the
 * strongest level that is taken instead, which the report says.
 */
export const HOLD_FALLBACKS = ["stop", "advisory", "none"] as const;
export type HoldFallback = (typeof HOLD_FALLBACKS)[number];

/** Most deletions allowed: a count, or a percentage of the remote's selected entries. */
export interface MaxDelete {
  readonly amount: number;
  readonly unit: "percent" | "count";
}

export const DEFAULT_MAX_DELETE: MaxDelete = { amount: 50, unit: "percent" };

/** Starts a round. Signed by the control station; every host enforces its limits itself. */
export interface RoundOrder {
  readonly root: string;
  readonly epoch: number;
  /** Rises with every order; a host refuses one at or below the highest it has seen. */
  readonly sequence: number;
  readonly mode: RoundMode;
  readonly className: string | undefined;
  readonly classification: Classification;
  /** Milliseconds since 1970 against which `age` is measured, the same on every host. */
  readonly now: number;
  readonly delete: boolean;
  readonly maxDelete: MaxDelete;
  readonly hold: Hold;
  readonly holdFallback: HoldFallback;
  /** Bounds of a file block; a link group that is larger stays whole all the same. */
  readonly blockBytes: number;
  readonly blockPaths: number;
  /** Whether content that gets smaller is compressed on its way. */
  readonly compress: boolean;
  /** Milliseconds since 1970 after which hosts refuse to begin this round. */
  readonly expiry: number;
}

/** Carried by every round message; a lower epoch, sequence or term changes nothing. */
export interface RoundId {
  readonly root: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly term: number;
}

/** Text form of a round id for people and logs. */
export function roundName(round: RoundId): string {
  return `${round.root}-${round.epoch}-${round.sequence}-${round.term}`;
}

export function sameRound(a: RoundId, b: RoundId): boolean {
  return a.root === b.root && a.epoch === b.epoch && a.sequence === b.sequence && a.term === b.term;
}
