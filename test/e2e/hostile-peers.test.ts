/**
 * Real hosts against a comparison server, a master and a remote that were written here to do harm.
 * Each holds only the keys that it would hold: the control station's signature is genuine, and
 * everything else is up to them.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { type Identity, loadIdentity } from "../../src/mesh/identity.ts";
import { type RunningMesh, startMesh } from "../../src/mesh/libp2p-mesh.ts";
import { encodeBatch } from "../../src/model/batch.ts";
import { ChunkListBuilder, chunkRoot } from "../../src/model/chunk-list.ts";
import { WHOLE_ROOT } from "../../src/model/classification.ts";
import { decodeRanges, encodeRanges } from "../../src/model/content-ranges.ts";
import { decodeUnitNames, packName, type UnitName } from "../../src/model/content-units.ts";
import { cutPoint } from "../../src/model/cut.ts";
import { ALL_ABILITIES, ENTRY_TYPES, type Entry } from "../../src/model/entry.ts";
import { type ErrorCode, LockstepError } from "../../src/model/errors.ts";
import { encodeListRoot, encodeNodes, type ManifestNode } from "../../src/model/manifest.ts";
import type { RoundId, RoundOrder } from "../../src/model/order.ts";
import { ACTIONS } from "../../src/model/plan.ts";
import type { RoleAssignment } from "../../src/model/role.ts";
import { encodeStatement, type StatedEntry, type Statement } from "../../src/model/statement.ts";
import { SUITE } from "../../src/model/suite.ts";
import type { Channel } from "../../src/ports/mesh.ts";
import type { PackedChunkList } from "../../src/ports/tree.ts";
import { HostLink, type StagePart } from "../../src/roles/host-link.ts";
import { createCompressor } from "../../src/tree/compress.ts";
import { RecordPacker } from "../../src/tree/content-records.ts";
import { createHasher } from "../../src/tree/hasher.ts";
import { packChunkList } from "../../src/tree/pack-chunk-list.ts";
import { decodeMessage, decodeRoundId, encodeAssignment, encodeOrder } from "../../src/wire/codec.ts";
import {
  CONTENT_FRAME,
  listFrames,
  listPart,
  readFrameHeader,
  writeFrameHeader,
} from "../../src/wire/content-frame.ts";
import { ContentRequest, ListStatementMessage, type RoundRequest } from "../../src/wire/messages.ts";
import { CONTENT, ROUND } from "../../src/wire/protocols.ts";
import { Requester, type ResponseBody, respond } from "../../src/wire/request-response.ts";
import { PLAIN } from "../fixtures/plain-framing.ts";
import { differences, dumpTree, Fleet, isTidy, runLockstep, writeTree } from "./mesh-harness.ts";

const { hash } = createHasher();

/** A file of several chunks, in which nothing repeats. */
const LARGE = Buffer.concat(Array.from({ length: 54_000 }, (_, i) => createHash("sha512").update(`${i}`).digest()));

/** Sends whatever it likes in answer to a content request; the channel ends when it returns. */
type Serving = (request: ContentRequest, channel: Channel) => Promise<void>;

let fleet: Fleet;
let control: Identity;
/** Comparison server. */
let mallory: { identity: Identity; mesh: RunningMesh };
/** Master. */
let judas: { identity: Identity; mesh: RunningMesh };
let serving: Serving = async () => undefined;
/** What judas answers as a participant. */
let lying: (request: RoundRequest) => AsyncGenerator<ResponseBody> = async function* () {};
let epoch = 1;
let outside: string;

test.before(async () => {
  fleet = await Fleet.start({
    hosts: { alpha: {}, beta: {}, delta: { roots: [] } },
    roots: { www: { comparison: ["delta"], master: "alpha", remotes: ["beta"] } },
  });
  await fleet.assign();
  control = await loadIdentity(fleet.controlData);
  mallory = await startPeer("mallory");
  judas = await startPeer("judas");
  judas.mesh.handle(
    ROUND,
    () => true,
    (channel) => respond(channel, (request) => lying(request)),
  );
  judas.mesh.handle(
    CONTENT,
    () => true,
    async (channel) => {
      for await (const frame of channel.source) {
        const request = decodeMessage((bytes) => ContentRequest.decode(bytes), frame);
        // What is only told: an answer to it would be refused as one that nobody asked for.
        if (request.received !== undefined || request.cancel !== undefined || request.follow === true) continue;
        await serving(request, channel);
      }
    },
  );
  outside = join(fleet.directory, "outside");
  writeTree(outside, { canary: "alive", "deep/canary": "alive" });
  writeTree(fleet.path("alpha", "www"), { kept: "old", "d/one": "1", "d/two": "2", "d/three": "3", "e/f/g": "4" });
  symlinkSync(outside, join(fleet.path("alpha", "www"), "way-out"));
  const sync = await fleet.run("sync", "www");
  if (sync.exitCode !== 0) throw new Error(sync.stdout);
});

test.after.always(async () => {
  await mallory?.mesh.stop();
  await judas?.mesh.stop();
  await fleet?.stop();
});

async function startPeer(name: string): Promise<{ identity: Identity; mesh: RunningMesh }> {
  const identity = await loadIdentity(join(fleet.directory, name));
  const mesh = await startMesh({ identity, listen: ["/ip4/127.0.0.1/tcp/0"], admission: { isKnown: () => true } });
  await mesh.learn(
    ["alpha", "beta"].map((host) => ({
      name: host,
      peer: fleet.host(host).peerId,
      addresses: [fleet.host(host).address],
    })),
  );
  return { identity, mesh };
}

interface Round {
  readonly id: RoundId;
  readonly assignment: Uint8Array;
  readonly order: Uint8Array;
}

interface Change {
  readonly order?: Partial<RoundOrder>;
  readonly assignment?: Partial<RoleAssignment>;
}

