import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { Level } from "level";
import { DIGEST_BYTES } from "../model/digest.ts";
import { SUITE } from "../model/suite.ts";
import type { CachedHashes, HashCache, HashKeys } from "../ports/store.ts";

/**
 * Records of 64 neighbouring inodes share a page: files made together have neighbouring inodes, so
 * a tree of 50,000 files takes some 800 reads instead of 50,000.
 */
const PAGE_INODES = 64;
/** Pages of the inodes that differ in their low 32 bits. */
const PAGES_OF_WORD = 2 ** 32 / PAGE_INODES;

// slot 1, suite 1, size 8, mtime 8+4, ctime 8+4, digest 32, crc32 4; little endian
const RECORD_BYTES = 70;
const AT_SUITE = 1;
const AT_SIZE = 2;
const AT_MTIME_SEC = 10;
const AT_MTIME_NSEC = 18;
const AT_CTIME_SEC = 22;
const AT_CTIME_NSEC = 30;
const AT_DIGEST = 34;
const AT_CRC = 66;

/**
 * A chunk list has a record of its own: suite 1, size 8, mtime 8+4, ctime 8+4 as above, then the list,
 * then the crc32. Its key is told from a page's by its length.
 */
const LIST_HEAD_BYTES = AT_DIGEST - AT_SUITE;
const CRC_BYTES = 4;

/**
 * What is asked for moves to the present generation of records; what nobody asked for in a whole generation goes
 * with it. So files that are gone are forgotten, also where their inode numbers are never used again (btrfs).
 * A key begins with its generation, which counts in a circle.
 */
const GENERATION_MS = 30 * 24 * 3600 * 1000;
const GENERATIONS = 254;
/** Where the generation stands: format 1, generation 1, beginning in milliseconds since 1970 (0: not known) 8, crc32 4. */
const AGE_KEY = Buffer.of(0xff);
const AGE_BYTES = 14;
/** Of the keys and records as they are here; what was written in another format is forgotten. */
const FORMAT = 1;

type CacheLevel = Level<Buffer, Buffer>;

interface Age {
  readonly generation: number;
  readonly since: number;
}

function encodeAge({ generation, since }: Age): Buffer {
  const bytes = Buffer.alloc(AGE_BYTES);
  bytes[0] = FORMAT;
  bytes[1] = generation;
  bytes.writeDoubleLE(since, 2);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 10)), 10);
  return bytes;
}

function decodeAge(bytes: Buffer | undefined): Age | undefined {
  if (bytes?.length !== AGE_BYTES || bytes[0] !== FORMAT || bytes[1] >= GENERATIONS) return undefined;
  if (bytes.readUInt32LE(10) !== crc32(bytes.subarray(0, 10))) return undefined;
  return { generation: bytes[1], since: bytes.readDoubleLE(2) };
}

const before = (generation: number): number => (generation + GENERATIONS - 1) % GENERATIONS;

function pageKey(generation: number, keys: HashKeys, i: number): Buffer {
  const key = Buffer.alloc(17);
  key[0] = generation;
  key.writeDoubleBE(keys.device[i], 1);
  key.writeUInt32BE(keys.inodeHigh[i], 9);
  key.writeUInt32BE(Math.floor(keys.inodeLow[i] / PAGE_INODES), 13);
  return key;
}

function listKey(generation: number, keys: HashKeys, i: number): Buffer {
  const key = Buffer.alloc(18);
  key[0] = generation;
  key.writeDoubleBE(keys.device[i], 1);
  key.writeUInt32BE(keys.inodeHigh[i], 9);
  key.writeUInt32BE(keys.inodeLow[i], 13);
  return key;
}

/** Writes suite, size and times so that they begin at `at + AT_SUITE`. */
function writeState(record: Buffer, at: number, keys: HashKeys, i: number): void {
  record[at + AT_SUITE] = SUITE.id;
  record.writeDoubleLE(keys.size[i], at + AT_SIZE);
  record.writeDoubleLE(keys.mtimeSec[i], at + AT_MTIME_SEC);
  record.writeUInt32LE(keys.mtimeNsec[i], at + AT_MTIME_NSEC);
  record.writeDoubleLE(keys.ctimeSec[i], at + AT_CTIME_SEC);
  record.writeUInt32LE(keys.ctimeNsec[i], at + AT_CTIME_NSEC);
}

