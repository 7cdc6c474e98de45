import { LockstepError } from "../model/errors.ts";
import type { RoundMode } from "../model/order.ts";

/**
 * What a host has done in a round. Transitions:
 *
 * ```
 * begun    ── list ──► listed
 * listed   ── nodes, batches, lookup, checksums, holes, state, renew, release, guard ──► listed
 * listed   ── prepare (mode sync) ──► applying
 * applying ── stage, commit, check, delete ──► applying
 * applying ── finish ──► begun        (the next pass begins with a new list)
 * any      ── end ──► ended
 * ```
 */
export type ParticipantState = "begun" | "listed" | "applying" | "ended";

export type ParticipantStep =
  | "list"
  | "nodes"
  | "batches"
  | "lookup"
  | "checksums"
  | "holes"
  | "state"
  | "renew"
  | "release"
  | "guard"
  | "prepare"
  | "stage"
  | "commit"
  | "check"
  | "delete"
  | "finish"
  | "end";

const TRANSITIONS: Readonly<Record<ParticipantState, Partial<Record<ParticipantStep, ParticipantState>>>> = {
  begun: { list: "listed", end: "ended" },
  listed: {
    list: "listed",
    nodes: "listed",
    batches: "listed",
    lookup: "listed",
    checksums: "listed",
    holes: "listed",
    state: "listed",
    renew: "listed",
    release: "listed",
    guard: "listed",
    prepare: "applying",
    end: "ended",
  },
  applying: {
    stage: "applying",
    commit: "applying",
    check: "applying",
    delete: "applying",
    finish: "begun",
    end: "ended",
  },
  ended: {},
};

const WRITES: ReadonlySet<ParticipantStep> = new Set(["prepare", "stage", "commit", "check", "delete", "finish"]);

/**
 * The state after a step, or an error when the step does not fit: out of order, or one that writes
 * in a round whose order only compares.
 */
export function advanceRound(state: ParticipantState, step: ParticipantStep, mode: RoundMode): ParticipantState {
  if (WRITES.has(step) && mode !== "sync") {
    throw new LockstepError("LOCKSTEP_NOT_AUTHORISED", `the order is to ${mode}; ${step} was refused`);
  }
  const next = TRANSITIONS[state][step];
  if (next === undefined) {
    throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", `${step} does not fit a round that is ${state}`);
  }
  return next;
}
