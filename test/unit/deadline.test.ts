import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import test from "ava";
import { deadline } from "../../src/wire/deadline.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** What it was aborted with, if at all; nothing but its listener is held. */
function abortedWith(signal: AbortSignal): { reason: unknown } {
  const seen = { reason: undefined as unknown };
  signal.addEventListener("abort", () => (seen.reason = signal.reason), { once: true });
  return seen;
}

test("a deadline passes, whatever is collected before it", async (t) => {
  const whole = new AbortController();
  const seen = abortedWith(deadline(whole.signal, 500));
  await sleep(50);
  for (let i = 0; i < 5; i++) collect();
  t.is(seen.reason, undefined);
  await sleep(700);
  t.is((seen.reason as Error).name, "TimeoutError");
  t.false(whole.signal.aborted);
});

test("what ends before its deadline ends with its own reason, also when it has ended already", async (t) => {
  const whole = new AbortController();
  const signal = deadline(whole.signal, 60_000);
  whole.abort(new Error("interrupted"));
  t.is((signal.reason as Error).message, "interrupted");
  t.is((deadline(whole.signal, 60_000).reason as Error).message, "interrupted");
});