function isState(record: Buffer, at: number, keys: HashKeys, i: number): boolean {
  return (
    record.readDoubleLE(at + AT_SIZE) === keys.size[i] &&
    record.readDoubleLE(at + AT_MTIME_SEC) === keys.mtimeSec[i] &&
    record.readUInt32LE(at + AT_MTIME_NSEC) === keys.mtimeNsec[i] &&
    record.readDoubleLE(at + AT_CTIME_SEC) === keys.ctimeSec[i] &&
    record.readUInt32LE(at + AT_CTIME_NSEC) === keys.ctimeNsec[i]
  );
}

function writeRecord(page: Buffer, at: number, keys: HashKeys, i: number, digests: Uint8Array): void {
  page[at] = keys.inodeLow[i] % PAGE_INODES;
  writeState(page, at, keys, i);
  page.set(digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES), at + AT_DIGEST);
  page.writeUInt32LE(crc32(page.subarray(at, at + AT_CRC)), at + AT_CRC);
}

function matches(page: Buffer, at: number, keys: HashKeys, i: number): boolean {
  return (
    page[at + AT_SUITE] === SUITE.id &&
    isState(page, at, keys, i) &&
    page.readUInt32LE(at + AT_CRC) === crc32(page.subarray(at, at + AT_CRC))
  );
}

/** Offset of the slot's record in a page, or -1. */
function findSlot(page: Buffer, slot: number): number {
  for (let at = 0; at + RECORD_BYTES <= page.length; at += RECORD_BYTES) if (page[at] === slot) return at;
  return -1;
}

/** Takes over the digests of a page's records that are of just these states. */
function findDigests(
  page: Buffer | undefined,
  keys: HashKeys,
  indexes: readonly number[],
  known: Uint8Array,
  digests: Uint8Array,
): void {
  if (page === undefined) return;
  const offsets = new Int32Array(PAGE_INODES).fill(-1);
  for (let at = 0; at + RECORD_BYTES <= page.length; at += RECORD_BYTES) {
    // Of two the one that is written.
    if (page[at] < PAGE_INODES && offsets[page[at]] < 0) offsets[page[at]] = at;
  }
  for (const i of indexes) {
    const at = offsets[keys.inodeLow[i] % PAGE_INODES];
    if (at < 0 || !matches(page, at, keys, i)) continue;
    known[i] = 1;
    digests.set(page.subarray(at + AT_DIGEST, at + AT_CRC), i * DIGEST_BYTES);
  }
}

/** The chunk list of a record that is sound, and of the state asked for. */
function listOf(record: Buffer, keys: HashKeys, i: number, match: "exact" | "inode"): Uint8Array | undefined {
  if (record.length < LIST_HEAD_BYTES + CRC_BYTES) return undefined;
  const end = record.length - CRC_BYTES;
  if (record.readUInt32LE(end) !== crc32(record.subarray(0, end)) || record[0] !== SUITE.id) return undefined;
  if (match === "exact" && !isState(record, -AT_SUITE, keys, i)) return undefined;
  return new Uint8Array(record.subarray(LIST_HEAD_BYTES, end));
}

interface Page {
  readonly key: Buffer;
  readonly indexes: number[];
}

function byPage(generation: number, keys: HashKeys, wanted: (i: number) => boolean): Page[] {
  // Numbers as keys: for tens of thousands of files strings would take longer to make than to look up.
  const devices = new Map<number, Map<number, Page>>();
  const all: Page[] = [];
  for (let i = 0; i < keys.size.length; i++) {
    if (!wanted(i)) continue;
    const pages = devices.get(keys.device[i]) ?? new Map<number, Page>();
    if (pages.size === 0) devices.set(keys.device[i], pages);
    const id = keys.inodeHigh[i] * PAGES_OF_WORD + Math.floor(keys.inodeLow[i] / PAGE_INODES);
    const page = pages.get(id);
    if (page === undefined) {
      const made = { key: pageKey(generation, keys, i), indexes: [i] };
      pages.set(id, made);
      all.push(made);
    } else page.indexes.push(i);
  }
  return all;
}

