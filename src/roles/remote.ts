import { allowedDeletions, guardDeletions, guardSpace } from "../compare/guard.ts";
import type { Abilities } from "../model/entry.ts";
import { isUnavailable, LockstepError } from "../model/errors.ts";
import { type Hold, type RoundId, type RoundOrder, sameRound } from "../model/order.ts";
import type { Problem } from "../model/problem.ts";
import type { RoleAssignment } from "../model/role.ts";
import { decodePackedStatement, type PackedStatement } from "../model/statement.ts";
import { SUITE } from "../model/suite.ts";
import type { Mesh, Signer } from "../ports/mesh.ts";
import type { CheckResult, CommitResult, Held, ScanSummary, StageRequest, TreeRound } from "../ports/tree.ts";
import type { PrepareRequest } from "../wire/messages.ts";
import { BlockFetch } from "./block-fetch.ts";
import { ContentFetcher } from "./content-fetcher.ts";
import type { RateLimiter } from "./rate-limiter.ts";

export interface RemoteInit {
  readonly id: RoundId;
  readonly order: RoundOrder;
  readonly assignment: RoleAssignment;
  readonly round: TreeRound;
  readonly mesh: Mesh;
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
}

const PROGRESS_MS = 500;

/**
 * What a remote does in a round. It applies only what the master has signed for this very round,
 * within the limits of the control station's order, whatever the comparison server says.
 */
export class RemoteDuty {
  readonly #init: RemoteInit;
  readonly #fetcher: ContentFetcher;
  #firstEntries: number | undefined;
  #deleted = 0;
  #represents: Abilities = 0;
  /** Blocks of this pass by number, until they are checked. */
  readonly #unchecked = new Map<number, StageRequest>();

  constructor(init: RemoteInit) {
    this.#init = init;
    this.#fetcher = new ContentFetcher(init.mesh, init.assignment.master, init.id, init.download);
  }

  listed(summary: ScanSummary): void {
    this.#firstEntries ??= summary.entries;
    this.#represents = summary.represents;
    this.#unchecked.clear();
  }

  /** Enforces the order's limits before anything is written; how files will be held. */
  async prepare(request: PrepareRequest): Promise<{ hold: Hold; lack: LockstepError | undefined }> {
    const { order, round, durability } = this.#init;
    if (request.deletions > 0 && !order.delete) {
      throw new LockstepError("LOCKSTEP_DELETE_FORBIDDEN", "the order forbids deletions");
    }
    const before = this.#firstEntries ?? 0;
    guardDeletions(this.#deleted + request.deletions, before, order.maxDelete);
    guardSpace(request.newBytes, request.replacedBytes, request.inFlightBytes, await round.freeBytes());
    const allowed = allowedDeletions(before, order.maxDelete) - this.#deleted;
    const limits = { delete: order.delete, deletions: Math.min(allowed, request.deletions), durability };
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
    const { stated, number } = await this.#openStatement(envelope);
    const request = { block, stated, actions };
    const plan = await round.stage(request);
    this.#unchecked.set(block, request);
    const content = new BlockFetch(this.#fetcher, round, block, number);
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
        yield { ...fromNetwork(content), bytesReused: content.reused, hashed: 0, problems: [] };
      }
    }
    const { problems, hashed, bytesReused } = await round.staged(block);
    if (failure !== undefined) throw failure;
    yield { ...fromNetwork(content), bytesReused, hashed, problems };
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
    this.#fetcher.stop();
  }
}

/** The level that was ordered, then those that may stand in for it. */
function holdsToTry({ hold, holdFallback }: RoundOrder): readonly Hold[] {
  if (hold === "none" || holdFallback === "stop") return [hold];
  const weaker: readonly Hold[] = hold === "mandatory" ? ["advisory", "none"] : ["none"];
  return [hold, ...(holdFallback === "none" ? weaker : weaker.filter((level) => level !== "none"))];
}

function fromNetwork({ fetched, received }: BlockFetch): {
  bytesFromMaster: number;
  bytesFromRemotes: number;
  bytesReceived: number;
} {
  return { bytesFromMaster: fetched, bytesFromRemotes: 0, bytesReceived: received };
}
