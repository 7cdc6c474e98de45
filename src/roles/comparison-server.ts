import { LockstepError } from "../model/errors.ts";
import type { RoundEvent } from "../model/report.ts";
import { ROUND } from "../wire/protocols.ts";
import type { KeptAssignment } from "./authority.ts";
import { type ComparisonComponents, ComparisonRound } from "./comparison-round.ts";

/** Rounds at once, of different roots: so many streams a host takes of another. */
const MAX_ROUNDS = ROUND.maxStreams;

/** Runs the rounds of this host's comparison server; at most one per root. */
export class ComparisonServer {
  readonly #components: ComparisonComponents;
  readonly #busy = new Set<string>();

  constructor(components: ComparisonComponents) {
    this.#components = components;
  }

  isBusy(root: string): boolean {
    return this.#busy.has(root);
  }

  /**
   * Runs the round of a signed order.
   *
   * @param emit is told what happens; the last event is the report
   * @throws LockstepError when no round could begin
   */
  async run(envelope: Uint8Array, emit: (event: RoundEvent) => void, signal: AbortSignal): Promise<void> {
    const { authority, mesh } = this.#components;
    const order = await authority.acceptOrder(envelope, "comparison");
    const kept = authority.kept(order.root) as KeptAssignment;
    if (!kept.assignment.comparison.includes(mesh.self)) {
      throw new LockstepError("LOCKSTEP_NOT_AUTHORISED", `this host is not a comparison server of root ${order.root}`);
    }
    if (this.#busy.has(order.root)) {
      throw new LockstepError(
        "LOCKSTEP_ROUND_BUSY",
        `a round on root ${order.root} is under way; try again when it has ended`,
      );
    }
    if (this.#busy.size >= MAX_ROUNDS) {
      const message = `${MAX_ROUNDS} rounds are under way here; try again when one has ended`;
      throw new LockstepError("LOCKSTEP_ROUND_BUSY", message);
    }
    this.#busy.add(order.root);
    const round = new ComparisonRound(this.#components, order, envelope, kept, emit, signal);
    try {
      await round.run();
    } finally {
      this.#busy.delete(order.root);
    }
  }
}
