import { advanceRound, type ParticipantStep } from "../compare/advance-round.ts";
import { encodeBatch } from "../model/batch.ts";
import { LockstepError } from "../model/errors.ts";
import { encodeListRoot, encodeNodes } from "../model/manifest.ts";
import { type RoundId, sameRound } from "../model/order.ts";
import { decodeGroups } from "../model/ordinals.ts";
import { displayPath } from "../model/path.ts";
import { decodePaths } from "../model/path-list.ts";
import type { Problem } from "../model/problem.ts";
import { isRoundReport } from "../model/report.ts";
import { rolesOf } from "../model/role.ts";
import type { Clock } from "../ports/clock.ts";
import type { Channel, Mesh, Signer } from "../ports/mesh.ts";
import type { StateStore } from "../ports/store.ts";
import type { Found, ScanSummary, Tree, TreeRound } from "../ports/tree.ts";
import { decodeRoundId, encodeError, encodeHeld, encodeProblems } from "../wire/codec.ts";
import { LIMITS } from "../wire/limits.ts";
import { SILENCE_LIMIT_MS } from "../wire/liveness.ts";
import { ListStatementMessage, type RoundRequest } from "../wire/messages.ts";
import { pack, unpack } from "../wire/packed-frame.ts";
import { type ResponseBody, respond } from "../wire/request-response.ts";
import type { ActiveRound, ActiveRounds } from "./active-rounds.ts";
import type { Authority } from "./authority.ts";
import { MasterDuty } from "./master.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { RemoteDuty } from "./remote.ts";
import { reportCutShort } from "./report-round.ts";

export interface ParticipantComponents {
  readonly mesh: Mesh;
  readonly signer: Signer;
  readonly state: StateStore;
  readonly authority: Authority;
  readonly trees: ReadonlyMap<string, Tree>;
  readonly durability: "full" | "none";
  readonly download: RateLimiter;
  readonly clock: Clock;
}

/** Answers one comparison server's round channel, from `begin` to the end of the channel. */
export async function answerRound(
  channel: Channel,
  components: ParticipantComponents,
  rounds: ActiveRounds,
): Promise<void> {
  const participant = new Participant(channel, components, rounds);
  try {
    await respond(
      channel,
      (request) => participant.answer(request),
      SILENCE_LIMIT_MS,
      () => participant.stalledMs,
    );
  } finally {
    await participant.leaveForGood();
  }
}

class Participant {
  readonly #channel: Channel;
  readonly #components: ParticipantComponents;
  readonly #rounds: ActiveRounds;
  #active: ActiveRound | undefined;
  #beginning = false;
  /** Why the round was left before its end, for the messages of it that come or are under way then. */
  #superseded: LockstepError | undefined;
  /** Nobody is there any more who would end a round. */
  #hasLeft = false;

  constructor(channel: Channel, components: ParticipantComponents, rounds: ActiveRounds) {
    this.#channel = channel;
    this.#components = components;
    this.#rounds = rounds;
  }

  /** For how long the root's disk has not answered, in milliseconds; 0 while nothing points to that. */
  get stalledMs(): number {
    return this.#active?.tree.stalledMs ?? 0;
  }

  async leaveForGood(): Promise<void> {
    this.#hasLeft = true;
    await this.#leave();
  }

