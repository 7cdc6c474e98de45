import type { BytePath } from "../model/path.ts";
import type { HostLink } from "./host-link.ts";

/** The master's statements of absence, for groups of paths to be deleted. */
export class AbsenceStatements {
  readonly #master: HostLink;
  readonly #groups: readonly (readonly BytePath[])[];
  readonly #asked = new Map<number, Promise<Uint8Array>>();

  constructor(master: HostLink, groups: readonly (readonly BytePath[])[]) {
    this.#master = master;
    this.#groups = groups;
  }

  /** Statements that cover these paths, last group first, as children go before parents. */
  async for(paths: readonly BytePath[]): Promise<Uint8Array[]> {
    const wanted = new Set(paths);
    const statements: Promise<Uint8Array>[] = [];
    for (let i = this.#groups.length - 1; i >= 0; i--) {
      if (!this.#groups[i].some((path) => wanted.has(path))) continue;
      let asked = this.#asked.get(i);
      if (asked === undefined) {
        asked = this.#master.state([], [], this.#groups[i]).then((answer) => answer.statement);
        asked.catch(() => undefined);
        this.#asked.set(i, asked);
      }
      statements.push(asked);
    }
    return Promise.all(statements);
  }
}
