import { boundReport } from "../compare/bound-report.ts";
import { LockstepError, toLockstepError } from "../model/errors.ts";
import type { RoundEvent } from "../model/report.ts";
import { hostName, type PeerId, rolesOf } from "../model/role.ts";
import type { Channel, Mesh } from "../ports/mesh.ts";
import type { Tree } from "../ports/tree.ts";
import { decodeError, decodeMessage, encodeError } from "../wire/codec.ts";
import { LIMITS } from "../wire/limits.ts";
import { beat } from "../wire/liveness.ts";
import {
  AssignRequest,
  AssignResponse,
  ControlRequest,
  ControlResponse,
  type DeliveryMessage,
  type StatusMessage,
} from "../wire/messages.ts";
import { ASSIGN, CONTENT, CONTROL, ROUND } from "../wire/protocols.ts";
import { rolesDigest } from "../wire/roles-digest.ts";
import { meetLater } from "./acquaintance.ts";
import { ActiveRounds } from "./active-rounds.ts";
import type { ComparisonServer } from "./comparison-server.ts";
import { ContentChannels, serveContent } from "./content-server.ts";
import { IdleWatch } from "./idle-watch.ts";
import { answerRound, type ParticipantComponents } from "./participant.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { UploadSlots } from "./upload-slots.ts";

export interface HostComponents extends ParticipantComponents {
  readonly comparison: ComparisonServer;
  readonly version: string;
  /** Limits what this host serves. */
  readonly upload: RateLimiter;
  /** Lets go of hashes that nobody has asked for in a long time, given the milliseconds since 1970. */
  readonly retireHashes: (now: number) => Promise<void>;
  /** Gives the system back what this process has freed, where it is this host's alone. */
  readonly releaseMemory: (() => void) | undefined;
}

/** Registers what every host answers; roles decide at run time what it does. */
export function serveHost(components: HostComponents): void {
  const { mesh, authority, trees } = components;
  const rounds = new ActiveRounds();
  const idle: IdleWatch = new IdleWatch(() => void rest(components, idle));
  const content = {
    rounds,
    trees,
    upload: components.upload,
    slots: new UploadSlots(components.clock),
    channels: new ContentChannels(),
    clock: components.clock,
  };
  // Anyone may bring an assignment: its envelope says whether it counts.
  mesh.handle(
    ASSIGN,
    () => true,
    (channel) => answerAssign(channel, components),
  );
  // Strangers are told in words that they are not trusted, rather than cut off.
  mesh.handle(
    CONTROL,
    () => true,
    (channel) => answerControl(channel, components, rounds, idle),
  );
  mesh.handle(
    ROUND,
    () => true,
    (channel) => idle.during(() => answerRound(channel, components, rounds)),
  );
  mesh.handle(
    CONTENT,
    (peer) => authority.isKnown(peer),
    (channel) => serveContent(channel, content),
  );
}

/** After a round this process has several times the memory that it needs. */
async function rest({ trees, retireHashes, clock, releaseMemory }: HostComponents, idle: IdleWatch): Promise<void> {
  await retireHashes(clock.now());
  await Promise.all([...trees.values()].map((tree) => tree.rest()));
  // A round may have begun meanwhile.
  if (idle.isIdle) releaseMemory?.();
}

async function answerAssign(channel: Channel, { authority, mesh }: HostComponents): Promise<void> {
  for await (const frame of channel.source) {
    const request = decodeMessage((bytes) => AssignRequest.decode(bytes), frame);
    try {
      const assignment = await authority.acceptAssignment(request.assignment);
      await channel.send(AssignResponse.encode({ epoch: assignment.epoch }));
      meetLater(mesh, assignment);
    } catch (error) {
      await channel.send(AssignResponse.encode({ epoch: 0, error: encodeError(error) }));
    }
    return;
  }
}

async function answerControl(
  channel: Channel,
  components: HostComponents,
  rounds: ActiveRounds,
  idle: IdleWatch,
): Promise<void> {
  const { authority } = components;
  for await (const frame of channel.source) {
    const request = decodeMessage((bytes) => ControlRequest.decode(bytes), frame);
    const send = (response: Partial<ControlResponse>): Promise<void> =>
      channel.send(ControlResponse.encode({ deliveries: [], ...response }));
    // A round or a delivery may take long without anything to tell.
    const stop = beat(channel, () => ControlResponse.encode({ deliveries: [], beat: true }));
    try {
      if (!authority.isTrustedStation(channel.peer)) {
        throw new LockstepError(
          "LOCKSTEP_NOT_AUTHORISED",
          `${channel.peer} is not a trusted control station here; start the node with --control ${channel.peer}`,
        );
      }
      if (request.assign !== undefined) {
        await send({ deliveries: await passOn(request.assign.assignment, components) });
      } else if (request.status !== undefined) {
        await send({ status: await statusOf(components, rounds) });
      } else if (request.round !== undefined) {
        const { order } = request.round;
        await idle.during(() => runRound(order, channel, components));
      } else throw new LockstepError("LOCKSTEP_MALFORMED", "an unknown command");
    } catch (error) {
      await send({ error: encodeError(error) });
    } finally {
      stop();
    }
    return;
  }
}

