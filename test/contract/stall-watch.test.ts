import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import test, { type ExecutionContext } from "ava";
import { StallWatch } from "../../src/tree/stall-watch.ts";

const LIMIT_MS = 1_000;
const onLinux = process.platform === "linux" ? test : test.skip;

/** Watches a thread that does this, once it has begun; `calls` counts those that it says it makes. */
async function watch(t: ExecutionContext, work: string): Promise<{ watch: StallWatch; givenUp: () => number }> {
  const calls = new Int32Array(new SharedArrayBuffer(4));
  const begin = `
    const { parentPort, workerData: calls } = require("node:worker_threads");
    parentPort.on("message", () => parentPort.postMessage("nudged"));
    parentPort.postMessage("/proc/" + require("node:fs").readlinkSync("/proc/thread-self"));
    const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    ${work}`;
  const worker = new Worker(begin, { eval: true, execArgv: [], workerData: calls });
  t.teardown(() => worker.terminate());
  const directory = await new Promise<string>((resolve) => worker.once("message", resolve));
  let [times, nudged] = [0, 0];
  worker.on("message", () => nudged++);
  const thread = {
    isAsked: () => true,
    nudge: () => worker.postMessage("nudge"),
    nudged: () => nudged,
    calls: () => calls[0],
    directory: () => directory,
  };
  const stall = new StallWatch(thread, LIMIT_MS, () => {
    times++;
  });
  t.teardown(() => stall.stop());
  stall.arm();
  return { watch: stall, givenUp: () => times };
}

for (const [what, work] of [
  ["stands still in a call", "calls[0]++; wait();"],
  // As write(2) does on a disk that takes nothing.
  ["is in a call that wakes now and then", "calls[0]++; for (;;) wait(20);"],
]) {
  onLinux(`a thread that ${what} is given up, once`, async (t) => {
    const { watch: stall, givenUp } = await watch(t, work);
    t.is(stall.stalledMs, 0);
    await stall.stalled();
    await sleep(2 * LIMIT_MS);
    t.true(stall.stalledMs >= LIMIT_MS);
    t.is(givenUp(), 1);
  });
}

for (const [what, work] of [
  ["computes", "for (;;);"],
  ["waits for work", ""],
  ["makes call after call that take long", "for (;;) { calls[0]++; wait(150); }"],
]) {
  onLinux(`a thread that ${what} is not`, async (t) => {
    const { watch: stall, givenUp } = await watch(t, work);
    await sleep(4 * LIMIT_MS);
    t.is(stall.stalledMs, 0);
    t.is(givenUp(), 0);
  });
}
