import { fromHost, LockstepError } from "../model/errors.ts";
import { type FileBlock, isLong } from "../model/file-block.ts";
import { rangesOf } from "../model/ordinals.ts";
import type { BytePath } from "../model/path.ts";
import { ACTIONS, type RemotePlan } from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";
import { decodeStatedPaths } from "../model/statement.ts";
import type { Signer } from "../ports/mesh.ts";
import { LIMITS } from "../wire/limits.ts";
import { unpack } from "../wire/packed-frame.ts";
import type { HostLink } from "./host-link.ts";

export interface TakenStatement {
  readonly statement: Uint8Array;
  readonly isPacked: boolean;
  /** The stated paths, in the statement's order. */
  readonly paths: readonly BytePath[];
  readonly number: number;
  readonly problems: readonly Problem[];
  /** Why the master does not hold the files, though the order says so. */
  readonly lack: LockstepError | undefined;
}

/**
 * The master's statements of the blocks of one pass: each is asked for once, and kept while one of the
 * remotes needs it.
 */
export class BlockStatements<Remote> {
  readonly #master: Pick<HostLink, "host" | "state" | "release">;
  readonly #signer: Signer;
  readonly #blocks: readonly FileBlock[];
  readonly #plans: ReadonlyMap<Remote, RemotePlan>;
  readonly #isHeld: boolean;
  readonly #taken = new Map<number, Promise<TakenStatement>>();
  readonly #users = new Map<number, Set<Remote>>();

  /**
   * @param blocks all of the pass, by their index
   * @param isHeld the master holds what it has stated until it is released
   */
  constructor(
    master: Pick<HostLink, "host" | "state" | "release">,
    signer: Signer,
    blocks: readonly FileBlock[],
    plans: ReadonlyMap<Remote, RemotePlan>,
    isHeld: boolean,
  ) {
    this.#master = master;
    this.#signer = signer;
    this.#blocks = blocks;
    this.#plans = plans;
    this.#isHeld = isHeld;
    for (const { index, paths } of blocks) {
      const users = [...plans].filter(([, { actions }]) => paths.some(({ path }) => actions.has(path)));
      this.#users.set(index, new Set(users.map(([remote]) => remote)));
    }
  }

  /** Has a statement made that is going to be taken; a failure is told to whoever takes it. */
  begin(block: FileBlock): Promise<TakenStatement> {
    let taken = this.#taken.get(block.index);
    if (taken === undefined) {
      taken = this.#ask(block);
      taken.catch(() => undefined);
      this.#taken.set(block.index, taken);
    }
    return taken;
  }

  /** @throws LockstepError what the master failed with */
  async take(block: FileBlock): Promise<TakenStatement> {
    const taken = await this.begin(block);
    this.#goOn(block.index + 1);
    return taken;
  }

  /**
   * Of long blocks few are staged at once, so that the master would stand still until one of them is
   * finished: it reads the next one meanwhile. What is held is held no longer for it.
   */
  #goOn(index: number): void {
    const next = this.#blocks.at(index);
    if (next === undefined || this.#isHeld || !isLong(next) || this.#users.get(index)?.size === 0) return;
    void this.begin(next);
  }

  async #ask(block: FileBlock): Promise<TakenStatement> {
    const inOrder = [...block.paths].sort((a, b) => a.ordinal - b.ordinal);
    const ordinals = rangesOf(inOrder.map((path) => path.ordinal));
    const fetched = rangesOf(inOrder.filter(({ path }) => this.#isFetched(path)).map((path) => path.ordinal));
    // For one remote alone packing would not be worth the time.
    const isShared = (this.#users.get(block.index)?.size ?? 0) > 1;
    const answer = await this.#master.state(ordinals, fetched, [], isShared);
    const { statement, isPacked } = answer;
    try {
      const envelope = isPacked ? unpack(statement, LIMITS.statementBytes) : statement;
      const { payload } = await this.#signer.open("lockstep-block-statement", envelope);
      return { ...answer, paths: decodeStatedPaths(payload) };
    } catch (error) {
      throw error instanceof LockstepError ? fromHost(error, this.#master.host) : error;
    }
  }

  /** True when some remote needs the content of the path. */
  #isFetched(path: BytePath): boolean {
    for (const { actions } of this.#plans.values()) {
      const action = actions.get(path);
      if (action === ACTIONS.create || action === ACTIONS.replace) return true;
    }
    return false;
  }

  /** The remote needs this block's statement no more; the master lets its files go with the last one. */
  done(index: number, remote: Remote): void {
    const users = this.#users.get(index);
    users?.delete(remote);
    if (users?.size !== 0) return;
    const taken = this.#taken.get(index);
    this.#taken.delete(index);
    if (this.#isHeld) void taken?.then(({ number }) => this.#master.release(number)).catch(() => undefined);
  }

  /** The remote needs nothing more. */
  leave(remote: Remote): void {
    for (const index of this.#users.keys()) this.done(index, remote);
  }
}
