/** A thread of the hold process that opens files; see `opener-thread.ts`. */
import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { createFanotifyCalls } from "./fanotify-calls.ts";
import { OPENER, type OpenerData } from "./opener-thread.ts";

const { shared, wake } = workerData as OpenerData;
const numbers = new Int32Array(shared, 0, 4);
const calls = createFanotifyCalls();
const one = Buffer.from("1");

parentPort?.postMessage("ready");
for (let seen = 0; ; ) {
  Atomics.wait(numbers, OPENER.request, seen);
  seen = Atomics.load(numbers, OPENER.request);
  // A copy, since native calls take no shared memory.
  const path = Buffer.from(new Uint8Array(shared, OPENER.pathOffset).slice());
  const writing = Atomics.load(numbers, OPENER.forWriting) === 1;
  const result = writing ? calls.openForWriting(path) : calls.openForReading(path);
  Atomics.store(numbers, OPENER.result, result);
  Atomics.store(numbers, OPENER.answer, seen);
  try {
    writeSync(wake, one);
  } catch {
    // Full: it is awake.
  }
}
