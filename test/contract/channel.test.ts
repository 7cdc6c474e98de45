import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { FrameChannel } from "../../src/mesh/frame-channel.ts";
import { loadIdentity } from "../../src/mesh/identity.ts";
import { type RunningMesh, startMesh } from "../../src/mesh/libp2p-mesh.ts";
import { localChannelPair } from "../../src/mesh/local-channel.ts";
import { LockstepError } from "../../src/model/errors.ts";
import type { Channel, Frame, Protocol } from "../../src/ports/mesh.ts";
import { FakeStream } from "../fixtures/fake-stream.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

const KIB = 1024;
const PROTOCOL: Protocol = {
  id: "/lockstep/test/1.0.0",
  maxFrameBytes: 256 * KIB,
  windowBytes: 1024 * KIB,
  maxStreams: 8,
};

const signal = new AbortController().signal;
const bytes = (length: number, value = length % 256): Uint8Array => new Uint8Array(length).fill(value);

/** Two ends of one channel, and what the far end's owner does until it has ended. */
interface Subject {
  readonly name: string;
  pair(t: ExecutionContext, protocol?: Protocol): Promise<[near: Channel, far: Channel]>;
}

async function meshPair(
  t: ExecutionContext,
  known: (peer: string) => boolean = () => true,
): Promise<[RunningMesh, RunningMesh]> {
  const directory = tempDirectory(t);
  const start = async (name: string): Promise<RunningMesh> => {
    const identity = await loadIdentity(join(directory, name));
    const mesh = await startMesh({ identity, listen: ["/ip4/127.0.0.1/tcp/0"], admission: { isKnown: known } });
    t.teardown(() => mesh.stop());
    return mesh;
  };
  const [near, far] = [await start("near"), await start("far")];
  await near.learn([{ name: "far", peer: far.self, addresses: far.addresses() }]);
  return [near, far];
}

const SUBJECTS: Subject[] = [
  {
    name: "libp2p",
    async pair(t, protocol = PROTOCOL) {
      const [near, far] = await meshPair(t);
      const accepted = new Promise<Channel>((resolve) => {
        far.handle(
          protocol,
          () => true,
          (channel) =>
            new Promise<void>((_, reject) => {
              channel.closed.addEventListener("abort", () => reject(channel.closed.reason));
              resolve(channel);
            }),
        );
      });
      const channel = await near.open(far.self, protocol, signal);
      return [channel, await accepted];
    },
  },
  { name: "local", pair: async () => localChannelPair("near", "far") },
];

/** Every frame until the channel ends; an error when it has not ended long after it should have. */
async function collect(channel: Channel, patienceMs = 30_000): Promise<Frame[]> {
  const frames: Frame[] = [];
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the channel never ended")), patienceMs);
  });
  const reading = (async () => {
    for await (const frame of channel.source) frames.push(frame);
    return frames;
  })();
  return Promise.race([reading, stuck]).finally(() => clearTimeout(timer));
}

function codeOf(error: unknown): string {
  return error instanceof LockstepError ? error.code : `no code: ${error}`;
}

/** Defects of one implementation, by test title; each is told where it stands. */

function each(title: string, run: (t: ExecutionContext, subject: Subject) => Promise<void>): void {
  for (const subject of SUBJECTS) {
    test(`${subject.name}: ${title}`, (t) => run(t, subject));
  }
}

each("frames arrive whole, in order, once, in both directions", async (t, { pair }) => {
  const [near, far] = await pair(t);
  const sizes = [0, 1, 3, 4, 5, 255, 256, 65_535, 65_536, PROTOCOL.maxFrameBytes, 0, 0, 7];
  const frames = sizes.map((size, i) => bytes(size, i + 1));
  const both = Promise.all([collect(near), collect(far)]);
  for (const channel of [near, far]) {
    for (const frame of frames) await channel.send(frame);
    await channel.close();
  }
  for (const received of await both) {
    t.deepEqual(
      received.map((frame) => frame.length),
      sizes,
    );
    t.true(received.every((frame, i) => Buffer.compare(frame, frames[i]) === 0));
  }
});

