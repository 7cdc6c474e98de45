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
import { smoothed } from "./smoothed.ts";

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

/** Most that is asked for from one remote and not yet here. */
export const PEER_WINDOW_BYTES = 4 << 20;
/** From one of which nothing is known yet. */
const FIRST_WINDOW_BYTES = 1 << 20;
/**
 * So many milliseconds' worth are asked of a remote, but always one unit: what waits in a queue
 * could come sooner from elsewhere, and each hop adds the wait to a unit's way through the fleet.
 */
const WINDOW_MS = 1_000;
/** Asked for from the master and not yet here, while remotes feed each other. */
export const MASTER_WINDOW_BYTES = 3 << 20;
/** The same without any neighbours. */
export const ALONE_WINDOW_BYTES = 8 << 20;
/** Asked for in all; what bounds the memory that arriving content takes. */
export const TOTAL_WINDOW_BYTES = 16 << 20;
/**
 * Most that a remote has from the master and no neighbour has yet. One whose units are taken late gets
 * less and less, down to one at a time, since only it could pass them on; the others take its part.
 */
const UNSHARED_BYTES = 4 << 20;
const FIRST_UNSHARED_BYTES = 2 << 20;
/** Milliseconds within which a unit is to be at a neighbour. */
const SHARE_WITHIN_MS = 3_000;
/** A neighbour that does not take a unit for so long will not do so. */
const UNSHARED_MS = 5_000;
/** A unit that the master has given to another remote is asked for again after this, if nobody has it. */
const ELSEWHERE_MS = 400;
/**
 * One such answer mostly means that all is given away: the master is left alone for so long after the
 * first, and for twice as long after each further one, until it gives something.
 */
const FIRST_PAUSE_MS = 25;
/** What has waited in vain at a remote for so long is asked of the master, which gives it when it is idle. */
const RESCUE_AFTER_MS = 1_500;
/** Silence of a source that owes something, after which it is left to itself for a while. */
export const STALL_MS = 3_000;
/** One that is known to be slow may be silent for so many times as long as it usually takes. */
const STALL_FACTOR = 2;
const MAX_STALL_MS = 15_000;
const AVOID_MS = 5_000;
/** Where a unit usually takes longer than this, all patience is longer by as much. */
const USUAL_MS = 1_500;
/** A remote that is not to ask the master does so all the same when it has got nothing for so long. */
const PATIENCE_MS = 10_000;
/** What a first unit is given on any link, and how much longer than until now on one that many share. */
const FIRST_UNIT_MS = 30_000;
const GAP_FACTOR = 8;
/** A neighbour that takes so many times as long as the fastest is asked only for what no faster one has. */
const SLOW_FACTOR = 4;
/** A unit that waits at one source moves to another that has it in less than this part of the time. */
const WORTH_MOVING = 0.65;
/** One that has begun to come is asked for again elsewhere in less than this part. */
const WORTH_TWICE = 0.25;
/** After a look in vain, in milliseconds: spares time on busy hosts and delays nothing that counts. */
const LOOK_AGAIN_MS = 50;
/** Another remote's part of a block comes after the own part of so many blocks later. */
const OTHERS_LATER = 1.5;

enum State {
  Waiting,
  Asked,
  Held,
  Dropped,
}

interface Unit {
  readonly init: UnitInit;
  /** Of this remote's own part. */
  readonly own: boolean;
  /** Order among equals. */
  readonly shuffle: number;
  state: State;
  /** Neighbours that have it. */
  holders: number;
  /** Index among those that wait. */
  place: number;
}

interface Asked {
  readonly source: Source;
  at: number;
  isSent: boolean;
  /** When it is expected to be here. */
  readonly dueAt: number;
  started: boolean;
  /** Neighbours that had it when it was last thought about where to ask for it. */
  holders: number;
}

interface Peer {
  gone: boolean;
  /** One bit a unit. */
  has: Uint32Array;
  /** How many of those that wait it has. */
  wanted: number;
  underWay: number;
  /** What a byte of what is asked for takes, queue and all; 0: not known. */
  msPerByte: number;
  /** What a unit of it takes, the queue before it not counted; 0: none has come yet. */
  usual: number;
  heardAt: number;
  /** When the last unit came. */
  servedAt: number;
  avoidUntil: number;
  /** There was nothing to be asked of it; before this it is not looked for again. */
  quietUntil: number;
}

