import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { loadIdentity } from "../../src/mesh/identity.ts";
import { type RunningMesh, startMesh } from "../../src/mesh/libp2p-mesh.ts";
import type { Channel, Protocol } from "../../src/ports/mesh.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

const FRAME_BYTES = 200 * 1024;
const PROTOCOL: Protocol = {
  id: "/lockstep/test/1.0.0",
  maxFrameBytes: FRAME_BYTES,
  windowBytes: 2 * FRAME_BYTES,
  maxStreams: 8,
};

/** What the comparison server gives a host to answer. */
const PATIENCE_MS = 20_000;

/** Between two hosts: stops carrying what is open, as a firewall does that has forgotten it. */
class Middle {
  readonly #pairs: [near: Socket, far: Socket][] = [];
  #server = createServer();
  accepted = 0;

  async start(t: ExecutionContext, port: number): Promise<number> {
    this.#server.on("connection", (near) => {
      this.accepted++;
      const far = connect(port, "127.0.0.1");
      this.#pairs.push([near, far]);
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) socket.on("error", () => undefined);
    });
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    t.teardown(() => {
      this.#server.close();
      for (const socket of this.#pairs.flat()) socket.destroy();
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** What is open now carries nothing any more to the far host, nor, unless `oneWay`, back. */
  stall(oneWay = false): void {
    for (const [near, far] of this.#pairs) {
      near.unpipe(far).pause();
      if (!oneWay) far.unpipe(near).pause();
    }
  }

  /** What is open now carries so many bytes a second to the near host. */
  slow(bytesPerSecond: number): void {
    for (const [near, far] of this.#pairs) {
      far.unpipe(near);
      const part = Math.ceil(bytesPerSecond / 10);
      const timer = setInterval(() => {
        const data = (far.read(Math.min(part, far.readableLength)) as Buffer | null) ?? Buffer.alloc(0);
        if (data.length > 0) near.write(data);
      }, 100);
      near.once("close", () => clearInterval(timer));
    }
  }

  goOn(): void {
    for (const [near, far] of this.#pairs) near.pipe(far);
  }
}

async function hosts(t: ExecutionContext): Promise<{ near: RunningMesh; far: RunningMesh; middle: Middle }> {
  const directory = tempDirectory(t);
  const start = async (name: string): Promise<RunningMesh> => {
    const identity = await loadIdentity(join(directory, name));
    const mesh = await startMesh({ identity, listen: ["/ip4/127.0.0.1/tcp/0"], admission: { isKnown: () => true } });
    t.teardown(() => mesh.stop());
    return mesh;
  };
  const [near, far] = [await start("near"), await start("far")];
  const middle = new Middle();
  const port = await middle.start(t, Number(/tcp\/(\d+)/.exec(far.addresses()[0])?.[1]));
  await near.learn([{ name: "far", peer: far.self, addresses: [`/ip4/127.0.0.1/tcp/${port}/p2p/${far.self}`] }]);
  return { near, far, middle };
}

const open = (near: RunningMesh, far: RunningMesh): Promise<Channel> =>
  near.open(far.self, PROTOCOL, AbortSignal.timeout(PATIENCE_MS));

const untilClosed = (channel: Channel): Promise<void> =>
  new Promise((resolve) => channel.closed.addEventListener("abort", () => resolve()));

test("a connection that died without a word is given up for a new one", async (t) => {
  const { near, far, middle } = await hosts(t);
  far.handle(PROTOCOL, () => true, untilClosed);
  const before = await open(near, far);
  middle.stall();
  const after = await open(near, far);
  t.true(before.closed.aborted, "what was on the dead connection ends");
  t.false(after.closed.aborted);
  t.is(middle.accepted, 2);
});

test("a connection on which something still comes is not given up, however long the answer takes", async (t) => {
  const { near, far, middle } = await hosts(t);
  far.handle(
    PROTOCOL,
    () => true,
    async (channel) => {
      const beat = setInterval(() => void channel.send(Uint8Array.of(1)).catch(() => undefined), 1000);
      await untilClosed(channel);
      clearInterval(beat);
    },
  );
  const before = await open(near, far);
  middle.stall(true);
  setTimeout(() => middle.goOn(), 12_000);
  const after = await open(near, far);
  t.false(before.closed.aborted);
  t.false(after.closed.aborted);
  t.is(middle.accepted, 1);
});

test("bytes of a long frame on a slow link are a sign of life before it is here", async (t) => {
  const { near, far, middle } = await hosts(t);
  let send: (frame: Uint8Array) => Promise<void> = async () => undefined;
  far.handle(
    PROTOCOL,
    () => true,
    (channel) => {
      send = (frame) => channel.send(frame);
      return untilClosed(channel);
    },
  );
  const channel = await open(near, far);
  let isHere = false;
  void (async () => {
    for await (const _ of channel.source) isHere = true;
  })().catch(() => undefined);
  middle.slow(40_000);
  await send(new Uint8Array(FRAME_BYTES));
  await sleep(2_500);
  t.false(isHere, "the frame takes 5 s");
  t.true(performance.now() - channel.heardAt < 1_000);
});

// Seen: a comparison server that was cut off and came back found its old round under way for as long as it asked.
test("what comes on a new connection does not keep a channel of an old one, which is dead", async (t) => {
  const { near, far, middle } = await hosts(t);
  const accepted: Channel[] = [];
  far.handle(
    PROTOCOL,
    () => true,
    (channel) => {
      accepted.push(channel);
      return untilClosed(channel);
    },
  );
  await open(near, far);
  middle.stall();
  const after = await open(near, far);
  await after.send(Uint8Array.of(1));
  await sleep(500);
  const [dead, alive] = accepted.map(({ heardAt }) => performance.now() - heardAt);
  t.true(alive < 5_000);
  t.true(dead > 7_000, `${dead}`);
});
