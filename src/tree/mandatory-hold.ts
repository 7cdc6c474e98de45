import { LockstepError } from "../model/errors.ts";
import type { HeldFile } from "./held-files.ts";

/** Stands for what is yet to come: no host can hold so. */
export class HoldProcess {
  static async start(): Promise<HoldProcess> {
    throw new LockstepError("LOCKSTEP_HOLD_UNAVAILABLE", "this version has no mandatory hold");
  }
  readonly alive: boolean = false;
  async hold(_id: number, _files: readonly HeldFile[], _ms: number): Promise<{ held: number }> {
    return { held: 0 };
  }
  async release(_id: number): Promise<{ heldMs: number; waiters: number; refreshed: number; denied: number }> {
    return { heldMs: 0, waiters: 0, refreshed: 0, denied: 0 };
  }
  async close(): Promise<void> {}
}
