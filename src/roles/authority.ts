import { LockstepError } from "../model/errors.ts";
import type { RoundOrder } from "../model/order.ts";
import { type PeerId, type RoleAssignment, rolesOf } from "../model/role.ts";
import type { Clock } from "../ports/clock.ts";
import type { Admission, Mesh, Signer } from "../ports/mesh.ts";
import type { StateStore } from "../ports/store.ts";
import { decodeAssignment, decodeOrder } from "../wire/codec.ts";

export interface AuthorityComponents {
  readonly signer: Signer;
  readonly state: StateStore;
  readonly clock: Clock;
}

export interface KeptAssignment {
  readonly assignment: RoleAssignment;
  readonly envelope: Uint8Array;
}

/** An order counts once per duty: a host may be comparison server and participant of one round. */
export type Duty = "comparison" | "participant";

/**
 * What this host obeys: the control stations it was told to trust, the newest assignment of each
 * root, and orders it has not seen before. Everything else changes nothing.
 */
export class Authority implements Admission {
  readonly #components: AuthorityComponents;
  readonly #trusted: ReadonlySet<PeerId>;
  readonly #assignments = new Map<string, KeptAssignment>();
  #mesh: Mesh | undefined;
  /** One change at a time, so that two messages cannot both pass the same check. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(components: AuthorityComponents, trusted: ReadonlySet<PeerId>) {
    this.#components = components;
    this.#trusted = trusted;
  }

  /** Loads what was accepted before; an assignment by a station no longer trusted is not obeyed. */
  static async load(components: AuthorityComponents, trusted: Iterable<PeerId>): Promise<Authority> {
    const authority = new Authority(components, new Set(trusted));
    for (const [root, envelope] of await components.state.assignments()) {
      const { signer, payload } = await components.signer.open("lockstep-role-assignment", envelope);
      if (!authority.#trusted.has(signer)) continue;
      authority.#assignments.set(root, { assignment: decodeAssignment(payload), envelope });
    }
    return authority;
  }

  /** From here on peers of accepted assignments can be dialled. */
  async connect(mesh: Mesh): Promise<void> {
    this.#mesh = mesh;
    for (const { assignment } of this.#assignments.values()) await this.#learn(assignment);
  }

  /** An address that cannot be used shows when the host is called; it must stop nothing else. */
  async #learn(assignment: RoleAssignment): Promise<void> {
    await this.#mesh?.learn(assignment.hosts).catch(() => undefined);
  }

  isTrustedStation(peer: PeerId): boolean {
    return this.#trusted.has(peer);
  }

  isKnown(peer: PeerId): boolean {
    if (this.#trusted.has(peer)) return true;
    for (const { assignment } of this.#assignments.values()) if (rolesOf(assignment, peer).length > 0) return true;
    return false;
  }

  kept(root: string): KeptAssignment | undefined {
    return this.#assignments.get(root);
  }

  /** Why a round under this assignment must not go on: another one is in force by now. */
  newerThan({ root, epoch }: RoleAssignment): LockstepError | undefined {
    const inForce = this.#assignments.get(root)?.assignment.epoch ?? 0;
    if (inForce <= epoch) return undefined;
    const message = `the round is of epoch ${epoch} of root ${root}, and ${inForce} is in force by now`;
    return new LockstepError("LOCKSTEP_EPOCH_OLD", `${message}; sync again`);
  }

  all(): KeptAssignment[] {
    return [...this.#assignments.values()];
  }

  /** The highest sequence that was obeyed under the assignment in force; 0 without one. */
  async highestSequence(root: string): Promise<number> {
    const { state } = this.#components;
    const epoch = this.#assignments.get(root)?.assignment.epoch ?? 0;
    const duties: Duty[] = ["comparison", "participant"];
    return Math.max(
      ...(await Promise.all(duties.map((duty) => state.highestSequence(sequenceKey(root, epoch, duty))))),
    );
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(run, run);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /**
   * Checks a signed assignment and keeps it when it is newer.
   *
   * @throws LockstepError `LOCKSTEP_BAD_SIGNATURE`, `LOCKSTEP_NOT_AUTHORISED`, `LOCKSTEP_EPOCH_OLD`,
   * `LOCKSTEP_EPOCH_CONFLICT`
   */
  acceptAssignment(envelope: Uint8Array): Promise<RoleAssignment> {
    return this.#inTurn(async () => {
      const { signer, payload } = await this.#components.signer.open("lockstep-role-assignment", envelope);
      if (!this.#trusted.has(signer)) {
        throw new LockstepError(
          "LOCKSTEP_NOT_AUTHORISED",
          `the assignment is signed by ${signer}, which is not a trusted control station here; start the node with --control ${signer}`,
        );
      }
      const assignment = decodeAssignment(payload);
      const current = this.#assignments.get(assignment.root);
      if (current !== undefined) {
        const { epoch } = current.assignment;
        if (assignment.epoch < epoch) {
          throw new LockstepError(
            "LOCKSTEP_EPOCH_OLD",
            `epoch ${assignment.epoch} of root ${assignment.root} is older than ${epoch}, which is in force here`,
          );
        }
        if (assignment.epoch === epoch) {
          const same = JSON.stringify(assignment) === JSON.stringify(current.assignment);
          if (same) {
            // Another root's assignment, of before or after, may name other addresses of the same hosts.
            await this.#learn(assignment);
            return current.assignment;
          }
          throw new LockstepError(
            "LOCKSTEP_EPOCH_CONFLICT",
            `epoch ${epoch} of root ${assignment.root} is in force here with other roles; assign again`,
          );
        }
      }
      if (rolesOf(assignment, this.#components.signer.self).length === 0) {
        throw new LockstepError("LOCKSTEP_NOT_AUTHORISED", "the assignment gives this host no role");
      }
      await this.#components.state.putAssignment(assignment.root, envelope);
      this.#assignments.set(assignment.root, { assignment, envelope });
      await this.#learn(assignment);
      return assignment;
    });
  }

  /**
   * Checks a signed round order against the assignment in force, and marks its sequence as used.
   *
   * @throws LockstepError with the code that says what does not hold
   */
  acceptOrder(envelope: Uint8Array, duty: Duty): Promise<RoundOrder> {
    return this.#inTurn(async () => {
      const { state, clock } = this.#components;
      const { signer, payload } = await this.#components.signer.open("lockstep-round-order", envelope);
      if (!this.#trusted.has(signer)) {
        throw new LockstepError(
          "LOCKSTEP_NOT_AUTHORISED",
          `the order is signed by ${signer}, which is not a trusted control station here`,
        );
      }
      const order = decodeOrder(payload);
      const current = this.#assignments.get(order.root);
      if (current === undefined) {
        throw new LockstepError(
          "LOCKSTEP_NOT_ASSIGNED",
          `nobody has assigned roles for root ${order.root}; run \`lockstep assign\``,
        );
      }
      const { epoch } = current.assignment;
      if (order.epoch !== epoch) {
        throw new LockstepError(
          "LOCKSTEP_EPOCH_OLD",
          `the order is for epoch ${order.epoch} of root ${order.root}, in force is ${epoch}`,
        );
      }
      if (order.expiry <= clock.now()) {
        throw new LockstepError("LOCKSTEP_ORDER_EXPIRED", "the order has expired; are the clocks right?");
      }
      const key = sequenceKey(order.root, epoch, duty);
      if (order.sequence <= (await state.highestSequence(key))) {
        throw new LockstepError("LOCKSTEP_SEQUENCE_OLD", "an order of this or a later sequence was seen before");
      }
      await state.putHighestSequence(key, order.sequence);
      return order;
    });
  }
}

/** Sequences count within an epoch: with the first assignment of a new one all older orders are void. */
function sequenceKey(root: string, epoch: number, duty: Duty): string {
  return `${duty}!${root}!${epoch}`;
}
