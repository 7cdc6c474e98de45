import test from "ava";
import { advanceRound, type ParticipantState, type ParticipantStep } from "../../src/compare/advance-round.ts";
import { allowedDeletions, guardDeletions, guardSpace } from "../../src/compare/guard.ts";
import { ERROR_TABLE, isErrorCode, LockstepError, toLockstepError } from "../../src/model/errors.ts";
import type { MaxDelete } from "../../src/model/order.ts";
import { OUTCOMES, worseOutcome } from "../../src/model/report.ts";

// ---- guard

const percent = (amount: number): MaxDelete => ({ amount, unit: "percent" });
const count = (amount: number): MaxDelete => ({ amount, unit: "count" });

const ALLOWED: [entries: number, max: MaxDelete, allowed: number][] = [
  [100, percent(50), 50],
  [101, percent(50), 50],
  [1, percent(50), 0],
  [2, percent(50), 1],
  [0, percent(50), 0],
  [7, percent(100), 7],
  [7, percent(0), 0],
  [1000, percent(0.1), 1],
  [999, percent(0.1), 0],
  [3, percent(33.4), 1],
  [100, count(5), 5],
  [2, count(5), 5],
  [2, count(0), 0],
];
for (const [entries, max, allowed] of ALLOWED) {
  test(`of ${entries} entries, maxDelete ${max.amount} ${max.unit} allows ${allowed}`, (t) => {
    t.is(allowedDeletions(entries, max), allowed);
    t.notThrows(() => guardDeletions(allowed, entries, max));
    t.throws(() => guardDeletions(allowed + 1, entries, max), { code: "LOCKSTEP_DELETE_GUARD" });
  });
}

test("no deletion never meets the guard", (t) => {
  for (const max of [percent(0), count(0)]) t.notThrows(() => guardDeletions(0, 0, max));
});

test("a limit that is no whole count allows no more than it says", (t) => {
  t.notThrows(() => guardDeletions(2, 10, count(2.5)));
  t.throws(() => guardDeletions(3, 10, count(2.5)), { code: "LOCKSTEP_DELETE_GUARD" });
});

const SPACE: [what: string, newBytes: number, replaced: number, inFlight: number, free: number, fits: boolean][] = [
  ["nothing new on a full disk", 0, 0, 100, 0, true],
  ["new and no room for it", 100, 0, 0, 99, false],
  ["new and just room for it", 100, 0, 0, 100, true],
  ["room for the growth, none for what is replaced in the blocks under way", 100, 40, 50, 99, false],
  ["room for both", 100, 40, 50, 100, true],
  ["what is staged of new files becomes the files", 100, 0, 50, 100, true],
  ["replaced by as much: the blocks under way count", 100, 100, 50, 50, true],
  ["replaced by as much, no room for blocks under way", 100, 100, 50, 49, false],
  ["shrinking: what is freed later does not pay for what is staged now", 100, 1000, 50, 49, false],
  ["less new than one block", 10, 0, 1000, 20, true],
];
for (const [what, newBytes, replaced, inFlight, free, fits] of SPACE) {
  test(`space: ${what}`, (t) => {
    const guard = (): void => guardSpace(newBytes, replaced, inFlight, free);
    if (fits) t.notThrows(guard);
    else t.throws(guard, { code: "LOCKSTEP_SPACE_GUARD" });
  });
}

// ---- the round

const STATES: ParticipantState[] = ["begun", "listed", "applying", "ended"];
const STEPS: ParticipantStep[] = [
  "list",
  "nodes",
  "batches",
  "lookup",
  "checksums",
  "holes",
  "state",
  "renew",
  "release",
  "guard",
  "prepare",
  "stage",
  "commit",
  "check",
  "delete",
  "finish",
  "end",
];
const ALLOWED_STEPS: Record<ParticipantState, Partial<Record<ParticipantStep, ParticipantState>>> = {
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
const WRITING = new Set<ParticipantStep>(["prepare", "stage", "commit", "check", "delete", "finish"]);

for (const state of STATES) {
  test(`a round that is ${state} takes the steps that fit and refuses the others`, (t) => {
    for (const step of STEPS) {
      const next = ALLOWED_STEPS[state][step];
      if (next === undefined)
        t.throws(() => advanceRound(state, step, "sync"), { code: "LOCKSTEP_OUT_OF_ORDER" }, step);
      else t.is(advanceRound(state, step, "sync"), next, step);
    }
  });
}

for (const mode of ["plan", "verify"] as const) {
  test(`a ${mode} order allows no step that writes, in no state, and all others as usual`, (t) => {
    for (const state of STATES) {
      for (const step of STEPS) {
        const next = ALLOWED_STEPS[state][step];
        if (WRITING.has(step)) t.throws(() => advanceRound(state, step, mode), { code: "LOCKSTEP_NOT_AUTHORISED" });
        else if (next === undefined) t.throws(() => advanceRound(state, step, mode), { code: "LOCKSTEP_OUT_OF_ORDER" });
        else t.is(advanceRound(state, step, mode), next);
      }
    }
  });
}

test("an unknown step is out of order", (t) => {
  for (const step of ["begin", ""]) {
    t.throws(() => advanceRound("listed", step as ParticipantStep, "sync"), { instanceOf: LockstepError });
  }
});

// ---- errors and outcomes

test("every code says what it leads to, and any error can be given one", (t) => {
  for (const [code, { consequence }] of Object.entries(ERROR_TABLE)) {
    t.regex(code, /^LOCKSTEP_[A-Z_]+$/);
    t.true(["path", "remote", "round", "peer", "usage", "node"].includes(consequence));
    t.true(isErrorCode(code));
  }
  t.false(isErrorCode("toString"));
  const cause = new Error("x");
  t.is(toLockstepError(cause).cause, cause);
  t.is(toLockstepError("text").message, "text");
  const coded = new LockstepError("LOCKSTEP_DRIFT", "m");
  t.is(toLockstepError(coded), coded);
  const codeOf = (errno: string) => toLockstepError(Object.assign(new Error("open"), { code: errno })).code;
  for (const errno of ["EMFILE", "ENFILE", "ENOMEM"]) t.is(codeOf(errno), "LOCKSTEP_NO_RESOURCES");
  t.is(codeOf("ENOSPC"), "LOCKSTEP_NO_SPACE");
  t.is(codeOf("EACCES"), "LOCKSTEP_ACCESS_DENIED");
  t.is(codeOf("EROFS"), "LOCKSTEP_ROOT_READ_ONLY");
  t.is(codeOf("toString"), "LOCKSTEP_INTERNAL");
});

test("the worse outcome wins", (t) => {
  for (const [i, a] of OUTCOMES.entries()) {
    for (const [k, b] of OUTCOMES.entries()) t.is(worseOutcome(a, b), OUTCOMES[Math.max(i, k)]);
  }
});
