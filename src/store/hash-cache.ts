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

type CacheLevel = Level<Buffer, Buffer>;

function pageKey(keys: HashKeys, i: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeDoubleBE(keys.device[i], 0);
  key.writeUInt32BE(keys.inodeHigh[i], 8);
  key.writeUInt32BE(Math.floor(keys.inodeLow[i] / PAGE_INODES), 12);
  return key;
}

function listKey(keys: HashKeys, i: number): Buffer {
  const key = Buffer.alloc(17);
  key.writeDoubleBE(keys.device[i], 0);
  key.writeUInt32BE(keys.inodeHigh[i], 8);
  key.writeUInt32BE(keys.inodeLow[i], 12);
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

interface Page {
  readonly key: Buffer;
  readonly indexes: number[];
}

function byPage(keys: HashKeys, wanted: (i: number) => boolean): Page[] {
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
      const made = { key: pageKey(keys, i), indexes: [i] };
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
  /** Stores read a page, change it and write it: two at once would undo each other. */
  #storing: Promise<void> = Promise.resolve();
  #forgetting: Promise<void> | undefined;

  private constructor(location: string, level: CacheLevel) {
    this.#location = location;
    this.#level = level;
  }

  /** Opens the cache at this directory; a damaged one is deleted and begun anew. */
  static async open(location: string): Promise<LevelHashCache> {
    return new LevelHashCache(location, await LevelHashCache.#openLevel(location));
  }

  static async #openLevel(location: string): Promise<CacheLevel> {
    // Digests are nothing that could be compressed.
    const options = { keyEncoding: "buffer", valueEncoding: "buffer", compression: false } as const;
    const level: CacheLevel = new Level(location, options);
    try {
      await level.open();
      return level;
    } catch (error) {
      const cause = (error as { cause?: { code?: string } }).cause?.code;
      if (cause === "LEVEL_LOCKED") throw error;
      rmSync(location, { recursive: true, force: true });
      const fresh: CacheLevel = new Level(location, options);
      await fresh.open();
      return fresh;
    }
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
    this.#level = await LevelHashCache.#openLevel(this.#location);
  }

  async lookup(keys: HashKeys): Promise<CachedHashes> {
    const count = keys.size.length;
    const known = new Uint8Array(count);
    const digests = new Uint8Array(count * DIGEST_BYTES);
    const pages = byPage(keys, () => true);
    let values: (Buffer | undefined)[];
    try {
      values = await this.#level.getMany(pages.map((page) => page.key));
    } catch {
      await this.#forget();
      return { known, digests };
    }
    for (const [p, { indexes }] of pages.entries()) {
      const page = values[p];
      if (page === undefined) continue;
      const offsets = new Int32Array(PAGE_INODES).fill(-1);
      for (let at = 0; at + RECORD_BYTES <= page.length; at += RECORD_BYTES) offsets[page[at] % PAGE_INODES] = at;
      for (const i of indexes) {
        const at = offsets[keys.inodeLow[i] % PAGE_INODES];
        if (at < 0 || !matches(page, at, keys, i)) continue;
        known[i] = 1;
        digests.set(page.subarray(at + AT_DIGEST, at + AT_CRC), i * DIGEST_BYTES);
      }
    }
    return { known, digests };
  }

  store(keys: HashKeys, hashes: CachedHashes): Promise<void> {
    const done = this.#storing.then(() => this.#store(keys, hashes));
    this.#storing = done.catch(() => undefined);
    return done;
  }

  async #store(keys: HashKeys, hashes: CachedHashes): Promise<void> {
    const pages = byPage(keys, (i) => hashes.known[i] === 1);
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
    let values: (Buffer | undefined)[];
    try {
      values = await this.#level.getMany(Array.from(keys.size, (_, i) => listKey(keys, i)));
    } catch {
      await this.#forget();
      return Array.from(keys.size, () => undefined);
    }
    return values.map((record, i) => {
      if (record === undefined || record.length < LIST_HEAD_BYTES + CRC_BYTES) return undefined;
      const end = record.length - CRC_BYTES;
      if (record.readUInt32LE(end) !== crc32(record.subarray(0, end)) || record[0] !== SUITE.id) return undefined;
      if (match === "exact" && !isState(record, -AT_SUITE, keys, i)) return undefined;
      return new Uint8Array(record.subarray(LIST_HEAD_BYTES, end));
    });
  }

  async storeChunks(keys: HashKeys, lists: readonly Uint8Array[]): Promise<void> {
    const batch = lists.map((list, i) => {
      const record = Buffer.alloc(LIST_HEAD_BYTES + list.length + CRC_BYTES);
      writeState(record, -AT_SUITE, keys, i);
      record.set(list, LIST_HEAD_BYTES);
      const end = record.length - CRC_BYTES;
      record.writeUInt32LE(crc32(record.subarray(0, end)), end);
      return { type: "put" as const, key: listKey(keys, i), value: record };
    });
    try {
      await this.#level.batch(batch);
    } catch {
      await this.#forget();
    }
  }

  async close(): Promise<void> {
    await this.#level.close();
  }
}
