import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadIdentity } from "./mesh/identity.ts";
import { startMesh } from "./mesh/libp2p-mesh.ts";
import { LockstepError } from "./model/errors.ts";
import { isRootName, type PeerId } from "./model/role.ts";
import { keepFreedMemory, releaseMemory } from "./process-memory.ts";
import { meetLater } from "./roles/acquaintance.ts";
import { Authority } from "./roles/authority.ts";
import { ComparisonServer } from "./roles/comparison-server.ts";
import { serveHost } from "./roles/host.ts";
import { RateLimiter } from "./roles/rate-limiter.ts";
import { LevelHashCache } from "./store/hash-cache.ts";
import { LevelStateStore } from "./store/state-store.ts";
import { systemClock } from "./system-clock.ts";
import { openTree } from "./tree/open-tree.ts";
import { canonical, findOverlap, type Place } from "./tree/root-places.ts";

export const VERSION = "0.1.0";

export interface NodeOptions {
  /** State directory: identity, assignments, hash cache. */
  readonly data: string;
  /** Directory of each root by name. */
  readonly roots: Readonly<Record<string, string>>;
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[];
  /** Peer ids of trusted control stations. */
  readonly control: readonly PeerId[];
  /** `full` (default) syncs before and after names are switched; `none` leaves it to the system. */
  readonly durability?: "full" | "none";
  /** Most bytes per second of content that this host sends, and that it fetches; default no limit. */
  readonly limitUp?: number;
  readonly limitDown?: number;
  /**
   * How long one system call of a root's disk may take, in milliseconds, before the round fails on this host; default
   * 10 minutes. Where the system does not tell how long a thread has run (but for Linux) it may take for ever.
   */
  readonly diskPatienceMs?: number;
  /**
   * The process does nothing but run this node, which then decides what memory the process keeps while
   * rounds run, and gives back what it does not need when none does. Default false.
   */
  readonly ownsProcess?: boolean;
}

export interface LockstepNode {
  readonly peerId: PeerId;
  addresses(): string[];
  /** What this host's system lacks, as sentences. */
  readonly lacks: readonly string[];
  /** For how long a root's disk has not answered, in milliseconds: until it does the process cannot exit by itself. */
  readonly stalledMs: number;
  stop(): Promise<void>;
}

/** What a root must be apart from: the state directory, and the other roots. */
function placesApart(options: NodeOptions, name: string): Place[] {
  const others = Object.entries(options.roots).filter(([other]) => other !== name);
  return [
    { what: "the state directory", path: resolve(options.data) },
    ...others.map(([other, path]) => ({ what: `root ${other}`, path: resolve(path) })),
  ];
}

function checkRoots(options: NodeOptions): void {
  for (const [name, path] of Object.entries(options.roots)) {
    if (!isRootName(name)) {
      throw new LockstepError(
        "LOCKSTEP_CONFIG",
        `"${name}" cannot name a root: letters, digits, ".", "_" and "-", at most 64`,
      );
    }
    const other = findOverlap(path, placesApart(options, name));
    if (other === undefined) continue;
    throw new LockstepError(
      "LOCKSTEP_ROOTS_OVERLAP",
      `root ${name} (${canonical(path)}) and ${other.what} (${canonical(other.path)}) overlap; put one of them elsewhere`,
    );
  }
}

/**
 * Makes and starts a host: puts the adapters behind the ports and registers what it answers.
 *
 * @throws LockstepError `LOCKSTEP_CONFIG`, `LOCKSTEP_ROOTS_OVERLAP`, `LOCKSTEP_STATE_LOCKED`,
 * `LOCKSTEP_STATE_UNUSABLE`, `LOCKSTEP_LISTEN_FAILED`
 */
export async function createNode(options: NodeOptions): Promise<LockstepNode> {
  checkRoots(options);
  const { ownsProcess = false } = options;
  if (ownsProcess) keepFreedMemory();
  const identity = await loadIdentity(options.data);
  mkdirSync(options.data, { recursive: true, mode: 0o700 });
  const closing: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close().catch(() => undefined);
  };
  try {
    const state = await LevelStateStore.open(join(options.data, "state"));
    closing.push(() => state.close());
    const cache = await LevelHashCache.open(join(options.data, "cache"));
    closing.push(() => cache.close());
    const authority = await Authority.load({ signer: identity, state, clock: systemClock }, options.control);
    const trees = new Map(
      Object.entries(options.roots).map(([name, path]) => [
        name,
        openTree(
          name,
          resolve(path),
          { cache, journal: state.journal(name), mount: state.mount(name) },
          placesApart(options, name),
          options.diskPatienceMs,
        ),
      ]),
    );
    closing.push(async () => void (await Promise.all([...trees.values()].map((tree) => tree.close()))));
    // A root that is not there now is put right when a round begins.
    for (const tree of trees.values()) await tree.recover().catch(() => undefined);
    const mesh = await startMesh({ identity, listen: options.listen, admission: authority });
    closing.push(() => mesh.stop());
    const comparison = new ComparisonServer({ mesh, signer: identity, state, authority, clock: systemClock });
    const durability = options.durability ?? "full";
    const upload = new RateLimiter(systemClock, options.limitUp ?? Number.POSITIVE_INFINITY);
    const download = new RateLimiter(systemClock, options.limitDown ?? Number.POSITIVE_INFINITY);
    const common = {
      mesh,
      signer: identity,
      state,
      authority,
      trees,
      durability,
      upload,
      download,
      clock: systemClock,
    };
    serveHost({
      ...common,
      retireHashes: (now) => cache.retire(now),
      comparison,
      version: VERSION,
      releaseMemory: ownsProcess ? releaseMemory : undefined,
    });
    await authority.connect(mesh);
    for (const { assignment } of authority.all()) meetLater(mesh, assignment);
    const lacks = [...new Set([...trees.values()].flatMap((tree) => [...tree.lacks]))];
    return {
      peerId: identity.self,
      addresses: () => mesh.addresses(),
      lacks,
      get stalledMs() {
        return Math.max(0, ...[...trees.values()].map((tree) => tree.stalledMs));
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
