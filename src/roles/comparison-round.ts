import { cutBlocks, cutDeletions, unionPlanned } from "../compare/blocks.ts";
import { boundReport } from "../compare/bound-report.ts";
import { changedUnselected, createClassifier } from "../compare/classify.ts";
import { guardDeletions } from "../compare/guard.ts";
import { planFanOut } from "../compare/neighbours.ts";
import { type PlanResult, planRemote } from "../compare/plan.ts";
import { sameDigest } from "../model/digest.ts";
import { ERROR_TABLE, LockstepError, toLockstepError } from "../model/errors.ts";
import { type BlockBounds, DEFAULT_BLOCK_BOUNDS, type FileBlock, isLong } from "../model/file-block.ts";
import { encodeListRoot } from "../model/manifest.ts";
import { type Hold, type RoundId, type RoundOrder, sameRound } from "../model/order.ts";
import { rangesOf } from "../model/ordinals.ts";
import { type BytePath, comparePaths } from "../model/path.ts";
import {
  ACTIONS,
  addCounts,
  type ChangeCounts,
  changeTotal,
  type PlannedPath,
  type RemotePlan,
} from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";
import type { RoundEvent, RoundReport } from "../model/report.ts";
import { hostName, type PeerId } from "../model/role.ts";
import type { Clock } from "../ports/clock.ts";
import type { Mesh, Signer } from "../ports/mesh.ts";
import type { StateStore } from "../ports/store.ts";
import { decodeMessage, decodeRoundId } from "../wire/codec.ts";
import { LIMITS } from "../wire/limits.ts";
import { ListStatementMessage, type PrepareRequest } from "../wire/messages.ts";
import { AbsenceStatements } from "./absence-statements.ts";
import type { Authority, KeptAssignment } from "./authority.ts";
import { BlockStatements, type TakenStatement } from "./block-statements.ts";
import { type Comparison, compareLists } from "./compare-lists.ts";
import { HostLink, type HostList, type StagePart } from "./host-link.ts";
import { ListedHost } from "./listed-host.ts";
import { RemoteProgress } from "./remote-progress.ts";
import { reportCutShort, reportRound } from "./report-round.ts";

export interface ComparisonComponents {
  readonly mesh: Mesh;
  readonly signer: Signer;
  readonly state: StateStore;
  readonly authority: Authority;
  readonly clock: Clock;
}

/** The first pass, and at most so many more over what has changed meanwhile. */
const MAX_PASSES = 3;
/** Blocks of one remote that are staged while an earlier one is committed. */
const STAGE_AHEAD = 2;
/**
 * Of blocks that are longer than usual one is enough to keep all busy: the memory of old versions that
 * are gone serves for new ones.
 */
const LONG_STAGE_AHEAD = 1;
/** How often the leases of what the master holds are renewed; a third of what they last. */
const RENEW_MS = 10_000;
/** How often it is told whose disks do not answer. */
const STALLED_MS = 5_000;
/** How long hosts may take to say that they have ended the round. */
const END_TIMEOUT_MS = 5_000;
/** The first comparison server's term; a standby that takes over raises it. */
const FIRST_TERM = 1;
/** Shorter files are not asked about when there is no room for all. */
const HOLES_FROM_BYTES = 1 << 20;

/** A remote's part in the exchange of content, as it is told. */
type Feeding = Pick<PrepareRequest, "neighbours" | "place" | "places">;
const ALONE: Feeding = { neighbours: [], place: 1, places: 1 };

/** One round, from the first list to the report. */
export class ComparisonRound {
  readonly #components: ComparisonComponents;
  readonly #order: RoundOrder;
  readonly #orderEnvelope: Uint8Array;
  readonly #kept: KeptAssignment;
  readonly #emit: (event: RoundEvent) => void;
  readonly #signal: AbortSignal;
  readonly #id: RoundId;
  readonly #started: number;
  readonly #remotes: RemoteProgress[];
  /** Whoever content can come from. */
  readonly #sources: ReadonlySet<PeerId>;
  #master: HostLink | undefined;
  #masterList: ListedHost | undefined;
  #lastProgress = 0;