/** A genuine order and assignment of the station: Mallory compares, Judas is master, beta is remote. */
async function ordered({ order: orderChange, assignment: assignmentChange }: Change = {}): Promise<Round> {
  epoch++;
  const address = (name: string, peer: string, addresses: readonly string[]) => ({ name, peer, addresses });
  const beta = fleet.host("beta");
  const alpha = fleet.host("alpha");
  const assignment: RoleAssignment = {
    root: "www",
    epoch,
    master: judas.identity.self,
    comparison: [mallory.identity.self],
    remotes: [beta.peerId],
    hosts: [
      address("mallory", mallory.identity.self, mallory.mesh.addresses()),
      address("judas", judas.identity.self, judas.mesh.addresses()),
      address("alpha", alpha.peerId, [alpha.address]),
      address("beta", beta.peerId, [beta.address]),
    ],
    ...assignmentChange,
  };
  const order: RoundOrder = {
    root: "www",
    epoch,
    sequence: Date.now() * 1000,
    mode: "sync",
    className: undefined,
    classification: WHOLE_ROOT,
    now: Date.now(),
    delete: true,
    maxDelete: { unit: "percent", amount: 50 },
    hold: "none",
    holdFallback: "stop",
    blockBytes: 64 << 20,
    blockPaths: 2048,
    compress: true,
    expiry: Date.now() + 60_000,
    ...orderChange,
  };
  return {
    id: { root: "www", epoch, sequence: order.sequence, term: 1 },
    assignment: await control.seal("lockstep-role-assignment", encodeAssignment(assignment)),
    order: await control.seal("lockstep-round-order", encodeOrder(order)),
  };
}

/** Runs a round of Mallory's with one host, which has listed its tree. */
async function withRound<T>(
  change: Change,
  run: (link: HostLink, round: Round) => Promise<T>,
  host = "beta",
): Promise<T> {
  const round = await ordered(change);
  const { peerId } = fleet.host(host);
  const link = await HostLink.open(mallory.mesh, peerId, host, round.id, AbortSignal.timeout(30_000));
  try {
    await link.begin(round.assignment, round.order);
    await link.list();
    return await run(link, round);
  } finally {
    // The host ends a round when its channel ends, which takes a moment; `end` waits for it.
    await link.end(undefined).catch(() => link.abort(new Error("done")));
  }
}

const ALONE = { neighbours: [] as string[], place: 1, places: 1, isTrial: false };
const PREPARED = { newBytes: 0, replacedBytes: 0, inFlightBytes: 0, deletions: 0, ...ALONE };

function file(path: string, content: string | Buffer, change: Partial<Entry> = {}): StatedEntry {
  const bytes = Buffer.from(content);
  const entry: Entry = {
    path,
    type: ENTRY_TYPES.file,
    size: bytes.length,
    target: "",
    leader: undefined,
    rdevMajor: 0,
    rdevMinor: 0,
    mode: 0o644,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    mtimeSec: 1_700_000_000,
    mtimeNsec: 0,
    xattrs: [],
    ...change,
  };
  if (entry.type !== ENTRY_TYPES.file)
    return { entry: { ...entry, size: 0 }, checksum: undefined, chunkRoot: undefined };
  const list = bytes.length > SUITE.singleBytes ? listOf(bytes) : undefined;
  return {
    entry,
    checksum: hash(bytes),
    chunkRoot: list === undefined ? undefined : chunkRoot(hash, SUITE, list.index),
  };
}

/** The chunk list of a content. */
function listOf(bytes: Uint8Array): PackedChunkList {
  const chunks = new ChunkListBuilder();
  for (let at = 0; at < bytes.length; ) {
    const end = cutPoint(bytes, at, bytes.length, SUITE.chunk);
    chunks.add(end - at, hash(bytes.subarray(at, end)));
    at = end;
  }
  return packChunkList(hash, SUITE, chunks.finish());
}

async function stated(
  round: Round,
  entries: readonly StatedEntry[],
  change: Partial<Statement> & { readonly signer?: Identity } = {},
): Promise<Uint8Array> {
  const { signer = judas.identity, ...rest } = change;
  const statement = { round: round.id, number: 1, suite: SUITE.id, stated: entries, absent: [], ...rest };
  return signer.seal("lockstep-block-statement", encodeStatement(statement));
}

async function stage(
  link: HostLink,
  statement: Uint8Array,
  actions: readonly number[],
  block = 1,
): Promise<StagePart | undefined> {
  let last: StagePart | undefined;
  for await (const part of link.stage(block, statement, Uint8Array.from(actions))) last = part;
  return last;
}

/** The code that the host refuses with. */
async function refused(t: ExecutionContext, code: ErrorCode, run: () => Promise<unknown>): Promise<void> {
  const error = await t.throwsAsync(run);
  t.is((error as LockstepError).code, code, error?.message);
}

/** Whatever the round was, the remote's tree is as before, and a genuine round finds it in step. */
async function unharmed(t: ExecutionContext, run: () => Promise<void>): Promise<void> {
  const root = fleet.path("beta", "www");
  const before = dumpTree(root);
  const canaries = dumpTree(outside);
  await run();
  t.is(dumpTree(outside), canaries, "outside the root");
  t.is(dumpTree(root), before, "in the root");
}

/** Frames of content records as an honest sender would pack them. */
function packed(records: readonly (readonly [number, Buffer])[]): Uint8Array<ArrayBuffer>[] {
  const frames: Uint8Array<ArrayBuffer>[] = [];
  const ranges = records.map(([index, { length }]) => ({ index, offset: 0, length }));
  const packer = new RecordPacker(ranges, PLAIN, (frame) => frames.push(frame));
  for (const [index, content] of records) {
    for (let at = 0; at < content.length; ) {
      at += packer.add(index, at, content.length - at, (buffer, offset, length) =>
        content.copy(buffer, offset, at, at + length),
      );
    }
  }
  packer.flush();
  return frames;
}

async function send(channel: Channel, request: number, frames: readonly Uint8Array[], ends = true): Promise<void> {
  for (const frame of frames) {
    writeFrameHeader(frame, CONTENT_FRAME.data, request);
    await channel.send(frame);
  }
  if (!ends) return;
  const end = new Uint8Array(5);
  writeFrameHeader(end, CONTENT_FRAME.end, request);
  await channel.send(end);
}

const serve = (content: string | Buffer): Serving => {
  return (request, channel) => send(channel, request.id, packed([[0, Buffer.from(content)]]));
};

/** Answers with one list, as the request asks for its index or its batches. */
async function sendList(request: ContentRequest, channel: Channel, list: PackedChunkList): Promise<void> {
  const { chunkIndex, chunkBatches } = request;
  const parts = chunkIndex !== undefined ? [list.index] : list.batches.slice(chunkBatches?.first);
  for (const frame of listFrames(parts)) {
    writeFrameHeader(frame, CONTENT_FRAME.list, request.id);
    await channel.send(frame);
  }
  await send(channel, request.id, []);
}