each("thousands of small frames arrive in order", async (t, { pair }) => {
  const [near, far] = await pair(t);
  const received = collect(far);
  const count = 20_000;
  await near.sink(
    (async function* () {
      for (let i = 0; i < count; i++) yield new Uint8Array(Uint32Array.of(i).buffer);
    })(),
  );
  const numbers = (await received).map((frame) => new DataView(frame.buffer, frame.byteOffset).getUint32(0, true));
  t.is(numbers.length, count);
  t.true(numbers.every((number, i) => number === i));
});

each("a frame belongs to its receiver: later changes by the sender do not reach it", async (t, { pair }) => {
  const [near, far] = await pair(t, { ...PROTOCOL });
  const frame = bytes(1000, 1);
  await near.send(frame);
  const { value } = await far.source[Symbol.asyncIterator]().next();
  frame.fill(2);
  t.true((value as Frame).every((byte) => byte === 1));
  (value as Frame).fill(3);
  t.true(frame.every((byte) => byte === 2));
  near.abort(new Error("done"));
});

each("megabytes flow through a window far smaller than they are, when they are read", async (t, { pair }) => {
  const [near, far] = await pair(t, { ...PROTOCOL, windowBytes: 16 * 1024 * KIB });
  const total = 200;
  let read = 0;
  const reading = (async () => {
    for await (const frame of far.source) read += frame.length;
  })();
  for (let i = 0; i < total; i++) await near.send(bytes(PROTOCOL.maxFrameBytes));
  await near.close();
  await reading;
  t.is(read, total * PROTOCOL.maxFrameBytes);
});

each("closing ends the other's reading, and the other can still answer", async (t, { pair }) => {
  const [near, far] = await pair(t);
  await near.send(bytes(3));
  await near.close();
  t.is((await collect(far)).length, 1);
  await far.send(bytes(9));
  await far.close();
  t.deepEqual(
    (await collect(near)).map((frame) => frame.length),
    [9],
  );
});

each("sending after closing is refused with a code", async (t, { pair }) => {
  const [near] = await pair(t);
  await near.close();
  await t.throwsAsync(near.send(bytes(1)), { code: "LOCKSTEP_PEER_GONE" });
});

each("aborting ends both ends with an error, and marks both as closed", async (t, { pair }) => {
  const [near, far] = await pair(t);
  const reading = collect(far).then(
    () => "ended",
    (error: Error) => error.name,
  );
  await near.send(bytes(1));
  near.abort(new LockstepError("LOCKSTEP_ABORTED", "enough"));
  t.true(near.closed.aborted);
  t.not(await reading, "ended");
  await t.throwsAsync(collect(near), { code: "LOCKSTEP_ABORTED" });
  await t.throwsAsync(near.send(bytes(1)));
  if (!far.closed.aborted) await new Promise((resolve) => far.closed.addEventListener("abort", resolve));
  t.true(far.closed.aborted);
});

each("a reader that waits is woken by an abort of its own end", async (t, { pair }) => {
  const [near] = await pair(t);
  const reading = collect(near).catch(codeOf);
  near.abort(new LockstepError("LOCKSTEP_ABORTED", "enough"));
  t.is(await reading, "LOCKSTEP_ABORTED");
});

