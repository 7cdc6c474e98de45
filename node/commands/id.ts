import { loadIdentity } from "../../src/mesh/identity.ts";

export async function runId(options: { data: string; json?: boolean }): Promise<void> {
  const { self } = await loadIdentity(options.data);
  console.log(options.json === true ? JSON.stringify({ peerId: self }) : self);
}
