import { mkdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { type Identity, loadIdentity } from "../../src/mesh/identity.ts";
import { startMesh } from "../../src/mesh/libp2p-mesh.ts";
import { WHOLE_ROOT } from "../../src/model/classification.ts";
import { LockstepError } from "../../src/model/errors.ts";
import { DEFAULT_MAX_DELETE, type RoundId, type RoundOrder } from "../../src/model/order.ts";
import type { RoleAssignment } from "../../src/model/role.ts";
import type { Mesh } from "../../src/ports/mesh.ts";
import { HostLink } from "../../src/roles/host-link.ts";
import { encodeAssignment, encodeOrder } from "../../src/wire/codec.ts";
import { RoundRequest } from "../../src/wire/messages.ts";
import { CONTENT, ROUND } from "../../src/wire/protocols.ts";
import { dumpTree, Fleet, runLockstep, writeTree } from "./mesh-harness.ts";

let fleet: Fleet;

test.before(async () => {
  fleet = await Fleet.start({
    hosts: { alpha: {}, beta: {}, delta: { roots: [] } },
    roots: { www: { comparison: ["delta"], master: "alpha", remotes: ["beta"] } },
  });
  await fleet.assign();
  writeTree(fleet.path("alpha", "www"), { secret: "not for strangers" });
  const sync = await fleet.run("sync", "www");
  if (sync.exitCode !== 0) throw new Error(sync.stdout);
});

test.after.always(async () => {
  await fleet?.stop();
});

test.serial("a control station that is not trusted gets nothing and changes nothing", async (t) => {
  const stranger = join(fleet.directory, "stranger");
  writeTree(fleet.path("alpha", "www"), { more: "waits for a sync" });
  const before = dumpTree(fleet.path("beta", "www"));
  for (const args of [["assign"], ["plan", "www"], ["sync", "www"], ["verify", "www"], ["status"]]) {
    const refused = await runLockstep(...args, "--data", stranger, "--fleet", fleet.fleetFile, "--json");
    t.is(refused.exitCode, 1, args[0]);
    t.true(refused.stdout.includes("LOCKSTEP_NOT_AUTHORISED"), `${args[0]}: ${refused.stdout}`);
  }
  t.is(dumpTree(fleet.path("beta", "www")), before);
  const status = await fleet.run("status");
  for (const host of Object.values(status.json.hosts)) t.is(host.roots[0].epoch, 1);
  t.is((await fleet.run("sync", "www")).exitCode, 0);
});

/** A peer of our own with this identity, that knows where the fleet's hosts are. */
async function withPeer<T>(identity: Identity, run: (mesh: Mesh) => Promise<T>): Promise<T> {
  const mesh = await startMesh({ identity, listen: [], admission: { isKnown: () => false } });
  try {
    await mesh.learn(hosts());
    return await run(mesh);
  } finally {
    await mesh.stop();
  }
}

function hosts() {
  return ["alpha", "beta", "delta"].map((name) => {
    const { peerId, address } = fleet.host(name);
    return { name, peer: peerId, addresses: [address] };
  });
}

/** Envelopes as the signer would make them, for the fleet's epoch. */
async function envelopes(signer: Identity, change: { assignment?: object; order?: object } = {}) {
  const peer = (name: string): string => fleet.host(name).peerId;
  const assignment: RoleAssignment = {
    root: "www",
    epoch: 1,
    master: peer("alpha"),
    comparison: [peer("delta")],
    remotes: [peer("beta")],
    hosts: [hosts()[2], hosts()[0], hosts()[1]],
    ...change.assignment,
  };
  const order: RoundOrder = {
    root: "www",
    epoch: assignment.epoch,
    sequence: Date.now() * 1000,
    mode: "plan",
    className: undefined,
    classification: WHOLE_ROOT,
    now: Date.now(),
    delete: true,
    maxDelete: DEFAULT_MAX_DELETE,
    hold: "none",
    holdFallback: "stop",
    blockBytes: 64 << 20,
    blockPaths: 2048,
    compress: true,
    expiry: Date.now() + 60_000,
    ...change.order,
  };
  const id: RoundId = { root: "www", epoch: order.epoch, sequence: order.sequence, term: 1 };
  return {
    id,
    assignment: await signer.seal("lockstep-role-assignment", encodeAssignment(assignment)),
    order: await signer.seal("lockstep-round-order", encodeOrder(order)),
  };
}

async function list(mesh: Mesh, host: string, round: Awaited<ReturnType<typeof envelopes>>): Promise<number> {
  for (let tries = 1; ; tries++) {
    const link = await HostLink.open(mesh, fleet.host(host).peerId, host, round.id, AbortSignal.timeout(30_000));
    try {
      await link.begin(round.assignment, round.order);
      return (await link.list()).root.count;
    } catch (error) {
      // The host takes a moment to notice that the test before has left.
      if (!(error instanceof LockstepError) || error.code !== "LOCKSTEP_ROUND_BUSY" || tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      link.abort(new Error("done"));
    }
  }
}

test.serial("the comparison server itself can list with the station's envelopes", async (t) => {
  // What the refusals below would be worth nothing without.
  const control = await loadIdentity(fleet.controlData);
  await fleet.host("delta").end("SIGTERM");
  try {
    const delta = await loadIdentity(fleet.data("delta"));
    t.true((await withPeer(delta, async (mesh) => list(mesh, "alpha", await envelopes(control)))) >= 2);
  } finally {
    await fleet.restart("delta");
  }
});

test.serial("a node that is not in the assignment cannot list, even with the station's own envelopes", async (t) => {
  const control = await loadIdentity(fleet.controlData);
  const stranger = await loadIdentity(join(fleet.directory, "stranger node"));
  await withPeer(stranger, async (mesh) => {
    for (const host of ["alpha", "beta"]) {
      const error = await t.throwsAsync(async () => list(mesh, host, await envelopes(control)));
      t.is((error as unknown as { code: string }).code, "LOCKSTEP_NOT_AUTHORISED", error?.message);
    }
  });
});

test.serial("a stranger cannot make a host hold more than the begin of a round", async (t) => {
  const stranger = await loadIdentity(join(fleet.directory, "stranger node"));
  const round = { root: "www", epoch: 1, sequence: 1, term: 1 };
  const begin = (bytes: number): Uint8Array => {
    const assignment = new Uint8Array(bytes);
    return RoundRequest.encode({ id: 1, round, begin: { assignment, order: new Uint8Array(0) } });
  };
  const answer = async (mesh: Mesh, bytes: number): Promise<boolean> => {
    const channel = await mesh.open(fleet.host("alpha").peerId, ROUND, AbortSignal.timeout(9_000));
    try {
      await channel.send(begin(bytes));
      for await (const _ of channel.source) return true;
      return false;
    } finally {
      channel.abort(new Error("done"));
    }
  };
  await withPeer(stranger, async (mesh) => {
    t.true(await answer(mesh, 200_000), "told that it is refused");
    await t.throwsAsync(answer(mesh, 5_000_000), undefined, "cut off");
  });
});

test.serial("an assignment that a stranger signed makes nobody a comparison server", async (t) => {
  const stranger = await loadIdentity(join(fleet.directory, "stranger node"));
  const forged = await envelopes(stranger, { assignment: { comparison: [stranger.self], epoch: 9 } });
  await withPeer(stranger, async (mesh) => {
    const error = await t.throwsAsync(() => list(mesh, "alpha", forged));
    t.is((error as unknown as { code: string }).code, "LOCKSTEP_NOT_AUTHORISED", error?.message);
  });
  const status = await fleet.run("status");
  t.is(status.json.hosts["alpha"].roots[0].epoch, 1);
});

test.serial("a comparison server without the station's order cannot list", async (t) => {
  const control = await loadIdentity(fleet.controlData);
  await fleet.host("delta").end("SIGTERM");
  try {
    const delta = await loadIdentity(fleet.data("delta"));
    await withPeer(delta, async (mesh) => {
      const genuine = await envelopes(control);
      const own = await envelopes(delta);
      const error = await t.throwsAsync(() => list(mesh, "alpha", { ...genuine, id: own.id, order: own.order }));
      t.is((error as unknown as { code: string }).code, "LOCKSTEP_NOT_AUTHORISED", error?.message);
      // An order that was obeyed once is not obeyed again.
      const fresh = await envelopes(control);
      await list(mesh, "beta", fresh);
      const replayed = await t.throwsAsync(() => list(mesh, "beta", fresh));
      t.is((replayed as unknown as { code: string }).code, "LOCKSTEP_SEQUENCE_OLD", replayed?.message);
      const late = await envelopes(control, { order: { expiry: Date.now() - 1000 } });
      const expired = await t.throwsAsync(() => list(mesh, "beta", late));
      t.is((expired as unknown as { code: string }).code, "LOCKSTEP_ORDER_EXPIRED", expired?.message);
    });
  } finally {
    await fleet.restart("delta");
  }
});

test.serial("a stranger gets no content", async (t) => {
  const stranger = await loadIdentity(join(fleet.directory, "stranger node"));
  await withPeer(stranger, async (mesh) => {
    await t.throwsAsync(async () => {
      const channel = await mesh.open(fleet.host("alpha").peerId, CONTENT, AbortSignal.timeout(30_000));
      await channel.send(new Uint8Array(4));
      for await (const frame of channel.source) t.fail(`${frame.length} bytes of an answer`);
      if (!channel.closed.aborted) throw new Error("the channel was ended");
    });
  });
});

test.serial("a host that lost its root's name says so", async (t) => {
  mkdirSync(join(fleet.directory, "elsewhere"));
  fleet.configure("other", { comparison: ["delta"], master: "alpha", remotes: ["beta"] });
  await fleet.assign();
  const sync = await fleet.run("sync", "other");
  t.is(sync.exitCode, 1);
  t.is(sync.json.error?.code, "LOCKSTEP_ROOT_UNKNOWN");
});
