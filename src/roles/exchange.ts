import { type Ask, ExchangeSchedule, MASTER, type Source } from "../compare/exchange-schedule.ts";
import { type ContentRange, rangesBytes } from "../model/content-ranges.ts";
import { type ContentUnit, isPack, type UnitName, unitKey } from "../model/content-units.ts";
import { LockstepError, toLockstepError } from "../model/errors.ts";
import type { RoundId } from "../model/order.ts";
import type { PeerId } from "../model/role.ts";
import { spreadHash } from "../model/spread-hash.ts";
import type { Clock } from "../ports/clock.ts";
import type { Frame, Mesh } from "../ports/mesh.ts";
import type { Received, UnitState } from "../ports/tree.ts";
import { LIMITS } from "../wire/limits.ts";
import { ContentFetcher, type ListRequest, type UnderWay } from "./content-fetcher.ts";
import type { RateLimiter } from "./rate-limiter.ts";

export interface ExchangeInit {
  readonly mesh: Mesh;
  readonly round: RoundId;
  readonly master: PeerId;
  /** Remotes that announce what they have, and serve it. */
  readonly neighbours: readonly PeerId[];
  /** This remote's place among those that begin with a part each from the master; -1: none. */
  readonly position: number;
  readonly sharers: number;
  readonly download: RateLimiter;
  readonly clock: Clock;
  /** Whether some neighbour lacks content of the statement. */
  readonly isFollowed: (statement: number) => boolean;
  /** How often neighbours have asked this remote for content. */
  readonly served: () => number;
  /** Is told of a neighbour that is not to be trusted. */
  readonly warn: (warning: LockstepError) => void;
  /** When neighbours are connected to though nothing has come from the master yet; by default half a second. */
  readonly joinAfterMs?: number;
}

/** How one unit is taken. */
export interface UnitTransfer {
  readonly statement: number;
  readonly block: number;
  readonly unit: ContentUnit;
  /** Bytes of the block's content. */
  readonly blockBytes: number;
  /**
   * From here on it comes from this peer.
   *
   * @param missing all of it or, where the rest is here already, a part
   * @param asked what is asked for, the missing at least
   */
  begin(peer: PeerId, missing: readonly ContentRange[], asked: readonly ContentRange[]): void;
  take(frame: Frame, fromMaster: boolean): Promise<Received>;
  /** What is missing; what came in part is forgotten. */
  missing(): Promise<readonly ContentRange[]>;
}

interface Entry {
  readonly transfer: UnitTransfer;
  readonly name: string;
  ranges: readonly ContentRange[];
  bytes: number;
  /** Counts who was asked; what comes of an earlier attempt is nobody's. */
  attempt: number;
  /** Something of it has come in this attempt, or in one that ended. */
  touched: boolean;
  dirty: boolean;
  state: UnitState;
  /** Bytes that have come since the scheduler was told last. */
  came: number;
  /** A frame of it is being taken. */
  taking: boolean;
  /** Since when the master has said that others have it. */
  elsewhereSince: number | undefined;
  request: UnderWay | undefined;
  readonly done: (error?: Error) => void;
}

/** What neighbours have announced of a statement. */
interface Announced {
  /** Units that there can be. */
  readonly most: number;
  /** Who has announced which; gone when all that was needed is here. */
  sources: Map<string, Source[]> | undefined;
  readonly counts: Map<Source, number>;
}

const TICK_MS = 250;
/** Neighbours are connected to after this, though the master has sent nothing yet: it may be others' turn. */
const JOIN_AFTER_MS = 500;
/** Less than this is no progress: else one that sends a byte from time to time would never be left. */
const PROGRESS_BYTES = 32 * 1024;
/** A unit that others are said to have, and none announces, is asked of the master all the same after this. */
const ELSEWHERE_PATIENCE_MS = 10_000;
/** For so long after a neighbour was found out, what is said to be elsewhere may be what only that one was given. */
const FOUND_OUT_MS = 5_000;

/**
 * Brings units of content from wherever they are to be had: the scheduler decides, this carries it
 * out. One for each pass of a round.
 */