/** Tells the truth about the chunks of a large file, and then sends something else in their place. */
const serveOther = (truth: Buffer, content: Buffer, shift = 0): Serving => {
  return async (request, channel) => {
    if (request.chunkIndex !== undefined || request.chunkBatches !== undefined) {
      return sendList(request, channel, listOf(truth));
    }
    const frames: Uint8Array<ArrayBuffer>[] = [];
    const ranges = decodeRanges(request.ranges, 2048);
    const packer = new RecordPacker(ranges, PLAIN, (frame) => frames.push(frame));
    for (const { index, offset, length } of ranges) {
      for (let done = 0; done < length; ) {
        done += packer.add(index, offset + done + shift, length - done, (buffer, at, count) =>
          content.copy(buffer, at, offset + done, offset + done + count),
        );
      }
    }
    packer.flush();
    await send(channel, request.id, frames);
  };
};

test.serial("an honest master and comparison server written here can change the remote", async (t) => {
  // What the refusals below would be worth nothing without.
  serving = serve("new");
  await withRound({}, async (link, round) => {
    await link.prepare({ ...PREPARED, deletions: 1 });
    const part = await stage(link, await stated(round, [file("kept", "new")]), [ACTIONS.replace]);
    t.deepEqual(part?.problems, []);
    t.deepEqual((await link.commit(1)).counts, { created: 0, updated: 1, deleted: 0, attributes: 0 });
    t.is((await link.delete(await stated(round, [], { absent: ["d/one"], number: 2 }))).counts.deleted, 1);
    await link.finish();
  });
  t.is(readFileSync(join(fleet.path("beta", "www"), "kept"), "utf8"), "new");
  t.false(existsSync(join(fleet.path("beta", "www"), "d/one")));
  // The roles as the fleet file has them, at a higher epoch.
  await t.notThrowsAsync(fleet.assign());
  t.is((await fleet.run("sync", "www")).exitCode, 0);
  t.is(differences(fleet.path("alpha", "www"), fleet.path("beta", "www")), "");
  epoch = (await fleet.run("status")).json.hosts["beta"].roots[0].epoch;
});

test.serial("a remote applies nothing that the master has not signed for this very round", async (t) => {
  serving = serve("new");
  const block = [file("kept", "new")];
  await unharmed(t, async () => {
    const earlier = await ordered();
    await withRound({}, async (link, round) => {
      await link.prepare({ ...PREPARED, deletions: 1 });
      const statements: readonly (readonly [ErrorCode, Uint8Array])[] = [
        ["LOCKSTEP_NOT_AUTHORISED", await stated(round, block, { signer: mallory.identity })],
        ["LOCKSTEP_NOT_AUTHORISED", await stated(round, block, { signer: control })],
        ["LOCKSTEP_OUT_OF_ORDER", await stated(earlier, block)],
        ["LOCKSTEP_OUT_OF_ORDER", await stated(round, block, { round: { ...round.id, root: "other" } })],
        ["LOCKSTEP_OUT_OF_ORDER", await stated(round, block, { round: { ...round.id, term: 2 } })],
        ["LOCKSTEP_OUT_OF_ORDER", await stated(round, block, { suite: SUITE.id + 1 })],
        // The master did sign this, but as something else.
        ["LOCKSTEP_BAD_SIGNATURE", await judas.identity.seal("lockstep-list-root", new Uint8Array(40))],
        ["LOCKSTEP_BAD_SIGNATURE", new Uint8Array(40)],
      ];
      for (const [code, statement] of statements) {
        await refused(t, code, () => stage(link, statement, [ACTIONS.replace]));
        await refused(t, code, () => link.delete(statement));
      }
    });
  });
});

test.serial("a statement with a path that leads out of the root is refused or its path is", async (t) => {
  serving = serve("evil");
  await unharmed(t, async () => {
    for (const path of ["../outside/new", "/etc/new", "d/../../x", "d//x", "a\0b", "x".repeat(256), ".lockstep/x"]) {
      await withRound({}, async (link, round) => {
        await link.prepare(PREPARED);
        const statement = await stated(round, [file(path, "evil")]);
        await refused(t, "LOCKSTEP_BAD_PATH", () => stage(link, statement, [ACTIONS.create]));
        await refused(t, "LOCKSTEP_BAD_PATH", async () => link.delete(await stated(round, [], { absent: [path] })));
      });
    }
    await withRound({}, async (link, round) => {
      await link.prepare({ ...PREPARED, deletions: 2 });
      const entries = [file("way-out/canary", "evil"), file("way-out/new", "evil")];
      serving = async (request, channel) => {
        const frames = packed([
          [0, Buffer.from("evil")],
          [1, Buffer.from("evil")],
        ]);
        await send(channel, request.id, frames);
      };
      const part = await stage(link, await stated(round, entries), [ACTIONS.replace, ACTIONS.create]);
      t.deepEqual(part?.problems, []);
      const { problems, counts } = await link.commit(1);
      t.deepEqual(counts, { created: 0, updated: 0, deleted: 0, attributes: 0 });
      t.deepEqual(
        problems.map(({ path, code }) => `${path} ${code}`),
        ["way-out/canary LOCKSTEP_TARGET_CHANGED", "way-out/new LOCKSTEP_TARGET_CHANGED"],
      );
      const gone = await link.delete(await stated(round, [], { absent: ["way-out/canary"], number: 2 }));
      t.is(gone.counts.deleted, 0);
      t.is(gone.problems[0].code, "LOCKSTEP_TARGET_CHANGED");
      await link.finish();
    });
  });
});

test.serial("a link to the master's choice of a first name stays within the root", async (t) => {
  await unharmed(t, async () => {
    await withRound({}, async (link, round) => {
      await link.prepare(PREPARED);
      const linked = file("zz", "alive", { leader: "way-out/canary" });
      await stage(link, await stated(round, [linked]), [ACTIONS.create]);
      const { problems } = await link.commit(1);
      t.deepEqual(
        problems.map(({ path, code }) => `${path} ${code}`),
        ["zz LOCKSTEP_TARGET_CHANGED"],
      );
      await link.finish();
    });
  });
});

