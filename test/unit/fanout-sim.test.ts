import test from "ava";
import { type Case, simulate } from "../../scripts/bench/fanout-sim.ts";

const EIGHT: Case = {
  name: "eight",
  remotes: 8,
  units: 240,
  slots: 2,
  downlink: Number.POSITIVE_INFINITY,
  seed: 1,
  mixed: false,
  churn: 0,
  slow: 0,
};

test("eight remotes have everything hardly later than one would, and the master sends it once", (t) => {
  const { result, times, masterCopies } = simulate(EIGHT);
  t.is(times.length, 8);
  t.true(times[7] < 1.06, `${times[7]}`);
  t.true(masterCopies < 1.02, `${masterCopies}`);
  t.true(result.messages.elsewhere < 0.1 * 8 * 240, `${result.messages.elsewhere}`);
});

for (const [name, trouble, served] of [
  ["is slow", { slow: 1 / 8 }, 8],
  ["vanishes half-way", { churn: 1 / 8 }, 7],
] as const) {
  test(`one of eight that ${name} holds up the others by less than a tenth`, (t) => {
    const [plain, troubled] = [simulate(EIGHT), simulate({ ...EIGHT, ...trouble })];
    t.is(troubled.times.length, served);
    const ratio = (troubled.times[served - 1] * troubled.bound) / (plain.times[7] * plain.bound);
    t.true(ratio < 1.1, `${ratio}`);
  });
}

test("most of a hundred remotes are done soon, and the rest not much later", (t) => {
  const { times } = simulate({ ...EIGHT, remotes: 100 });
  t.is(times.length, 100);
  t.true(times[49] < 1.25, `${times[49]}`);
  t.true(times[98] < 1.8, `${times[98]}`);
});