  constructor(
    components: ComparisonComponents,
    order: RoundOrder,
    orderEnvelope: Uint8Array,
    kept: KeptAssignment,
    emit: (event: RoundEvent) => void,
    signal: AbortSignal,
  ) {
    this.#components = components;
    this.#order = order;
    this.#orderEnvelope = orderEnvelope;
    this.#kept = kept;
    this.#emit = emit;
    this.#signal = signal;
    this.#id = { root: order.root, epoch: order.epoch, sequence: order.sequence, term: FIRST_TERM };
    this.#started = components.clock.elapsed();
    const { assignment } = kept;
    this.#sources = new Set([assignment.master, ...assignment.remotes]);
    this.#remotes = assignment.remotes.map((peer) => new RemoteProgress(peer, hostName(assignment, peer)));
  }

  async run(): Promise<void> {
    const { remotes, root } = this.#kept.assignment;
    if (remotes.length === 0) {
      const who = `nobody is a remote of root ${root} ("*" leaves out the master and the comparison servers)`;
      throw new LockstepError("LOCKSTEP_NOT_ASSIGNED", `${who}; name one in the fleet file and assign`);
    }
    const onAbort = (): void => this.#abortLinks(new LockstepError("LOCKSTEP_ABORTED", "the round was interrupted"));
    this.#signal.addEventListener("abort", onAbort, { once: true });
    let error: LockstepError | undefined;
    const telling = this.#tellStalled();
    try {
      await this.#open();
      await this.#passes();
    } catch (thrown) {
      error = this.#signal.aborted
        ? new LockstepError("LOCKSTEP_ABORTED", "the round was interrupted")
        : withHost(toLockstepError(thrown));
    } finally {
      clearInterval(telling);
      this.#signal.removeEventListener("abort", onAbort);
    }
    const { clock, mesh } = this.#components;
    const result = reportRound({
      ...{ id: this.#id, order: this.#order, assignment: this.#kept.assignment, comparison: mesh.self },
      ...{ remotes: this.#remotes, durationMs: Math.round(clock.elapsed() - this.#started), error },
    });
    const report = boundReport(result, LIMITS.reportBytes);
    await this.#end(report);
    this.#emit({ kind: "report", report });
  }

  /** A host whose disk hangs answers that it is there, and all others wait for it. */
  #tellStalled(): NodeJS.Timeout {
    let told = 0;
    return setInterval(() => {
      const links = [this.#master, ...this.#active().map((remote) => remote.link)];
      const hosts = links.flatMap((link) =>
        link === undefined || link.stalledMs === 0 ? [] : [{ host: link.host, ms: link.stalledMs }],
      );
      if (hosts.length > 0 || told > 0) this.#emit({ kind: "stalled", hosts });
      told = hosts.length;
    }, STALLED_MS);
  }

  #abortLinks(error: Error): void {
    this.#master?.abort(error);
    for (const remote of this.#remotes) remote.link?.abort(error);
  }

  #active(): RemoteProgress[] {
    return this.#remotes.filter((remote) => !remote.settled);
  }

  async #open(): Promise<void> {
    const { mesh } = this.#components;
    const { assignment, envelope } = this.#kept;
    this.#emit({ kind: "phase", phase: "connect", pass: 0 });
    await mesh.learn(assignment.hosts);
    /** @param keep from then on an interrupt reaches the host, and the end of the round, also if it refuses to begin */
    const begin = async (peer: PeerId, keep: (link: HostLink) => void): Promise<void> => {
      const link = await HostLink.open(mesh, peer, hostName(assignment, peer), this.#id, this.#signal);
      keep(link);
      await link.begin(envelope, this.#orderEnvelope);
    };
    const remotes = this.#remotes.map(async (remote) => {
      try {
        await begin(remote.peer, (link) => {
          remote.link = link;
        });
      } catch (error) {
        remote.fail(error);
      }
    });
    try {
      await begin(assignment.master, (link) => {
        this.#master = link;
      });
    } finally {
      await Promise.all(remotes);
    }
  }