test.serial("a remote keeps the order's limits, whatever the comparison server announces", async (t) => {
  await unharmed(t, async () => {
    const absent = ["d/one", "d/three", "d/two", "kept"];
    await withRound({ order: { delete: false } }, async (link) => {
      await refused(t, "LOCKSTEP_DELETE_FORBIDDEN", () => link.prepare({ ...PREPARED, deletions: 1 }));
    });
    await withRound({ order: { delete: false } }, async (link, round) => {
      await link.prepare(PREPARED);
      const { counts, problems } = await link.delete(await stated(round, [], { absent }));
      t.is(counts.deleted, 0);
      t.is(problems.length, 4);
      await link.finish();
    });
    await withRound({ order: { maxDelete: { unit: "count", amount: 3 } } }, async (link) => {
      await refused(t, "LOCKSTEP_DELETE_GUARD", () => link.prepare({ ...PREPARED, deletions: 4 }));
    });
    // Nothing announced, then everything asked for.
    await withRound({}, async (link, round) => {
      await link.prepare(PREPARED);
      const { counts, problems } = await link.delete(await stated(round, [], { absent }));
      t.is(counts.deleted, 0);
      t.is(problems.length, 4);
      await link.finish();
    });
    // A directory that turns into a file deletes what it holds.
    await withRound({ order: { delete: false } }, async (link, round) => {
      await link.prepare(PREPARED);
      serving = serve("now a file");
      await stage(link, await stated(round, [file("d", "now a file")]), [ACTIONS.replace]);
      const { counts, problems } = await link.commit(1);
      t.is(counts.deleted, 0);
      t.is(problems[0]?.code, "LOCKSTEP_DELETE_FORBIDDEN");
      await link.finish();
    });
    await withRound({}, async (link) => {
      const most = { ...PREPARED, newBytes: 2 ** 52, inFlightBytes: 2 ** 40 };
      await refused(t, "LOCKSTEP_SPACE_GUARD", () => link.prepare(most));
    });
    for (const mode of ["plan", "verify"] as const) {
      await withRound({ order: { mode } }, async (link) => {
        await refused(t, "LOCKSTEP_NOT_AUTHORISED", () => link.prepare(PREPARED));
      });
    }
  });
});

test.serial("deletions of several passes count together, and no more go than were announced", async (t) => {
  const root = fleet.path("beta", "www");
  await withRound({ order: { maxDelete: { unit: "count", amount: 2 } } }, async (link, round) => {
    await link.prepare({ ...PREPARED, deletions: 1 });
    const all = await stated(round, [], { absent: ["d/one", "d/three", "d/two"] });
    const first = await link.delete(all);
    t.is(first.counts.deleted, 1);
    t.is(first.problems.length, 2);
    await link.finish();
    await link.list();
    await refused(t, "LOCKSTEP_DELETE_GUARD", () => link.prepare({ ...PREPARED, deletions: 2 }));
  });
  t.is(readdirSync(join(root, "d")).length, 2);
  await fleet.assign();
  t.is((await fleet.run("sync", "www")).exitCode, 0);
  t.is(differences(fleet.path("alpha", "www"), root), "");
  epoch = (await fleet.run("status")).json.hosts["beta"].roots[0].epoch;
});

test.serial("messages out of order are refused and change nothing", async (t) => {
  await unharmed(t, async () => {
    const round = await ordered();
    const { peerId } = fleet.host("beta");
    const out = (run: () => Promise<unknown>) => refused(t, "LOCKSTEP_OUT_OF_ORDER", run);
    const link = await HostLink.open(mallory.mesh, peerId, "beta", round.id, AbortSignal.timeout(30_000));
    const block = await stated(round, [file("kept", "new")]);
    const writes = [
      () => stage(link, block, [ACTIONS.replace]),
      () => link.commit(1),
      () => link.delete(block),
      () => link.finish(),
    ];
    await out(() => link.list());
    await out(() => link.end(undefined));
    await link.begin(round.assignment, round.order);
    await out(() => link.begin(round.assignment, round.order));
    for (const step of [...writes, () => link.prepare(PREPARED), () => link.nodes(0, 0, 1)]) await out(step);
    await out(() => link.prepare({ ...PREPARED, isTrial: true }));
    await link.list();
    await link.prepare({ ...PREPARED, isTrial: true });
    for (const step of writes) await out(step);
    await refused(t, "LOCKSTEP_NOT_AUTHORISED", () => link.state([[0, 1]], [], []));
    await refused(t, "LOCKSTEP_NOT_AUTHORISED", () => link.holes([[0, 1]]));
    await link.prepare(PREPARED);
    await out(() => link.list());
    await out(() => link.prepare(PREPARED));
    await out(() => link.commit(1));
    serving = serve("new");
    await stage(link, block, [ACTIONS.replace]);
    await out(() => stage(link, block, [ACTIONS.replace]));
    await refused(t, "LOCKSTEP_MALFORMED", () => stage(link, block, [ACTIONS.replace, ACTIONS.replace], 2));
    await refused(t, "LOCKSTEP_MALFORMED", () => stage(link, block, [9], 3));
    await out(() => link.state([[0, 1]], [], []));
    await link.finish();
    await out(() => link.commit(1));
    await link.list();
    await link.end(undefined);
    // The same order again, by a new channel.
    const again = await HostLink.open(mallory.mesh, peerId, "beta", round.id, AbortSignal.timeout(30_000));
    await refused(t, "LOCKSTEP_SEQUENCE_OLD", () => again.begin(round.assignment, round.order));
    again.abort(new Error("done"));
  });
});

test.serial("assignment, order and round that do not belong together are refused", async (t) => {
  await unharmed(t, async () => {
    const { peerId } = fleet.host("beta");
    const others: readonly ((id: RoundId) => RoundId)[] = [
      (id) => ({ ...id, sequence: id.sequence + 1 }),
      (id) => ({ ...id, epoch: id.epoch + 1 }),
      (id) => ({ ...id, root: "other" }),
    ];
    for (const other of others) {
      const round = await ordered();
      const link = await HostLink.open(mallory.mesh, peerId, "beta", other(round.id), AbortSignal.timeout(30_000));
      await refused(t, "LOCKSTEP_MALFORMED", () => link.begin(round.assignment, round.order));
      link.abort(new Error("done"));
    }
    // One round at a time on a root.
    await withRound({}, async (_, first) => {
      const second = await HostLink.open(mallory.mesh, peerId, "beta", first.id, AbortSignal.timeout(30_000));
      await refused(t, "LOCKSTEP_ROUND_BUSY", () => second.begin(first.assignment, first.order));
      second.abort(new Error("done"));
    });
    // A step of another round than the one that has begun.
    await withRound({}, async (_link, first) => {
      const channel = await mallory.mesh.open(peerId, ROUND, AbortSignal.timeout(30_000));
      const requester = new Requester(channel, "beta");
      await refused(t, "LOCKSTEP_OUT_OF_ORDER", () =>
        requester.askOne({ round: { ...first.id }, prepare: { ...PREPARED } }),
      );
      requester.abort(new Error("done"));
    });
  });
});

