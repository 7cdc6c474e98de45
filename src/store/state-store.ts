import { existsSync, writeFileSync } from "node:fs";
import { Level } from "level";
import { LockstepError } from "../model/errors.ts";
import type { RoundReport } from "../model/report.ts";
import type { ApplyJournal, MountRecord, StateStore } from "../ports/store.ts";

type Value = string | Uint8Array;
type StateLevel = Level<string, Value>;

/** What keeps a state from being opened that is whole (strerror(3)). */
const NO_DAMAGE = /No space left|Permission denied|Read-only file system|Too many open files|Disk quota/;

/** Present in every state that was ever opened. */
const SENTINEL = "format";
const FORMAT = "1";

/**
 * What a node must not forget, in LevelDB, each write synced: assignments and the highest sequence
 * guard against replayed messages.
 *
 * After a write that failed LevelDB is closed and opened again before anything else. It would go on behind the
 * record that was cut off, say that all is written, and drop what follows that record at the next start; and after a
 * sync that failed it would never write again.
 */
export class LevelStateStore implements StateStore {
  readonly #location: string;
  #level: StateLevel;
  /** A write failed since it was opened. */
  #isFaulty = false;
  /** The last of the operations, which come one after the other: none is to follow one that fails. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(location: string, level: StateLevel) {
    this.#location = location;
    this.#level = level;
  }

  /**
   * @throws LockstepError `LOCKSTEP_STATE_LOCKED` when another node uses the directory,
   * `LOCKSTEP_STATE_UNUSABLE` when it is damaged: unlike the cache it is never begun anew silently
   */
  static async open(location: string): Promise<LevelStateStore> {
    return new LevelStateStore(location, await openLevel(location));
  }

  /** Runs when all before it have ended, on a level that can be relied on. */
  #run<T>(operation: (level: StateLevel) => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => operation(await this.#sound()));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #sound(): Promise<StateLevel> {
    if (!this.#isFaulty || this.#isClosed) return this.#level;
    await this.#level.close();
    this.#level = await openLevel(this.#location);
    this.#isFaulty = false;
    return this.#level;
  }

  #write(operation: (level: StateLevel) => Promise<void>): Promise<void> {
    return this.#run(async (level) => {
      try {
        await operation(level);
      } catch (error) {
        this.#isFaulty = true;
        throw unwritable(error as Error);
      }
    });
  }

  #put(key: string, value: Value): Promise<void> {
    return this.#write((level) => put(level, key, value));
  }

  async assignments(): Promise<Map<string, Uint8Array>> {
    const range = { gt: "assignment!", lt: "assignment~", valueEncoding: "view" } as const;
    const found = await this.#run((level) => level.iterator<string, Uint8Array>(range).all());
    return new Map(found.map(([key, value]) => [key.slice("assignment!".length), value]));
  }

  putAssignment(root: string, envelope: Uint8Array): Promise<void> {
    return this.#put(`assignment!${root}`, envelope);
  }

  async highestSequence(key: string): Promise<number> {
    return Number((await this.#run((level) => level.get(`sequence!${key}`))) ?? 0);
  }

  putHighestSequence(key: string, sequence: number): Promise<void> {
    return this.#put(`sequence!${key}`, String(sequence));
  }

  journal(root: string): ApplyJournal {
    const prefix = `journal!${root}!`;
    const range = { gt: prefix, lt: `journal!${root}"`, valueEncoding: "view" } as const;
    return {
      write: (part, bytes) => this.#put(`${prefix}${String(part).padStart(8, "0")}`, bytes),
      read: () => this.#run((level) => level.values<string, Uint8Array>(range).all()),
      clear: () => this.#write((level) => level.clear({ gt: range.gt, lt: range.lt })),
    };
  }

  mount(root: string): MountRecord {
    const key = `mount!${root}`;
    return {
      read: async () => {
        const record = /^(\d+) (.+)$/s.exec(String((await this.#run((level) => level.get(key))) ?? ""));
        return record === null ? undefined : { path: record[2], since: Number(record[1]) };
      },
      write: (mounted) => this.#put(key, mounted === undefined ? "" : `${mounted.since} ${mounted.path}`),
    };
  }

  async lastRound(root: string): Promise<RoundReport | undefined> {
    const json = await this.#run((level) => level.get(`round!${root}`));
    return json === undefined ? undefined : (JSON.parse(String(json)) as RoundReport);
  }

  putLastRound(root: string, report: RoundReport): Promise<void> {
    return this.#put(`round!${root}`, JSON.stringify(report));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
    await this.#level.close();
  }
}

async function openLevel(location: string): Promise<StateLevel> {
  const marker = `${location}.made`;
  const advice = `restore it, or remove it and ${marker} and assign again`;
  const level: StateLevel = new Level(location, { valueEncoding: "utf8" });
  try {
    await level.open();
  } catch (error) {
    const cause = (error as { cause?: { code?: string; message?: string } }).cause;
    if (cause?.code === "LEVEL_LOCKED") {
      throw new LockstepError("LOCKSTEP_STATE_LOCKED", "another node is running with this --data directory", {
        cause: error,
      });
    }
    const why = cause?.message ?? String(error);
    const then = NO_DAMAGE.test(why) ? "nothing of it is damaged" : advice;
    throw new LockstepError("LOCKSTEP_STATE_UNUSABLE", `the state in ${location} cannot be opened (${why}); ${then}`, {
      cause: error,
    });
  }
  // LevelDB opens a directory that lost its CURRENT file as an empty one, without a word.
  if ((await level.get(SENTINEL)) === undefined) {
    if (existsSync(marker)) {
      await level.close();
      throw new LockstepError("LOCKSTEP_STATE_UNUSABLE", `the state in ${location} has lost its content; ${advice}`);
    }
    try {
      await put(level, SENTINEL, FORMAT);
      writeFileSync(marker, "");
    } catch (error) {
      await level.close();
      throw unwritable(error as Error);
    }
  }
  return level;
}

async function put(level: StateLevel, key: string, value: Value): Promise<void> {
  const valueEncoding = typeof value === "string" ? "utf8" : "view";
  await level.batch([{ type: "put", key, value, valueEncoding }], { sync: true });
}

function unwritable(error: Error): LockstepError {
  const { message } = error.cause instanceof Error ? error.cause : error;
  const why = `the state directory cannot be written: ${message}; is there room, and may the node write there?`;
  return new LockstepError("LOCKSTEP_STATE_UNUSABLE", why, { cause: error });
}
