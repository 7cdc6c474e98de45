/**
 * The program of the hold process: holds files for the node that started it, by fanotify(7), since the
 * answers to those who wait must come whatever the node is doing, and whatever becomes of it.
 *
 * It is one synchronous loop over poll(2). Its standard input ends when the node does. When this process
 * dies, the kernel lets everybody pass. Argument: the process id of the node.
 */
import { readSync, writeSync } from "node:fs";
import { createFanotifyCalls } from "./fanotify-calls.ts";
import { HeldFiles, type Pace } from "./held-files.ts";
import type { HoldAnswer, HoldRequest } from "./hold-messages.ts";
import { createLinuxCalls } from "./linux-calls.ts";
import { OpenerThread } from "./opener-thread.ts";
import type { RefreshTools } from "./refresh-orphan.ts";
import { errnoOf } from "./system-calls.ts";

const INPUT = 0;
const OUTPUT = 1;
/** How soon a step is looked at again that waits for somebody else. */
const SOON_MS = 50;

function say(answer: HoldAnswer): void {
  try {
    writeSync(OUTPUT, `${JSON.stringify(answer)}\n`);
  } catch {
    // The node is gone or does not listen; a hold does not wait for it.
  }
}

async function prepare(): Promise<RefreshTools> {
  const [calls, fanotify] = [createLinuxCalls(), createFanotifyCalls()];
  // A service manager and a terminal signal all processes; this one ends after the node.
  fanotify.ignoreSignals("SIGINT", "SIGTERM", "SIGHUP", "SIGIO");
  fanotify.setNonBlocking(OUTPUT);
  const group = fanotify.createGroup();
  try {
    // Fails on a kernel without permission events.
    const [read, write] = fanotify.pipe();
    try {
      fanotify.mark(group, read);
    } finally {
      fanotify.close(read);
      fanotify.close(write);
    }
  } finally {
    fanotify.close(group);
  }
  return { calls, fanotify, opener: await OpenerThread.start(fanotify) };
}

interface RunningHold {
  readonly files: HeldFiles;
  readonly steps: Generator<Pace, void>;
}

/** Returns when the input has ended and with it all holds. */
function serve(tools: RefreshTools, node: number): void {
  const { fanotify, opener } = tools;
  const holds = new Map<string, RunningHold>();
  // To close one takes the kernel milliseconds, as it waits for all that may still look at its marks.
  const idle: number[] = [];
  const input = Buffer.allocUnsafeSlow(256 * 1024);
  let unread: Buffer[] = [];
  let ended = false;

  function begin({ id, leaseMs, files }: HoldRequest & { type: "hold" }): void {
    try {
      const held = new HeldFiles(tools, node, leaseMs, idle.pop() ?? fanotify.createGroup());
      const elsewhere = (inode: string): boolean => {
        for (const other of holds.values()) if (other.files !== held && other.files.holds(inode)) return true;
        return false;
      };
      const steps = held.run(files, elsewhere, (count) => say({ type: "held", id, held: count }));
      holds.set(id, { files: held, steps });
    } catch (error) {
      fail(id, error);
    }
  }
  function fail(id: string, error: unknown): void {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    say({ type: "failed", id, errno, message: (error as Error).message });
  }
  function obey(request: HoldRequest): void {
    if (request.type === "ping") say({ type: "pong" });
    else if (request.type === "hold") begin(request);
    else holds.get(request.id)?.files.requestEnd(false);
  }
  function listen(): void {
    const length = readSync(INPUT, input, 0, input.length, null);
    if (length === 0) {
      ended = true;
      for (const { files } of holds.values()) files.requestEnd(true);
      return;
    }
    const bytes = Buffer.from(input.subarray(0, length));
    let start = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, start)) {
      const line = Buffer.concat([...unread, bytes.subarray(start, at)]);
      unread = [];
      start = at + 1;
      obey(JSON.parse(line.toString("utf8")) as HoldRequest);
    }
    unread.push(bytes.subarray(start));
  }
  /** Drives a hold on; returns how soon it wants to go on. */
  function advance(id: string, { files, steps }: RunningHold): Pace {
    try {
      const { done, value } = steps.next();
      if (done !== true) return value;
      say({ type: "ended", id, lapsed: files.lapsed, ...files.counts });
      idle.push(files.group);
    } catch (error) {
      fail(id, error);
    }
    holds.delete(id);
    return "later";
  }

  /** Some come after the marks are gone, as they had seen one. */
  function letIn(group: number): void {
    fanotify.readWaiters(group, (fd) => {
      fanotify.allow(group, fd);
      fanotify.close(fd);
    });
  }

  const scrap = Buffer.alloc(64);
  let wait = -1;
  while (!ended || holds.size > 0) {
    const watched = [opener.wake, ...idle, ...[...holds.values()].map((hold) => hold.files.group)];
    if (!ended) watched.push(INPUT);
    const ready = fanotify.poll(watched, wait);
    if (ready.has(opener.wake)) readSync(opener.wake, scrap, 0, scrap.length, null);
    for (const { files } of holds.values()) if (ready.has(files.group)) files.receive();
    for (const group of idle) if (ready.has(group)) letIn(group);
    if (ready.has(INPUT)) listen();
    wait = -1;
    for (const [id, hold] of holds) {
      if (performance.now() >= hold.files.leaseEnd) hold.files.requestEnd(true);
      const pace = advance(id, hold);
      if (!holds.has(id)) continue;
      const left = pace === "later" ? Math.max(Math.ceil(hold.files.leaseEnd - performance.now()), 0) : SOON_MS;
      const next = pace === "now" ? 0 : left;
      wait = wait < 0 ? next : Math.min(wait, next);
    }
  }
}

let tools: RefreshTools | undefined;
try {
  tools = await prepare();
} catch (error) {
  const why = errnoOf(error) === "EPERM" ? "it takes CAP_SYS_ADMIN, as root has" : (error as Error).message;
  say({ type: "unavailable", reason: why });
}
if (tools !== undefined) {
  say({ type: "ready" });
  serve(tools, Number(process.argv[2]));
}
process.exit(0);
