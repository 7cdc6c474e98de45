import test from "ava";
import fc from "fast-check";
import { Random } from "../../scripts/tree/generate.ts";
import { acquaintancesOf, planFanOut } from "../../src/compare/neighbours.ts";

test("each has neighbours that have it too, few of them, and everyone is reached", (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), (remotes, seed) => {
      const random = new Random(seed);
      const { neighbours, positions, sharers } = planFanOut(remotes, () => random.fraction());
      t.is(neighbours.length, remotes);
      for (const [i, mine] of neighbours.entries()) {
        t.true(mine.length <= 15);
        t.false(mine.includes(i));
        t.is(new Set(mine).size, mine.length);
        for (const other of mine) t.true(neighbours[other].includes(i));
      }
      const reached = new Set([0]);
      for (const one of reached) for (const other of neighbours[one]) reached.add(other);
      t.is(reached.size, remotes);
      // Each part of the content has one that begins with it.
      const begin = positions.filter((position) => position >= 0).sort((a, b) => a - b);
      t.deepEqual(begin, [...Array(sharers).keys()]);
      t.is(sharers, Math.min(remotes, 16));
    }),
    { numRuns: 50 },
  );
});

test("each two hosts that will exchange content are connected once, and no more", (t) => {
  const remotes = ["d", "b", "a", "c"];
  const assignment = { root: "www", epoch: 1, master: "m", comparison: ["s", "a"], remotes, hosts: [] };
  const pairs = ["m", "s", ...remotes].flatMap((self) => acquaintancesOf(assignment, self).map((peer) => [self, peer]));
  const names = pairs.map((pair) => pair.sort().join("-")).sort();
  t.deepEqual(names, ["a-b", "a-c", "a-d", "a-m", "b-c", "b-d", "b-m", "c-d", "c-m", "d-m"]);
  // A large fleet's hosts talk to few others, and which is planned anew each round.
  const many = Array.from({ length: 17 }, (_, i) => `r${i}`);
  t.deepEqual(acquaintancesOf({ ...assignment, remotes: many }, "r1"), []);
  t.is(acquaintancesOf({ ...assignment, remotes: many.slice(1) }, "r1").length, 16);
});
