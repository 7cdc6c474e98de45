import { existsSync, writeFileSync } from "node:fs";
import { Level } from "level";
import { LockstepError } from "../model/errors.ts";
import type { RoundReport } from "../model/report.ts";
import type { ApplyJournal, StateStore } from "../ports/store.ts";

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
 */
export class LevelStateStore implements StateStore {
  readonly #level: StateLevel;

  private constructor(level: StateLevel) {
    this.#level = level;
  }

  /**
   * @throws LockstepError `LOCKSTEP_STATE_LOCKED` when another node uses the directory,
   * `LOCKSTEP_STATE_UNUSABLE` when it is damaged: unlike the cache it is never begun anew silently
   */
  static async open(location: string): Promise<LevelStateStore> {
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
      throw new LockstepError(
        "LOCKSTEP_STATE_UNUSABLE",
        `the state in ${location} cannot be opened (${why}); ${then}`,
        {
          cause: error,
        },
      );
    }
    const store = new LevelStateStore(level);
    // LevelDB opens a directory that lost its CURRENT file as an empty one, without a word.
    if ((await level.get(SENTINEL)) === undefined) {
      if (existsSync(marker)) {
        await level.close();
        throw new LockstepError("LOCKSTEP_STATE_UNUSABLE", `the state in ${location} has lost its content; ${advice}`);
      }
      await store.#put(SENTINEL, FORMAT);
      writeFileSync(marker, "");
    }
    return store;
  }

  async #put(key: string, value: Value): Promise<void> {
    const valueEncoding = typeof value === "string" ? "utf8" : "view";
    try {
      await this.#level.batch([{ type: "put", key, value, valueEncoding }], { sync: true });
    } catch (error) {
      const { message, cause } = error as Error & { cause?: Error };
      const why = `the state directory cannot be written: ${cause?.message ?? message}`;
      throw new LockstepError("LOCKSTEP_STATE_UNUSABLE", `${why}; is there room, and may the node write there?`, {
        cause: error,
      });
    }
  }

  async assignments(): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    const range = { gt: "assignment!", lt: "assignment~", valueEncoding: "view" } as const;
    for await (const [key, value] of this.#level.iterator<string, Uint8Array>(range)) {
      found.set(key.slice("assignment!".length), value);
    }
    return found;
  }

  putAssignment(root: string, envelope: Uint8Array): Promise<void> {
    return this.#put(`assignment!${root}`, envelope);
  }

  async highestSequence(key: string): Promise<number> {
    return Number((await this.#level.get(`sequence!${key}`)) ?? 0);
  }

  putHighestSequence(key: string, sequence: number): Promise<void> {
    return this.#put(`sequence!${key}`, String(sequence));
  }

  journal(root: string): ApplyJournal {
    const prefix = `journal!${root}!`;
    const range = { gt: prefix, lt: `journal!${root}"`, valueEncoding: "view" } as const;
    return {
      write: (part, bytes) => this.#put(`${prefix}${String(part).padStart(8, "0")}`, bytes),
      read: async () => {
        const parts: Uint8Array[] = [];
        for await (const value of this.#level.values<string, Uint8Array>(range)) parts.push(value);
        return parts;
      },
      clear: () => this.#level.clear({ gt: range.gt, lt: range.lt }),
    };
  }

  async lastRound(root: string): Promise<RoundReport | undefined> {
    const json = await this.#level.get(`round!${root}`);
    return json === undefined ? undefined : (JSON.parse(String(json)) as RoundReport);
  }

  putLastRound(root: string, report: RoundReport): Promise<void> {
    return this.#put(`round!${root}`, JSON.stringify(report));
  }

  async close(): Promise<void> {
    await this.#level.close();
  }
}
