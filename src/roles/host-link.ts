import { decodeBatch } from "../model/batch.ts";
import { DIGEST_BYTES } from "../model/digest.ts";
import type { Abilities, Entry } from "../model/entry.ts";
import { LockstepError, readFrom } from "../model/errors.ts";
import { decodeListRoot, decodeNodes, type ListIdentity, type ManifestNode } from "../model/manifest.ts";
import type { Hold, RoundId } from "../model/order.ts";
import { countOrdinals, encodeGroups, type OrdinalRanges } from "../model/ordinals.ts";
import type { BytePath } from "../model/path.ts";
import { encodePaths } from "../model/path-list.ts";
import type { ChangeCounts } from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";
import type { PeerId } from "../model/role.ts";
import type { Mesh } from "../ports/mesh.ts";
import type { CheckResult, Held } from "../ports/tree.ts";
import { decodeError, decodeHeld, decodeHold, decodeProblems } from "../wire/codec.ts";
import { deadline } from "../wire/deadline.ts";
import { LIMITS } from "../wire/limits.ts";
import type { PrepareRequest } from "../wire/messages.ts";
import { ROUND } from "../wire/protocols.ts";
import { type RequestBody, Requester, type ResponseBody } from "../wire/request-response.ts";

export interface HostList extends ListIdentity {
  /** Selected entries without the root itself. */
  readonly entries: number;
  readonly represents: Abilities;
  readonly blind: readonly Problem[];
  /** The root under its host's signature; of the master only. */
  readonly statement: Uint8Array | undefined;
}

export interface FoundEntry {
  readonly path: BytePath;
  readonly entry: Entry | undefined;
  readonly ordinal: number;
  readonly problem: Problem | undefined;
}

export interface StagePart {
  readonly bytesFromMaster: number;
  readonly bytesFromRemotes: number;
  readonly bytesReceived: number;
  readonly bytesReused: number;
  readonly hashed: number;
  readonly problems: readonly Problem[];
  /** Bytes of the block's content so far, by the host that they came from. */
  readonly fed: readonly { readonly peer: PeerId; readonly bytes: number }[];
  readonly warnings: readonly LockstepError[];
}

export interface Applied {
  readonly counts: ChangeCounts;
  readonly problems: readonly Problem[];
  /** Of a commit under a hold. */
  readonly held: Held | undefined;
}

/** What the master says of a block. */
export interface StateAnswer {
  readonly statement: Uint8Array;
  readonly isPacked: boolean;
  readonly number: number;
  readonly problems: readonly Problem[];
  /** Why the master does not hold the files, though it was ordered to. */
  readonly lack: LockstepError | undefined;
}

/** For a host to answer that it takes part. */
const OPEN_TIMEOUT_MS = 20_000;

/** The comparison server's side of a round with one host: typed questions, answers checked. */
export class HostLink {
  readonly host: string;
  readonly #requester: Requester;
  readonly #round: RoundId;

  private constructor(host: string, requester: Requester, round: RoundId) {
    this.host = host;
    this.#requester = requester;
    this.#round = round;
  }

  static async open(mesh: Mesh, peer: PeerId, host: string, round: RoundId, signal: AbortSignal): Promise<HostLink> {
    try {
      const channel = await mesh.open(peer, ROUND, deadline(signal, OPEN_TIMEOUT_MS));
      return new HostLink(host, new Requester(channel, host), round);
    } catch (error) {
      if (signal.aborted || !(error instanceof LockstepError)) throw error;
      throw new LockstepError(error.code, error.message.replaceAll(peer, host), { host, cause: error });
    }
  }

  /** For how long the host's disk has not answered, in milliseconds; 0 while nothing points to that. */
  get stalledMs(): number {
    return this.#requester.stalledMs;
  }

  #body(step: Omit<RequestBody, "round">): RequestBody {
    return { ...step, round: { ...this.#round } };
  }

  #one(step: Omit<RequestBody, "round">): Promise<ResponseBody> {
    return this.#requester.askOne(this.#body(step));
  }