  async #leave(ended = false): Promise<void> {
    const active = this.#active;
    if (active === undefined) return;
    this.#active = undefined;
    active.state = "ended";
    active.remote?.stop();
    // Whatever is being switched ends first, as the worker does one thing after the other.
    // A master's root too: what was staged in it when it was a remote's is of no more use.
    const clean = ended && active.order.mode === "sync";
    await active.round.close(clean).catch(() => undefined);
    if (!ended) await this.#keepCutShort(active);
    this.#rounds.leave(active);
  }

  async *answer(request: RoundRequest): AsyncGenerator<ResponseBody> {
    const id = decodeRoundId(request.round);
    if (request.begin !== undefined) {
      yield await this.#begin(id, request.begin.assignment, request.begin.order);
      return;
    }
    const active = this.#active;
    if (active === undefined || !sameRound(id, active.id)) {
      if (this.#superseded !== undefined) throw this.#superseded;
      throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", "the message belongs to no round that is under way here");
    }
    const newer = this.#components.authority.newerThan(active.assignment);
    if (newer !== undefined) {
      this.#superseded = newer;
      await this.#leave();
      throw newer;
    }
    if (request.end !== undefined) {
      this.#advance(active, "end");
      await this.#keepReport(active, request.end.report);
      await this.#leave(true);
      return;
    }
    try {
      yield* this.#step(active, request);
    } catch (error) {
      throw this.#superseded ?? error;
    }
  }

  #advance(active: ActiveRound, step: ParticipantStep): void {
    active.state = advanceRound(active.state, step, active.order.mode);
  }

  async #begin(id: RoundId, assignmentBytes: Uint8Array, orderBytes: Uint8Array): Promise<ResponseBody> {
    const { authority, mesh, signer, trees, durability, download, clock } = this.#components;
    if (this.#active !== undefined || this.#beginning)
      throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", "the round has begun");
    this.#beginning = true;
    this.#superseded = undefined;
    try {
      const assignment = await authority.acceptAssignment(assignmentBytes);
      if (!assignment.comparison.includes(this.#channel.peer)) {
        throw new LockstepError(
          "LOCKSTEP_NOT_AUTHORISED",
          `${this.#channel.peer} is not a comparison server of root ${assignment.root}`,
        );
      }
      const roles = rolesOf(assignment, mesh.self);
      this.#rounds.checkFree(assignment.root);
      const tree = trees.get(assignment.root);
      if (tree === undefined) {
        throw new LockstepError(
          "LOCKSTEP_ROOT_UNKNOWN",
          `this host has no root ${assignment.root}; start its node with --root ${assignment.root}=PATH`,
        );
      }
      const order = await authority.acceptOrder(orderBytes, "participant");
      const fits = order.root === assignment.root && order.epoch === assignment.epoch;
      if (!fits || id.root !== order.root || id.epoch !== order.epoch || id.sequence !== order.sequence) {
        throw new LockstepError("LOCKSTEP_MALFORMED", "assignment, order and round id do not belong together");
      }
      // From here on nothing is waited for: all that could have changed meanwhile is looked at once more.
      if (this.#hasLeft) throw new LockstepError("LOCKSTEP_PEER_GONE", "the comparison server is gone");
      const newer = authority.newerThan(assignment);
      if (newer !== undefined) throw newer;
      this.#rounds.checkFree(assignment.root);
      const round = tree.begin();
      const isMaster = roles.includes("master");
      const active: ActiveRound = {
        id,
        order,
        assignment,
        tree,
        round,
        state: "begun",
        noted: undefined,
        master: isMaster ? new MasterDuty(id, order, round, signer) : undefined,
        remote: roles.includes("remote")
          ? new RemoteDuty({
              ...{ id, order, assignment, round, content: tree.content },
              ...{ mesh, signer, durability, download, clock },
            })
          : undefined,
      };
      this.#rounds.enter(active);
      this.#active = active;
      return { begin: { lacks: [...tree.lacks] } };
    } finally {
      this.#beginning = false;
    }
  }

  /** What `status` shows must not be the round before, when nobody will tell how this one ended. */
  async #keepCutShort({ id, order, assignment }: ActiveRound): Promise<void> {
    const report = reportCutShort(id, order, assignment);
    await this.#components.state.putLastRound(id.root, report).catch(() => undefined);
  }

  /** Has this noted once before a round changes something, as this host may be gone before it has ended. */
  #noteCutShort(active: ActiveRound): Promise<void> {
    active.noted ??= this.#keepCutShort(active);
    return active.noted;
  }

  async #keepReport(active: ActiveRound, report: string | undefined): Promise<void> {
    if (report === undefined || report.length > LIMITS.keptReportBytes) return;
    try {
      const kept: unknown = JSON.parse(report);
      // Another one is the comparison server's fault and is not shown.
      if (isRoundReport(kept)) await this.#components.state.putLastRound(active.id.root, kept);
    } catch {
      // As is what is not JSON.
    }
  }

  async *#step(active: ActiveRound, request: RoundRequest): AsyncGenerator<ResponseBody> {
    const { round, order } = active;
    if (request.list !== undefined) {
      this.#advance(active, "list");
      const isMaster = active.master !== undefined;
      const { classification, now, mode } = order;
      const summary = await round.scan({ classification, now, fresh: mode === "verify", isSource: isMaster });
      active.remote?.listed(summary);
      yield { list: await this.#listResponse(active, summary) };
    } else if (request.nodes !== undefined) {
      this.#advance(active, "nodes");
      const { level, first, count } = request.nodes;
      if (count > LIMITS.nodesPerRequest) throw tooMany("nodes");
      yield { nodes: { nodes: encodeNodes(await round.nodes(level, first, count)) } };
    } else if (request.batches !== undefined) {
      this.#advance(active, "batches");
      const [indexes] = decodeGroups(request.batches.indexes, 1, LIMITS.batchesPerRequest);
      yield* this.#batches(
        round,
        indexes?.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => first + i)) ?? [],
      );
    } else if (request.lookup !== undefined) {
      this.#advance(active, "lookup");
      const found = await round.lookup(decodePaths(request.lookup.paths, LIMITS.lookupsPerRequest));
      const bytesOf = ({ entry, problem }: EncodedFound): number => (entry?.length ?? 0) + (problem?.path.length ?? 0);
      for (const part of inParts(found.map(encodeFound), bytesOf, LIMITS.lookupBytesPerPart)) {
        yield { lookup: { found: part } };
      }
    } else if (request.checksums !== undefined) {
      this.#advance(active, "checksums");
      const groups = decodeGroups(request.checksums.groups, LIMITS.groupsPerRequest, LIMITS.entriesPerGroup);
      yield { checksums: await this.#checksums(round, groups, request.checksums.each) };
    } else if (request.holes !== undefined) {
      this.#advance(active, "holes");
      if (active.master === undefined) throw notThe("master");
      const [ordinals] = decodeGroups(request.holes.ordinals, 1, LIMITS.rangesPerRequest);
      yield { holes: { bytes: await round.holeBytes(ordinals ?? []) } };
    } else if (request.state !== undefined) {
      this.#advance(active, "state");
      if (active.master === undefined) throw notThe("master");
      const [ordinals] = decodeGroups(request.state.ordinals, 1, LIMITS.rangesPerRequest);
      const absent = decodePaths(request.state.absent, LIMITS.rangesPerRequest);
      const [fetched] = decodeGroups(request.state.fetched, 1, LIMITS.rangesPerRequest);
      const noted = this.#noteCutShort(active);
      const { statement, number, problems, lack } = await active.master.state(ordinals ?? [], fetched ?? [], absent);
      await noted;
      yield {
        state: {
          statement: request.state.pack ? pack(statement) : (statement as Uint8Array<ArrayBuffer>),
          isPacked: request.state.pack,
          number,
          problems: encodeProblems(problems),
          lack: lack === undefined ? undefined : encodeError(lack),
        },
      };
    } else if (request.renew !== undefined) {
      this.#advance(active, "renew");
      if (active.master === undefined) throw notThe("master");
      active.master.renew();
    } else if (request.release !== undefined) {
      this.#advance(active, "release");
      if (active.master === undefined) throw notThe("master");
      await active.master.release(request.release.statement);
    } else if (request.prepare !== undefined) {
      // Refused, it may be asked anew: only what passes the guards begins the apply.
      this.#advance(active, "guard");
      await this.#remote(active).guard(request.prepare);
      if (request.prepare.isTrial) {
        yield { prepare: { hold: order.hold, lack: undefined } };
        return;
      }
      this.#advance(active, "prepare");
      await this.#noteCutShort(active);
      const { hold, lack } = await this.#remote(active).prepare(request.prepare);
      yield { prepare: { hold, lack: lack === undefined ? undefined : encodeError(lack) } };
    } else if (request.stage !== undefined) {
      this.#advance(active, "stage");
      const { block, statement, actions, isPacked } = request.stage;
      const envelope = isPacked ? unpack(statement, LIMITS.statementBytes) : statement;
      for await (const part of this.#remote(active).stage(block, envelope, actions)) {
        const [problems, warnings] = [encodeProblems(part.problems), part.warnings.map(encodeError)];
        yield { stage: { ...part, fed: [...part.fed], problems, warnings } };
      }
    } else if (request.commit !== undefined) {
      this.#advance(active, "commit");
      const { counts, problems, held } = await this.#remote(active).commit(request.commit.block);
      yield { applied: { counts, problems: encodeProblems(problems), held: held && encodeHeld(held) } };
    } else if (request.check !== undefined) {
      this.#advance(active, "check");
      const { checked, inconsistent } = await this.#remote(active).check(request.check.block);
      yield { check: { checked, inconsistent: encodeProblems(inconsistent) } };
    } else if (request.delete !== undefined) {
      this.#advance(active, "delete");
      const { counts, problems } = await this.#remote(active).delete(request.delete.statement);
      yield { applied: { counts, problems: encodeProblems(problems) } };
    } else if (request.finish !== undefined) {
      this.#advance(active, "finish");
      const { counts, problems } = await this.#remote(active).finish();
      yield { applied: { counts, problems: encodeProblems(problems) } };
    } else {
      throw new LockstepError("LOCKSTEP_MALFORMED", "a round message without a known step");
    }
  }

  #remote(active: ActiveRound): RemoteDuty {
    if (active.remote === undefined) throw notThe("a remote");
    return active.remote;
  }

  async #listResponse(active: ActiveRound, summary: ScanSummary): Promise<NonNullable<ResponseBody["list"]>> {
    const root = encodeListRoot(summary.root);
    const response = {
      root,
      contentRoot: summary.contentRoot as Uint8Array<ArrayBuffer> | undefined,
      entries: summary.entries,
      represents: summary.represents,
      blind: encodeBlind(summary.blind),
    };
    if (active.master === undefined) return response;
    const payload = ListStatementMessage.encode({ round: { ...active.id }, listRoot: root });
    const statement = await this.#components.signer.seal("lockstep-list-root", payload);
    return { ...response, statement: statement as Uint8Array<ArrayBuffer> };
  }

  async *#batches(round: TreeRound, indexes: readonly number[]): AsyncGenerator<ResponseBody> {
    const batches = (await round.batches(indexes)) as Uint8Array<ArrayBuffer>[];
    for (const part of inParts(batches, ({ length }) => length, LIMITS.batchBytesPerPart)) {
      yield { batches: { batches: part } };
    }
  }

  async #checksums(
    round: TreeRound,
    groups: ReturnType<typeof decodeGroups>,
    each: boolean,
  ): Promise<NonNullable<ResponseBody["checksums"]>> {
    if (each) {
      if (groups.length !== 1) throw tooMany("groups");
      const digests = await round.checksums(groups[0]);
      return { digests: digests as Uint8Array<ArrayBuffer>, hashed: 0, problems: [] };
    }
    const { digests, hashed, problems } = await round.groupDigests(groups);
    const packed = new Uint8Array(digests.length * 32);
    for (const [i, digest] of digests.entries()) packed.set(digest, i * 32);
    return { digests: packed, hashed, problems: encodeProblems(problems) };
  }
}

