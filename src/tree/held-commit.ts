import { LockstepError } from "../model/errors.ts";
import type { Hold } from "../model/order.ts";
import { type BytePath, comparePaths } from "../model/path.ts";
import type { CommitResult, Held } from "../ports/tree.ts";
import type { HoldFile, HoldProcess } from "./mandatory-hold.ts";

/** How long a block waits for programs that hold locks on its files. */
const LOCK_WAIT_MS = 5_000;
const MAX_PAUSE_MS = 100;
/** Pauses grow to this before a file counts as never free. */
const CONTENDED_AFTER_MS = 8;
/** How long a block's files may be held: after that waiters are let go, whatever the state of the switch. */
export const HOLD_LIMIT_MS = 10_000;
/** No switch begins with less of the hold left. */
export const SWITCH_MARGIN_MS = 2_000;

/** A try to get locks. */
export interface Tried {
  /** Paths that others have locked. */
  readonly refused: readonly BytePath[];
}

export interface Shared extends Tried {
  readonly files: number;
}

/** What was done under locks, unless one was refused and it was not the last try. */
export interface DoneLocked extends Tried {
  readonly done: (CommitResult & { readonly files: number; readonly ms: number }) | undefined;
}

/** Calls a verb of the round worker. */
export type RoundCall = <T>(verb: string, ...args: unknown[]) => Promise<T>;

/** Milliseconds on a clock that all threads of a process share. */
export function sharedClock(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/**
 * Tries to get locks until nobody refuses them, giving up those that were got in between: to wait for
 * one while keeping others would be a deadlock with a program that locks two files.
 *
 * @param attempt one try; the last leaves out what was refused. It is told the paths, in order, that
 * were refused in earlier ones
 */
export async function persist<T extends Tried>(
  attempt: (isLast: boolean, contended: readonly BytePath[]) => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + LOCK_WAIT_MS;
  // What was refused again and again needs more than a lucky moment.
  const contended = new Set<BytePath>();
  for (let pause = 1; ; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
    const isLast = performance.now() >= deadline;
    const tried = await attempt(isLast, pause > CONTENDED_AFTER_MS ? [...contended].sort(comparePaths) : []);
    for (const path of tried.refused) contended.add(path);
    if (tried.refused.length === 0 || isLast) return tried;
    // Not in step with a program that takes its locks again and again.
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
  }
}

type Switched = CommitResult & { readonly held: Held | undefined };

/** What a switch needs of its round. */
export interface Switching {
  readonly call: RoundCall;
  readonly level: Hold;
  readonly holder: () => HoldProcess;
  /** Told how many files are held. */
  readonly tell: (files: number) => void;
  /** Keeps other work from the worker, as whoever waits for the files would wait for that too. */
  quietly<T>(work: () => Promise<T>): Promise<T>;
}

/** Switches a staged block while its files are held. What takes long comes before and after the hold. */
export async function commitHeld(switching: Switching, block: number): Promise<Switched> {
  const { call, level } = switching;
  await call("ready", block);
  let switched: Switched;
  if (level === "advisory") switched = await underLocks(call, block);
  else if (level === "mandatory") switched = await switching.quietly(() => underMarks(switching, block));
  else switched = { ...(await call<CommitResult>("switch", block, Number.POSITIVE_INFINITY)), held: undefined };
  // The worker does one thing after the other: whatever comes next finds it done.
  void call("tidy", block).catch(() => undefined);
  return switched;
}

/** One verb locks, switches and unlocks, so that nothing else is done meanwhile, and no lock outlasts it. */
async function underLocks(call: RoundCall, block: number): Promise<Switched> {
  const { done } = await persist((isLast, contended) => call<DoneLocked>("switchLocked", block, isLast, contended));
  const { files, ms, ...result } = done as NonNullable<typeof done>;
  return { ...result, held: { ms, files, waiters: 0, refreshed: 0, denied: 0, lost: false } };
}

let holds = 0;

async function underMarks({ call, holder: current, tell }: Switching, block: number): Promise<Switched> {
  const holder = current();
  const files = await call<readonly HoldFile[]>("holdFiles", block);
  // Not the block's number, which another round uses too.
  const id = `${holds++}`;
  const until = sharedClock() + HOLD_LIMIT_MS - SWITCH_MARGIN_MS;
  const { held } = await begin(holder, id, files);
  tell(held);
  let end: Awaited<ReturnType<HoldProcess["release"]>>;
  let result: CommitResult;
  try {
    result = await call<CommitResult>("switch", block, until);
  } finally {
    end = await holder.release(id);
    tell(0);
  }
  const { heldMs, waiters, refreshed, denied, lapsed } = end;
  return { ...result, held: { ms: heldMs, files: held, waiters, refreshed, denied, lost: lapsed } };
}

async function begin(holder: HoldProcess, id: string, files: readonly HoldFile[]): Promise<{ held: number }> {
  try {
    return await holder.hold(id, files, HOLD_LIMIT_MS);
  } catch (error) {
    if (holder.alive) throw error;
    throw new LockstepError("LOCKSTEP_HOLD_ENDED", "the process that holds files has died; nothing was switched");
  }
}
