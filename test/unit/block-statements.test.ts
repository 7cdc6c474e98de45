/** When the master is asked for its statements of blocks, and when it may let their files go. */
import test from "ava";
import { LockstepError } from "../../src/model/errors.ts";
import { DEFAULT_BLOCK_BOUNDS, type FileBlock } from "../../src/model/file-block.ts";
import { ACTIONS, NO_CHANGES, type RemotePlan } from "../../src/model/plan.ts";
import { encodeStatement } from "../../src/model/statement.ts";
import type { Signer } from "../../src/ports/mesh.ts";
import { BlockStatements } from "../../src/roles/block-statements.ts";

const LONG = 3 * DEFAULT_BLOCK_BOUNDS.maxBytes;
const ROUND = { root: "www", epoch: 1, sequence: 1, term: 1 };

/** One file a block, of which the remotes lack all. */
function blocksOf(...sizes: readonly number[]): FileBlock[] {
  return sizes.map((bytes, index) => {
    const path = `file-${index}`;
    const planned = { path, ordinal: index, isDirectory: false, bytes, statementBytes: 100, leader: undefined };
    return { index, paths: [planned], bytes };
  });
}

function planOf(blocks: readonly FileBlock[]): RemotePlan {
  const actions = new Map(blocks.flatMap(({ paths }) => paths.map(({ path }) => [path, ACTIONS.create])));
  return { actions, deletions: [], replaced: [], counts: NO_CHANGES, newBytes: 0, replacedBytes: 0 };
}

interface Options {
  readonly plans?: ReadonlyMap<string, RemotePlan>;
  readonly isHeld?: boolean;
  readonly failing?: number;
  readonly damaged?: number;
}

/** Statements of a master that notes what it is asked for: ordinals, and numbers that are released. */
function createStatements(blocks: readonly FileBlock[], { plans, isHeld = false, failing, damaged }: Options = {}) {
  const asked: number[] = [];
  const released: number[] = [];
  const master = {
    host: "alpha",
    async state([[ordinal]]: readonly (readonly [number, number])[]) {
      asked.push(ordinal);
      if (ordinal === failing) throw new LockstepError("LOCKSTEP_PEER_GONE", "the master is gone");
      const number = 100 + ordinal;
      const whole = encodeStatement({ round: ROUND, number, suite: 2, stated: [], absent: [] });
      const statement = ordinal === damaged ? whole.subarray(1) : whole;
      return { statement, isPacked: false, number, problems: [], lack: undefined };
    },
    async release(number: number) {
      released.push(number);
    },
  };
  const signer = { open: async (_: string, payload: Uint8Array) => ({ signer: "m", payload }) } as unknown as Signer;
  const all = plans ?? new Map([["remote", planOf(blocks)]]);
  return { statements: new BlockStatements(master, signer, blocks, all, isHeld), asked, released };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("each statement is asked for once, whoever takes it", async (t) => {
  const blocks = blocksOf(1, 1);
  const { statements, asked } = createStatements(blocks);
  void statements.begin(blocks[0]);
  const [first, again] = await Promise.all([statements.take(blocks[0]), statements.take(blocks[0])]);
  t.is(first, again);
  await settled();
  t.deepEqual(asked, [0]);
});

// Seen: it was the remote's fault, of each remote.
test("a statement that cannot be read is the master's fault", async (t) => {
  const blocks = blocksOf(1);
  const { statements } = createStatements(blocks, { damaged: 0 });
  await t.throwsAsync(statements.take(blocks[0]), { code: "LOCKSTEP_MALFORMED", message: /^alpha: / });
});

test("of long blocks the next one is stated once one has been, and no more than that", async (t) => {
  const blocks = blocksOf(1, LONG, LONG, LONG);
  const { statements, asked } = createStatements(blocks);
  await statements.take(blocks[0]);
  await settled();
  t.deepEqual(asked, [0, 1]);
  await statements.take(blocks[1]);
  await settled();
  t.deepEqual(asked, [0, 1, 2]);
});

test("what the master holds is not stated ahead, nor what no remote needs any more", async (t) => {
  const blocks = blocksOf(LONG, LONG);
  const held = createStatements(blocks, { isHeld: true });
  await held.statements.take(blocks[0]);
  const left = createStatements(blocks);
  left.statements.done(1, "remote");
  await left.statements.take(blocks[0]);
  await settled();
  t.deepEqual(held.asked, [0]);
  t.deepEqual(left.asked, [0]);
});

test("a statement that fails ahead of its time is the failure of whoever takes it", async (t) => {
  const blocks = blocksOf(LONG, LONG);
  const { statements } = createStatements(blocks, { failing: 1 });
  await t.notThrowsAsync(statements.take(blocks[0]));
  await settled();
  await t.throwsAsync(statements.take(blocks[1]), { message: "the master is gone" });
});

test("the master lets a block's files go with the last remote that needs them", async (t) => {
  const blocks = blocksOf(1, 1);
  const plans = new Map([
    ["a", planOf(blocks)],
    ["b", planOf(blocks)],
    ["c", planOf(blocks.slice(1))],
  ]);
  const { statements, released } = createStatements(blocks, { plans, isHeld: true });
  await Promise.all(blocks.map((block) => statements.take(block)));
  statements.done(0, "a");
  await settled();
  t.deepEqual(released, []);
  statements.done(0, "b");
  await settled();
  t.deepEqual(released, [100]);
  for (const remote of ["a", "b", "c"]) statements.leave(remote);
  await settled();
  t.deepEqual(released, [100, 101]);
});
