import { allowedDeletions, guardDeletions, guardSpace } from "../compare/guard.ts";
import type { Abilities } from "../model/entry.ts";
import { isUnavailable, LockstepError } from "../model/errors.ts";
import { type Hold, type RoundId, type RoundOrder, sameRound } from "../model/order.ts";
import type { Problem } from "../model/problem.ts";
import type { PeerId, RoleAssignment } from "../model/role.ts";
import { decodePackedStatement, type PackedStatement } from "../model/statement.ts";
import { SUITE } from "../model/suite.ts";
import type { Clock } from "../ports/clock.ts";
import type { Mesh, Signer } from "../ports/mesh.ts";
import type {
  CheckResult,
  CommitResult,
  ContentReader,
  Held,
  ScanSummary,
  StageRequest,
  TreeRound,
} from "../ports/tree.ts";
import { LIMITS } from "../wire/limits.ts";
import type { PrepareRequest } from "../wire/messages.ts";
import { BlockFetch } from "./block-fetch.ts";
import { Exchange } from "./exchange.ts";
import { Offers } from "./offers.ts";
import type { RateLimiter } from "./rate-limiter.ts";

export interface RemoteInit {
  readonly id: RoundId;
  readonly order: RoundOrder;
  readonly assignment: RoleAssignment;
  readonly round: TreeRound;
  readonly content: ContentReader;
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly signer: Signer;
  readonly durability: "full" | "none";
  /** Limits what this host fetches. */
  readonly download: RateLimiter;
}

export interface StageProgress {
  readonly bytesFromMaster: number;
  readonly bytesFromRemotes: number;
  /** Bytes that the content took on its way, compressed or not. */
  readonly bytesReceived: number;
  readonly bytesReused: number;
  readonly hashed: number;
  readonly problems: readonly Problem[];
  /** Bytes of content so far, by the host that they came from. */
  readonly fed: readonly { readonly peer: PeerId; readonly bytes: number }[];
  /** What must be known of other remotes. */
  readonly warnings: readonly LockstepError[];
}

const PROGRESS_MS = 500;

/**
 * What a remote does in a round. It applies only what the master has signed for this very round,
 * within the limits of the control station's order, whatever the comparison server says.
 */
export class RemoteDuty {
  readonly #init: RemoteInit;
  /** What this host has verified in this pass, for other remotes. */
  readonly offers: Offers;
  #exchange: Exchange | undefined;
  #warnings: LockstepError[] = [];
  #firstEntries: number | undefined;
  #deleted = 0;
  #represents: Abilities = 0;
  /** Blocks of this pass by number, until they are checked. */
  readonly #unchecked = new Map<number, StageRequest>();

  constructor(init: RemoteInit) {
    this.#init = init;
    this.offers = new Offers(init.content);
  }

  listed(summary: ScanSummary): void {
    this.#firstEntries ??= summary.entries;
    this.#represents = summary.represents;
    this.#unchecked.clear();
  }