/** The hash cache in LevelDB. Damage is answered by forgetting: the cache is only a hint. */
export class LevelHashCache implements HashCache {
  readonly #location: string;
  #level: CacheLevel;
  #age: Age;
  /** Whether there may be something of the generation before. */
  #hasOlder = true;
  /** Stores read a page, change it and write it: two at once would undo each other. */
  #storing: Promise<void> = Promise.resolve();
  #forgetting: Promise<void> | undefined;

  private constructor(location: string, [level, age]: readonly [CacheLevel, Age]) {
    this.#location = location;
    this.#level = level;
    this.#age = age;
  }

  /** Opens the cache at this directory; a damaged one is deleted and begun anew. */
  static async open(location: string): Promise<LevelHashCache> {
    return new LevelHashCache(location, await LevelHashCache.#openLevel(location));
  }

  static async #openLevel(location: string): Promise<[CacheLevel, Age]> {
    // Digests are nothing that could be compressed.
    const options = { keyEncoding: "buffer", valueEncoding: "buffer", compression: false } as const;
    const level: CacheLevel = new Level(location, options);
    try {
      await level.open();
      return [level, await LevelHashCache.#readAge(level)];
    } catch (error) {
      const cause = (error as { cause?: { code?: string } }).cause?.code;
      if (cause === "LEVEL_LOCKED") throw error;
      await level.close().catch(() => undefined);
      rmSync(location, { recursive: true, force: true });
      const fresh: CacheLevel = new Level(location, options);
      await fresh.open();
      return [fresh, await LevelHashCache.#readAge(fresh)];
    }
  }

  static async #readAge(level: CacheLevel): Promise<Age> {
    const known = decodeAge(await level.get(AGE_KEY));
    if (known !== undefined) return known;
    const age = { generation: 0, since: 0 };
    await level.clear();
    await level.put(AGE_KEY, encodeAge(age));
    return age;
  }

  /** Whoever meets damage while it is being put right waits for that. Never fails: without a cache more is read. */
  #forget(): Promise<void> {
    this.#forgetting ??= this.#beginAnew()
      .catch(() => undefined)
      .finally(() => {
        this.#forgetting = undefined;
      });
    return this.#forgetting;
  }

