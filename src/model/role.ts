/** A libp2p peer id in its text form. */
export type PeerId = string;

export interface HostAddress {
  /** Name from the fleet file. */
  readonly name: string;
  readonly peer: PeerId;
  /** Multiaddrs. */
  readonly addresses: readonly string[];
}

/** Who is who for one root. Signed by the control station; a higher epoch replaces a lower. */
export interface RoleAssignment {
  readonly root: string;
  readonly epoch: number;
  readonly master: PeerId;
  /** The first serves, the rest stand by in this order. */
  readonly comparison: readonly PeerId[];
  readonly remotes: readonly PeerId[];
  readonly hosts: readonly HostAddress[];
}

export type Role = "master" | "remote" | "comparison";

/** The roles that a peer holds under an assignment. */
export function rolesOf(assignment: RoleAssignment, peer: PeerId): Role[] {
  const roles: Role[] = [];
  if (assignment.master === peer) roles.push("master");
  if (assignment.remotes.includes(peer)) roles.push("remote");
  if (assignment.comparison.includes(peer)) roles.push("comparison");
  return roles;
}

export function hostName(assignment: RoleAssignment, peer: PeerId): string {
  return assignment.hosts.find((host) => host.peer === peer)?.name ?? peer;
}

/** A name of a root: what a message may carry, never a local path. */
export function isRootName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name);
}
