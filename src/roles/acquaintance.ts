import { acquaintancesOf } from "../compare/neighbours.ts";
import type { RoleAssignment } from "../model/role.ts";
import type { Mesh } from "../ports/mesh.ts";

/** By then the others have the assignment too, by which they know this host; few strangers are let in. */
const OTHERS_KNOW_MS = 1_000;
const DIAL_TIMEOUT_MS = 10_000;

/**
 * Connects a host to those that it will fetch content from, one after the other. Whoever is not there
 * now is dialled when a round needs it.
 */
export function meetLater(mesh: Mesh, assignment: RoleAssignment): void {
  const peers = acquaintancesOf(assignment, mesh.self);
  if (peers.length === 0) return;
  const meet = async (): Promise<void> => {
    for (const peer of peers) await mesh.connect(peer, AbortSignal.timeout(DIAL_TIMEOUT_MS)).catch(() => undefined);
  };
  setTimeout(() => void meet(), OTHERS_KNOW_MS).unref();
}