/** One file staged from a master that serves as it likes. */
async function staging(serves: Serving, content = Buffer.from("announced")): Promise<StagePart | undefined> {
  serving = serves;
  return withRound({}, async (link, round) => {
    await link.prepare(PREPARED);
    const part = await stage(link, await stated(round, [file("new", content)]), [ACTIONS.create]);
    const { counts } = await link.commit(1);
    if (counts.created > 0) throw new Error("it was put in place");
    await link.finish();
    return part;
  });
}

test.serial("content that is not what was signed never gets a name", async (t) => {
  const turned = Buffer.from(LARGE);
  turned[turned.length >> 1] ^= 1;
  const wrong: readonly (readonly [string, Serving, Buffer<ArrayBuffer>?])[] = [
    ["other bytes", serve("denounced")],
    ["another file's", serve("1".padEnd(9, "x"))],
    ["one bit of a large file", serveOther(LARGE, turned), LARGE],
    ["a large file shifted by a byte", serveOther(LARGE, Buffer.concat([LARGE.subarray(1), Buffer.from("x")])), LARGE],
  ];
  await unharmed(t, async () => {
    for (const [name, serves, content] of wrong) {
      const part = await staging(serves, content);
      t.deepEqual(
        part?.problems.map(({ path, code }) => `${path} ${code}`),
        ["new LOCKSTEP_CONTENT_MISMATCH"],
        name,
      );
    }
    const none = await staging((request, channel) => send(channel, request.id, []));
    t.is(none?.problems[0]?.code, "LOCKSTEP_SOURCE_UNREADABLE");
    const half = await staging(serve("annou"));
    t.is(half?.problems[0]?.code, "LOCKSTEP_SOURCE_UNREADABLE");
  });
});

test.serial("lists of chunks that are not what was signed are refused, and nothing of them is used", async (t) => {
  const other = Buffer.concat([LARGE.subarray(0, 2_000_000), Buffer.from("x"), LARGE.subarray(2_000_000)]);
  const [list, otherList] = [listOf(LARGE), listOf(other)];
  const answer = (index: Uint8Array<ArrayBuffer>, batches: readonly Uint8Array<ArrayBuffer>[]): Serving => {
    const honest = serveOther(LARGE, LARGE);
    return (request, channel) => {
      const isList = request.chunkIndex !== undefined || request.chunkBatches !== undefined;
      return isList ? sendList(request, channel, { index, batches }) : honest(request, channel);
    };
  };
  const lies: readonly (readonly [string, Serving])[] = [
    ["another file's index", answer(otherList.index, otherList.batches)],
    ["another file's batches", answer(list.index, otherList.batches)],
    ["an index of noise", answer(new Uint8Array(100).fill(7), list.batches)],
    ["batches of noise", answer(list.index, [new Uint8Array(100).fill(7)])],
    ["the batches cut short", answer(list.index, [list.batches[0].subarray(0, 50)])],
    ["content at another offset", serveOther(LARGE, LARGE, 5)],
    [
      "content instead of a list",
      (request, channel) => send(channel, request.id, packed([[0, LARGE.subarray(0, 1000)]])),
    ],
    ["a list instead of content", (request, channel) => sendList({ ...request, chunkIndex: 0 }, channel, list)],
    [
      "a list without end",
      async (request, channel) => {
        const [frame] = listFrames([new Uint8Array(1_000_000)]);
        writeFrameHeader(frame, CONTENT_FRAME.list, request.id);
        for (let i = 0; i < 1000 && !channel.closed.aborted; i++) await channel.send(frame);
      },
    ],
  ];
  await unharmed(t, async () => {
    for (const [name, serves] of lies) {
      const error = await t.throwsAsync(() => staging(serves, LARGE), undefined, name);
      const { code } = error as LockstepError;
      const isRefused = ["LOCKSTEP_MALFORMED", "LOCKSTEP_TOO_LARGE", "LOCKSTEP_PEER_FLOODED", "LOCKSTEP_PEER_GONE"];
      t.true(isRefused.includes(code), `${name}: ${error?.message}`);
    }
    // No list at all: the file has changed on the master, as far as anybody can tell.
    const none = await staging((request, channel) => send(channel, request.id, []), LARGE);
    t.is(none?.problems[0]?.code, "LOCKSTEP_SOURCE_CHANGED");
  });
});

test.serial("a frame that announces more than it may hold is refused before it is unpacked", async (t) => {
  const zstd = await createCompressor();
  const bomb = zstd.compress(new Uint8Array(200 << 20));
  const frame = (length: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
    const whole = new Uint8Array(9 + bytes.length);
    new DataView(whole.buffer).setUint32(5, length, true);
    whole.set(bytes, 9);
    return whole;
  };
  await unharmed(t, async () => {
    for (const [length, bytes] of [
      [200 << 20, bomb],
      [1000, bomb],
      [1000, new Uint8Array(50).fill(9)],
      [1000, new Uint8Array(0)],
    ] as const) {
      const serves: Serving = async (request, channel) => {
        const sent = frame(length, bytes);
        writeFrameHeader(sent, CONTENT_FRAME.compressed, request.id);
        await channel.send(sent);
      };
      await refused(t, "LOCKSTEP_MALFORMED", () => staging(serves, Buffer.from(`packed ${length} ${bytes.length}`)));
    }
  });
});

