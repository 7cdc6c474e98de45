import { LockstepError } from "../model/errors.ts";
import type { RoundOrder } from "../model/order.ts";
import type { RoundEvent, RoundReport } from "../model/report.ts";
import type { HostAddress, PeerId, RoleAssignment } from "../model/role.ts";
import type { Clock } from "../ports/clock.ts";
import type { Channel, Mesh, Signer } from "../ports/mesh.ts";
import { decodeError, decodeMessage, encodeAssignment, encodeOrder } from "../wire/codec.ts";
import { deadline } from "../wire/deadline.ts";
import { LIMITS } from "../wire/limits.ts";
import { SILENCE_LIMIT_MS, watchSilence } from "../wire/liveness.ts";
import { ControlRequest, ControlResponse } from "../wire/messages.ts";
import { CONTROL } from "../wire/protocols.ts";
import { type Roles, rolesDigest } from "../wire/roles-digest.ts";
import { deliverAssignment } from "./host.ts";

export interface ControlComponents {
  readonly mesh: Mesh;
  readonly signer: Signer;
  readonly clock: Clock;
}

export interface RootStatus {
  readonly root: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly roles: readonly string[];
  /** Who is what by the assignment in force (`rolesDigest`); "" without one. */
  readonly rolesDigest: string;
  readonly served: boolean;
  readonly busy: boolean;
  /** Files held, and blocks being checked, at that moment. */
  readonly held: number;
  readonly checking: number;
  /** For how long the root's disk has not answered, in milliseconds; 0 while nothing points to that. */
  readonly stalledMs: number;
  readonly lastRound: RoundReport | undefined;
}

export interface HostStatus {
  readonly peer: PeerId;
  readonly version: string;
  readonly roots: readonly RootStatus[];
  readonly lacks: readonly string[];
}

export interface Delivery {
  readonly host: string;
  readonly error: LockstepError | undefined;
}

const STATUS_TIMEOUT_MS = 15_000;
/** An order that others were ahead of is made anew, at most so many times. */
const MAX_ORDERS = 5;

type OrderContent = Omit<RoundOrder, "epoch" | "sequence" | "now" | "expiry">;

/** How long hosts accept to begin an order; clocks of a fleet differ by seconds, not by minutes. */
const ORDER_LIFETIME_MS = 10 * 60_000;

/** What the operator's peer does: assign roles, order rounds, ask for status. */
export class ControlStation {
  readonly #components: ControlComponents;

  constructor(components: ControlComponents) {
    this.#components = components;
  }

