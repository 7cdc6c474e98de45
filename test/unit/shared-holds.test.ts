/** What a master shares is let go: at the release, at the end of the lease, at the end of the round. */
import test from "ava";
import { SharedHolds } from "../../src/tree/shared-holds.ts";

const LEASE_MS = 1000;

function createHolds(): { holds: SharedHolds; unshared: unknown[] } {
  const unshared: unknown[] = [];
  const call = async (verb: string, id: unknown): Promise<never> => {
    if (verb === "unshare") unshared.push(id);
    return { refused: [], files: 3 } as never;
  };
  return { holds: new SharedHolds(call, LEASE_MS), unshared };
}

test("each group is let go once", async (t) => {
  const { holds, unshared } = createHolds();
  await holds.share(1, [[0, 3]]);
  await holds.share(2, [[3, 3]]);
  t.is(holds.held, 6);
  await holds.unshare(1);
  await holds.unshare(1);
  await holds.unshare(7);
  t.deepEqual([unshared, holds.held], [[1], 3]);
  holds.close();
});

test("a group that nobody renews is let go, and one that is renewed stays", async (t) => {
  const [left, renewed] = [createHolds(), createHolds()];
  await Promise.all([left.holds.share(1, [[0, 3]]), renewed.holds.share(1, [[0, 3]])]);
  const until = performance.now() + 3 * LEASE_MS;
  while (performance.now() < until) {
    renewed.holds.renew();
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS / 50));
  }
  t.deepEqual([left.unshared, left.holds.held], [[1], 0]);
  t.deepEqual([renewed.unshared, renewed.holds.held], [[], 3]);
  await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));
  t.deepEqual([renewed.unshared, renewed.holds.held], [[1], 0]);
});
