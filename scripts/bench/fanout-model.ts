/**
 * A discrete-event simulation of the fan-out with the scheduler's own code, and without sockets.
 * Times in milliseconds, rates in bytes per millisecond.
 *
 * What is simple in it: a sender serves at most so many requesters at a time, one unit each, in the
 * order of their requests; its uplink is shared evenly among them, except that a receiver takes no
 * more from one of them than its downlink divided by what comes in at the moment the sender's work
 * last changed. Messages take the latency and no bandwidth. Hashing and disks take no time.
 */
import FlatQueue from "flatqueue";
import { ExchangeSchedule, MASTER } from "../../src/compare/exchange-schedule.ts";
import { planFanOut } from "../../src/compare/neighbours.ts";
import { Seeding } from "../../src/compare/seeding.ts";
import { Random } from "../tree/generate.ts";

export interface FanOutInit {
  readonly remotes: number;
  readonly units: number;
  readonly unitBytes: number;
  /** Units of one block. */
  readonly blockUnits: number;
  readonly masterUplink: number;
  /** Of one remote, by its number. */
  readonly uplink: (remote: number) => number;
  readonly downlink: number;
  readonly slots: number;
  readonly latency: number;
  /** How long announcements are gathered. */
  readonly gather: number;
  readonly tick: number;
  /** When remotes vanish, by number. */
  readonly vanish: ReadonlyMap<number, number>;
  /** How long neighbours take to notice it. */
  readonly noticeAfter: number;
  readonly seed: number;
  /** Ends it, whatever is still under way. */
  readonly giveUpAt: number;
}

export interface FanOutResult {
  /** When each remote had everything; NaN: never, or it has vanished. */
  readonly finished: Float64Array;
  readonly vanished: ReadonlySet<number>;
  readonly unfinished: number;
  readonly masterBytes: number;
  readonly duplicateBytes: number;
  readonly messages: Readonly<Record<"requests" | "elsewhere" | "cancels" | "announcements", number>>;
  /** How much of the master's and of the remotes' uplinks was used until the last one had finished. */
  readonly masterBusy: number;
  readonly remotesBusy: number;
  readonly nextCalls: number;
}

enum Kind {
  Request,
  Cancel,
  Refusal,
  Progress,
  Arrival,
  Served,
  Announce,
  Tick,
  Vanish,
  Noticed,
}
const KINDS = 16;

enum Stage {
  Travelling,
  Queued,
  Serving,
  Over,
}

/** A request's way from the remote that makes it until its answer is there. */
interface Transfer {
  readonly id: number;
  readonly from: number;
  readonly to: number;
  readonly unit: number;
  left: number;
  rate: number;
  stage: Stage;
}

/** Whoever serves. */
interface Sender {
  readonly uplink: number;
  readonly serving: Transfer[];
  queue: Transfer[];
  updatedAt: number;
  servedAt: number;
  busy: number;
}

interface Remote {
  readonly host: number;
  readonly schedule: ExchangeSchedule;
  readonly neighbours: readonly number[];
  /** As which source each of the neighbours knows this remote. */
  readonly knownAs: number[];
  /** The transfer of each unit that is asked for. */
  readonly current: Map<number, number>;
  readonly held: Uint8Array;
  missing: number;
  incoming: number;
  gone: boolean;
  /** Announcements that are gathered or on their way. */
  readonly batches: { closes: number; units: number[] }[];
}

/** Bytes of a unit after which its receiver hears of it first. */
const FIRST_FRAME = 64 << 10;
const MASTER_HOST = 0;

/** Hosts by number: 0 is the master, remote r is host r + 1. */
export class FanOutModel {
  readonly #init: FanOutInit;
  readonly #events = new FlatQueue<number>();
  readonly #transfers: Transfer[] = [];
  readonly #senders: Sender[] = [];
  readonly #remotes: Remote[] = [];
  readonly #seeding = new Seeding();
  readonly #names: string[];
  readonly #finished: Float64Array;
  readonly #messages = { requests: 0, elsewhere: 0, cancels: 0, announcements: 0 };
  #now = 0;
  #left: number;
  #masterBytes = 0;
  #duplicateBytes = 0;
  #nextCalls = 0;

