/**
 * Which unit of content a remote asks for next, and from whom. Pure: time is handed in, in
 * milliseconds. The transitions of a unit:
 *
 * ```
 * waiting ──next()──► asked ──arrived()──► held
 *    ▲                  │
 *    └─refused(), released(), left(), stalled()
 * ```
 */

/** A source by number; the master is always there and has everything. */
export type Source = number;
export const MASTER: Source = 0;

/** A unit is what is asked for, verified and announced as a whole: a chunk, or small files packed together. */
export interface UnitInit {
  readonly bytes: number;
  /** Blocks are committed in order, so units of earlier ones come first. */
  readonly block: number;
  /** Where in the block's content it lies, from 0 to 1: each remote starts at a place of its own. */
  readonly at: number;
}

export interface Ask {
  readonly unit: number;
  readonly source: Source;
  /** The source at which the same unit waited in vain until now; there it is to be cancelled. */
  readonly insteadOf: Source | undefined;
}

export interface ScheduleInit {
  /** This remote's place among those that begin with a part of each block from the master; -1: none. */
  readonly position: number;
  readonly sharers: number;
  /** Makes remotes choose differently among equals. */
  readonly seed: number;
}

/** Asked for from one remote and not yet here. */
export const PEER_WINDOW_BYTES = 2 << 20;
/** Asked for from the master and not yet here, while remotes feed each other. */
export const MASTER_WINDOW_BYTES = 3 << 20;
/** Asked for in all; what bounds the memory that arriving content takes. */
export const TOTAL_WINDOW_BYTES = 16 << 20;
/**
 * What a remote has from the master and no neighbour has yet. One that passes on slowly so gets little
 * that only it could pass on; the others take its part.
 */
const UNSHARED_BYTES = 4 << 20;
/** A neighbour that does not take a unit for so long will not do so. */
const UNSHARED_MS = 5_000;
/** A unit that the master has given to another remote is asked for again after this, if nobody has it. */
const ELSEWHERE_MS = 1_000;
/** Silence of a source that owes something, after which it is left to itself for a while. */
export const STALL_MS = 3_000;
const AVOID_MS = 5_000;
/** A remote that is not to ask the master does so all the same when it has got nothing for so long. */
const PATIENCE_MS = 10_000;
/** Before anything is known: 20 MB/s, in milliseconds per byte. */
const FIRST_GUESS = 5e-5;
const SMOOTHING = 0.3;
/** A unit that waits at one source moves to another that has it in less than this part of the time. */
const WORTH_MOVING = 0.5;

enum State {
  Waiting,
  Asked,
  Held,
  Dropped,
}

interface Unit {
  readonly bytes: number;
  readonly block: number;
  readonly at: number;
  /** Order among equals. */
  readonly shuffle: number;
  state: State;
  source: Source;
  askedAt: number;
  /** When it is expected to be here. */
  dueAt: number;
  started: boolean;
  /** Neighbours that have it. */
  holders: number;
  /** Not asked of the master before this. */
  notBefore: number;
}

interface Peer {
  gone: boolean;
  readonly has: Set<number>;
  underWay: number;
  msPerByte: number;
  heardAt: number;
  /** When the last unit came. */
  servedAt: number;
  avoidUntil: number;
}

/** The scheduler of one remote for one pass of a round. */
export class ExchangeSchedule {
  readonly #init: ScheduleInit;
  readonly #units: Unit[] = [];
  /** Waiting units, in no order. */
  readonly #waiting = new Set<number>();
  readonly #asked = new Set<number>();
  readonly #peers: Peer[] = [newPeer()];
  #underWay = 0;
  /** From the master and not seen at a neighbour: since when. */
  readonly #unshared = new Map<number, number>();
  #unsharedBytes = 0;
  /** When something came last, or there was nothing to wait for. */
  #lastProgress = 0;

  constructor(init: ScheduleInit) {
    this.#init = init;
  }

