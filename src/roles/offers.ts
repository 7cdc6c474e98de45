import { decodeRanges, rangesBytes } from "../model/content-ranges.ts";
import { type UnitName, unitKey } from "../model/content-units.ts";
import { sameDigest } from "../model/digest.ts";
import { LockstepError } from "../model/errors.ts";
import type { Channel } from "../ports/mesh.ts";
import type { ContentReader, Framing, OfferedChunk, OfferedFile } from "../ports/tree.ts";
import { haveFrame } from "../wire/content-frame.ts";
import { LIMITS } from "../wire/limits.ts";
import type { ContentRequest } from "../wire/messages.ts";

/** Packs of small files that are kept as they came, compressed or not; older ones are not offered any more. */
const KEPT_BYTES = 64 * 1024 * 1024;
/** Files of which chunks are offered, each with a descriptor; older ones are not offered any more. */
const KEPT_FILES = 256;
/** Announcements go at once, but no oftener than so; what comes meanwhile goes with the next. */
const ANNOUNCE_MS = 100;

type Frames = readonly Uint8Array<ArrayBuffer>[];

interface OfferedPack {
  /** As they were asked for. */
  readonly ranges: Uint8Array;
  readonly frames: Frames;
  readonly bytes: number;
}

/**
 * What this remote has verified and offers to others, until the pass ends. Small files are kept in
 * memory as the frames that they came in; chunks are read from their files.
 */
export class Offers {
  readonly #content: ContentReader;
  /** In the order in which they came. */
  readonly #packs = new Map<string, OfferedPack>();
  #packBytes = 0;
  readonly #chunks = new Map<string, OfferedChunk>();
  /** Names of the chunks of each file, in the order in which the files came. */
  readonly #files = new Map<OfferedFile, string[]>();
  readonly #units = new Map<number, UnitName[]>();
  /** Who is told of which statements, and what is to be told. */
  readonly #followers = new Map<Channel, Map<number, UnitName[]>>();
  #served = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Something is to be told when the timer ends. */
  #news = false;
  #ended = false;

  constructor(content: ContentReader) {
    this.#content = content;
  }

  /** A verified pack, as it came. */
  addPack(statement: number, unit: UnitName, ranges: Uint8Array, frames: Frames): void {
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    const own = unitKey(statement, unit);
    this.#packBytes -= this.#packs.get(own)?.bytes ?? 0;
    this.#packs.set(own, { ranges, frames, bytes });
    this.#packBytes += bytes;
    for (const [name, pack] of this.#packs) {
      if (this.#packBytes <= KEPT_BYTES) break;
      this.#packs.delete(name);
      this.#packBytes -= pack.bytes;
    }
    this.#announce(statement, unit);
  }

  /** A file of which chunks will be offered. */
  addFile(file: OfferedFile): void {
    this.#files.set(file, []);
    // Opened while the round came to its end: nobody would close it.
    if (this.#ended) this.#close([file]);
    const surplus = [...this.#files.keys()].slice(0, Math.max(0, this.#files.size - KEPT_FILES));
    this.#close(surplus);
  }

  /** A verified chunk of a file that was added. */
  addChunk(statement: number, unit: UnitName, chunk: OfferedChunk): void {
    const names = this.#files.get(chunk.file);
    if (names === undefined) return;
    const name = unitKey(statement, unit);
    names.push(name);
    this.#chunks.set(name, chunk);
    this.#announce(statement, unit);
  }

  #close(files: readonly OfferedFile[]): void {
    if (files.length === 0) return;
    for (const file of files) {
      for (const name of this.#files.get(file) ?? []) this.#chunks.delete(name);
      this.#files.delete(file);
    }
    // After the reads that are under way, as the reader does one thing after the other.
    void this.#content.closeOffered(files).catch(() => undefined);
  }

  /** From now on the peer is told what there is of the statement. */
  follow(channel: Channel, statement: number): void {
    let statements = this.#followers.get(channel);
    if (statements === undefined) {
      statements = new Map();
      this.#followers.set(channel, statements);
      channel.closed.addEventListener("abort", () => this.#followers.delete(channel), { once: true });
    }
    if (statements.size >= LIMITS.followedStatements) {
      throw new LockstepError("LOCKSTEP_TOO_LARGE", "a peer follows too many statements");
    }
    // Told of everything again and again it would be told without end.
    if (statements.has(statement)) return;
    statements.set(statement, [...(this.#units.get(statement) ?? [])]);
    this.#tellSoon();
  }

  /** How often something was asked for. */
  get served(): number {
    return this.#served;
  }

  /** Whether somebody wants to know of the statement. */
  isFollowed(statement: number): boolean {
    for (const statements of this.#followers.values()) if (statements.has(statement)) return true;
    return false;
  }

  #announce(statement: number, { index, offset }: UnitName): void {
    const unit = { index, offset };
    const units = this.#units.get(statement);
    if (units === undefined) this.#units.set(statement, [unit]);
    else units.push(unit);
    for (const statements of this.#followers.values()) statements.get(statement)?.push(unit);
    this.#tellSoon();
  }

  #tellSoon(): void {
    this.#news = true;
    if (this.#timer === undefined) this.#tell();
  }

  #tell(): void {
    this.#news = false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#news) this.#tell();
    }, ANNOUNCE_MS);
    for (const [channel, statements] of this.#followers) {
      for (const [statement, units] of statements) {
        while (units.length > 0) {
          const frame = haveFrame(statement, units.splice(0, LIMITS.unitsPerFrame));
          void channel.send(frame).catch(() => undefined);
        }
      }
    }
  }

  /** What was asked for, in frames; undefined when it is not here, or not any more. */
  async answer(request: ContentRequest, framing: Framing): Promise<Frames | undefined> {
    this.#served++;
    const { statement, unit, ranges } = request;
    if (unit === undefined) return undefined;
    const name = unitKey(statement, unit);
    const pack = this.#packs.get(name);
    // Each send writes its own header into the frame.
    if (pack !== undefined)
      return sameDigest(pack.ranges, ranges) ? pack.frames.map((frame) => frame.slice()) : undefined;
    const chunk = this.#chunks.get(name);
    if (chunk === undefined) return undefined;
    const parts = decodeRanges(ranges, LIMITS.rangesPerRequest);
    const isWithin = parts.every(
      ({ index, offset, length }) =>
        index === unit.index && offset >= chunk.offset && offset + length <= chunk.offset + chunk.length,
    );
    if (!isWithin || rangesBytes(parts) > chunk.length) {
      throw new LockstepError("LOCKSTEP_MALFORMED", "asked for other content than was announced");
    }
    return this.#content.readOffered(chunk, parts, framing);
  }

  /** Nothing is offered any more, nor will be. */
  end(): void {
    this.#ended = true;
    this.clear();
  }

  /** Nothing of what was offered is offered any more. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#packs.clear();
    this.#packBytes = 0;
    this.#units.clear();
    for (const statements of this.#followers.values()) statements.clear();
    this.#close([...this.#files.keys()]);
  }
}
