import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import test, { type ExecutionContext } from "ava";
import { StallWatch } from "../../src/tree/stall-watch.ts";

const LIMIT_MS = 1_000;
const onLinux = process.platform === "linux" ? test : test.skip;

/** Watches a thread that does this, once it has begun. */
async function watch(t: ExecutionContext, work: string): Promise<{ watch: StallWatch; givenUp: () => number }> {
  const begin = `
    const { parentPort } = require("node:worker_threads");
    parentPort.on("message", () => undefined);
    parentPort.postMessage("/proc/" + require("node:fs").readlinkSync("/proc/thread-self"));
    ${work}`;
  const worker = new Worker(begin, { eval: true, execArgv: [] });
  t.teardown(() => worker.terminate());
  const directory = await new Promise<string>((resolve) => worker.once("message", resolve));
  let times = 0;
  const thread = {
    isAsked: () => true,
    nudge: () => worker.postMessage("nudge"),
    directory: () => directory,
  };
  const stall = new StallWatch(thread, LIMIT_MS, () => {
    times++;
  });
  t.teardown(() => stall.stop());
  stall.arm();
  return { watch: stall, givenUp: () => times };
}

onLinux("a thread that stands still in a call is given up, once", async (t) => {
  const { watch: stall, givenUp } = await watch(t, "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);");
  t.is(stall.stalledMs, 0);
  await stall.stalled;
  await sleep(2 * LIMIT_MS);
  t.true(stall.stalledMs >= LIMIT_MS);
  t.is(givenUp(), 1);
});

for (const [what, work] of [
  ["computes", "for (;;);"],
  ["waits for work", ""],
  ["makes call after call", 'for (;;) require("node:fs").statSync("/");'],
]) {
  onLinux(`a thread that ${what} is not`, async (t) => {
    const { watch: stall, givenUp } = await watch(t, work);
    await sleep(4 * LIMIT_MS);
    t.is(stall.stalledMs, 0);
    t.is(givenUp(), 0);
  });
}
