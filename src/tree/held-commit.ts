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
const SWITCH_MARGIN_MS = 2_000;

export interface Locked {
  readonly refused: readonly BytePath[];
  readonly files: number;
}

/** Calls a verb of the round worker. */
export type RoundCall = <T>(verb: string, ...args: unknown[]) => Promise<T>;

/**
 * Tries to get locks until nobody refuses them, giving up those that were got in between: to wait for
 * one while keeping others would be a deadlock with a program that locks two files.
 *
 * @param attempt one try; the last leaves out what was refused. It is told the paths, in order, that
 * were refused in earlier ones
 */
export async function persist(
  attempt: (isLast: boolean, contended: readonly BytePath[]) => Promise<Locked>,
): Promise<Locked> {
  const deadline = performance.now() + LOCK_WAIT_MS;
  // What was refused again and again needs more than a lucky moment.
  const contended = new Set<BytePath>();
  for (let pause = 1; ; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
    const isLast = performance.now() >= deadline;
    const locked = await attempt(isLast, pause > CONTENDED_AFTER_MS ? [...contended].sort(comparePaths) : []);
    for (const path of locked.refused) contended.add(path);
    if (locked.refused.length === 0 || isLast) return locked;
    // Not in step with a program that takes its locks again and again.
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
  }
}

type Switched = CommitResult & { readonly held: Held | undefined };

/** Switches a staged block while its files are held. What takes long comes before and after the hold. */
export async function commitHeld(
  call: RoundCall,
  block: number,
  level: Hold,
  holder: () => HoldProcess,
  tell: (files: number) => void,
): Promise<Switched> {
  await call("ready", block);
  let switched: Switched;
  if (level === "advisory") switched = await underLocks(call, block, tell);
  else if (level === "mandatory") switched = await underMarks(call, block, holder(), tell);
  else switched = { ...(await call<CommitResult>("switch", block, [], Number.POSITIVE_INFINITY)), held: undefined };
  // The worker does one thing after the other: whatever comes next finds it done.
  void call("tidy", block).catch(() => undefined);
  return switched;
}

async function underLocks(call: RoundCall, block: number, tell: (files: number) => void): Promise<Switched> {
  const { refused, files } = await persist((isLast, contended) => call<Locked>("lock", block, isLast, contended));
  tell(files);
  let ms: number;
  let result: CommitResult;
  try {
    result = await call<CommitResult>("switch", block, refused, HOLD_LIMIT_MS - SWITCH_MARGIN_MS);
  } finally {
    ms = await call<number>("unlock");
    tell(0);
  }
  return { ...result, held: { ms, files, waiters: 0, refreshed: 0, denied: 0, lost: false } };
}

async function underMarks(
  call: RoundCall,
  block: number,
  holder: HoldProcess,
  tell: (files: number) => void,
): Promise<Switched> {
  const files = await call<readonly HoldFile[]>("holdFiles", block);
  const id = `block ${block}`;
  const { held } = await begin(holder, id, files);
  tell(held);
  let end: Awaited<ReturnType<HoldProcess["release"]>>;
  let result: CommitResult;
  try {
    result = await call<CommitResult>("switch", block, [], HOLD_LIMIT_MS - SWITCH_MARGIN_MS);
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
