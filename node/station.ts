import { LockstepError } from "../src/model/errors.ts";
import type { ControlStation } from "../src/roles/control-station.ts";
import { createControlStation } from "../src/station.ts";
import { interruptSignal } from "./interrupt.ts";

/** Runs one command of the control station and takes it down again, also when interrupted. */
export async function withStation<T>(
  data: string,
  run: (station: ControlStation, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = interruptSignal();
  const { station, stop } = await createControlStation(data);
  try {
    return await run(station, signal);
  } catch (error) {
    if (signal.aborted) throw new LockstepError("LOCKSTEP_ABORTED", "interrupted", { cause: error });
    throw error;
  } finally {
    await stop();
  }
}
