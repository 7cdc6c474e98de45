/** What the master holds for a statement, and when it lets go. */
import test from "ava";
import { WHOLE_ROOT } from "../../src/model/classification.ts";
import { LockstepError } from "../../src/model/errors.ts";
import type { HoldFallback, RoundOrder } from "../../src/model/order.ts";
import type { Signer } from "../../src/ports/mesh.ts";
import type { CurrentState, TreeRound } from "../../src/ports/tree.ts";
import { MasterDuty } from "../../src/roles/master.ts";

const ID = { root: "www", epoch: 1, sequence: 1, term: 1 };

function orderOf(hold: RoundOrder["hold"], holdFallback: HoldFallback): RoundOrder {
  return {
    ...ID,
    mode: "sync",
    className: undefined,
    classification: WHOLE_ROOT,
    now: 0,
    delete: true,
    maxDelete: { amount: 50, unit: "percent" },
    hold,
    holdFallback,
    blockBytes: 1,
    blockPaths: 1,
    compress: false,
    expiry: 0,
  };
}

function createMaster(options: {
  readonly hold?: RoundOrder["hold"];
  readonly holdFallback?: HoldFallback;
  readonly share?: () => Promise<readonly string[]>;
  readonly state?: () => Promise<CurrentState>;
}): { master: MasterDuty; deeds: string[] } {
  const deeds: string[] = [];
  const nothing: CurrentState = {
    stated: new Uint8Array(),
    paths: [],
    sizes: new Float64Array(),
    problems: [],
    lists: [],
    fetchedBytes: 0,
  };
  const round = {
    async share(id: number) {
      deeds.push(`share ${id}`);
      return (await options.share?.()) ?? [];
    },
    async state(_ordinals: unknown, _fetched: unknown, refused: readonly string[]) {
      deeds.push(`state without ${refused.join()}`);
      return options.state === undefined ? nothing : options.state();
    },
    async unshare(id: number) {
      deeds.push(`unshare ${id}`);
    },
  } as unknown as TreeRound;
  const signer = { seal: async (_domain: string, bytes: Uint8Array) => bytes } as unknown as Signer;
  const order = orderOf(options.hold ?? "advisory", options.holdFallback ?? "stop");
  return { master: new MasterDuty(ID, order, round, signer), deeds };
}

test("files are held before they are read, and those that a writer has locked are not read", async (t) => {
  const { master, deeds } = createMaster({ share: async () => ["f"] });
  await master.state([[0, 2]], [], []);
  t.deepEqual(deeds, ["share 1", "state without f"]);
  await master.release(1);
  t.deepEqual(deeds.at(-1), "unshare 1");
});

test("what was held for a statement that fails is let go", async (t) => {
  const { master, deeds } = createMaster({
    state: () => Promise.reject(new LockstepError("LOCKSTEP_MALFORMED", "no such entries")),
  });
  await t.throwsAsync(master.state([[0, 2]], [], []), { code: "LOCKSTEP_MALFORMED" });
  t.is(deeds.at(-1), "unshare 1");
});

test("a master that cannot hold files goes on without only where the order says so", async (t) => {
  const share = (): Promise<never> => Promise.reject(new LockstepError("LOCKSTEP_HOLD_UNAVAILABLE", "not here"));
  await t.throwsAsync(createMaster({ share }).master.state([[0, 2]], [], []), { code: "LOCKSTEP_HOLD_UNAVAILABLE" });
  const advisory = createMaster({ hold: "mandatory", holdFallback: "advisory", share });
  await t.throwsAsync(advisory.master.state([[0, 2]], [], []), { code: "LOCKSTEP_HOLD_UNAVAILABLE" });
  const { lack } = await createMaster({ holdFallback: "none", share }).master.state([[0, 2]], [], []);
  t.is(lack?.code, "LOCKSTEP_HOLD_UNAVAILABLE");
});
