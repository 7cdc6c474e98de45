import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { IdleWatch } from "../../src/roles/idle-watch.ts";

const IDLE_MS = 20;
/** Long after a watch would have told. */
const LONG_MS = 200;

function watched() {
  let told = 0;
  const watch = new IdleWatch(() => told++, IDLE_MS);
  return { watch, told: () => told };
}

test("it is told once that there is nothing to do, when the last work has ended or failed", async (t) => {
  const { watch, told } = watched();
  const failing = watch.during(async () => {
    await sleep(1);
    throw new Error("failed");
  });
  await watch.during(() => sleep(LONG_MS));
  await t.throwsAsync(failing, { message: "failed" });
  t.is(told(), 0, "not while some work is under way");
  await sleep(LONG_MS);
  t.is(told(), 1);
});

test("work that begins soon after other work is no rest", async (t) => {
  const { watch, told } = watched();
  t.is(await watch.during(async () => 1), 1);
  await watch.during(() => sleep(LONG_MS));
  t.is(told(), 0);
});
