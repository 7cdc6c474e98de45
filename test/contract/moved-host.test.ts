import { cpSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { loadIdentity } from "../../src/mesh/identity.ts";
import { type RunningMesh, startMesh } from "../../src/mesh/libp2p-mesh.ts";
import { CONTROL, ROUND } from "../../src/wire/protocols.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

/** Starts a mesh that says its name to whoever opens a round. */
async function startNamed(t: ExecutionContext, data: string, name: string): Promise<RunningMesh> {
  const identity = await loadIdentity(data);
  const mesh = await startMesh({ identity, listen: ["/ip4/127.0.0.1/tcp/0"], admission: { isKnown: () => true } });
  t.teardown(() => mesh.stop());
  mesh.handle(
    ROUND,
    () => true,
    (channel) => channel.send(new Uint8Array(Buffer.from(name))),
  );
  return mesh;
}

async function whoAnswers(from: RunningMesh, peer: string): Promise<string | undefined> {
  const channel = await from.open(peer, ROUND, AbortSignal.timeout(10_000));
  for await (const frame of channel.source) return Buffer.from(frame).toString();
  return undefined;
}

interface World {
  readonly caller: RunningMesh;
  readonly host: RunningMesh;
  /** Another host with a copy of its key, as one that was moved or cloned. */
  readonly copy: RunningMesh;
}

async function createWorld(t: ExecutionContext): Promise<World> {
  const directory = tempDirectory(t);
  const host = await startNamed(t, join(directory, "host"), "host");
  cpSync(join(directory, "host"), join(directory, "copy"), { recursive: true });
  const copy = await startNamed(t, join(directory, "copy"), "copy");
  const caller = await startNamed(t, join(directory, "caller"), "caller");
  await caller.learn([{ name: "beta", peer: host.self, addresses: host.addresses() }]);
  return { caller, host, copy };
}

// Seen: "in step", of the old machine, and the new one was empty.
test.serial(
  "a host that has moved with its key is called at its new address, while the old one still runs",
  async (t) => {
    const { caller, host, copy } = await createWorld(t);
    t.is(await whoAnswers(caller, host.self), "host");
    await caller.learn([{ name: "beta", peer: host.self, addresses: copy.addresses() }]);
    t.is(await whoAnswers(caller, host.self), "copy");
  },
);

// Seen: a clone connected to the master, which compared too, and got the rounds of the host from then on.
test.serial("a copy of a host that calls is not taken for the host", async (t) => {
  const { caller, host, copy } = await createWorld(t);
  t.is(await whoAnswers(caller, host.self), "host");
  await copy.learn([{ name: "alpha", peer: caller.self, addresses: caller.addresses() }]);
  await copy.connect(caller.self, AbortSignal.timeout(10_000));
  t.is(await whoAnswers(copy, caller.self), "caller");
  t.is(await whoAnswers(caller, host.self), "host");
});

// Two fleets that name one host by two addresses may have rounds at the same time.
test.serial("what is under way to one address of a host goes on when another one is learnt", async (t) => {
  const { caller, host } = await createWorld(t);
  const held = Promise.withResolvers<void>();
  host.handle(
    CONTROL,
    () => true,
    async (channel) => {
      await held.promise;
      await channel.send(new Uint8Array(Buffer.from("late")));
    },
  );
  const channel = await caller.open(host.self, CONTROL, AbortSignal.timeout(10_000));
  const other = host.addresses()[0].replace("/ip4/127.0.0.1/", "/ip4/127.0.0.2/");
  await caller.learn([{ name: "beta", peer: host.self, addresses: [other] }]);
  await t.throwsAsync(whoAnswers(caller, host.self), { code: "LOCKSTEP_HOST_UNREACHABLE" });
  held.resolve();
  for await (const frame of channel.source) t.is(Buffer.from(frame).toString(), "late");
  await caller.learn([{ name: "beta", peer: host.self, addresses: host.addresses() }]);
  t.is(await whoAnswers(caller, host.self), "host");
  t.plan(3);
});

/** An address that leads to the same, and lets nothing through before it is told to. */
async function slowAddress(t: ExecutionContext, address: string): Promise<{ address: string; open: () => void }> {
  const port = /\/tcp\/(\d+)/.exec(address)?.[1];
  const opened = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    const onwards = (): Socket => connect(Number(port), "127.0.0.1").on("error", () => socket.destroy());
    void opened.promise.then(() => socket.pipe(onwards()).pipe(socket));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.teardown(() => void server.close());
  const own = (server.address() as AddressInfo).port;
  return { address: address.replace(`/tcp/${port}`, `/tcp/${own}`), open: () => opened.resolve() };
}

// Seen: libp2p joins a call that is under way, whatever address the peer is to be called at by now.
for (const begins of ["open", "connect"] as const) {
  test.serial(
    `a call that is under way to where a host was is not taken for one to where it is: ${begins}`,
    async (t) => {
      const { caller, host, copy } = await createWorld(t);
      const slow = await slowAddress(t, host.addresses()[0]);
      await caller.learn([{ name: "beta", peer: host.self, addresses: [slow.address] }]);
      const signal = AbortSignal.timeout(10_000);
      const before = begins === "open" ? caller.open(host.self, ROUND, signal) : caller.connect(host.self, signal);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await caller.learn([{ name: "beta", peer: host.self, addresses: copy.addresses() }]);
      const answer = whoAnswers(caller, host.self);
      await new Promise((resolve) => setTimeout(resolve, 100));
      slow.open();
      t.is(await answer, "copy");
      await before.catch(() => undefined);
      t.is(await whoAnswers(caller, host.self), "copy");
    },
  );
}