export class Exchange {
  readonly #init: ExchangeInit;
  readonly #schedule: ExchangeSchedule;
  readonly #master: ContentFetcher;
  readonly #sources: { readonly peer: PeerId; readonly fetcher: ContentFetcher }[] = [];
  readonly #entries = new Map<number, Entry>();
  readonly #ids = new Map<string, number>();
  /** Of each statement that was followed. */
  readonly #announced = new Map<number, Announced>();
  /** Neighbours that are gone, or not to be trusted. */
  readonly #left = new Set<Source>();
  /** Units that are here, by statement: dropped with it. */
  readonly #held = new Map<number, { readonly id: number; readonly name: string }[]>();
  #served = 0;
  #hasJoined = false;
  #joining: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #foundOutAt = Number.NEGATIVE_INFINITY;

  constructor(init: ExchangeInit) {
    this.#init = init;
    const { mesh, round, master, neighbours, position, sharers, download } = init;
    this.#schedule = new ExchangeSchedule({ position, sharers, seed: seedOf(mesh.self) });
    this.#master = new ContentFetcher({ mesh, peer: master, round, download, isShared: neighbours.length > 0 });
    this.#sources.push({ peer: master, fetcher: this.#master });
    for (const peer of neighbours) {
      const source = this.#schedule.addPeer();
      const announced = (statement: number, units: readonly UnitName[]): void => this.#take(source, statement, units);
      const broke = (error: LockstepError): void => this.#lost(source, error);
      const init = { mesh, peer, round, download, announced, broke, isShared: true };
      this.#sources.push({ peer, fetcher: new ContentFetcher(init) });
    }
  }

  /** Whether other remotes take part. */
  get isShared(): boolean {
    return this.#sources.length > 1;
  }

  /**
   * Chunks that may be asked for as one unit, in bytes; 0: each by itself. Others name single chunks, and a
   * limit downwards is kept by waiting before each request, so with long ones it would be kept in bursts.
   */
  get mostRunBytes(): number {
    return this.isShared || this.#init.download.isLimited ? 0 : LIMITS.contentBytesPerRequest;
  }

