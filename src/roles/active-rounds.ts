import type { ParticipantState } from "../compare/advance-round.ts";
import { LockstepError } from "../model/errors.ts";
import type { RoundId, RoundOrder } from "../model/order.ts";
import type { RoleAssignment } from "../model/role.ts";
import type { Tree, TreeRound } from "../ports/tree.ts";
import type { MasterDuty } from "./master.ts";
import type { RemoteDuty } from "./remote.ts";

/** A round that this host takes part in, as master or as remote. */
export interface ActiveRound {
  readonly id: RoundId;
  readonly order: RoundOrder;
  readonly assignment: RoleAssignment;
  readonly tree: Tree;
  readonly round: TreeRound;
  readonly master: MasterDuty | undefined;
  readonly remote: RemoteDuty | undefined;
  state: ParticipantState;
  /** Settles when it has been noted that the round was cut short, which its report replaces. */
  noted: Promise<void> | undefined;
}

/** The rounds of this host: at most one per root. */
export class ActiveRounds {
  readonly #byRoot = new Map<string, ActiveRound>();

  get(root: string): ActiveRound | undefined {
    return this.#byRoot.get(root);
  }

  /** @throws LockstepError `LOCKSTEP_ROUND_BUSY` */
  checkFree(root: string): void {
    if (!this.#byRoot.has(root)) return;
    throw new LockstepError(
      "LOCKSTEP_ROUND_BUSY",
      `another round on root ${root} is under way on this host; try again when it has ended`,
    );
  }

  enter(active: ActiveRound): void {
    this.checkFree(active.id.root);
    this.#byRoot.set(active.id.root, active);
  }

  leave(active: ActiveRound): void {
    if (this.#byRoot.get(active.id.root) === active) this.#byRoot.delete(active.id.root);
  }
}
