import type { PlanResult } from "../compare/plan.ts";
import { type LockstepError, toLockstepError } from "../model/errors.ts";
import { isKnownSame, type ListIdentity } from "../model/manifest.ts";
import type { Hold } from "../model/order.ts";
import type { BytePath } from "../model/path.ts";
import { type ChangeCounts, NO_CHANGES } from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";
import { MAX_REPORTED_WARNINGS, type ReportedWarning } from "../model/report.ts";
import type { PeerId } from "../model/role.ts";
import type { Held } from "../ports/tree.ts";
import type { HostLink, StagePart } from "./host-link.ts";

/** One remote as a round sees it: what it has done there, and what is known to be left. */
export class RemoteProgress {
  readonly peer: PeerId;
  readonly name: string;
  link: HostLink | undefined;
  failure: LockstepError | undefined;
  /** Nothing is left to do. */
  settled = false;
  /** The master's list that nothing was left to do of; undefined where something else has ended the work. */
  #settledBy: ListIdentity | undefined;
  /** It has been prepared for changes in this round. */
  hasBegun = false;
  entries = 0;
  planned: ChangeCounts = NO_CHANGES;
  counts: ChangeCounts = NO_CHANGES;
  checksummed = 0;
  rechecked = 0;
  hashedForTransfer = 0;
  fileBlocks = 0;
  bytesReused = 0;
  bytesFromMaster = 0;
  bytesFromRemotes = 0;
  bytesReceived = 0;
  resynced = 0;
  readonly resyncedPaths = new Set<BytePath>();
  /** Paths that a check found other than stated. */
  readonly inconsistent = new Set<BytePath>();
  checked = 0;
  kept = 0;
  hold: Hold = "none";
  held = { blocks: 0, files: 0, ms: 0, longestMs: 0, waiters: 0, refreshed: 0, denied: 0, lost: 0 };
  /** By code and sentence. */
  readonly warnings = new Map<string, ReportedWarning>();
  /** What this round has changed and the class does not select any more: later comparisons look it up. */
  readonly unselected = new Set<BytePath>();
  /** Of the latest comparison. */
  compareProblems: readonly Problem[] = [];
  /** Of the latest apply, by path. */
  applyProblems = new Map<BytePath, Problem>();
  /** Why a later pass was not begun. */
  refusal: LockstepError | undefined;
  current: PlanResult | undefined;
  // For progress
  blocks = 0;
  blocksDone = 0;
  paths = 0;
  pathsDone = 0;
  bytes = 0;
  /** By block. */
  readonly bytesUnderWay = new Map<number, number>();
  /** Bytes by the peer that they came from: of staged blocks, and of those under way. */
  readonly fed = new Map<PeerId, number>();
  readonly fedUnderWay = new Map<number, StagePart["fed"]>();

  constructor(peer: PeerId, name: string) {
    this.peer = peer;
    this.name = name;
  }

  warn({ code, message }: LockstepError): void {
    if (this.warnings.size < MAX_REPORTED_WARNINGS) this.warnings.set(`${code} ${message}`, { code, message });
  }

  /** Nothing more comes of a block; `last` is what its stage has said last. */
  staged(block: number, last: StagePart): void {
    this.bytesUnderWay.delete(block);
    for (const { peer, bytes } of this.fedUnderWay.get(block) ?? [])
      this.fed.set(peer, (this.fed.get(peer) ?? 0) + bytes);
    this.fedUnderWay.delete(block);
    this.bytesFromMaster += last.bytesFromMaster;
    this.bytesFromRemotes += last.bytesFromRemotes;
    this.bytesReceived += last.bytesReceived;
    this.bytesReused += last.bytesReused;
    this.hashedForTransfer += last.hashed;
    for (const problem of last.problems) this.applyProblems.set(problem.path, problem);
  }

  tookHold({ ms, files, waiters, refreshed, denied, lost }: Held): void {
    const { held } = this;
    held.blocks++;
    held.files += files;
    held.ms += ms;
    held.longestMs = Math.max(held.longestMs, ms);
    held.waiters += waiters;
    held.refreshed += refreshed;
    held.denied += denied;
    if (lost) held.lost++;
  }

  /** Nothing is left to do, as long as the master is as in this list. */
  settleBy(master: ListIdentity): void {
    this.settled = true;
    this.#settledBy = master;
    this.refusal = undefined;
    this.applyProblems.clear();
  }

  /**
   * Takes note of a later list of the master; true when there may be something to do again. Where a
   * content root is missing, a file may have changed without a trace in the list.
   */
  unsettle(master: ListIdentity): boolean {
    if (this.#settledBy === undefined || isKnownSame(this.#settledBy, master)) return false;
    this.settled = false;
    this.#settledBy = undefined;
    return true;
  }

  /** It stays as the last pass left it. That there is no room the paths of that pass tell. */
  refuse(error: LockstepError): void {
    if (error.code === "LOCKSTEP_DELETE_GUARD" || this.applyProblems.size === 0) this.refusal = error;
    this.settled = true;
  }

  fail(error: unknown): void {
    this.failure ??= toLockstepError(error);
    this.settled = true;
    this.#settledBy = undefined;
  }
}