  /**
   * Asks the neighbours to announce what they have of a statement.
   *
   * @param most units that it can have
   */
  follow(statement: number, most: number): void {
    if (!this.isShared) return;
    this.#announced.set(statement, { most, sources: new Map(), counts: new Map() });
    if (this.#hasJoined) this.#followAtAll(statement);
    else if (this.#init.joinAfterMs === 0) this.#join();
    else this.#joining ??= setTimeout(() => this.#join(), this.#init.joinAfterMs ?? JOIN_AFTER_MS);
  }

  /**
   * Connects to the neighbours. Not before the master has begun to send: what they are asked for is what
   * they have from there, and many handshakes at once would hold it up on a busy host.
   */
  #join(): void {
    clearTimeout(this.#joining);
    if (this.#hasJoined || this.#stopped) return;
    this.#hasJoined = true;
    for (const statement of this.#announced.keys()) this.#followAtAll(statement);
  }

  #followAtAll(statement: number): void {
    for (const { fetcher } of this.#sources.slice(1)) fetcher.follow(statement);
  }

  /** All of the statement's units are here, or not needed any more. */
  forget(statement: number): void {
    const announced = this.#announced.get(statement);
    if (announced !== undefined) announced.sources = undefined;
    for (const { id, name } of this.#held.get(statement) ?? []) {
      this.#schedule.dropUnit(id);
      this.#ids.delete(name);
    }
    this.#held.delete(statement);
  }

  /** Asks the master for a list. */
  list(statement: number, what: ListRequest): Promise<Uint8Array[]> {
    return this.#master.list(statement, what);
  }

  /**
   * Brings a unit.
   *
   * @returns when nothing more of it is to be had; what did not come is found at the end of the block
   * @throws LockstepError when the master is gone
   */
  fetch(transfer: UnitTransfer): Promise<void> {
    const { unit, statement, block, blockBytes } = transfer;
    return new Promise<void>((resolve, reject) => {
      if (this.#stopped) {
        reject(ended());
        return;
      }
      const { bytes } = unit;
      const at = unit.at / Math.max(blockBytes, 1);
      const id = this.#schedule.addUnit({ bytes, block, at }, this.#now());
      const name = unitKey(statement, unit);
      this.#entries.set(id, {
        transfer,
        name,
        ranges: unit.ranges,
        bytes,
        attempt: 0,
        touched: false,
        dirty: false,
        state: "more",
        came: 0,
        taking: false,
        elsewhereSince: undefined,
        request: undefined,
        done: (error) => (error === undefined ? resolve() : reject(error)),
      });
      this.#ids.set(name, id);
      for (const source of this.#announced.get(statement)?.sources?.get(name) ?? []) this.#schedule.has(source, id);
      this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
      this.#pump();
    });
  }

  #now(): number {
    return this.#init.clock.elapsed();
  }

  /** A neighbour has announced units of a statement. */
  #take(source: Source, statement: number, units: readonly UnitName[]): void {
    const announced = this.#announced.get(statement);
    if (announced === undefined) throw new LockstepError("LOCKSTEP_MALFORMED", "announced what nobody asked about");
    // A frame counts as well: ones that name nothing would cost nothing else.
    const count = (announced.counts.get(source) ?? 0) + Math.max(units.length, 1);
    announced.counts.set(source, count);
    if (count > announced.most) {
      throw new LockstepError("LOCKSTEP_TOO_LARGE", "announced more content than there can be");
    }
    if (announced.sources === undefined || this.#left.has(source)) return;
    for (const unit of units) {
      const name = unitKey(statement, unit);
      const sources = announced.sources.get(name);
      if (sources === undefined) announced.sources.set(name, [source]);
      // Once more what was asked for in vain would be asked for again and again.
      else if (sources.includes(source)) continue;
      else sources.push(source);
      const id = this.#ids.get(name);
      if (id !== undefined) this.#schedule.has(source, id);
    }
    this.#pump();
  }

  #tick(): void {
    // While this host is busy with what has come, it hears nothing from there.
    for (const [id, entry] of this.#entries) if (entry.taking) this.#schedule.progress(id, this.#now());
    for (const { unit } of this.#schedule.stalled(this.#now())) this.#retract(unit);
    this.#pump();
  }

  /** What comes of the unit's attempt from here on is thrown away. */
  #retract(id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.attempt++;
    entry.request?.cancel();
    entry.request = undefined;
    entry.dirty ||= entry.touched;
    entry.state = "more";
    entry.came = 0;
    entry.taking = false;
  }

  #pump(): void {
    if (this.#stopped) return;
    const served = this.#init.served();
    if (served !== this.#served) this.#schedule.taken(this.#now());
    this.#served = served;
    for (const ask of this.#schedule.next(this.#now())) this.#start(ask);
    if (this.#entries.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #start({ unit: id, source, insteadOf }: Ask): void {
    const entry = this.#entries.get(id) as Entry;
    if (insteadOf !== undefined) this.#retract(id);
    entry.attempt++;
    entry.state = "more";
    void this.#attempt(id, entry, source, entry.attempt);
  }

  async #attempt(id: number, entry: Entry, source: Source, attempt: number): Promise<void> {
    const { transfer } = entry;
    const { peer, fetcher } = this.#sources[source];
    const isCurrent = (): boolean => entry.attempt === attempt && !this.#stopped;
    try {
      if (entry.dirty) {
        const ranges = await transfer.missing();
        if (!isCurrent()) return;
        [entry.dirty, entry.touched] = [false, false];
        entry.ranges = ranges;
        if (ranges.length === 0) return this.#finish(id, entry);
        entry.bytes = rangesBytes(ranges);
      }
      const { statement, unit } = transfer;
      // A remote gives a pack on as it has come, whole; also to one that has some of it already.
      const isWhole = source !== MASTER && isPack(unit);
      const { ranges, bytes } = isWhole ? unit : entry;
      transfer.begin(peer, entry.ranges, ranges);
      const { index, offset } = unit;
      const fresh = source === MASTER && this.isShared && this.#isPatient(entry);
      const request = { statement, unit: { index, offset }, ranges, bytes, fresh };
      const begun = (): void => {
        this.#join();
        if (isCurrent()) this.#schedule.begun(id);
      };
      const take = async (frame: Frame): Promise<void> => {
        this.#join();
        if (!isCurrent()) return;
        [entry.touched, entry.taking] = [true, true];
        const { state, bytes } = await transfer.take(frame, source === MASTER);
        if (!isCurrent()) return;
        entry.taking = false;
        entry.came += bytes;
        if (entry.came >= PROGRESS_BYTES) {
          entry.came = 0;
          this.#schedule.progress(id, this.#now());
        }
        this.#took(id, entry, source, state);
      };
      if (this.#init.download.isLimited) this.#schedule.heldBack(id);
      entry.request = fetcher.fetch(request, take, begun, () => {
        if (isCurrent()) this.#schedule.sent(id, this.#now());
      });
      const how = await entry.request.ended;
      if (isCurrent()) this.#ended(id, entry, source, how);
    } catch (error) {
      if (isCurrent()) this.#lost(source, toLockstepError(error));
    }
  }

  /** Whether the unit can wait for a remote that the master has given it to. */
  #isPatient({ elsewhereSince }: Entry): boolean {
    if (elsewhereSince === undefined) return true;
    const now = this.#now();
    const patience = this.#schedule.patience(ELSEWHERE_PATIENCE_MS, now, "master");
    return now - elsewhereSince < patience && now - this.#foundOutAt > FOUND_OUT_MS;
  }

  #took(id: number, entry: Entry, source: Source, state: UnitState): void {
    entry.state = state;
    if (state === "wrong") {
      this.#distrust(source, "sent something else than the master signed");
    } else if (state === "again") {
      this.#retract(id);
      this.#schedule.released(id);
      this.#pump();
    }
  }

  #ended(id: number, entry: Entry, source: Source, how: "sent" | "elsewhere"): void {
    if (how === "elsewhere") {
      if (source === MASTER) entry.elsewhereSince ??= this.#now();
      entry.attempt++;
      entry.dirty ||= entry.touched;
      this.#schedule.refused(id, this.#now());
      this.#pump();
    } else if (entry.state === "more" && source !== MASTER) {
      this.#distrust(source, "sent less than it had announced");
    } else this.#finish(id, entry);
  }

  #finish(id: number, entry: Entry): void {
    const { statement } = entry.transfer;
    this.#schedule.arrived(id, this.#now(), undefined, this.#init.isFollowed(statement));
    this.#entries.delete(id);
    const held = this.#held.get(statement);
    const { name } = entry;
    if (held === undefined) this.#held.set(statement, [{ id, name }]);
    else held.push({ id, name });
    entry.done();
    this.#pump();
  }

  /** The peer is not asked any more in this pass, and the report says why. */
  #distrust(source: Source, why: string): void {
    const { peer } = this.#sources[source];
    this.#foundOutAt = this.#now();
    this.#init.warn(
      new LockstepError("LOCKSTEP_CONTENT_MISMATCH", `${peer} ${why}; it was asked no more`, { host: peer }),
    );
    this.#leave(source);
  }

  #leave(source: Source): void {
    this.#left.add(source);
    const asked = this.#schedule.left(source);
    for (const id of asked) this.#retract(id);
    this.#sources[source].fetcher.stop();
    this.#pump();
  }

  /** A channel broke, or its peer broke the protocol. */
  #lost(source: Source, error: LockstepError): void {
    if (source === MASTER) this.#fail(error);
    else if (this.#left.has(source) || this.#stopped) return;
    else if (error.code === "LOCKSTEP_MALFORMED" || error.code === "LOCKSTEP_TOO_LARGE") {
      this.#distrust(source, `broke the protocol: ${error.message}`);
    } else this.#leave(source);
  }

  #fail(error: Error): void {
    for (const [id, entry] of this.#entries) {
      entry.attempt++;
      this.#schedule.dropUnit(id);
      entry.done(error);
    }
    this.#entries.clear();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    clearTimeout(this.#joining);
    this.#fail(ended());
    for (const { fetcher } of this.#sources) fetcher.stop();
  }
}

/** Remotes differ in what they choose first among equals. */
function seedOf(peer: PeerId): number {
  return spreadHash(Array.from(peer, (letter) => letter.charCodeAt(0)));
}

function ended(): LockstepError {
  return new LockstepError("LOCKSTEP_ABORTED", "the round has ended");
}