  async #passes(): Promise<void> {
    const { mode } = this.#order;
    for (let pass = 0; ; pass++) {
      this.#signal.throwIfAborted();
      await this.#compare(pass);
      if (mode === "plan") await this.#try();
      if (mode !== "sync" || this.#active().length === 0) return;
      if (pass === MAX_PASSES) return;
      await this.#apply(pass);
    }
  }

  async #compare(pass: number): Promise<void> {
    const master = this.#master as HostLink;
    const { classification, now } = this.#order;
    this.#emit({ kind: "phase", phase: pass === 0 ? "list" : "check", pass });
    const classifier = createClassifier(classification, now);
    const listOf = async (remote: RemoteProgress): Promise<ListedHost | undefined> => {
      try {
        return new ListedHost(remote.link as HostLink, await (remote.link as HostLink).list());
      } catch (error) {
        remote.fail(error);
        return undefined;
      }
    };
    const active = this.#active();
    const lists = active.map(listOf);
    try {
      const list = await master.list();
      await this.#checkListRoot(list);
      this.#masterList = new ListedHost(master, list);
    } catch (error) {
      await Promise.all(lists);
      throw error;
    }
    const masterList = this.#masterList;
    // Those that needed nothing more of what the master has been meanwhile.
    const again = this.#remotes.filter((remote) => remote.unsettle(masterList.list));
    active.push(...again);
    lists.push(...again.map(listOf));
    const listed = await Promise.all(lists);
    this.#emit({ kind: "phase", phase: "compare", pass });
    await Promise.all(
      active.map(async (remote, i) => {
        const list = listed[i];
        if (list === undefined) return;
        try {
          const comparison = await compareLists(
            masterList,
            list,
            classifier.selectsAll ? undefined : remote.unselected,
          );
          this.#take(remote, list, masterList.list, comparison, pass);
          const { actions } = (remote.current as PlanResult).plan;
          for (const path of changedUnselected(comparison.pairs, actions, classifier)) remote.unselected.add(path);
        } catch (error) {
          if (error instanceof LockstepError && error.host === master.host) throw error;
          remote.fail(error);
        }
      }),
    );
  }

  /** What the round goes by is signed by the master, for this round. */
  async #checkListRoot({ root, statement = new Uint8Array(0) }: HostList): Promise<void> {
    const { signer, payload } = await this.#components.signer.open("lockstep-list-root", statement);
    const { round, listRoot } = decodeMessage((bytes) => ListStatementMessage.decode(bytes), payload);
    const isHere = signer === this.#kept.assignment.master && sameRound(decodeRoundId(round), this.#id);
    if (isHere && sameDigest(listRoot, encodeListRoot(root))) return;
    const message = "the master's list is not under its signature for this round";
    throw new LockstepError("LOCKSTEP_BAD_SIGNATURE", message, { host: (this.#master as HostLink).host });
  }

  #take(remote: RemoteProgress, list: ListedHost, master: HostList, comparison: Comparison, pass: number): void {
    const order = this.#order;
    const { represents } = list.list;
    remote.entries = list.list.entries;
    if (pass === 0) remote.checksummed += comparison.checksummed;
    else remote.rechecked += comparison.checksummed;
    const { contentDiffers } = comparison;
    const result = planRemote(comparison.pairs, { contentDiffers, represents, delete: order.delete });
    // What could not be read comes after what the remote cannot set, of which a path may have both.
    remote.compareProblems = [...result.problems, ...comparison.problems];
    remote.kept = result.kept;
    if (pass > 0) this.#noteInconsistent(remote, result.plan);
    remote.current = result;
    const { counts } = result.plan;
    if (pass === 0) remote.planned = counts;
    if (!remote.hasBegun && order.mode !== "verify") guardDeletions(counts.deleted, remote.entries, order.maxDelete);
    if (changeTotal(counts) === 0) remote.settleBy(master);
    else if (pass > 0 && this.#isHopeless(remote, result)) remote.settled = true;
  }

  /** What the last pass did without a problem and is not right all the same. */
  #noteInconsistent(remote: RemoteProgress, { actions, deletions }: RemotePlan): void {
    const before = (remote.current as PlanResult).plan;
    const gone = new Set(before.deletions);
    for (const path of actions.keys()) {
      if (before.actions.has(path) && !remote.applyProblems.has(path)) remote.inconsistent.add(path);
    }
    for (const path of deletions) if (gone.has(path) && !remote.applyProblems.has(path)) remote.inconsistent.add(path);
  }

  /** True when all that is left failed before for reasons that another try does not change. */
  #isHopeless(remote: RemoteProgress, result: PlanResult): boolean {
    const left = [...result.plan.actions.keys(), ...result.plan.deletions];
    return left.every((path) => {
      const problem = remote.applyProblems.get(path);
      return problem !== undefined && !ERROR_TABLE[problem.code].retry;
    });
  }

  /** Asks each remote whether it would refuse what is planned. */
  async #try(): Promise<void> {
    await Promise.all(
      this.#active().map(async (remote) => {
        try {
          await this.#prepare(remote, this.#request(remote, ALONE, true));
        } catch (error) {
          remote.fail(error);
        }
      }),
    );
  }

  get #bounds(): BlockBounds {
    const { blockBytes, blockPaths } = this.#order;
    return { ...DEFAULT_BLOCK_BOUNDS, maxBytes: blockBytes, maxPaths: blockPaths };
  }

  /** What a pass would bring to a remote, for its guards. */
  #request(remote: RemoteProgress, feeding: Feeding, isTrial: boolean): PrepareRequest {
    const { plan, planned } = remote.current as PlanResult;
    const { newBytes, replacedBytes, counts } = plan;
    const longest = planned.reduce((most, { bytes }) => Math.max(most, bytes), this.#bounds.maxBytes);
    // Blocks may be as large as an operator likes; no more than all of it is under way.
    const inFlightBytes = Math.min(newBytes, longest * (STAGE_AHEAD + 1));
    return { newBytes, replacedBytes, inFlightBytes, deletions: counts.deleted, ...feeding, isTrial };
  }

  /** Counts room by sizes, and where that is not enough without the holes of large files. */
  async #prepare(remote: RemoteProgress, request: PrepareRequest): ReturnType<HostLink["prepare"]> {
    const link = remote.link as HostLink;
    try {
      return await link.prepare(request);
    } catch (error) {
      if (toLockstepError(error).code !== "LOCKSTEP_SPACE_GUARD") throw error;
      const { plan, planned } = remote.current as PlanResult;
      const mayHaveHoles = ({ path, bytes }: PlannedPath): boolean => {
        const action = plan.actions.get(path);
        return bytes >= HOLES_FROM_BYTES && (action === ACTIONS.create || action === ACTIONS.replace);
      };
      const ordinals = planned.filter(mayHaveHoles).map(({ ordinal }) => ordinal);
      const asked = rangesOf(ordinals.sort((a, b) => a - b).slice(0, LIMITS.rangesPerRequest));
      const holes = asked.length === 0 ? 0 : await (this.#master as HostLink).holes(asked);
      if (holes === 0) throw error;
      return await link.prepare({ ...request, newBytes: Math.max(0, request.newBytes - holes) });
    }
  }

  async #apply(pass: number): Promise<void> {
    this.#emit({ kind: "phase", phase: "update", pass });
    const noted = pass === 0 ? this.#noteCutShort() : undefined;
    const { hold } = this.#order;
    const bounds = this.#bounds;
    const fanOut = this.#fanOut();
    const preparing = this.#active().map(async (remote) => {
      try {
        const request = this.#request(remote, fanOut.get(remote) ?? ALONE, false);
        const prepared = await this.#prepare(remote, request);
        remote.hasBegun = true;
        remote.hold = prepared.hold;
        if (prepared.lack !== undefined) remote.warn(standsIn(prepared.lack, prepared.hold));
        remote.applyProblems.clear();
      } catch (error) {
        // Refused before anything was done; or later, and then what the last pass met is told.
        if (!remote.hasBegun || !isGuard(error)) remote.fail(error);
        else remote.refuse(toLockstepError(error));
      }
    });
    const asked = this.#active();
    let { blocks, statements } = this.#cut(asked, bounds);
    // While remotes prepare. Where files are held from then on, not before it is known that they must be.
    if (hold === "none" && blocks.length > 0) statements.begin(blocks[0]);
    await Promise.all(preparing);
    await noted;
    const active = this.#active();
    if (active.length !== asked.length) ({ blocks, statements } = this.#cut(active, bounds));
    const deletions = unionPaths(active.map((remote) => (remote.current as PlanResult).plan.deletions));
    const absences = new AbsenceStatements(this.#master as HostLink, cutDeletions(deletions, bounds));
    const before = new Map(active.map((remote) => [remote, changeTotal(remote.counts)]));
    const renewing = hold === "none" ? undefined : setInterval(() => this.#renew(), RENEW_MS);
    try {
      await Promise.all(
        active.map(async (remote) => {
          try {
            await this.#applyOne(remote, blocks, statements, absences);
            if (pass > 0) this.#countResynced(remote, changeTotal(remote.counts) - (before.get(remote) ?? 0));
          } catch (error) {
            statements.leave(remote);
            if (error instanceof LockstepError && error.host === (this.#master as HostLink).host) throw error;
            remote.fail(this.#named(toLockstepError(error)));
          }
        }),
      );
    } finally {
      clearInterval(renewing);
    }
  }

  /** This host may be gone before the round has ended; `status` must not show the one before it then. */
  async #noteCutShort(): Promise<void> {
    const { assignment } = this.#kept;
    const report = reportCutShort(this.#id, this.#order, assignment);
    await this.#components.state.putLastRound(this.#order.root, report).catch(() => undefined);
  }

  /** The blocks of what these remotes need. */
  #cut(
    remotes: readonly RemoteProgress[],
    bounds: BlockBounds,
  ): { blocks: readonly FileBlock[]; statements: BlockStatements<RemoteProgress> } {
    const blocks = cutBlocks(unionPlanned(remotes.map((remote) => (remote.current as PlanResult).planned)), bounds);
    const { signer } = this.#components;
    const plans = new Map(remotes.map((remote) => [remote, (remote.current as PlanResult).plan]));
    const isHeld = this.#order.hold !== "none";
    return { blocks, statements: new BlockStatements(this.#master as HostLink, signer, blocks, plans, isHeld) };
  }

  /** Who feeds whom in this pass: the remotes that lack content. */
  #fanOut(): ReadonlyMap<RemoteProgress, Feeding> {
    const lacking = this.#active().filter((remote) => (remote.current as PlanResult).plan.newBytes > 0);
    const { neighbours, positions, sharers } = planFanOut(lacking.length, Math.random);
    return new Map(
      lacking.map((remote, i) => {
        const peers = neighbours[i].map((other) => lacking[other].peer);
        return [remote, { neighbours: peers, place: positions[i] + 1, places: sharers }];
      }),
    );
  }

  #renew(): void {
    // A master that is gone is noticed by whoever waits for it.
    void this.#master?.renew().catch(() => undefined);
  }

  #countResynced(remote: RemoteProgress, changes: number): void {
    remote.resynced += changes;
    const { actions, deletions } = (remote.current as PlanResult).plan;
    for (const path of [...actions.keys(), ...deletions]) {
      if (!remote.applyProblems.has(path)) remote.resyncedPaths.add(path);
    }
  }

  async #applyOne(
    remote: RemoteProgress,
    blocks: readonly FileBlock[],
    statements: BlockStatements<RemoteProgress>,
    absences: AbsenceStatements,
  ): Promise<void> {
    const link = remote.link as HostLink;
    const { plan, planned } = remote.current as PlanResult;
    const own = blocks.filter((block) => block.paths.some((path) => plan.actions.has(path.path)));
    remote.blocks += own.length;
    remote.paths += planned.length + plan.deletions.length;
    remote.bytes += plan.newBytes;
    // Blocks are staged side by side, a few ahead of the one being committed, and committed in order.
    const commits: Promise<void>[] = [];
    const checks: Promise<void>[] = [];
    for (const [i, block] of own.entries()) {
      const ahead = isLong(block) ? LONG_STAGE_AHEAD : STAGE_AHEAD;
      if (i > ahead) await commits[i - ahead - 1];
      const staging = this.#takeAndStage(remote, link, block, statements);
      const before = commits[i - 1];
      const commit = (async () => {
        const staged = await staging;
        await before;
        if (staged) await this.#ofBlock(remote, block, () => this.#commit(remote, link, block));
        statements.done(block.index, remote);
        // While the next blocks are staged and switched.
        if (!staged) return;
        const check = this.#check(remote, link, block);
        // It may fail while commits are waited for.
        check.catch(() => undefined);
        checks.push(check);
      })();
      commit.catch(() => undefined);
      commits.push(commit);
    }
    await Promise.all(commits);
    await Promise.all(checks);
    for (const statement of await absences.for(plan.deletions)) {
      this.#applied(remote, await link.delete(statement));
    }
    this.#applied(remote, await link.finish());
    this.#progress(remote, true);
  }

  async #takeAndStage(
    remote: RemoteProgress,
    link: HostLink,
    block: FileBlock,
    statements: BlockStatements<RemoteProgress>,
  ): Promise<boolean> {
    let staged = false;
    await this.#ofBlock(remote, block, async () => {
      const taken = await statements.take(block);
      if (taken.lack !== undefined) remote.warn(standsIn(taken.lack, "none"));
      staged = await this.#stage(remote, link, block, taken);
    });
    return staged;
  }

  /** What fails for a reason that is one block's own becomes a problem of its paths; other blocks go on. */
  async #ofBlock(remote: RemoteProgress, block: FileBlock, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const { code, message } = toLockstepError(error);
      if (ERROR_TABLE[code].consequence !== "path") throw error;
      const { actions } = (remote.current as PlanResult).plan;
      for (const { path } of block.paths) {
        if (actions.has(path)) remote.applyProblems.set(path, { path, code, message });
      }
    }
  }

  /** Stages a block; false when nothing of it can be committed. */
  async #stage(remote: RemoteProgress, link: HostLink, block: FileBlock, taken: TakenStatement): Promise<boolean> {
    const { plan } = remote.current as PlanResult;
    const actions = new Uint8Array(taken.paths.length);
    let wanted = 0;
    for (const [i, path] of taken.paths.entries()) {
      const action = plan.actions.get(path);
      if (action === undefined) continue;
      actions[i] = action;
      wanted++;
    }
    for (const problem of taken.problems) {
      if (plan.actions.has(problem.path)) {
        remote.applyProblems.set(problem.path, { ...problem, message: `on the master: ${problem.message}` });
      }
    }
    if (wanted === 0) return false;
    let last: StagePart | undefined;
    try {
      for await (const part of link.stage(block.index, taken.statement, actions, taken.isPacked)) {
        // Parts before the last say only how many bytes have come so far.
        last = part;
        remote.bytesUnderWay.set(block.index, part.bytesFromMaster + part.bytesFromRemotes + part.bytesReused);
        remote.fedUnderWay.set(
          block.index,
          part.fed.filter(({ peer }) => this.#sources.has(peer)),
        );
        for (const warning of part.warnings) remote.warn(this.#named(warning));
        this.#progress(remote, false);
      }
    } finally {
      // What has come has come, also where the remote is lost before it is all.
      if (last !== undefined) remote.staged(block.index, last);
    }
    return true;
  }

  /** With host names for peer ids. */
  #named({ code, message, host, path }: LockstepError): LockstepError {
    const named = this.#kept.assignment.hosts.reduce((text, { peer, name }) => text.replaceAll(peer, name), message);
    return new LockstepError(code, named, { ...(host && { host }), ...(path && { path }) });
  }

  async #commit(remote: RemoteProgress, link: HostLink, block: FileBlock): Promise<void> {
    const applied = await link.commit(block.index);
    this.#applied(remote, applied);
    if (applied.held !== undefined) remote.tookHold(applied.held);
    remote.fileBlocks++;
    remote.blocksDone++;
    this.#progress(remote, false);
  }

  /** Has a block read back; what is not as stated is found again by the next comparison, and put right. */
  async #check(remote: RemoteProgress, link: HostLink, block: FileBlock): Promise<void> {
    const { checked, inconsistent } = await link.check(block.index);
    remote.checked += checked;
    for (const { path } of inconsistent) {
      // What the commit itself has reported is not news.
      if (!remote.applyProblems.has(path)) remote.inconsistent.add(path);
    }
    this.#progress(remote, false);
  }

  #applied(remote: RemoteProgress, applied: { counts: ChangeCounts; problems: readonly Problem[] }): void {
    remote.counts = addCounts(remote.counts, applied.counts);
    remote.pathsDone += changeTotal(applied.counts);
    for (const problem of applied.problems) {
      // Not of what is compared.
      if (problem.code === "LOCKSTEP_NOT_REMOVED") remote.warn(new LockstepError(problem.code, problem.message));
      else remote.applyProblems.set(problem.path, problem);
    }
  }

  #progress(remote: RemoteProgress, now: boolean): void {
    const time = this.#components.clock.elapsed();
    if (!now && time - this.#lastProgress < 100) return;
    this.#lastProgress = time;
    let underWay = 0;
    for (const bytes of remote.bytesUnderWay.values()) underWay += bytes;
    this.#emit({
      kind: "progress",
      remote: remote.name,
      blocksDone: remote.blocksDone,
      blocks: remote.blocks,
      pathsDone: remote.pathsDone,
      paths: remote.paths,
      bytesDone: remote.bytesFromMaster + remote.bytesFromRemotes + remote.bytesReused + underWay,
      bytes: remote.bytes,
      fedBy: this.#fedBy(remote),
      heldBlocks: remote.held.blocks,
      heldMs: remote.held.ms,
      checked: remote.checked,
    });
  }

  /** Bytes of content by the host that sent them. */
  #fedBy(remote: RemoteProgress): Record<string, number> {
    const { assignment } = this.#kept;
    const fedBy: Record<string, number> = {};
    const add = (peer: PeerId, bytes: number): void => {
      const name = hostName(assignment, peer);
      fedBy[name] = (fedBy[name] ?? 0) + bytes;
    };
    for (const [peer, bytes] of remote.fed) add(peer, bytes);
    for (const fed of remote.fedUnderWay.values()) for (const { peer, bytes } of fed) add(peer, bytes);
    return fedBy;
  }

  async #end(report: RoundReport): Promise<void> {
    const kept = boundReport(report, LIMITS.keptReportBytes);
    const text = JSON.stringify(kept);
    const links = [this.#master, ...this.#remotes.map((remote) => remote.link)];
    const ending = Promise.allSettled(links.map((link) => link?.end(text)));
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([ending, new Promise<void>((resolve) => (timer = setTimeout(resolve, END_TIMEOUT_MS)))]);
    clearTimeout(timer);
    this.#abortLinks(new LockstepError("LOCKSTEP_ABORTED", "the round has ended"));
    // What was done is told also where it cannot be kept; the next order cannot be taken then, and says why.
    await this.#components.state.putLastRound(this.#order.root, kept).catch(() => undefined);
  }
}

function isGuard(error: unknown): boolean {
  const code = toLockstepError(error).code;
  return code === "LOCKSTEP_SPACE_GUARD" || code === "LOCKSTEP_DELETE_GUARD" || code === "LOCKSTEP_ROOT_READ_ONLY";
}

/** Says what is done instead of what was ordered. */
function standsIn({ code, message, host }: LockstepError, hold: Hold): LockstepError {
  const where = host === undefined || message.includes(host) ? "" : `${host}: `;
  return new LockstepError(
    code,
    `${where}${message}; its files are held by ${hold === "none" ? "nothing" : `${hold} locks`}`,
  );
}

/** The station sees the error away from its host: the sentence says which it was. */
function withHost(error: LockstepError): LockstepError {
  const { code, message, host, path } = error;
  if (host === undefined || message.includes(host)) return error;
  return new LockstepError(code, `${host}: ${message}`, path === undefined ? { host } : { host, path });
}

function unionPaths(lists: readonly (readonly BytePath[])[]): BytePath[] {
  const union = new Set<BytePath>();
  for (const list of lists) for (const path of list) union.add(path);
  return lists.length === 1 ? [...union] : [...union].sort(comparePaths);
}