  async *#converse(
    host: HostAddress,
    request: Partial<ControlRequest>,
    signal: AbortSignal,
  ): AsyncGenerator<ControlResponse> {
    const { mesh } = this.#components;
    await mesh.learn([host]);
    let channel: Channel;
    try {
      channel = await mesh.open(host.peer, CONTROL, signal);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      throw new LockstepError(error.code, error.message.replaceAll(host.peer, host.name), {
        host: host.name,
        cause: error,
      });
    }
    const stop = (): void => channel.abort(new LockstepError("LOCKSTEP_ABORTED", "interrupted"));
    signal.addEventListener("abort", stop, { once: true });
    const silent = `${host.name} has said nothing for ${SILENCE_LIMIT_MS / 1000} s`;
    const stopWatching = watchSilence(
      channel,
      () => new LockstepError("LOCKSTEP_HOST_UNREACHABLE", silent, { host: host.name }),
    );
    try {
      await channel.send(ControlRequest.encode(request));
      for await (const frame of channel.source) {
        const response = decodeMessage((bytes) => ControlResponse.decode(bytes), frame);
        if (response.error !== undefined) throw decodeError(response.error, host.name);
        if (!response.beat) yield response;
      }
    } finally {
      signal.removeEventListener("abort", stop);
      stopWatching();
      await channel.close();
    }
  }

  async #answer(host: HostAddress, request: Partial<ControlRequest>, signal: AbortSignal): Promise<ControlResponse> {
    for await (const response of this.#converse(host, request, signal)) return response;
    throw new LockstepError("LOCKSTEP_HOST_UNREACHABLE", `${host.name} closed the connection without an answer`, {
      host: host.name,
    });
  }

  /** @throws LockstepError when the host cannot be reached or does not trust this station */
  async status(host: HostAddress, signal: AbortSignal): Promise<HostStatus> {
    const limited = deadline(signal, STATUS_TIMEOUT_MS);
    const { status } = await this.#answer(host, { status: {} }, limited);
    if (status === undefined) throw new LockstepError("LOCKSTEP_MALFORMED", `${host.name} sent no status`);
    return {
      peer: status.peer,
      version: status.version,
      lacks: status.lacks,
      roots: status.roots.map((root) => ({
        ...root,
        lastRound: root.lastRound === undefined ? undefined : (JSON.parse(root.lastRound) as RoundReport),
      })),
    };
  }

  /**
   * Signs an assignment and brings it to the comparison server, which passes it on; what that
   * cannot reach is tried from here.
   */
  async assign(assignment: RoleAssignment, signal: AbortSignal): Promise<Delivery[]> {
    const { signer, mesh } = this.#components;
    const sealed = await signer.seal("lockstep-role-assignment", encodeAssignment(assignment));
    const envelope = new Uint8Array(sealed);
    if (envelope.length > LIMITS.assignmentBytes) {
      const size = `its ${assignment.hosts.length} hosts take ${envelope.length} bytes, and one message holds ${LIMITS.assignmentBytes}`;
      throw new LockstepError("LOCKSTEP_CONFIG", `root ${assignment.root} cannot be assigned: ${size}; name fewer`);
    }
    await mesh.learn(assignment.hosts);
    const failed: LockstepError[] = [];
    for (const peer of assignment.comparison) {
      const host = assignment.hosts.find((candidate) => candidate.peer === peer) as HostAddress;
      try {
        const { deliveries } = await this.#answer(host, { assign: { assignment: envelope } }, signal);
        return await Promise.all(
          deliveries.map(async ({ host: name, error }) => {
            if (error === undefined) return { host: name, error: undefined };
            return this.#deliverDirectly(assignment, name, envelope, decodeError(error, name));
          }),
        );
      } catch (error) {
        if (!(error instanceof LockstepError) || signal.aborted) throw error;
        failed.push(error);
      }
    }
    const refusal = failed.find((error) => error.code !== "LOCKSTEP_HOST_UNREACHABLE");
    if (refusal !== undefined) throw refusal;
    throw new LockstepError(
      "LOCKSTEP_NO_COMPARISON_SERVER",
      `no comparison server of root ${assignment.root} can be reached: ${failed.map((error) => error.message).join("; ")}`,
    );
  }

  async #deliverDirectly(
    assignment: RoleAssignment,
    name: string,
    envelope: Uint8Array<ArrayBuffer>,
    error: LockstepError,
  ): Promise<Delivery> {
    const host = assignment.hosts.find((candidate) => candidate.name === name);
    if (host === undefined || error.code !== "LOCKSTEP_HOST_UNREACHABLE") return { host: name, error };
    try {
      await deliverAssignment(this.#components.mesh, host.peer, envelope);
      return { host: name, error: undefined };
    } catch {
      return { host: name, error };
    }
  }

  /**
   * Orders a round from the first comparison server that can be reached and yields what happens; the last event is the
   * report. One that is lost after it has begun is followed by no other: the round may still be under way.
   *
   * @param servers the first one, then those that stand by
   * @param order what the fleet file says; epoch and sequence are those of the host's status
   * @param roles who is what by the fleet file: nothing is ordered where something else is in force
   * @throws LockstepError `LOCKSTEP_NO_COMPARISON_SERVER`, `LOCKSTEP_NOT_ASSIGNED`, and what the comparison server
   * refuses with
   */
  async *round(
    servers: readonly HostAddress[],
    order: OrderContent,
    signal: AbortSignal,
    roles?: Roles,
  ): AsyncGenerator<RoundEvent> {
    const missing: string[] = [];
    for (const server of servers) {
      const before = missing.at(-1);
      if (before !== undefined) yield { kind: "standby", host: server.name, missing: before };
      let hasBegun = false;
      try {
        for await (const event of this.#roundOf(server, order, signal, roles)) {
          hasBegun = true;
          yield event;
        }
        return;
      } catch (error) {
        const isMissing = error instanceof LockstepError && error.code === "LOCKSTEP_HOST_UNREACHABLE";
        if (!isMissing || signal.aborted) throw error;
        missing.push(error.message);
        if (hasBegun) break;
      }
    }
    throw noServer(order.root, missing);
  }

  async *#roundOf(
    comparison: HostAddress,
    order: OrderContent,
    signal: AbortSignal,
    roles: Roles | undefined,
  ): AsyncGenerator<RoundEvent> {
    for (let tries = 1; ; tries++) {
      const sealed = await this.#seal(comparison, order, signal, roles);
      try {
        for await (const { event } of this.#converse(comparison, { round: { order: sealed } }, signal)) {
          if (event !== undefined) yield JSON.parse(event) as RoundEvent;
        }
        return;
      } catch (error) {
        // Another command was there first, between our question for the sequence and our order.
        const isLate = error instanceof LockstepError && error.code === "LOCKSTEP_SEQUENCE_OLD";
        if (!isLate || tries === MAX_ORDERS) throw error;
      }
    }
  }

  /** The signed order, as the next one that the comparison server would take. */
  async #seal(
    comparison: HostAddress,
    order: OrderContent,
    signal: AbortSignal,
    roles: Roles | undefined,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { signer, clock } = this.#components;
    const status = await this.status(comparison, signal);
    const root = status.roots.find((candidate) => candidate.root === order.root);
    if (root === undefined || root.epoch === 0) {
      throw new LockstepError(
        "LOCKSTEP_NOT_ASSIGNED",
        `${comparison.name} has no roles for root ${order.root}; run \`lockstep assign\``,
      );
    }
    // A host of an older version does not say.
    const inForce = root.rolesDigest;
    if (roles !== undefined && inForce !== "" && inForce !== rolesDigest(roles)) {
      throw new LockstepError(
        "LOCKSTEP_NOT_ASSIGNED",
        `the fleet file names another master, comparison server or remotes for root ${order.root} than are in force ` +
          `(epoch ${root.epoch}); nothing was done. Run \`lockstep assign\``,
      );
    }
    const now = clock.now();
    // Time in microseconds, so that orders of several stations and processes follow each other.
    const sequence = Math.max(root.sequence + 1, now * 1000);
    const full: RoundOrder = { ...order, epoch: root.epoch, sequence, now, expiry: now + ORDER_LIFETIME_MS };
    return new Uint8Array(await signer.seal("lockstep-round-order", encodeOrder(full)));
  }
}

function noServer(root: string, missing: readonly string[]): LockstepError {
  const who =
    missing.length === 1
      ? `the comparison server of root ${root} is not there`
      : `none of the comparison servers of root ${root} is there`;
  return new LockstepError(
    "LOCKSTEP_NO_COMPARISON_SERVER",
    `${who} (${missing.join("; ")}); start its node, or name another in the fleet file and assign`,
  );
}