test.serial("a sender of more than was asked for is cut off", async (t) => {
  // Other content each time: what arrived whole before the cut is kept, and rightly used again.
  let content = Buffer.from("announced");
  const frames = (parts: () => (readonly [number, Buffer])[]): Serving => {
    return (request, channel) => send(channel, request.id, packed(parts()));
  };
  const floods: readonly (readonly [string, Serving])[] = [
    ["more than announced", frames(() => [[0, Buffer.concat([content, content])]])],
    [
      "the same once more",
      frames(() => [
        [0, content],
        [0, content],
      ]),
    ],
    ["content of no entry", frames(() => [[1, content]])],
    ["content of no entry at all", frames(() => [[0xfffffffe, content]])],
    ["another request's", (request, channel) => send(channel, request.id + 7, packed([[0, content]]))],
    [
      "endless",
      async (request, channel) => {
        for (let i = 0; i < 100_000 && !channel.closed.aborted; i++) {
          await send(channel, request.id, packed([[0, Buffer.alloc(250_000)]]), false);
        }
        if (!channel.closed.aborted) throw new Error("took 25 GB");
      },
    ],
    [
      "a frame over the limit",
      async (request, channel) => {
        await send(channel, request.id, [new Uint8Array(CONTENT.maxFrameBytes + 1)]);
      },
    ],
    [
      "a record cut short",
      async (request, channel) => {
        const [frame] = packed([[0, content]]);
        await send(channel, request.id, [frame.subarray(0, frame.length - 2)]);
      },
    ],
    [
      "an unknown kind",
      async (request, channel) => {
        const [frame] = packed([[0, content]]);
        writeFrameHeader(frame, 77, request.id);
        await channel.send(frame);
      },
    ],
    ["half a header", (_, channel) => channel.send(new Uint8Array(3))],
    ["nothing but an end of the channel", async (_, channel) => channel.close()],
  ];
  await unharmed(t, async () => {
    for (const [name, serves] of floods) {
      content = Buffer.from(`announced: ${name}`);
      const error = await t.throwsAsync(() => staging(serves, content), undefined, name);
      const { code } = error as LockstepError;
      t.true(
        ["LOCKSTEP_MALFORMED", "LOCKSTEP_TOO_LARGE", "LOCKSTEP_PEER_FLOODED", "LOCKSTEP_PEER_GONE"].includes(code),
        `${name}: ${error?.message}`,
      );
    }
  });
});

test.serial("a master serves its remotes what it stated to them in this round, and nothing else", async (t) => {
  // Mallory compares and is a remote too; alpha is the master.
  const roles = {
    master: fleet.host("alpha").peerId,
    comparison: [mallory.identity.self],
    remotes: [mallory.identity.self],
  };
  const ask = async (request: Partial<ContentRequest>, mesh = mallory.mesh): Promise<string> => {
    const channel = await mesh.open(fleet.host("alpha").peerId, CONTENT, AbortSignal.timeout(30_000));
    try {
      await channel.send(ContentRequest.encode({ id: 1, statement: 1, ranges: new Uint8Array(0), ...request }));
      let content = "";
      for await (const frame of channel.source) {
        const { kind, isLast } = readFrameHeader(frame);
        if (kind !== CONTENT_FRAME.end) content += Buffer.from(frame).subarray(19).toString("latin1");
        if (isLast) return content;
      }
      throw new LockstepError("LOCKSTEP_PEER_GONE", "closed");
    } finally {
      channel.abort(new Error("done"));
    }
  };
  const ranges = (...all: { index: number; offset: number; length: number }[]) => encodeRanges(all);
  await withRound(
    { assignment: roles },
    async (link, round) => {
      const before = (await link.list()).root.count;
      const { statement } = await link.state([[0, before]], [], []);
      t.true(statement.length > 0);
      const whole = { round: { ...round.id } };
      // "d/one", after the root and "d".
      t.is(await ask({ ...whole, ranges: ranges({ index: 2, offset: 0, length: 1 }) }), "1");
      const refusals: Partial<ContentRequest>[] = [
        { ...whole, ranges: ranges({ index: 2, offset: 0, length: 2 }) },
        { ...whole, ranges: ranges({ index: 2, offset: 1, length: 1 }) },
        { ...whole, ranges: ranges({ index: 999, offset: 0, length: 1 }) },
        { ...whole, statement: 2, ranges: ranges({ index: 2, offset: 0, length: 1 }) },
        { round: { ...round.id, sequence: round.id.sequence - 1 }, ranges: ranges({ index: 2, offset: 0, length: 1 }) },
        { round: { ...round.id, root: "other" }, ranges: ranges({ index: 2, offset: 0, length: 1 }) },
        { ranges: ranges({ index: 2, offset: 0, length: 1 }) },
        { ...whole, ranges: new Uint8Array([255, 255, 255]) },
      ];
      for (const [i, request] of refusals.entries()) await t.throwsAsync(() => ask(request), undefined, `${i}`);
      // Judas has no role any more.
      await t.throwsAsync(() => ask({ ...whole, ranges: ranges({ index: 2, offset: 0, length: 1 }) }, judas.mesh));
    },
    "alpha",
  );
  // Judas stands by as comparison server, so alpha talks to this peer, but it is no remote.
  await withRound(
    { assignment: { ...roles, comparison: [...roles.comparison, judas.identity.self] } },
    async (link, round) => {
      const before = (await link.list()).root.count;
      await link.state([[0, before]], [], []);
      const one = { round: { ...round.id }, ranges: ranges({ index: 2, offset: 0, length: 1 }) };
      t.is(await ask(one), "1");
      await t.throwsAsync(() => ask(one, judas.mesh));
    },
    "alpha",
  );
});

test.serial("a request for more content at once than a master has room for is refused", async (t) => {
  const root = fleet.path("alpha", "www");
  const size = 9 * 1024 * 1024;
  writeTree(root, { "0-large": Buffer.alloc(size, createHash("sha256").update("x").digest()) });
  const roles = {
    master: fleet.host("alpha").peerId,
    comparison: [mallory.identity.self],
    remotes: [mallory.identity.self],
  };
  await withRound(
    { assignment: roles },
    async (link, round) => {
      await link.state([[0, 2]], [], []);
      const channel = await mallory.mesh.open(fleet.host("alpha").peerId, CONTENT, AbortSignal.timeout(30_000));
      const many = Array.from({ length: 64 }, () => ({ index: 1, offset: 0, length: size }));
      await channel.send(
        ContentRequest.encode({ id: 1, round: { ...round.id }, statement: 1, ranges: encodeRanges(many) }),
      );
      await t.throwsAsync(async () => {
        for await (const frame of channel.source) t.fail(`${frame.length} bytes of an answer`);
        if (!channel.closed.aborted) throw new Error("closed");
      });
    },
    "alpha",
  );
});