/** The scheduler of one remote for one pass of a round. */
export class ExchangeSchedule {
  readonly #init: ScheduleInit;
  readonly #units: Unit[] = [];
  /** Ids of dropped units, to be used again. */
  readonly #free: number[] = [];
  /** Waiting units, in no order. */
  readonly #waiting: number[] = [];
  readonly #asked = new Map<number, Asked>();
  readonly #peers: Peer[] = [newPeer()];
  #live = 0;
  #underWay = 0;
  /** Units not to be asked of the master before some time. */
  readonly #notBefore = new Map<number, number>();
  /** From the master and not seen at a neighbour: since when, and whether that is too long. */
  readonly #unshared = new Map<number, { readonly since: number; late: boolean }>();
  #unsharedBytes = 0;
  #mayBeUnshared = FIRST_UNSHARED_BYTES;
  /** A unit was not taken by anybody for long, and none has been since: then there is nothing to wait for. */
  #isUntaken = false;
  #takenAt = Number.NEGATIVE_INFINITY;
  /** When something came last, or there was nothing to wait for. */
  #lastProgress = 0;
  #moveAfter = 0;
  #rescueAfter = 0;
  /** When the first was asked for, and whether something of any has come. */
  #askedAt = Number.NaN;
  #hasBegun = false;
  /** How often the master has said so without giving anything, and until when it is left alone. */
  #elsewhere = 0;
  #masterAfter = 0;

  constructor(init: ScheduleInit) {
    this.#init = init;
  }

