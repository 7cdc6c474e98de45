import { loadIdentity } from "./mesh/identity.ts";
import { startMesh } from "./mesh/libp2p-mesh.ts";
import type { PeerId } from "./model/role.ts";
import { ControlStation } from "./roles/control-station.ts";
import { systemClock } from "./system-clock.ts";

export interface RunningControlStation {
  readonly peerId: PeerId;
  readonly station: ControlStation;
  stop(): Promise<void>;
}

/**
 * Makes a control station: a peer that only dials, with nothing but its key in `data`. Apart from
 * `node.ts`, so that a command loads neither the file system's calls nor LevelDB.
 */
export async function createControlStation(data: string): Promise<RunningControlStation> {
  const identity = await loadIdentity(data);
  const mesh = await startMesh({ identity, listen: [], admission: { isKnown: () => false } });
  const station = new ControlStation({ mesh, signer: identity, clock: systemClock });
  return { peerId: identity.self, station, stop: () => mesh.stop() };
}