/** Asks a host for content over a channel of its own; frames of the answer by kind, and their content. */
async function ask(
  mesh: RunningMesh,
  peer: string,
  request: Partial<ContentRequest>,
): Promise<{ kinds: number[]; content: string }> {
  const channel = await mesh.open(peer, CONTENT, AbortSignal.timeout(30_000));
  try {
    await channel.send(
      ContentRequest.encode({ id: 1, statement: 1, ranges: encodeRanges([]), fresh: false, ...request }),
    );
    const kinds: number[] = [];
    let content = "";
    for await (const frame of channel.source) {
      const { kind, isLast } = readFrameHeader(frame);
      if (kind !== CONTENT_FRAME.alive && kind !== CONTENT_FRAME.end) kinds.push(kind);
      content += Buffer.from(frame).subarray(19).toString("latin1");
      if (isLast) return { kinds, content };
    }
    throw new LockstepError("LOCKSTEP_PEER_GONE", "closed");
  } finally {
    channel.abort(new Error("done"));
  }
}

/** Units that a host announces of a statement, until there are so many. */
async function announced(mesh: RunningMesh, peer: string, round: Round, statement: number, count: number) {
  const channel = await mesh.open(peer, CONTENT, AbortSignal.timeout(30_000));
  try {
    const request = { id: 1, round: { ...round.id }, statement, ranges: encodeRanges([]), fresh: false };
    // Once more is not told once more.
    for (let i = 0; i < 3; i++) await channel.send(ContentRequest.encode({ ...request, follow: true }));
    const units: UnitName[] = [];
    for await (const frame of channel.source) {
      if (readFrameHeader(frame).kind !== CONTENT_FRAME.have) continue;
      units.push(...decodeUnitNames(listPart(frame), 100));
      if (units.length >= count) return units;
    }
    throw new LockstepError("LOCKSTEP_PEER_GONE", "closed");
  } finally {
    channel.abort(new Error("done"));
  }
}

test.serial(
  "a remote serves other remotes of the round what it has verified, and nothing else to nobody else",
  async (t) => {
    const friend = await startPeer("friend");
    // It announces nothing, and never answers.
    friend.mesh.handle(
      CONTENT,
      () => true,
      async (channel) => {
        for await (const _ of channel.source);
      },
    );
    const beta = fleet.host("beta").peerId;
    const address = (name: string, { identity, mesh }: { identity: Identity; mesh: RunningMesh }) => ({
      ...{ name, peer: identity.self, addresses: mesh.addresses() },
    });
    const change: Change = {
      assignment: {
        remotes: [beta, friend.identity.self],
        hosts: [
          ...[address("mallory", mallory), address("judas", judas), address("friend", friend)],
          { name: "beta", peer: beta, addresses: [fleet.host("beta").address] },
        ],
      },
    };
    const content = "fed to others";
    const honest = serveOther(LARGE, LARGE);
    serving = (request, channel) =>
      request.statement === 1 ? serve(content)(request, channel) : honest(request, channel);
    const unit = packName({ members: [0], at: 0 }, [0]);
    const start = { index: 0, offset: 0 };
    const whole = encodeRanges([{ ...start, length: content.length }]);
    try {
      const wrong: readonly Partial<typeof PREPARED>[] = [
        ...[[judas.identity.self], [mallory.identity.self], [beta], [friend.identity.self, "12D3KooWnobody"]].map(
          (neighbours) => ({ neighbours }),
        ),
        { place: 2, places: 1, isTrial: false },
      ];
      for (const request of wrong) {
        await withRound(change, (link) =>
          refused(t, "LOCKSTEP_MALFORMED", () => link.prepare({ ...PREPARED, ...request })),
        );
      }
      await withRound(change, async (link, round) => {
        const of = { round: { ...round.id }, unit, ranges: whole };
        await link.prepare({ ...PREPARED, neighbours: [friend.identity.self] });
        t.deepEqual((await ask(friend.mesh, beta, of)).kinds, [CONTENT_FRAME.elsewhere], "before it is there");
        const told = announced(friend.mesh, beta, round, 1, 1);
        await stage(link, await stated(round, [file("fed", content)]), [ACTIONS.create]);
        t.deepEqual(await told, [unit]);
        t.is((await ask(friend.mesh, beta, of)).content, content);
        const part = encodeRanges([{ ...start, length: 5 }]);
        t.deepEqual((await ask(friend.mesh, beta, { ...of, ranges: part })).kinds, [CONTENT_FRAME.elsewhere]);
        t.deepEqual((await ask(friend.mesh, beta, { ...of, statement: 7 })).kinds, [CONTENT_FRAME.elsewhere]);

        // Chunks: what is verified, and of that no more than there is.
        const large = stage(link, await stated(round, [file("large", LARGE)], { number: 2 }), [ACTIONS.create], 2);
        const [first] = await announced(friend.mesh, beta, round, 2, 1);
        await large;
        const chunk = { ...of, statement: 2, unit: first };
        const some = encodeRanges([{ index: 0, offset: first.offset + 7, length: 100 }]);
        const { content: bytes } = await ask(friend.mesh, beta, { ...chunk, ranges: some });
        t.is(bytes, LARGE.subarray(first.offset + 7, first.offset + 107).toString("latin1"));
        const beyond = [
          [{ index: 0, offset: first.offset, length: 3 << 20 }],
          [{ index: 1, offset: first.offset, length: 1 }],
          Array.from({ length: 8 }, () => ({ index: 0, offset: first.offset, length: 500_000 })),
        ];
        for (const ranges of beyond) {
          await t.throwsAsync(() => ask(friend.mesh, beta, { ...chunk, ranges: encodeRanges(ranges) }));
        }

        // Others.
        for (const { mesh } of [judas, mallory]) {
          await t.throwsAsync(() => ask(mesh, beta, of));
          await t.throwsAsync(() => announced(mesh, beta, round, 1, 1));
        }
        await t.throwsAsync(() => ask(friend.mesh, beta, { ...of, round: { ...round.id, sequence: 1 } }));
        await t.throwsAsync(() => ask(friend.mesh, beta, { ...of, round: { ...round.id, root: "other" } }));

        // Too many at once.
        const channel = await friend.mesh.open(beta, CONTENT, AbortSignal.timeout(30_000));
        const flood = async (): Promise<void> => {
          for (let id = 1; id <= 5000; id++) {
            await channel.send(ContentRequest.encode({ ...chunk, id, fresh: false, ranges: some }));
          }
          let answered = 0;
          for await (const frame of channel.source) {
            if (readFrameHeader(frame).isLast) answered++;
            if (answered === 5000) throw new Error("all of them were answered");
          }
          throw new Error("the channel was closed in order");
        };
        await t.throwsAsync(flood, { instanceOf: LockstepError });
      });
    } finally {
      await friend.mesh.stop();
    }
  },
);