  /** A neighbour that announces what it has. */
  addPeer(): Source {
    this.#live++;
    return this.#peers.push(newPeer()) - 1;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * As long as that, or longer where the links are so slow that nothing comes within it.
   *
   * @param of whose units are waited for: the master's, or those of the fastest neighbour
   */
  patience(ms: number, now: number, of: "master" | "neighbours" = "neighbours"): number {
    return longer(ms, this.#usual(of) || this.#soFar(now));
  }

  /** How long a unit takes; 0 while none has come. */
  #usual(of: "master" | "neighbours"): number {
    let usual = 0;
    for (let source = 1; of === "neighbours" && source < this.#peers.length; source++) {
      const peer = this.#peers[source];
      if (!peer.gone && peer.usual > 0 && (usual === 0 || peer.usual < usual)) usual = peer.usual;
    }
    return usual || this.#peers[MASTER].usual;
  }

  /** While the first one comes, it takes at least as long as it has by now; but that does not grow for as long as nothing comes. */
  #soFar(now: number): number {
    if (!this.#hasBegun) return 0;
    const most = Math.max(FIRST_UNIT_MS, GAP_FACTOR * (this.#lastProgress - this.#askedAt));
    return Math.min(now - this.#askedAt, most);
  }

  addUnit(init: UnitInit, now: number): number {
    const id = this.#free.pop() ?? this.#units.length;
    const { position, sharers, seed } = this.#init;
    if (this.#waiting.length === 0 && this.#asked.size === 0) this.#lastProgress = now;
    this.#units[id] = {
      init,
      own: isPart(init.at, position, sharers),
      shuffle: mix(seed, id),
      state: State.Waiting,
      holders: 0,
      place: this.#waiting.push(id) - 1,
    };
    this.#peers[MASTER].quietUntil = 0;
    return id;
  }

  /** Nobody needs the unit any more. */
  dropUnit(id: number): void {
    if (this.#units[id].state === State.Dropped) return;
    this.#settle(id, State.Dropped);
    this.#shared(id);
    for (let source = 1; source < this.#peers.length; source++) this.#forget(source, id);
    this.#free.push(id);
  }

  /** A neighbour has announced the unit. */
  has(source: Source, id: number): void {
    const peer = this.#peers[source];
    const unit = this.#units[id];
    if (peer.gone || unit.state === State.Dropped || holds(peer, id)) return;
    const word = id >>> 5;
    if (word >= peer.has.length) {
      const longer = new Uint32Array(Math.max(2 * peer.has.length, word + 1, (this.#units.length + 31) >>> 5));
      longer.set(peer.has);
      peer.has = longer;
    }
    peer.has[word] |= 1 << (id & 31);
    unit.holders++;
    if (unit.state === State.Waiting) peer.wanted++;
    if (this.#unshared.has(id)) this.#isUntaken = false;
    this.#shared(id);
  }

  /** Some neighbour has asked this remote for content. */
  taken(now: number): void {
    this.#takenAt = now;
    this.#isUntaken = false;
  }

  #shared(id: number): void {
    const unshared = this.#unshared.get(id);
    if (unshared === undefined) return;
    this.#unshared.delete(id);
    const { bytes } = this.#units[id].init;
    this.#unsharedBytes -= bytes;
    if (!unshared.late) this.#mayBeUnshared = Math.min(this.#mayBeUnshared + bytes, UNSHARED_BYTES);
  }

  /** The source has begun to send the unit: to ask another one for it would be to have it sent twice. */
  begun(id: number): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    asked.started = true;
    // Where little may be sent a second the first bytes take long.
    this.#hasBegun = true;
  }

  /** The request waits here for its turn, which is no silence of the source's. */
  heldBack(id: number): void {
    const asked = this.#asked.get(id);
    if (asked !== undefined) asked.isSent = false;
  }

  /** A request that was held back has gone out. */
  sent(id: number, now: number): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    asked.isSent = true;
    asked.at = now;
  }

  /** Bytes have come from the source, of this unit. */
  progress(id: number, now: number): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    asked.started = true;
    this.#hasBegun = true;
    this.#peers[asked.source].heardAt = now;
    this.#lastProgress = now;
  }

  /**
   * The unit has come and is verified.
   *
   * @param from the source it came from, where it may be another than the one that was asked last
   * @param isWanted some neighbour may lack it too
   */
  arrived(id: number, now: number, from?: Source, isWanted = true): void {
    const unit = this.#units[id];
    if (unit.state === State.Held || unit.state === State.Dropped) return;
    const asked = this.#asked.get(id);
    const source = from ?? asked?.source;
    if (asked !== undefined && asked.source === source) {
      const peer = this.#peers[source];
      const took = now - Math.max(asked.at, peer.servedAt);
      peer.usual = smoothed(peer.usual, took);
      peer.msPerByte = smoothed(peer.msPerByte, took / unit.init.bytes);
      peer.servedAt = now;
      peer.heardAt = now;
    }
    this.#settle(id, State.Held);
    this.#lastProgress = now;
    if (source === MASTER) this.#elsewhere = 0;
    if (source === MASTER && unit.holders === 0 && this.#live > 0 && isWanted) {
      this.#unshared.set(id, { since: now, late: false });
      this.#unsharedBytes += unit.init.bytes;
    }
  }

  /** It neither waits nor is asked for from now on. */
  #settle(id: number, state: State.Held | State.Dropped): void {
    const unit = this.#units[id];
    if (unit.state === State.Asked) this.#notAsked(id);
    else if (unit.state === State.Waiting) this.#notWaiting(id);
    unit.state = state;
    this.#notBefore.delete(id);
  }

  #notAsked(id: number): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    const { bytes } = this.#units[id].init;
    const peer = this.#peers[asked.source];
    peer.underWay -= bytes;
    peer.quietUntil = 0;
    this.#underWay -= bytes;
    this.#asked.delete(id);
  }

  #notWaiting(id: number): void {
    const { place } = this.#units[id];
    const last = this.#waiting.pop();
    if (last !== undefined && last !== id) {
      this.#waiting[place] = last;
      this.#units[last].place = place;
    }
    for (const peer of this.#peers) if (holds(peer, id)) peer.wanted--;
  }

  /** Asked no longer: back to those that wait. */
  #release(id: number): void {
    this.#notAsked(id);
    const unit = this.#units[id];
    unit.state = State.Waiting;
    unit.place = this.#waiting.push(id) - 1;
    for (const peer of this.#peers) {
      if (!holds(peer, id)) continue;
      peer.wanted++;
      peer.quietUntil = 0;
    }
    this.#peers[MASTER].quietUntil = 0;
  }

  /** The source does not have it any more, or, of the master: has given it to another remote just now. */
  refused(id: number, now: number): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#peers[asked.source].heardAt = now;
    this.#release(id);
    if (asked.source !== MASTER) {
      this.#forget(asked.source, id);
      return;
    }
    this.#notBefore.set(id, now + ELSEWHERE_MS);
    this.#masterAfter = now + Math.min(FIRST_PAUSE_MS * 2 ** this.#elsewhere++, ELSEWHERE_MS);
  }

  /** It was not answered, for no fault of the source. */
  released(id: number): void {
    if (this.#asked.has(id)) this.#release(id);
  }

  #forget(source: Source, id: number): void {
    const peer = this.#peers[source];
    if (!holds(peer, id)) return;
    peer.has[id >>> 5] &= ~(1 << (id & 31));
    const unit = this.#units[id];
    unit.holders--;
    if (unit.state === State.Waiting) peer.wanted--;
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
    this.#live--;
    for (let id = 0; id < this.#units.length; id++) this.#forget(source, id);
    const units = [...this.#asked].flatMap(([id, asked]) => (asked.source === source ? [id] : []));
    for (const id of units) this.#release(id);
    return units;
  }

  /**
   * Leaves neighbours alone for a while that owe something and have been silent for too long.
   *
   * @returns the units that were asked of them, to be cancelled there
   */
  stalled(now: number): { unit: number; source: Source }[] {
    const cancelled: { unit: number; source: Source }[] = [];
    const [least, most] = [this.patience(STALL_MS, now), this.patience(MAX_STALL_MS, now)];
    for (let source = 1; source < this.#peers.length; source++) {
      const peer = this.#peers[source];
      if (peer.gone || peer.underWay === 0) continue;
      let oldest = now;
      for (const asked of this.#asked.values())
        if (asked.source === source && asked.isSent) oldest = Math.min(oldest, asked.at);
      const usual = Math.min(STALL_FACTOR * peer.underWay * peer.msPerByte, most);
      if (now - Math.max(peer.heardAt, oldest) < Math.max(least, usual)) continue;
      peer.avoidUntil = now + AVOID_MS;
      peer.msPerByte *= 4;
      for (const [unit, asked] of [...this.#asked]) {
        if (asked.source !== source) continue;
        this.#release(unit);
        cancelled.push({ unit, source });
      }
    }
    return cancelled;
  }

  /** What to ask for now. The asks count as made. */
  next(now: number): Ask[] {
    const asks: Ask[] = [];
    if (this.#waiting.length === 0 && this.#asked.size === 0) return asks;
    this.#askPeers(now, asks);
    this.#askMaster(now, asks);
    if (this.#waiting.length === 0) this.#spread(now, asks);
    if (asks.length === 0 && now >= this.#rescueAfter) this.#rescue(now, asks);
    if (asks.length === 0 && now >= this.#moveAfter) this.#move(now, asks);
    return asks;
  }

  #ask(id: number, source: Source, now: number, asks: Ask[], insteadOf?: Source): void {
    const unit = this.#units[id];
    const peer = this.#peers[source];
    if (Number.isNaN(this.#askedAt)) this.#askedAt = now;
    this.#notWaiting(id);
    unit.state = State.Asked;
    peer.underWay += unit.init.bytes;
    this.#underWay += unit.init.bytes;
    const dueAt = now + peer.underWay * peer.msPerByte;
    this.#asked.set(id, { source, at: now, isSent: true, dueAt, started: false, holders: unit.holders });
    asks.push({ unit: id, source, insteadOf });
  }

  #fits(peer: Peer, bytes: number, window: number): boolean {
    if (this.#underWay > 0 && this.#underWay + bytes > TOTAL_WINDOW_BYTES) return false;
    return peer.underWay === 0 || peer.underWay + bytes <= window;
  }

  /** It has something to be asked for, and little enough is under way from it. */
  #isOpen(peer: Peer, now: number): boolean {
    if (peer.wanted === 0 || peer.gone || now < peer.avoidUntil || now < peer.quietUntil) return false;
    return peer.underWay === 0 || peer.underWay < peerWindow(peer);
  }

  /** Each neighbour that has room is asked, the least busy first, for the best that it has. */
  #askPeers(now: number, asks: Ask[]): void {
    // Of the fastest that may be asked; 0: of none is anything known.
    let least = 0;
    let open = false;
    for (let source = 1; source < this.#peers.length; source++) {
      const peer = this.#peers[source];
      if (peer.gone || now < peer.avoidUntil) continue;
      if (peer.msPerByte > 0 && (least === 0 || peer.msPerByte < least)) least = peer.msPerByte;
      open ||= this.#isOpen(peer, now);
    }
    while (open && this.#underWay < TOTAL_WINDOW_BYTES) {
      let source = 0;
      let soonest = Number.POSITIVE_INFINITY;
      for (let i = 1; i < this.#peers.length; i++) {
        const peer = this.#peers[i];
        if (!this.#isOpen(peer, now)) continue;
        const takes = (peer.underWay + FIRST_WINDOW_BYTES) * (peer.msPerByte || least);
        if (takes >= soonest) continue;
        soonest = takes;
        source = i;
      }
      if (source === 0) return;
      const id = this.#pick(source, least * SLOW_FACTOR, now);
      if (id === undefined) this.#peers[source].quietUntil = now + LOOK_AGAIN_MS;
      else this.#ask(id, source, now, asks);
    }
  }

  /** Of the units that wait and that the neighbour has: earlier blocks before later ones, rarest first. */
  #pick(source: Source, slow: number, now: number): number | undefined {
    const peer = this.#peers[source];
    const window = peerWindow(peer);
    let best: number | undefined;
    let bestUnit: Unit | undefined;
    for (const id of this.#waiting) {
      if (!holds(peer, id)) continue;
      const unit = this.#units[id];
      if (bestUnit !== undefined && !comesFirst(unit, bestUnit)) continue;
      if (!this.#fits(peer, unit.init.bytes, window)) continue;
      if (peer.msPerByte > slow && this.#hasFaster(id, slow, now)) continue;
      best = id;
      bestUnit = unit;
    }
    return best;
  }

  #hasFaster(id: number, slow: number, now: number): boolean {
    if (this.#units[id].holders < 2) return false;
    return this.#peers.some((peer) => holds(peer, id) && peer.msPerByte <= slow && now >= peer.avoidUntil);
  }

  /** The own part of each block first, then what nobody seems to have asked for. */
  #askMaster(now: number, asks: Ask[]): void {
    const master = this.#peers[MASTER];
    const window = this.#live === 0 ? ALONE_WINDOW_BYTES : MASTER_WINDOW_BYTES;
    while (now >= master.quietUntil && this.#mayAskMaster(now)) {
      let best: number | undefined;
      let bestUnit: Unit | undefined;
      for (const id of this.#waiting) {
        const unit = this.#units[id];
        if (bestUnit !== undefined && !isForMasterFirst(unit, bestUnit)) continue;
        if (unit.holders > 0 && this.#isHeldNear(id, now)) continue;
        // Alone, the one that comes first is waited for: else a long one would always find the window taken.
        if (this.#live > 0 && !this.#fits(master, unit.init.bytes, window)) continue;
        if ((this.#notBefore.get(id) ?? 0) > now) continue;
        best = id;
        bestUnit = unit;
      }
      const fits = bestUnit !== undefined && this.#fits(master, bestUnit.init.bytes, window);
      if (best === undefined || !fits) master.quietUntil = now + LOOK_AGAIN_MS;
      else this.#ask(best, MASTER, now, asks);
    }
  }

  /** A neighbour that may be asked has it. */
  #isHeldNear(id: number, now: number): boolean {
    return this.#peers.some((peer) => holds(peer, id) && now >= peer.avoidUntil);
  }

  #mayAskMaster(now: number): boolean {
    if (this.#waiting.length === 0 || now < this.#masterAfter) return false;
    // One at a time, while it is likely to be in vain.
    if (this.#elsewhere > 0 && this.#peers[MASTER].underWay > 0) return false;
    if (this.#live === 0) return true;
    if (this.#init.position < 0 && !this.#isLate(now)) return false;
    const { underWay } = this.#peers[MASTER];
    const [shareWithin, unsharedMs] = [this.patience(SHARE_WITHIN_MS, now), this.patience(UNSHARED_MS, now)];
    for (const [id, unshared] of this.#unshared) {
      if (now - unshared.since < shareWithin) break;
      if (!unshared.late) this.#mayBeUnshared /= 2;
      unshared.late = true;
      if (now - unshared.since < unsharedMs) continue;
      // Nobody but this remote lacks it, nor, in all likelihood, the next ones.
      this.#isUntaken = now - this.#takenAt >= unsharedMs;
      this.#shared(id);
    }
    if (this.#isUntaken) return true;
    const bytes = this.#unsharedBytes + underWay;
    return bytes === 0 || bytes < this.#mayBeUnshared;
  }

  /** Nothing has come for long. Where nothing is under way either, no first unit is to be waited for. */
  #isLate(now: number): boolean {
    const known = this.#peers[MASTER].usual || this.#usual("neighbours");
    const usual = known || (this.#asked.size > 0 ? this.#soFar(now) : 0);
    return now - this.#lastProgress > longer(PATIENCE_MS, usual);
  }

  /**
   * At the end, when nothing else is to be asked for: those that wait in one queue spread evenly over
   * those that have the unit by now.
   */
  #spread(now: number, asks: Ask[]): void {
    for (const [id, asked] of this.#asked) {
      const unit = this.#units[id];
      if (asked.started || unit.holders <= asked.holders) continue;
      asked.holders = unit.holders;
      // Everyone that waits throws dice of its own: one of so many goes to the new one.
      if (mix(unit.shuffle, unit.holders) % unit.holders !== 0) continue;
      const source = this.#peers.findIndex(
        (peer, i) =>
          i !== MASTER && i !== asked.source && peer.underWay === 0 && holds(peer, id) && now >= peer.avoidUntil,
      );
      if (source < 0) continue;
      this.#release(id);
      this.#ask(id, source, now, asks, asked.source);
    }
  }

  /** What has waited longest at a remote moves to the master, one unit at a time. */
  #rescue(now: number, asks: Ask[]): void {
    this.#rescueAfter = now + LOOK_AGAIN_MS;
    if (this.#init.position < 0 || this.#peers[MASTER].underWay > 0) return;
    let longest = this.patience(RESCUE_AFTER_MS, now);
    let found: number | undefined;
    for (const [id, asked] of this.#asked) {
      if (asked.started || !asked.isSent || now - asked.at < longest || (this.#notBefore.get(id) ?? 0) > now) continue;
      longest = now - asked.at;
      found = id;
    }
    const asked = found === undefined ? undefined : this.#asked.get(found);
    if (found === undefined || asked === undefined) return;
    this.#rescueAfter = now + ELSEWHERE_MS;
    this.#release(found);
    this.#ask(found, MASTER, now, asks, asked.source);
  }

  /** What waits in a long queue moves to whoever has it sooner. */
  #move(now: number, asks: Ask[]): void {
    this.#moveAfter = now + LOOK_AGAIN_MS;
    for (const [id, asked] of this.#asked) {
      const unit = this.#units[id];
      // What has begun to come stays, except at the end, where it holds up everything.
      if (unit.holders === 0 || (asked.started && this.#waiting.length > 0)) continue;
      const source = this.#soonest(id, now);
      if (source === undefined || source === asked.source) continue;
      const peer = this.#peers[source];
      const left = Math.max(asked.dueAt - now, 0) + (now - asked.at);
      const takes = (peer.underWay + unit.init.bytes) * peer.msPerByte;
      if (takes > left * (asked.started ? WORTH_TWICE : WORTH_MOVING)) continue;
      if (peer.underWay > 0 && peer.underWay + unit.init.bytes > peerWindow(peer)) continue;
      this.#release(id);
      this.#ask(id, source, now, asks, asked.source);
      return;
    }
  }

  /** Of the neighbours that have the unit, the one from which it would be here first. */
  #soonest(id: number, now: number): Source | undefined {
    const { bytes } = this.#units[id].init;
    let best: Source | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let source = 1; source < this.#peers.length; source++) {
      const peer = this.#peers[source];
      if (peer.gone || now < peer.avoidUntil || !holds(peer, id)) continue;
      const takes = (peer.underWay + bytes) * peer.msPerByte;
      if (takes >= least) continue;
      best = source;
      least = takes;
    }
    return best;
  }
}

function longer(ms: number, usual: number): number {
  return ms * Math.max(1, usual / USUAL_MS);
}

function newPeer(): Peer {
  return {
    gone: false,
    has: new Uint32Array(0),
    wanted: 0,
    underWay: 0,
    msPerByte: 0,
    usual: 0,
    heardAt: 0,
    servedAt: 0,
    avoidUntil: 0,
    quietUntil: 0,
  };
}

function holds(peer: Peer, id: number): boolean {
  return ((peer.has[id >>> 5] >>> (id & 31)) & 1) === 1;
}

function peerWindow({ msPerByte }: Peer): number {
  return msPerByte === 0 ? FIRST_WINDOW_BYTES : Math.min(WINDOW_MS / msPerByte, PEER_WINDOW_BYTES);
}

function comesFirst(one: Unit, other: Unit): boolean {
  const order = one.init.block - other.init.block || one.holders - other.holders || one.shuffle - other.shuffle;
  return order < 0;
}

function isForMasterFirst(one: Unit, other: Unit): boolean {
  const [a, b] = [one, other].map(({ init, own }) => init.block + (own ? 0 : OTHERS_LATER));
  if (a !== b) return a < b;
  return one.own ? one.init.at < other.init.at : one.shuffle < other.shuffle;
}

function isPart(at: number, position: number, sharers: number): boolean {
  return Math.min(Math.floor(at * sharers), sharers - 1) === position;
}

/** A whole number below 2^31 that depends on both, evenly spread (the finaliser of MurmurHash3). */
function mix(seed: number, value: number): number {
  let h = (seed ^ Math.imul(value + 1, 0x9e3779b1)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 1;
}