  /** Enforces what the order and this host's file system allow; changes nothing. */
  async guard(request: PrepareRequest): Promise<void> {
    const { order, round } = this.#init;
    if (request.deletions > 0 && !order.delete) {
      throw new LockstepError("LOCKSTEP_DELETE_FORBIDDEN", "the order forbids deletions");
    }
    guardDeletions(this.#deleted + request.deletions, this.#firstEntries ?? 0, order.maxDelete);
    guardSpace(request.newBytes, request.replacedBytes, request.inFlightBytes, await round.freeBytes());
  }

  /** Enters a pass whose guards have been passed; how files will be held. */
  async prepare(request: PrepareRequest): Promise<{ hold: Hold; lack: LockstepError | undefined }> {
    const { order, round, durability } = this.#init;
    const allowed = allowedDeletions(this.#firstEntries ?? 0, order.maxDelete) - this.#deleted;
    const exchange = this.#join(request);
    const deletions = Math.min(allowed, request.deletions);
    const limits = { delete: order.delete, deletions, durability, offers: exchange.isShared };
    let lack: LockstepError | undefined;
    for (const hold of holdsToTry(order)) {
      try {
        await round.prepare({ ...limits, hold });
        return { hold, lack };
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        lack ??= error;
      }
    }
    throw lack;
  }

  /** Enters the exchange of a pass with the remotes that take part in it. */
  #join({ neighbours, place, places }: PrepareRequest): Exchange {
    const { assignment, mesh, id, download, clock } = this.#init;
    const others = new Set(neighbours);
    const isOther = (peer: PeerId): boolean => peer !== mesh.self && assignment.remotes.includes(peer);
    if (others.size > LIMITS.neighbours || ![...others].every(isOther) || place > places) {
      throw new LockstepError("LOCKSTEP_MALFORMED", "neighbours that are no other remotes of this root");
    }
    this.#exchange?.stop();
    this.offers.clear();
    this.#exchange = new Exchange({
      mesh,
      round: id,
      master: assignment.master,
      neighbours: [...others],
      position: place - 1,
      sharers: Math.max(places, 1),
      download,
      clock,
      served: () => this.offers.served,
      isFollowed: (statement) => this.offers.isFollowed(statement),
      warn: (warning) => this.#warnings.push(warning),
    });
    return this.#exchange;
  }

  async #openStatement(envelope: Uint8Array): Promise<PackedStatement> {
    const { signer, assignment, id } = this.#init;
    const opened = await signer.open("lockstep-block-statement", envelope);
    if (opened.signer !== assignment.master) {
      throw new LockstepError("LOCKSTEP_NOT_AUTHORISED", "a block statement is not signed by the master");
    }
    const statement = decodePackedStatement(opened.payload);
    if (!sameRound(statement.round, id) || statement.suite !== SUITE.id) {
      throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", "a block statement belongs to another round");
    }
    return statement;
  }

  /** Makes a block's new versions, telling from time to time how far it is. */
  async *stage(block: number, envelope: Uint8Array, actions: Uint8Array): AsyncGenerator<StageProgress> {
    const { round } = this.#init;
    const exchange = this.#exchange;
    if (exchange === undefined) throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", "the round is not prepared");
    const { stated, number } = await this.#openStatement(envelope);
    const request = { block, stated, actions };
    const plan = await round.stage(request);
    this.#unchecked.set(block, request);
    const content = new BlockFetch({ exchange, offers: this.offers, round, block, statement: number });
    let fetching = true;
    let failure: unknown;
    const fetched = content
      .run(plan)
      .catch((error: unknown) => {
        failure = error;
      })
      .finally(() => {
        fetching = false;
      });
    while (fetching) {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([fetched, new Promise<void>((resolve) => (timer = setTimeout(resolve, PROGRESS_MS)))]);
      clearTimeout(timer);
      if (fetching) {
        yield { ...this.#fromNetwork(content), bytesReused: content.reused, hashed: 0, problems: [] };
      }
    }
    const { problems, hashed, bytesReused } = await round.staged(block);
    if (failure !== undefined) throw failure;
    yield { ...this.#fromNetwork(content), bytesReused, hashed, problems };
  }

  #fromNetwork({ fed, received }: BlockFetch): Omit<StageProgress, "bytesReused" | "hashed" | "problems"> {
    const { master } = this.#init.assignment;
    const bytesFromMaster = fed.get(master) ?? 0;
    let all = 0;
    for (const bytes of fed.values()) all += bytes;
    const warnings = this.#warnings;
    this.#warnings = [];
    const bytesFromRemotes = all - bytesFromMaster;
    const from = [...fed].map(([peer, bytes]) => ({ peer, bytes }));
    return { bytesFromMaster, bytesFromRemotes, bytesReceived: received, fed: from, warnings };
  }

  async commit(block: number): Promise<CommitResult & { readonly held: Held | undefined }> {
    const result = await this.#init.round.commit(block);
    this.#deleted += result.counts.deleted;
    return result;
  }

  /** Compares what the block has become on disk with what the master stated. */
  async check(block: number): Promise<CheckResult> {
    const request = this.#unchecked.get(block);
    if (request === undefined) throw new LockstepError("LOCKSTEP_OUT_OF_ORDER", `file block ${block} is not staged`);
    this.#unchecked.delete(block);
    return this.#init.round.check(request, this.#represents);
  }

  async delete(envelope: Uint8Array): Promise<CommitResult> {
    const { absent } = await this.#openStatement(envelope);
    const result = await this.#init.round.delete(absent);
    this.#deleted += result.counts.deleted;
    return result;
  }

  finish(): Promise<CommitResult> {
    return this.#init.round.finish();
  }

  stop(): void {
    this.#exchange?.stop();
    this.offers.end();
  }
}

/** The level that was ordered, then those that may stand in for it. */
function holdsToTry({ hold, holdFallback }: RoundOrder): readonly Hold[] {
  if (hold === "none" || holdFallback === "stop") return [hold];
  const weaker: readonly Hold[] = hold === "mandatory" ? ["advisory", "none"] : ["none"];
  return [hold, ...(holdFallback === "none" ? weaker : weaker.filter((level) => level !== "none"))];
}