test.serial("a remote that answers with lies fails alone; the others are brought in step", async (t) => {
  type Answer = (request: RoundRequest) => ResponseBody | readonly ResponseBody[];
  const listOf = (count: number, levelSizes: readonly number[], entries = count): ResponseBody => ({
    list: {
      root: encodeListRoot({ count, levelSizes, digests: new Uint8Array(5 * 32).fill(7) }),
      entries,
      represents: ALL_ABILITIES,
      blind: [],
    },
  });
  const nodesOf = (node: Partial<ManifestNode>): ResponseBody => {
    const honest = { firstEntry: 0, entries: 1, firstChild: 0, children: 1, digests: new Uint8Array(5 * 32).fill(7) };
    return { nodes: { nodes: encodeNodes([{ ...honest, ...node }]) } };
  };
  const evil = encodeBatch([file("a", "x").entry]);
  const outOfRoot = Buffer.from(encodeBatch([file("aaaaaaaaaa", "x").entry]));
  outOfRoot.write("../outside", outOfRoot.indexOf("aaaaaaaaaa"), "latin1");
  const lies: Readonly<Record<string, Answer>> = {
    "nothing at all": () => ({}),
    "an answer to something else": () => ({ begin: { lacks: [] } }),
    "a list root that is none": () => ({
      list: { root: new Uint8Array([1, 2, 3]), entries: 0, represents: ALL_ABILITIES, blind: [] },
    }),
    "a thousand million entries": ({ nodes }) => (nodes === undefined ? listOf(1e9, [1]) : nodesOf({ entries: 1e9 })),
    "nodes beyond the list": ({ nodes }) =>
      nodes === undefined ? listOf(1, [1, 1]) : nodesOf({ firstEntry: 1e8, firstChild: 1e8, children: 1e8 }),
    "a path out of the root": ({ nodes, batches }) =>
      batches !== undefined
        ? { batches: { batches: [outOfRoot] } }
        : nodes === undefined
          ? listOf(1, [1])
          : nodesOf({}),
    "more batches than asked for": ({ nodes, batches }) =>
      batches !== undefined
        ? Array.from({ length: 5 }, () => ({ batches: { batches: [evil, evil, evil] } }))
        : nodes === undefined
          ? listOf(1, [1])
          : nodesOf({}),
  };
  let answer: Answer = () => ({});
  lying = async function* (request) {
    if (request.begin !== undefined) yield { begin: { lacks: [] } };
    else if (request.end === undefined) yield* [answer(request)].flat();
  };
  const fleetFile = join(fleet.directory, "with-judas.yaml");
  const { hosts, roots } = JSON.parse(fleet.fleetText());
  roots.www.remotes = ["beta", "judas"];
  writeFileSync(fleetFile, JSON.stringify({ hosts: { ...hosts, judas: judas.mesh.addresses()[0] }, roots }));
  const station = ["--data", fleet.controlData, "--fleet", fleetFile, "--json"];
  await runLockstep("assign", ...station);
  for (const [lie, lying] of Object.entries(lies)) {
    answer = lying;
    writeTree(fleet.path("alpha", "www"), { news: lie });
    const { json, exitCode } = await runLockstep("sync", "www", ...station);
    t.is(exitCode, 3, lie);
    t.is(json.remotes["judas"].outcome, "failed", lie);
    t.is(json.remotes["beta"].outcome, "in-step", lie);
    t.is(differences(fleet.path("alpha", "www"), fleet.path("beta", "www")), "", lie);
  }
});

test.serial("a master whose list is not under its signature for this round is not followed", async (t) => {
  writeTree(fleet.path("beta", "www"), { "on beta": "precious" });
  const list = { root: encodeListRoot({ count: 0, levelSizes: [0], digests: new Uint8Array(0) }), entries: 0 };
  const signed = async (round: RoundId, signer: Identity, root: Uint8Array<ArrayBuffer>) => {
    const payload = ListStatementMessage.encode({ round: { ...round }, listRoot: root });
    return new Uint8Array(await signer.seal("lockstep-list-root", payload));
  };
  let statement: (round: RoundId) => Promise<Uint8Array<ArrayBuffer> | undefined> = async () => undefined;
  lying = async function* (request) {
    if (request.begin !== undefined) yield { begin: { lacks: [] } };
    if (request.list === undefined) return;
    const round = decodeRoundId(request.round);
    yield { list: { ...list, represents: ALL_ABILITIES, blind: [], statement: await statement(round) } };
  };
  const fleetFile = join(fleet.directory, "judas-as-master.yaml");
  const { hosts, roots } = JSON.parse(fleet.fleetText());
  roots.www.master = "judas";
  roots.www.remotes = ["beta"];
  writeFileSync(fleetFile, JSON.stringify({ hosts: { ...hosts, judas: judas.mesh.addresses()[0] }, roots }));
  const station = ["--data", fleet.controlData, "--fleet", fleetFile, "--json"];
  await runLockstep("assign", ...station);
  for (const forged of [
    async () => undefined,
    (round: RoundId) => signed(round, mallory.identity, list.root),
    (round: RoundId) => signed({ ...round, sequence: round.sequence - 1 }, judas.identity, list.root),
    (round: RoundId) => signed(round, judas.identity, new Uint8Array([1, 2, 3])),
  ]) {
    statement = forged;
    const { json, exitCode } = await runLockstep("sync", "www", ...station);
    t.is(exitCode, 1);
    t.is(json.error?.code, "LOCKSTEP_BAD_SIGNATURE");
  }
  // What it signs properly is taken; that it would delete half of what beta has, beta's guard says.
  statement = (round) => signed(round, judas.identity, list.root);
  t.not((await runLockstep("sync", "www", ...station)).json.error?.code, "LOCKSTEP_BAD_SIGNATURE");
  t.true(existsSync(join(fleet.path("beta", "www"), "on beta")));
});

test.serial("after all that, the hosts still work", async (t) => {
  mkdirSync(join(fleet.path("alpha", "www"), "later"));
  await fleet.assign();
  t.is((await fleet.run("sync", "www")).exitCode, 0);
  t.is(differences(fleet.path("alpha", "www"), fleet.path("beta", "www")), "");
  t.true(isTidy(fleet.path("beta", "www")));
});