  constructor(init: FanOutInit) {
    this.#init = init;
    const random = new Random(init.seed);
    const plan = planFanOut(init.remotes, () => random.fraction());
    const sender = (uplink: number): Sender => ({
      uplink,
      serving: [],
      queue: [],
      updatedAt: 0,
      servedAt: Number.POSITIVE_INFINITY,
      busy: 0,
    });
    const units = Array.from({ length: init.units }, (_, i) => {
      const block = Math.floor(i / init.blockUnits);
      const inBlock = Math.min(init.blockUnits, init.units - block * init.blockUnits);
      return { bytes: init.unitBytes, block, at: (i - block * init.blockUnits) / inBlock };
    });
    this.#senders.push(sender(init.masterUplink));
    for (const [i, neighbours] of plan.neighbours.entries()) {
      this.#senders.push(sender(init.uplink(i)));
      const schedule = new ExchangeSchedule({
        position: plan.positions[i],
        sharers: plan.sharers,
        seed: random.below(0x7fffffff),
      });
      for (const _ of neighbours) schedule.addPeer();
      for (const unit of units) schedule.addUnit(unit, 0);
      this.#remotes.push({
        host: i + 1,
        schedule,
        neighbours,
        knownAs: neighbours.map((other) => plan.neighbours[other].indexOf(i) + 1),
        current: new Map(),
        held: new Uint8Array(init.units),
        missing: init.units,
        incoming: 0,
        gone: false,
        batches: [],
      });
      this.#events.push((i + 1) * KINDS + Kind.Tick, random.fraction() * init.tick);
    }
    this.#seeding.stated(init.units * init.unitBytes);
    this.#names = units.map((_, i) => String(i));
    this.#finished = new Float64Array(init.remotes).fill(Number.NaN);
    this.#left = init.remotes;
    for (const [remote, at] of init.vanish) this.#events.push((remote + 1) * KINDS + Kind.Vanish, at);
  }

  /** @param onProgress is told from time to time how many remotes are not done */
  run(onProgress?: (now: number, left: number) => void): FanOutResult {
    for (const remote of this.#remotes) this.#ask(remote);
    let events = 0;
    while (this.#left > 0) {
      const at = this.#events.peekValue();
      const event = this.#events.pop();
      if (at === undefined || event === undefined || at > this.#init.giveUpAt) break;
      this.#now = at;
      const kind = event % KINDS;
      this.#handle(kind, (event - kind) / KINDS);
      if ((++events & 0xfffff) === 0) onProgress?.(at, this.#left);
    }
    const vanished = new Set<number>();
    for (const [i, remote] of this.#remotes.entries()) if (remote.gone) vanished.add(i);
    const busy = this.#senders.map(({ busy }) => busy);
    const uplinks = this.#senders.slice(1).reduce((sum, { uplink }) => sum + uplink, 0);
    return {
      finished: this.#finished,
      vanished,
      unfinished: this.#left,
      masterBytes: this.#masterBytes,
      duplicateBytes: this.#duplicateBytes,
      messages: this.#messages,
      masterBusy: busy[0] / (this.#now * this.#senders[0].uplink),
      remotesBusy: busy.slice(1).reduce((sum, one) => sum + one, 0) / (this.#now * uplinks),
      nextCalls: this.#nextCalls,
    };
  }

  #at(delay: number, kind: Kind, id: number): void {
    this.#events.push(id * KINDS + kind, this.#now + delay);
  }

  #handle(kind: Kind, id: number): void {
    switch (kind) {
      case Kind.Request:
        this.#requested(id);
        break;
      case Kind.Cancel:
        this.#cancelled(this.#transfers[id]);
        break;
      case Kind.Refusal:
        this.#refused(id);
        break;
      case Kind.Progress:
        this.#progress(id);
        break;
      case Kind.Arrival:
        this.#arrived(id);
        break;
      case Kind.Served:
        if (this.#now === this.#senders[id].servedAt) this.#serve(id);
        break;
      case Kind.Announce:
        this.#announced(id);
        break;
      case Kind.Tick:
        this.#ticked(id);
        break;
      case Kind.Vanish:
        this.#vanished(id);
        break;
      case Kind.Noticed:
        this.#noticed(id);
        break;
    }
  }

  #remote(host: number): Remote {
    return this.#remotes[host - 1];
  }

  // --- remotes

  #ask(remote: Remote): void {
    this.#nextCalls++;
    const { host: to, schedule, neighbours, current } = remote;
    for (const { unit, source, insteadOf } of schedule.next(this.#now)) {
      if (insteadOf !== undefined) this.#cancel(remote, unit);
      const from = source === MASTER ? MASTER_HOST : neighbours[source - 1] + 1;
      const id = this.#transfers.length;
      this.#transfers.push({ id, from, to, unit, left: this.#init.unitBytes, rate: 0, stage: Stage.Travelling });
      current.set(unit, id);
      this.#messages.requests++;
      this.#at(this.#init.latency, Kind.Request, id);
    }
  }

  #cancel(remote: Remote, unit: number): void {
    const id = remote.current.get(unit);
    if (id === undefined) return;
    remote.current.delete(unit);
    this.#messages.cancels++;
    this.#at(this.#init.latency, Kind.Cancel, id);
  }

  #isCurrent(id: number): boolean {
    const { to, unit } = this.#transfers[id];
    const remote = this.#remote(to);
    return !remote.gone && remote.current.get(unit) === id;
  }

  #refused(id: number): void {
    if (!this.#isCurrent(id)) return;
    const { to, unit } = this.#transfers[id];
    const remote = this.#remote(to);
    remote.current.delete(unit);
    remote.schedule.refused(unit, this.#now);
    this.#ask(remote);
  }

  #progress(id: number): void {
    if (!this.#isCurrent(id)) return;
    const { to, unit } = this.#transfers[id];
    this.#remote(to).schedule.progress(unit, this.#now);
  }

  #arrived(id: number): void {
    const { from, to, unit } = this.#transfers[id];
    const remote = this.#remote(to);
    if (remote.gone) return;
    if (from === MASTER_HOST) this.#seeding.arrived(this.#names[unit], String(to), this.#now);
    if (remote.held[unit] === 1) {
      this.#duplicateBytes += this.#init.unitBytes;
      return;
    }
    if (remote.current.get(unit) === id) remote.current.delete(unit);
    else this.#cancel(remote, unit);
    remote.held[unit] = 1;
    remote.schedule.arrived(unit, this.#now, from === MASTER_HOST ? MASTER : remote.neighbours.indexOf(from - 1) + 1);
    if (--remote.missing === 0) {
      this.#finished[to - 1] = this.#now;
      this.#left--;
    }
    const last = remote.batches.at(-1);
    if (last !== undefined && last.closes >= this.#now) last.units.push(unit);
    else {
      remote.batches.push({ closes: this.#now + this.#init.gather, units: [unit] });
      this.#at(this.#init.gather + this.#init.latency, Kind.Announce, to);
    }
    this.#ask(remote);
  }

  #announced(host: number): void {
    const remote = this.#remote(host);
    const batch = remote.batches.shift();
    if (batch === undefined || remote.gone) return;
    for (const [i, neighbour] of remote.neighbours.entries()) {
      const other = this.#remotes[neighbour];
      if (other.gone) continue;
      this.#messages.announcements++;
      for (const unit of batch.units) other.schedule.has(remote.knownAs[i], unit);
      if (other.missing > 0) this.#ask(other);
    }
  }

  #ticked(host: number): void {
    const remote = this.#remote(host);
    if (remote.gone || remote.missing === 0) return;
    for (const id of remote.current.values()) {
      const { from, unit, stage } = this.#transfers[id];
      const alive = from === MASTER_HOST || !this.#remote(from).gone;
      if (stage === Stage.Serving && alive) remote.schedule.progress(unit, this.#now);
    }
    for (const { unit } of remote.schedule.stalled(this.#now)) this.#cancel(remote, unit);
    this.#ask(remote);
    this.#at(this.#init.tick, Kind.Tick, host);
  }

  #vanished(host: number): void {
    const remote = this.#remote(host);
    if (remote.gone) return;
    if (remote.missing > 0) this.#left--;
    this.#finished[host - 1] = Number.NaN;
    remote.gone = true;
    const sender = this.#senders[host];
    for (const transfer of sender.serving) this.#end(transfer);
    for (const transfer of sender.queue) this.#end(transfer);
    sender.serving.length = 0;
    sender.queue.length = 0;
    sender.servedAt = Number.POSITIVE_INFINITY;
    this.#at(this.#init.noticeAfter, Kind.Noticed, host);
  }

  #noticed(host: number): void {
    const remote = this.#remote(host);
    this.#seeding.gone(String(host));
    this.#drop(MASTER_HOST, host);
    for (const [i, neighbour] of remote.neighbours.entries()) {
      const other = this.#remotes[neighbour];
      if (other.gone) continue;
      other.schedule.left(remote.knownAs[i]);
      for (const [unit, id] of other.current) if (this.#transfers[id].from === host) other.current.delete(unit);
      this.#drop(neighbour + 1, host);
      this.#ask(other);
    }
  }

  // --- senders

  #requested(id: number): void {
    const transfer = this.#transfers[id];
    const { from, to, unit } = transfer;
    if (from !== MASTER_HOST && this.#remote(from).gone) return;
    const sender = this.#senders[from];
    const idle = sender.queue.length === 0 && sender.serving.length < this.#init.slots;
    if (
      from === MASTER_HOST &&
      !this.#seeding.give(this.#names[unit], () => this.#init.unitBytes, String(to), this.#now, idle)
    ) {
      transfer.stage = Stage.Over;
      this.#messages.elsewhere++;
      this.#at(this.#init.latency, Kind.Refusal, id);
      return;
    }
    transfer.stage = Stage.Queued;
    sender.queue.push(transfer);
    if (sender.serving.length < this.#init.slots) this.#serve(from);
  }

  #cancelled(transfer: Transfer): void {
    if (transfer.stage !== Stage.Queued) return;
    const { from, to, unit } = transfer;
    if (from === MASTER_HOST) this.#seeding.takeBack(this.#names[unit], String(to));
    transfer.stage = Stage.Over;
    const { queue } = this.#senders[from];
    queue.splice(queue.indexOf(transfer), 1);
  }

  /** The requester is gone. */
  #drop(host: number, to: number): void {
    const sender = this.#senders[host];
    const mine = sender.serving.filter((transfer) => transfer.to === to);
    this.#advance(sender);
    for (const transfer of mine) {
      sender.serving.splice(sender.serving.indexOf(transfer), 1);
      this.#end(transfer);
    }
    for (const transfer of sender.queue) if (transfer.to === to) transfer.stage = Stage.Over;
    sender.queue = sender.queue.filter((transfer) => transfer.to !== to);
    this.#serve(host);
  }

  #end(transfer: Transfer): void {
    if (transfer.stage === Stage.Serving) this.#remote(transfer.to).incoming--;
    transfer.stage = Stage.Over;
  }

  #advance(sender: Sender): void {
    const passed = this.#now - sender.updatedAt;
    sender.updatedAt = this.#now;
    for (const transfer of sender.serving) {
      const sent = Math.min(transfer.rate * passed, transfer.left);
      transfer.left -= sent;
      sender.busy += sent;
    }
  }

  /** Ends what is sent, begins what may be, and says when it is to be looked at again. */
  #serve(host: number): void {
    const { slots, latency, unitBytes, downlink } = this.#init;
    const sender = this.#senders[host];
    const { serving, queue } = sender;
    this.#advance(sender);
    for (let i = serving.length - 1; i >= 0; i--) {
      const transfer = serving[i];
      if (transfer.left > 1) continue;
      serving.splice(i, 1);
      this.#end(transfer);
      if (host === MASTER_HOST) {
        this.#masterBytes += unitBytes;
        this.#seeding.sent(this.#names[transfer.unit], String(transfer.to), this.#now);
      }
      this.#at(latency, Kind.Arrival, transfer.id);
    }
    for (let i = 0; i < queue.length && serving.length < slots; i++) {
      const transfer = queue[i];
      if (serving.some(({ to }) => to === transfer.to)) continue;
      queue.splice(i--, 1);
      transfer.stage = Stage.Serving;
      serving.push(transfer);
      this.#remote(transfer.to).incoming++;
      this.#at(latency + (FIRST_FRAME * Math.min(serving.length, slots)) / sender.uplink, Kind.Progress, transfer.id);
    }
    let first = Number.POSITIVE_INFINITY;
    for (const transfer of serving) {
      transfer.rate = Math.min(sender.uplink / serving.length, downlink / this.#remote(transfer.to).incoming);
      first = Math.min(first, transfer.left / transfer.rate);
    }
    sender.servedAt = this.#now + first;
    if (serving.length > 0) this.#at(first, Kind.Served, host);
  }
}
