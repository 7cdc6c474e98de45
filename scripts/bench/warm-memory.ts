import { spawnSync } from "node:child_process";

/** Small enough to be had anywhere, and large enough to be free again as a whole. */
const PIECE = 64 << 20;

/**
 * Touches so much memory and frees it, so that whoever is measured next finds it at hand. A virtual
 * machine may give free memory back to its host within seconds; to get a gigabyte of it again took 2.4 s
 * of processor time here, against 0.2 s for one that was just freed. Else a run would measure which
 * tool was the first to touch new memory.
 */
export function warmMemory(bytes: number): void {
  const program = `const kept = []; for (let i = 0; i < ${Math.ceil(bytes / PIECE)}; i++) kept.push(Buffer.alloc(${PIECE}, 1));`;
  spawnSync(process.execPath, ["-e", program]);
}