/** Items that follow each other, with at least so many bytes in all of them but the last part. */
function* inParts<T>(items: readonly T[], bytesOf: (item: T) => number, partBytes: number): Generator<T[]> {
  let part: T[] = [];
  let bytes = 0;
  for (const item of items) {
    part.push(item);
    bytes += bytesOf(item);
    if (bytes < partBytes) continue;
    yield part;
    [part, bytes] = [[], 0];
  }
  if (part.length > 0) yield part;
}

type EncodedFound = ReturnType<typeof encodeFound>;

function encodeFound(found: Found): {
  entry?: Uint8Array<ArrayBuffer>;
  ordinal: number;
  problem?: ReturnType<typeof encodeProblems>[number];
} {
  const problem = found.problem === undefined ? {} : { problem: encodeProblems([found.problem])[0] };
  const entry = found.entry === undefined ? {} : { entry: encodeBatch([found.entry]) };
  return { ordinal: found.ordinal, ...entry, ...problem };
}

function tooMany(what: string): LockstepError {
  return new LockstepError("LOCKSTEP_MALFORMED", `a peer asked for too many ${what} at once`);
}

function notThe(role: string): LockstepError {
  return new LockstepError("LOCKSTEP_NOT_AUTHORISED", `this host is not ${role} of this round`);
}

/** Of a blind path that is not named all that lies below would seem to be gone. */
function encodeBlind(blind: readonly Problem[]): ReturnType<typeof encodeProblems> {
  const encoded = encodeProblems(blind);
  if (encoded.length === blind.length) return encoded;
  const [{ path, message }] = blind;
  const why = `${blind.length} paths here cannot be looked into, more than a list can name; the first: ${displayPath(path)} ${message}`;
  throw new LockstepError("LOCKSTEP_ACCESS_DENIED", why);
}
