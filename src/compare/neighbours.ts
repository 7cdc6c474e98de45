import type { PeerId, RoleAssignment } from "../model/role.ts";

/** Up to so many remotes, each talks to every other one. */
const ALL_UP_TO = 16;
/** Beyond, each talks to about so many: two for each of these circles through all of them. */
const CIRCLES = 5;
/** Most remotes that ask the master for content that nobody has yet. */
const MAX_DIRECT = 16;

export interface FanOut {
  /** Of each remote, the positions of those that it fetches from, in order. */
  readonly neighbours: readonly (readonly number[])[];
  /** Place of each remote among those that begin with a part from the master; -1: it begins with none. */
  readonly positions: readonly number[];
  /** How many begin with a part. */
  readonly sharers: number;
}

/**
 * Who feeds whom. A union of random circles is connected whatever the chance, and, as a random
 * regular graph, has a diameter of about log n / log d (Bollobás, Fernandez de la Vega 1982).
 *
 * @param remotes how many lack something
 * @param random from 0 to below 1
 */
export function planFanOut(remotes: number, random: () => number): FanOut {
  const all = Array.from({ length: remotes }, (_, i) => i);
  if (remotes <= ALL_UP_TO) {
    return { neighbours: all.map((i) => all.filter((j) => j !== i)), positions: all, sharers: remotes };
  }
  const neighbours = all.map(() => new Set<number>());
  for (let circle = 0; circle < CIRCLES; circle++) {
    const order = shuffled(all, random);
    for (const [i, one] of order.entries()) {
      const next = order[(i + 1) % order.length];
      neighbours[one].add(next);
      neighbours[next].add(one);
    }
  }
  const positions = all.map(() => -1);
  const direct = shuffled(all, random).slice(0, MAX_DIRECT);
  for (const [position, remote] of direct.entries()) positions[remote] = position;
  return { neighbours: neighbours.map((set) => [...set].sort((a, b) => a - b)), positions, sharers: direct.length };
}

/**
 * Whom a host connects to as soon as roles are assigned, so that no round waits for handshakes: remotes
 * to the master, and of each two remotes one. Nobody where there are so many that not all talk to all.
 */
export function acquaintancesOf({ master, remotes }: RoleAssignment, self: PeerId): PeerId[] {
  if (remotes.length > ALL_UP_TO || !remotes.includes(self)) return [];
  return [master, ...remotes.filter((peer) => peer > self)];
}

/** Fisher and Yates. */
function shuffled(values: readonly number[], random: () => number): number[] {
  const out = [...values];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}