  async #beginAnew(): Promise<void> {
    await this.#level.close().catch(() => undefined);
    // Not the directory itself, which may be a file system of its own.
    for (const name of readdirSync(this.#location))
      rmSync(join(this.#location, name), { recursive: true, force: true });
    [this.#level, this.#age] = await LevelHashCache.#openLevel(this.#location);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#storing.then(work);
    this.#storing = done.catch(() => undefined);
    return done;
  }

  /** Generations in which a record may be, the present one first. */
  get #generations(): readonly number[] {
    const { generation } = this.#age;
    return this.#hasOlder ? [generation, before(generation)] : [generation];
  }

  async lookup(keys: HashKeys): Promise<CachedHashes> {
    const count = keys.size.length;
    const [present, older] = [new Uint8Array(count), new Uint8Array(count)];
    const digests = new Uint8Array(count * DIGEST_BYTES);
    const known = (i: number): boolean => present[i] === 1 || older[i] === 1;
    try {
      for (const [g, generation] of this.#generations.entries()) {
        const pages = byPage(generation, keys, (i) => !known(i));
        if (pages.length === 0) break;
        const values = await this.#level.getMany(pages.map((page) => page.key));
        const found = g === 0 ? present : older;
        for (const [p, page] of pages.entries()) findDigests(values[p], keys, page.indexes, found, digests);
      }
    } catch {
      await this.#forget();
      return { known: new Uint8Array(count), digests };
    }
    // Who asked for them may give the digests away meanwhile.
    if (older.includes(1)) void this.store(keys, { known: older, digests: digests.slice() });
    return { known: present.map((_, i) => (known(i) ? 1 : 0)), digests };
  }

  store(keys: HashKeys, hashes: CachedHashes): Promise<void> {
    return this.#inTurn(() => this.#store(keys, hashes));
  }

  async #store(keys: HashKeys, hashes: CachedHashes): Promise<void> {
    const pages = byPage(this.#age.generation, keys, (i) => hashes.known[i] === 1);
    try {
      const values = await this.#level.getMany(pages.map((page) => page.key));
      const batch = pages.map(({ key, indexes }, p) => {
        const old = values[p] ?? Buffer.alloc(0);
        // Of a page that was cut, the last whole record ends the grid.
        const length = old.length - (old.length % RECORD_BYTES);
        const whole = old.subarray(0, length);
        // The names of a link group come as the same inode several times; it has one record.
        const latest = new Map(indexes.map((i) => [keys.inodeLow[i] % PAGE_INODES, i]));
        const places = [...latest].map(([slot, i]) => ({ at: findSlot(whole, slot), i }));
        const page = Buffer.alloc(length + places.filter(({ at }) => at < 0).length * RECORD_BYTES);
        old.copy(page, 0, 0, length);
        let end = length;
        for (const { at, i } of places) {
          writeRecord(page, at < 0 ? end : at, keys, i, hashes.digests);
          if (at < 0) end += RECORD_BYTES;
        }
        return { type: "put" as const, key, value: page };
      });
      await this.#level.batch(batch);
    } catch {
      await this.#forget();
    }
  }

  async lookupChunks(keys: HashKeys, match: "exact" | "inode"): Promise<(Uint8Array | undefined)[]> {
    const count = keys.size.length;
    const lists: (Uint8Array | undefined)[] = Array.from({ length: count }, () => undefined);
    const moving: { type: "put"; key: Buffer; value: Buffer }[] = [];
    const { generation: present } = this.#age;
    try {
      for (const generation of this.#generations) {
        const wanted = [...lists.keys()].filter((i) => lists[i] === undefined);
        if (wanted.length === 0) break;
        const values = await this.#level.getMany(wanted.map((i) => listKey(generation, keys, i)));
        for (const [w, i] of wanted.entries()) {
          const record = values[w];
          lists[i] = record === undefined ? undefined : listOf(record, keys, i, match);
          if (record !== undefined && lists[i] !== undefined && generation !== present)
            moving.push({ type: "put", key: listKey(present, keys, i), value: record });
        }
      }
    } catch {
      await this.#forget();
      return Array.from({ length: count }, () => undefined);
    }
    if (moving.length > 0) void this.#inTurn(() => this.#write(moving));
    return lists;
  }

  storeChunks(keys: HashKeys, lists: readonly Uint8Array[]): Promise<void> {
    return this.#inTurn(() =>
      this.#write(
        lists.map((list, i) => {
          const record = Buffer.alloc(LIST_HEAD_BYTES + list.length + CRC_BYTES);
          writeState(record, -AT_SUITE, keys, i);
          record.set(list, LIST_HEAD_BYTES);
          const end = record.length - CRC_BYTES;
          record.writeUInt32LE(crc32(record.subarray(0, end)), end);
          return { type: "put" as const, key: listKey(this.#age.generation, keys, i), value: record };
        }),
      ),
    );
  }

  async #write(batch: { type: "put"; key: Buffer; value: Buffer }[]): Promise<void> {
    try {
      await this.#level.batch(batch);
    } catch {
      await this.#forget();
    }
  }

  /**
   * Forgets what nobody has asked for in the last month or two; to be called now and then.
   *
   * @param now milliseconds since 1970
   */
  retire(now: number): Promise<void> {
    return this.#inTurn(async () => {
      try {
        const { generation, since } = this.#age;
        // A clock that was put back must not keep everything for good.
        const isBegun = since > 0 && since <= now;
        if (isBegun && now - since < GENERATION_MS) return;
        const next = { generation: isBegun ? (generation + 1) % GENERATIONS : generation, since: now };
        await this.#level.put(AGE_KEY, encodeAge(next));
        this.#age = next;
        this.#hasOlder = true;
        if (isBegun) await this.#clearBut(next.generation, generation);
      } catch {
        await this.#forget();
      }
    });
  }

  /** Also what an earlier clearing that was cut short has left. */
  async #clearBut(...kept: readonly number[]): Promise<void> {
    const [low, high] = [...kept].sort((a, b) => a - b);
    for (const [from, to] of [
      [0, low],
      [low + 1, high],
      [high + 1, AGE_KEY[0]],
    ])
      if (from < to) await this.#level.clear({ gte: Buffer.of(from), lt: Buffer.of(to) });
  }

  async close(): Promise<void> {
    await this.#storing;
    await this.#level.close();
  }
}