const DELIVERY_TIMEOUT_MS = 15_000;
const DELIVERIES_AT_ONCE = 64;

/** Takes an assignment and passes the signed message on to every host that it names. */
async function passOn(
  envelope: Uint8Array<ArrayBuffer>,
  { authority, mesh }: HostComponents,
): Promise<DeliveryMessage[]> {
  const assignment = await authority.acceptAssignment(envelope);
  await mesh.learn(assignment.hosts);
  meetLater(mesh, assignment);
  const peers = new Set([assignment.master, ...assignment.remotes, ...assignment.comparison]);
  const deliveries: DeliveryMessage[] = [];
  const left = peers.values();
  // A few at a time: each takes the message into memory once.
  const deliver = async (): Promise<void> => {
    for (const peer of left) {
      const host = hostName(assignment, peer);
      try {
        if (peer !== mesh.self) await deliverAssignment(mesh, peer, envelope);
        deliveries.push({ host });
      } catch (error) {
        const { code, message } = toLockstepError(error);
        deliveries.push({ host, error: encodeError(new LockstepError(code, message.replaceAll(peer, host))) });
      }
    }
  };
  await Promise.all(Array.from({ length: DELIVERIES_AT_ONCE }, deliver));
  return deliveries;
}

/** Brings a signed assignment to one host. */
export async function deliverAssignment(mesh: Mesh, peer: PeerId, envelope: Uint8Array<ArrayBuffer>): Promise<void> {
  const channel = await mesh.open(peer, ASSIGN, AbortSignal.timeout(DELIVERY_TIMEOUT_MS));
  try {
    await channel.send(AssignRequest.encode({ assignment: envelope }));
    for await (const frame of channel.source) {
      const { error } = decodeMessage((bytes) => AssignResponse.decode(bytes), frame);
      if (error !== undefined) throw decodeError(error, peer);
      return;
    }
    throw new LockstepError("LOCKSTEP_HOST_UNREACHABLE", `${peer} did not answer`);
  } finally {
    await channel.close();
  }
}

async function statusOf(components: HostComponents, rounds: ActiveRounds): Promise<StatusMessage> {
  const { authority, mesh, state, trees, comparison, version } = components;
  const names = new Set([...trees.keys(), ...authority.all().map((kept) => kept.assignment.root)]);
  const roots = [];
  for (const root of [...names].sort()) {
    const assignment = authority.kept(root)?.assignment;
    const lastRound = await state.lastRound(root);
    roots.push({
      root,
      epoch: assignment?.epoch ?? 0,
      sequence: await authority.highestSequence(root),
      roles: assignment === undefined ? [] : rolesOf(assignment, mesh.self),
      rolesDigest: assignment === undefined ? "" : rolesDigest(assignment),
      served: trees.has(root),
      busy: rounds.get(root) !== undefined || comparison.isBusy(root),
      ...(rounds.get(root)?.round.activity() ?? { held: 0, checking: 0 }),
      stalledMs: trees.get(root)?.stalledMs ?? 0,
      lastRound:
        lastRound === undefined
          ? undefined
          : JSON.stringify(boundReport(lastRound, Math.floor(LIMITS.statusReportBytes / names.size))),
    });
  }
  const lacks = [...new Set([...trees.values()].flatMap((tree: Tree) => [...tree.lacks]))];
  return { peer: mesh.self, version, roots, lacks };
}

async function runRound(order: Uint8Array, channel: Channel, { comparison }: HostComponents): Promise<void> {
  const stop = new AbortController();
  // The station's interrupt, or its end, ends the round.
  channel.closed.addEventListener("abort", () => stop.abort(), { once: true });
  let sent: Promise<void> = Promise.resolve();
  const emit = (event: RoundEvent): void => {
    sent = channel
      .send(ControlResponse.encode({ deliveries: [], event: JSON.stringify(event) }))
      .catch(() => stop.abort());
  };
  await comparison.run(order, emit, stop.signal);
  // The report waits its turn on a slow link.
  await sent;
}