  /** A neighbour that announces what it has. */
  addPeer(): Source {
    return this.#peers.push(newPeer()) - 1;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Neighbours that are there. */
  get peers(): number {
    return this.#peers.filter(({ gone }) => !gone).length - 1;
  }

  addUnit({ bytes, block, at }: UnitInit, now: number): number {
    const id = this.#units.length;
    const shuffle = mix(this.#init.seed, id);
    this.#units.push({
      bytes,
      block,
      at,
      shuffle,
      state: State.Waiting,
      source: MASTER,
      askedAt: 0,
      dueAt: 0,
      started: false,
      holders: 0,
      notBefore: 0,
    });
    if (this.#waiting.size === 0 && this.#asked.size === 0) this.#lastProgress = now;
    this.#waiting.add(id);
    return id;
  }

  /** Nobody needs the unit any more. */
  dropUnit(id: number): void {
    const unit = this.#units[id];
    if (unit.state === State.Asked) this.#release(id, unit);
    this.#waiting.delete(id);
    this.#shared(id);
    unit.state = State.Dropped;
    for (const peer of this.#peers) peer.has.delete(id);
  }

  /** A neighbour has announced the unit. */
  has(source: Source, id: number): void {
    const peer = this.#peers[source];
    const unit = this.#units[id];
    if (peer.gone || unit.state === State.Dropped || peer.has.has(id)) return;
    peer.has.add(id);
    unit.holders++;
    this.#shared(id);
  }

  #shared(id: number): void {
    if (this.#unshared.delete(id)) this.#unsharedBytes -= this.#units[id].bytes;
  }

  /** Bytes have come from the source, of this unit. */
  progress(id: number, now: number): void {
    const unit = this.#units[id];
    if (unit.state !== State.Asked) return;
    unit.started = true;
    this.#peers[unit.source].heardAt = now;
    this.#lastProgress = now;
  }

  /** The unit has come and is verified. */
  arrived(id: number, now: number): void {
    const unit = this.#units[id];
    if (unit.state !== State.Asked) return;
    const peer = this.#peers[unit.source];
    const took = (now - Math.max(unit.askedAt, peer.servedAt)) / unit.bytes;
    peer.msPerByte += SMOOTHING * (took - peer.msPerByte);
    peer.servedAt = now;
    peer.heardAt = now;
    const fromMaster = unit.source === MASTER;
    this.#release(id, unit);
    this.#waiting.delete(id);
    unit.state = State.Held;
    this.#lastProgress = now;
    if (fromMaster && unit.holders === 0 && this.peers > 0) {
      this.#unshared.set(id, now);
      this.#unsharedBytes += unit.bytes;
    }
  }

  /** Asked no longer: back to those that wait. */
  #release(id: number, unit: Unit): void {
    const peer = this.#peers[unit.source];
    peer.underWay -= unit.bytes;
    this.#underWay -= unit.bytes;
    this.#asked.delete(id);
    unit.state = State.Waiting;
    unit.started = false;
    this.#waiting.add(id);
  }

  /** The source does not have it any more, or, of the master: has given it to another remote just now. */
  refused(id: number, now: number): void {
    const unit = this.#units[id];
    if (unit.state !== State.Asked) return;
    if (unit.source === MASTER) unit.notBefore = now + ELSEWHERE_MS;
    else this.#forget(unit.source, id);
    this.#peers[unit.source].heardAt = now;
    this.#release(id, unit);
  }

  /** It was not answered, for no fault of the source. */
  released(id: number): void {
    const unit = this.#units[id];
    if (unit.state === State.Asked) this.#release(id, unit);
  }

  #forget(source: Source, id: number): void {
    if (this.#peers[source].has.delete(id)) this.#units[id].holders--;
  }

  /**
   * The neighbour is gone, or not to be trusted.
   *
   * @returns the units that were asked of it
   */
  left(source: Source): number[] {
    const peer = this.#peers[source];
    if (peer.gone) return [];
    peer.gone = true;
    for (const id of [...peer.has]) this.#forget(source, id);
    const asked = [...this.#asked].filter((id) => this.#units[id].source === source);
    for (const id of asked) this.released(id);
    return asked;
  }

  /**
   * Leaves neighbours alone for a while that owe something and have been silent for too long.
   *
   * @returns the units that were asked of them, to be cancelled there
   */
  stalled(now: number): { unit: number; source: Source }[] {
    const cancelled: { unit: number; source: Source }[] = [];
    for (const [source, peer] of this.#peers.entries()) {
      if (source === MASTER || peer.gone || peer.underWay === 0) continue;
      const oldest = this.#oldestAsk(source);
      if (now - Math.max(peer.heardAt, oldest) < STALL_MS) continue;
      peer.avoidUntil = now + AVOID_MS;
      peer.msPerByte *= 4;
      for (const unit of [...this.#asked]) {
        if (this.#units[unit].source !== source) continue;
        this.released(unit);
        cancelled.push({ unit, source });
      }
    }
    return cancelled;
  }

  #oldestAsk(source: Source): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const id of this.#asked) {
      const unit = this.#units[id];
      if (unit.source === source) oldest = Math.min(oldest, unit.askedAt);
    }
    return oldest;
  }

  /** What to ask for now. The asks count as made. */
  next(now: number): Ask[] {
    const asks: Ask[] = [];
    if (this.#waiting.size === 0 && this.#asked.size === 0) return asks;
    this.#askPeers(now, asks);
    this.#askMaster(now, asks);
    if (asks.length === 0) this.#move(now, asks);
    return asks;
  }

  #ask(id: number, source: Source, now: number, asks: Ask[], insteadOf?: Source): void {
    const unit = this.#units[id];
    const peer = this.#peers[source];
    unit.state = State.Asked;
    unit.source = source;
    unit.askedAt = now;
    unit.started = false;
    peer.underWay += unit.bytes;
    unit.dueAt = now + peer.underWay * peer.msPerByte;
    this.#underWay += unit.bytes;
    this.#waiting.delete(id);
    this.#asked.add(id);
    asks.push({ unit: id, source, insteadOf });
  }

  #room(peer: Peer, bytes: number, window: number): boolean {
    if (this.#underWay > 0 && this.#underWay + bytes > TOTAL_WINDOW_BYTES) return false;
    return peer.underWay === 0 || peer.underWay + bytes <= window;
  }

  /** Of the neighbours that have the unit, the one from which it would be here first. */
  #best(id: number, now: number): { source: Source; takes: number } | undefined {
    const { bytes } = this.#units[id];
    let best: { source: Source; takes: number } | undefined;
    for (let source = 1; source < this.#peers.length; source++) {
      const peer = this.#peers[source];
      if (peer.gone || now < peer.avoidUntil || !peer.has.has(id)) continue;
      const takes = (peer.underWay + bytes) * peer.msPerByte;
      if (best === undefined || takes < best.takes) best = { source, takes };
    }
    return best;
  }

  /** Rarest first, earlier blocks before later ones; each from the neighbour that has it here first. */
  #askPeers(now: number, asks: Ask[]): void {
    const candidates: number[] = [];
    for (const id of this.#waiting) if (this.#units[id].holders > 0) candidates.push(id);
    candidates.sort((a, b) => {
      const [one, other] = [this.#units[a], this.#units[b]];
      return one.block - other.block || one.holders - other.holders || one.shuffle - other.shuffle;
    });
    for (const id of candidates) {
      if (this.#underWay >= TOTAL_WINDOW_BYTES) return;
      const best = this.#best(id, now);
      // When that one is busy, waiting for it is better than to ask a slower one.
      if (best === undefined || !this.#room(this.#peers[best.source], this.#units[id].bytes, PEER_WINDOW_BYTES))
        continue;
      this.#ask(id, best.source, now, asks);
    }
  }

  /** The own part of each block first, then what nobody seems to have asked for. */
  #askMaster(now: number, asks: Ask[]): void {
    const master = this.#peers[MASTER];
    if (!this.#mayAskMaster(now)) return;
    const { position, sharers } = this.#init;
    const own: number[] = [];
    const others: number[] = [];
    for (const id of this.#waiting) {
      const unit = this.#units[id];
      if (unit.holders > 0 && this.#best(id, now) !== undefined) continue;
      if (unit.notBefore > now) continue;
      (isPart(unit.at, position, sharers) ? own : others).push(id);
    }
    const order = (a: number, b: number): number => {
      const [one, other] = [this.#units[a], this.#units[b]];
      return one.block - other.block || one.at - other.at;
    };
    const shuffled = (a: number, b: number): number => {
      const [one, other] = [this.#units[a], this.#units[b]];
      return one.block - other.block || one.shuffle - other.shuffle;
    };
    for (const id of own.length > 0 ? own.sort(order) : others.sort(shuffled)) {
      if (!this.#room(master, this.#units[id].bytes, MASTER_WINDOW_BYTES)) return;
      if (this.#unsharedBytes + master.underWay >= UNSHARED_BYTES && this.peers > 0) return;
      this.#ask(id, MASTER, now, asks);
    }
  }

  #mayAskMaster(now: number): boolean {
    if (this.#waiting.size === 0) return false;
    for (const [id, since] of this.#unshared) {
      if (now - since < UNSHARED_MS) break;
      this.#shared(id);
    }
    return this.#init.position >= 0 || this.peers === 0 || now - this.#lastProgress > PATIENCE_MS;
  }

  /** With nothing left to ask for: what waits in a long queue moves to whoever has it sooner. */
  #move(now: number, asks: Ask[]): void {
    for (const id of this.#asked) {
      const unit = this.#units[id];
      if (unit.started || unit.holders === 0) continue;
      const best = this.#best(id, now);
      if (best === undefined || best.source === unit.source) continue;
      const left = Math.max(unit.dueAt - now, 0) + (now - unit.askedAt);
      if (best.takes > left * WORTH_MOVING) continue;
      if (!this.#room(this.#peers[best.source], unit.bytes, PEER_WINDOW_BYTES)) continue;
      const from = unit.source;
      this.#release(id, unit);
      this.#ask(id, best.source, now, asks, from);
      return;
    }
  }
}

function newPeer(): Peer {
  return {
    gone: false,
    has: new Set(),
    underWay: 0,
    msPerByte: FIRST_GUESS,
    heardAt: 0,
    servedAt: 0,
    avoidUntil: 0,
  };
}

function isPart(at: number, position: number, sharers: number): boolean {
  return Math.min(Math.floor(at * sharers), sharers - 1) === position;
}

/** An integer that depends on both, evenly spread (the finaliser of MurmurHash3). */
function mix(seed: number, value: number): number {
  let h = (seed ^ Math.imul(value + 1, 0x9e3779b1)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