  #read<T>(read: () => T): T {
    return readFrom(this.host, read);
  }

  #problems(messages: Parameters<typeof decodeProblems>[0]): Problem[] {
    return this.#read(() => decodeProblems(messages));
  }

  #malformed(what: string): LockstepError {
    return new LockstepError("LOCKSTEP_MALFORMED", `${this.host} sent a malformed answer: ${what}`, {
      host: this.host,
    });
  }

  async begin(assignment: Uint8Array, order: Uint8Array): Promise<void> {
    const begin = { assignment: assignment as Uint8Array<ArrayBuffer>, order: order as Uint8Array<ArrayBuffer> };
    await this.#one({ begin });
  }

  async list(): Promise<HostList> {
    const { list } = await this.#one({ list: {} });
    if (list === undefined) throw this.#malformed("no list");
    return this.#read(() => ({
      root: decodeListRoot(list.root),
      entries: list.entries,
      contentRoot: list.contentRoot,
      represents: list.represents,
      blind: decodeProblems(list.blind),
      statement: list.statement,
    }));
  }

  async nodes(level: number, first: number, count: number): Promise<ManifestNode[]> {
    const nodes: ManifestNode[] = [];
    while (nodes.length < count) {
      const wanted = Math.min(count - nodes.length, LIMITS.nodesPerRequest);
      const answer = await this.#one({ nodes: { level, first: first + nodes.length, count: wanted } });
      const part = this.#read(() => (answer.nodes === undefined ? [] : decodeNodes(answer.nodes.nodes, wanted)));
      if (part.length !== wanted) throw this.#malformed("fewer nodes than asked for");
      nodes.push(...part);
    }
    return nodes;
  }

  /** Packed batches, in the order of the indexes, which ascend. */
  async batches(indexes: OrdinalRanges): Promise<Uint8Array[]> {
    const batches: Uint8Array[] = [];
    const wanted = countOrdinals(indexes);
    for await (const part of this.#requester.ask(this.#body({ batches: { indexes: encodeGroups([indexes]) } }))) {
      batches.push(...(part.batches?.batches ?? []));
      if (batches.length > wanted) throw this.#malformed("more batches than asked for");
    }
    return batches;
  }

  async lookup(paths: readonly BytePath[]): Promise<FoundEntry[]> {
    const found: FoundEntry[] = [];
    for (let at = 0; at < paths.length; at += LIMITS.lookupsPerRequest) {
      const wanted = paths.slice(at, at + LIMITS.lookupsPerRequest);
      const answers: NonNullable<ResponseBody["lookup"]>["found"] = [];
      for await (const part of this.#requester.ask(this.#body({ lookup: { paths: encodePaths(wanted) } }))) {
        answers.push(...(part.lookup?.found ?? []));
        if (answers.length > wanted.length) break;
      }
      if (answers.length !== wanted.length) throw this.#malformed("lookup");
      for (const [i, answer] of answers.entries()) {
        const { entry: packed } = answer;
        const entry = packed === undefined ? undefined : this.#read(() => decodeBatch(packed, 1)[0]);
        if (entry !== undefined && entry.path !== wanted[i]) throw this.#malformed("lookup of another path");
        const problem = answer.problem === undefined ? undefined : this.#problems([answer.problem])[0];
        found.push({ path: wanted[i], entry, ordinal: answer.ordinal, problem });
      }
    }
    return found;
  }

  async groupDigests(
    groups: readonly OrdinalRanges[],
  ): Promise<{ digests: Uint8Array[]; hashed: number; problems: Problem[] }> {
    const { checksums } = await this.#one({ checksums: { groups: encodeGroups(groups), each: false } });
    if (checksums?.digests.length !== groups.length * DIGEST_BYTES) throw this.#malformed("checksums");
    const digests = groups.map((_, i) => checksums.digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES));
    return { digests, hashed: checksums.hashed, problems: this.#problems(checksums.problems) };
  }

  /** 32 bytes for each file of the group. */
  async checksums(group: OrdinalRanges): Promise<Uint8Array> {
    const { checksums } = await this.#one({ checksums: { groups: encodeGroups([group]), each: true } });
    if (checksums === undefined) throw this.#malformed("checksums");
    return checksums.digests;
  }

  /** Master: bytes of these files that take no room on its disk. */
  async holes(ordinals: OrdinalRanges): Promise<number> {
    const { holes } = await this.#one({ holes: { ordinals: encodeGroups([ordinals]) } });
    if (holes === undefined) throw this.#malformed("holes");
    return holes.bytes;
  }

  /** @param pack whether the statement is to be packed, as several remotes will get it */
  async state(
    ordinals: OrdinalRanges,
    fetched: OrdinalRanges,
    absent: readonly BytePath[],
    pack = false,
  ): Promise<StateAnswer> {
    const groups = { ordinals: encodeGroups([ordinals]), fetched: encodeGroups([fetched]) };
    const { state } = await this.#one({ state: { ...groups, absent: encodePaths(absent), pack } });
    if (state === undefined) throw this.#malformed("statement");
    const { statement, number, problems, lack, isPacked } = state;
    return {
      statement,
      isPacked,
      number,
      problems: this.#problems(problems),
      lack: lack && decodeError(lack, this.host),
    };
  }

  /** Master: the leases of all that it holds begin anew. */
  async renew(): Promise<void> {
    await this.#one({ renew: {} });
  }

  /** Master: nobody needs the files of this statement any more. */
  async release(statement: number): Promise<void> {
    await this.#one({ release: { statement } });
  }

  /** The level of hold that the remote will take, and why it is not the one that was ordered. */
  async prepare(request: PrepareRequest): Promise<{ hold: Hold; lack: LockstepError | undefined }> {
    const { prepare } = await this.#one({ prepare: request });
    if (prepare === undefined) throw this.#malformed("hold");
    const { hold, lack } = prepare;
    return { hold: this.#read(() => decodeHold(hold)), lack: lack && decodeError(lack, this.host) };
  }

  /** @param isPacked the statement is packed */
  async *stage(
    block: number,
    statement: Uint8Array,
    actions: Uint8Array<ArrayBuffer>,
    isPacked = false,
  ): AsyncGenerator<StagePart> {
    const request = this.#body({
      stage: { block, statement: statement as Uint8Array<ArrayBuffer>, actions, isPacked },
    });
    for await (const { stage } of this.#requester.ask(request)) {
      if (stage === undefined) continue;
      if (Math.max(stage.fed.length, stage.warnings.length) > LIMITS.neighbours + 1) {
        throw new LockstepError("LOCKSTEP_TOO_LARGE", `${this.host} tells of more hosts than it has to do with`);
      }
      const warnings = stage.warnings.map((warning) => decodeError(warning, this.host));
      yield { ...stage, problems: this.#problems(stage.problems), warnings };
    }
  }

  #applied(answer: ResponseBody): Applied {
    const { applied } = answer;
    if (applied?.counts === undefined) throw this.#malformed("counts");
    const { counts, problems, held } = applied;
    return { counts, problems: this.#problems(problems), held: held && decodeHeld(held) };
  }

  async commit(block: number): Promise<Applied> {
    return this.#applied(await this.#one({ commit: { block } }));
  }

  /** What of a committed block is not as the master stated it, read back from disk. */
  async check(block: number): Promise<CheckResult> {
    const { check } = await this.#one({ check: { block } });
    if (check === undefined) throw this.#malformed("check");
    return { checked: check.checked, inconsistent: this.#problems(check.inconsistent) };
  }

  async delete(statement: Uint8Array): Promise<Applied> {
    return this.#applied(await this.#one({ delete: { statement: statement as Uint8Array<ArrayBuffer> } }));
  }

  async finish(): Promise<Applied> {
    return this.#applied(await this.#one({ finish: {} }));
  }

  /** Ends the round on that host; it keeps the report for `status`. */
  async end(report: string | undefined): Promise<void> {
    await this.#one({ end: { report } });
    await this.#requester.close();
  }

  abort(error: Error): void {
    this.#requester.abort(error);
  }
}