each("closed is aborted when both ends have closed", async (t, { pair }) => {
  const [near, far] = await pair(t);
  const reading = Promise.all([collect(near), collect(far)]);
  await Promise.all([near.close(), far.close()]);
  await reading;
  // The last event may come a moment after the last byte.
  for (let i = 0; i < 200 && !near.closed.aborted; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  t.true(near.closed.aborted);
});

each("senders that wait side by side all come through", async (t, { pair }) => {
  const [near, far] = await pair(t, { ...PROTOCOL, windowBytes: 64 * 1024 * KIB });
  const count = 40;
  let sent = 0;
  const sending = Array.from({ length: count }, async () => {
    await near.send(bytes(PROTOCOL.maxFrameBytes));
    sent++;
  });
  let read = 0;
  for await (const frame of far.source) {
    t.is(frame.length, PROTOCOL.maxFrameBytes);
    if (++read === count) break;
    // All that can be sent was sent and read, and some senders still wait: they wait for ever.
    for (let i = 0; i < 300 && sent === read && sent < count; i++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    if (sent === read && sent < count) break;
  }
  t.is(sent, count);
  await Promise.all(sending);
  near.abort(new Error("done"));
});

// ---- libp2p alone

const [LIBP2P] = SUBJECTS;

test("libp2p: a frame announced larger than allowed ends the channel with a code", async (t) => {
  // The sender's own protocol allows more than the receiver's.
  const [near, far] = await meshPair(t);
  const ended = new Promise<string>((resolve) => {
    far.handle(
      PROTOCOL,
      () => true,
      (channel) =>
        collect(channel).then(
          () => resolve("ended"),
          (error) => resolve(codeOf(error)),
        ),
    );
  });
  const channel = await near.open(far.self, { ...PROTOCOL, maxFrameBytes: 2 ** 30 }, signal);
  await channel.send(bytes(PROTOCOL.maxFrameBytes + 1)).catch(() => undefined);
  t.is(await ended, "LOCKSTEP_TOO_LARGE");
  await t.throwsAsync(collect(channel), { instanceOf: LockstepError });
});

test("libp2p: a reader that falls behind its window ends the channel as flooded, and gets no more", async (t) => {
  const [near, far] = await LIBP2P.pair(t);
  // Nobody reads `far`: beyond its window nothing more is kept.
  const sending = (async () => {
    for (let i = 0; i < 1000; i++) await near.send(bytes(PROTOCOL.maxFrameBytes));
  })();
  await t.throwsAsync(sending, { instanceOf: LockstepError });
  const kept: Frame[] = [];
  const reading = (async () => {
    for await (const frame of far.source) kept.push(frame);
  })();
  await t.throwsAsync(reading, { code: "LOCKSTEP_PEER_FLOODED" });
  const size = kept.reduce((sum, frame) => sum + frame.length, 0);
  t.true(size <= PROTOCOL.windowBytes + PROTOCOL.maxFrameBytes, `${size} bytes were kept`);
  t.true(far.closed.aborted);
});

test("libp2p: a peer that is not admitted gets no channel, and its handler never runs", async (t) => {
  const [near, far] = await meshPair(t, () => false);
  let runs = 0;
  far.handle(
    PROTOCOL,
    () => false,
    async () => {
      runs++;
    },
  );
  const attempt = async (): Promise<void> => {
    const channel = await near.open(far.self, PROTOCOL, signal);
    await channel.send(bytes(1));
    await collect(channel);
    throw new Error("was let in");
  };
  await t.throwsAsync(attempt(), { instanceOf: LockstepError });
  t.is(runs, 0);
});

test("libp2p: admission is asked with the peer that Noise has authenticated", async (t) => {
  const [near, far] = await meshPair(t);
  const asked: string[] = [];
  far.handle(
    PROTOCOL,
    (peer) => {
      asked.push(peer);
      return true;
    },
    async (channel) => {
      await channel.send(new TextEncoder().encode(channel.peer));
    },
  );
  const channel = await near.open(far.self, PROTOCOL, signal);
  const [frame] = await collect(channel, 10_000);
  t.is(new TextDecoder().decode(frame), near.self);
  t.deepEqual(asked, [near.self]);
});

test("libp2p: a protocol that the peer does not speak is refused with a code", async (t) => {
  const [near, far] = await meshPair(t);
  await t.throwsAsync(near.open(far.self, { ...PROTOCOL, id: "/lockstep/none/1.0.0" }, signal), {
    code: "LOCKSTEP_NOT_AUTHORISED",
  });
});

test("libp2p: a peer whose address is not known, or that is down, cannot be reached", async (t) => {
  const [near, far] = await meshPair(t);
  await t.throwsAsync(far.open(near.self, PROTOCOL, signal), { code: "LOCKSTEP_HOST_UNREACHABLE" });
  await far.stop();
  await t.throwsAsync(near.open(far.self, PROTOCOL, signal), { code: "LOCKSTEP_HOST_UNREACHABLE" });
});

test("libp2p: the peer that dies ends the channel with a code", async (t) => {
  const [near, far] = await meshPair(t);
  far.handle(
    PROTOCOL,
    () => true,
    (channel) => collect(channel).then(() => undefined),
  );
  const channel = await near.open(far.self, PROTOCOL, signal);
  await channel.send(bytes(1));
  const reading = collect(channel).catch(codeOf);
  await far.stop();
  // A node that stops in order may end its side properly; one that breaks says so.
  t.true(["", "LOCKSTEP_PEER_GONE"].includes(String(await reading)));
  if (!channel.closed.aborted) await new Promise((resolve) => channel.closed.addEventListener("abort", resolve));
  await t.throwsAsync(channel.send(bytes(1)), { instanceOf: LockstepError });
});

test("libp2p: a handler that fails resets its channel, and the next one works", async (t) => {
  const [near, far] = await meshPair(t);
  let runs = 0;
  far.handle(
    PROTOCOL,
    () => true,
    async (channel) => {
      if (runs++ === 0) throw new Error("handler failed");
      await channel.send(bytes(5));
    },
  );
  const first = await near.open(far.self, PROTOCOL, signal);
  await t.throwsAsync(collect(first, 10_000), { code: "LOCKSTEP_PEER_GONE" });
  t.deepEqual(
    (await collect(await near.open(far.self, PROTOCOL, signal))).map((frame) => frame.length),
    [5],
  );
});

test("libp2p: a host speaks to itself by the same rules", async (t) => {
  const [near] = await meshPair(t);
  await t.throwsAsync(near.open(near.self, PROTOCOL, signal), { code: "LOCKSTEP_NOT_AUTHORISED" });
  const closed = { ...PROTOCOL, id: "/lockstep/closed/1.0.0" };
  near.handle(
    closed,
    (peer) => peer !== near.self,
    async () => t.fail("was let in"),
  );
  await t.throwsAsync(near.open(near.self, closed, signal), { code: "LOCKSTEP_NOT_AUTHORISED" });
  near.handle(
    PROTOCOL,
    (peer) => peer === near.self,
    async (channel) => {
      for await (const frame of channel.source) await channel.send(frame);
    },
  );
  const channel = await near.open(near.self, PROTOCOL, signal);
  await channel.send(bytes(3));
  await channel.close();
  t.deepEqual(
    (await collect(channel)).map((frame) => frame.length),
    [3],
  );
});

test("libp2p: strangers are few at once and stay for a moment only; known peers are not counted and stay", async (t) => {
  const directory = tempDirectory(t);
  const known = new Set<string>();
  const start = async (name: string): Promise<RunningMesh> => {
    const identity = await loadIdentity(join(directory, name));
    const admission = { isKnown: (peer: string) => known.has(peer) };
    const mesh = await startMesh({ identity, listen: ["/ip4/127.0.0.1/tcp/0"], admission });
    t.teardown(() => mesh.stop());
    return mesh;
  };
  const far = await start("far");
  known.add(far.self);
  far.handle(
    PROTOCOL,
    () => true,
    async (channel) => {
      for await (const frame of channel.source) await channel.send(frame);
    },
  );
  /** A channel that has carried a frame there and back. */
  const enter = async (mesh: RunningMesh): Promise<Channel> => {
    await mesh.learn([{ name: "far", peer: far.self, addresses: far.addresses() }]);
    const channel = await mesh.open(far.self, PROTOCOL, signal);
    await channel.send(bytes(3));
    const { value } = await channel.source[Symbol.asyncIterator]().next();
    t.is((value as Frame).length, 3);
    return channel;
  };
  const friend = await start("friend");
  known.add(friend.self);
  const friends = await enter(friend);
  const strangers: Channel[] = [];
  const first = await start("stranger 0");
  strangers.push(await enter(first));
  for (let i = 1; i < 8; i++) strangers.push(await enter(await start(`stranger ${i}`)));
  const more = await Promise.allSettled(Array.from({ length: 7 }, () => enter(first)));
  const entered = more.filter(({ status }) => status === "fulfilled").length;
  t.true(entered > 0 && entered < 6, `${entered} more channels of one stranger`);
  for (let i = 0; i < 6; i++) t.false((await enter(friend)).closed.aborted, "a friend has what the protocol allows");
  const late = await start("late");
  await t.throwsAsync(enter(late), { instanceOf: LockstepError }, "a ninth stranger");
  const another = await start("another friend");
  known.add(another.self);
  t.false((await enter(another)).closed.aborted);

  const sentAway = Promise.all(
    strangers.map(
      ({ closed }) => closed.aborted || new Promise((resolve) => closed.addEventListener("abort", resolve)),
    ),
  );
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<string>((resolve) => (timer = setTimeout(() => resolve("they stay"), 20_000)));
  t.not(await Promise.race([sentAway, patience]), "they stay");
  clearTimeout(timer);
  t.false(friends.closed.aborted);
  // There is room again.
  await t.notThrowsAsync(enter(late));
});

test("libp2p: opening with an aborted signal fails", async (t) => {
  const [near, far] = await meshPair(t);
  await t.throwsAsync(near.open(far.self, PROTOCOL, AbortSignal.abort()), { any: true });
});

// ---- the frames themselves, over a stream whose every event is ours

function framed(...frames: Uint8Array[]): Buffer {
  return Buffer.concat(frames.flatMap((frame) => [Buffer.from(Uint32Array.of(frame.length).buffer), frame]));
}

test("frames are put together from pieces of any size", async (t) => {
  const frames = [bytes(0), bytes(1), bytes(300), bytes(0), bytes(70_000)];
  const stream = framed(...frames);
  for (const size of [1, 2, 3, 5, 7, 304, 4096, stream.length]) {
    const fake = new FakeStream();
    const channel = new FrameChannel(fake.stream, "peer", PROTOCOL);
    const received = collect(channel);
    for (let at = 0; at < stream.length; at += size) fake.receive(stream.subarray(at, at + size));
    fake.end();
    t.deepEqual(
      (await received).map((frame) => frame.length),
      frames.map((frame) => frame.length),
      `pieces of ${size}`,
    );
  }
});

test("a sender waits while the stream has much to write, and goes on at its drain", async (t) => {
  const fake = new FakeStream();
  const channel = new FrameChannel(fake.stream, "peer", PROTOCOL);
  let sent = 0;
  const sending = (async () => {
    for (let i = 0; i < 100; i++) {
      await channel.send(bytes(100 * KIB));
      sent++;
    }
  })();
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await settle();
  const first = sent;
  t.true(first < 20, `${first} frames were queued`);
  t.true(fake.queued <= 1024 * KIB);
  for (let rounds = 0; sent < 100; rounds++) {
    if (rounds > 200) return t.fail("stuck");
    fake.drain();
    await settle();
    t.true(fake.queued <= 1024 * KIB);
  }
  await sending;
});

test("a sender that waits is told when the stream breaks", async (t) => {
  const fake = new FakeStream();
  const channel = new FrameChannel(fake.stream, "peer", PROTOCOL);
  await channel.send(bytes(2000 * KIB));
  const waiting = channel.send(bytes(1));
  fake.breaks(new Error("reset"));
  await t.throwsAsync(waiting, { code: "LOCKSTEP_PEER_GONE" });
  await t.throwsAsync(collect(channel), { code: "LOCKSTEP_PEER_GONE" });
  t.true(channel.closed.aborted);
});

test("what the peer has sent and ended is whole, whatever becomes of the stream before it is read", async (t) => {
  for (const breaks of [true, false]) {
    const fake = new FakeStream();
    const channel = new FrameChannel(fake.stream, "peer", PROTOCOL);
    fake.receive(framed(bytes(10)));
    fake.end();
    if (breaks) fake.breaks(new Error("reset"));
    else channel.abort(new LockstepError("LOCKSTEP_ABORTED", "done with it"));
    t.is((await collect(channel)).length, 1);
  }
});

test("an announced length alone takes no more memory than a frame may have", async (t) => {
  const fake = new FakeStream();
  const channel = new FrameChannel(fake.stream, "peer", PROTOCOL);
  fake.receive(Buffer.from(Uint32Array.of(0xffffffff).buffer));
  await t.throwsAsync(collect(channel), { code: "LOCKSTEP_TOO_LARGE" });
  t.true(fake.aborted);
});

test("a stream that ends within a frame ends with a code, not as if all had come", async (t) => {
  const fake = new FakeStream();
  const channel = new FrameChannel(fake.stream, "peer", PROTOCOL);
  const received = collect(channel);
  fake.receive(framed(bytes(10)).subarray(0, 9));
  fake.end();
  await t.throwsAsync(received, { instanceOf: LockstepError });
});

test("empty frames that nobody reads end the channel too", async (t) => {
  const fake = new FakeStream();
  const channel = new FrameChannel(fake.stream, "peer", PROTOCOL);
  fake.receive(Buffer.alloc(4 * PROTOCOL.windowBytes));
  t.true(channel.closed.aborted);
});
