/** What processes use, as /proc tells it (proc_pid_stat(5), proc_pid_status(5)). */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const SAMPLE_MS = 100;
const TICKS_PER_SECOND = Number(spawnSync("getconf", ["CLK_TCK"], { encoding: "utf8" }).stdout) || 100;

/** Fields of /proc/PID/stat from the state on. */
function statFields(pid: number | "self"): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Processor seconds of these processes, and of all their children that have ended. */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  // utime, stime, cutime, cstime
  for (const pid of pids) for (const at of [11, 12, 13, 14]) ticks += Number(statFields(pid)[at]);
  return ticks / TICKS_PER_SECOND;
}

/** Processor seconds of this process's children that have ended. */
export function endedChildrenSeconds(): number {
  const fields = statFields("self");
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = Number(statFields(Number(name))[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return children;
}

/** Waits for the children of these processes to end: only then is what they used counted with them. */
export async function untilChildless(pids: readonly number[]): Promise<void> {
  for (let children = childrenByParent(); pids.some((pid) => children.has(pid)); children = childrenByParent()) {
    await sleep(SAMPLE_MS);
  }
}

/** Kills a process and its descendants, as a host that loses power does. */
export function killWithDescendants(pid: number): void {
  const children = childrenByParent();
  const pending = [pid];
  for (let each = pending.pop(); each !== undefined; each = pending.pop()) {
    pending.push(...(children.get(each) ?? []));
    try {
      process.kill(each, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Watches how much memory processes and their descendants take at most. */
export class MemoryWatch {
  readonly #roots: readonly number[];
  /** Processes that do not count, nor do their descendants unless they are roots themselves. */
  readonly #except: ReadonlySet<number>;
  readonly #timer: NodeJS.Timeout;
  #peak = 0;

  constructor(roots: readonly number[], except: ReadonlySet<number>) {
    this.#roots = roots;
    this.#except = except;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  #descendants(): number[] {
    const children = childrenByParent();
    const found: number[] = [];
    const pending = [...this.#roots];
    for (let pid = pending.pop(); pid !== undefined; pid = pending.pop()) {
      if (pid !== process.pid) found.push(pid);
      for (const child of children.get(pid) ?? []) if (!this.#except.has(child)) pending.push(child);
    }
    return found;
  }

  #sample(): void {
    for (const pid of this.#descendants()) {
      try {
        const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
        if (resident !== null) this.#peak = Math.max(this.#peak, Number(resident[1]) * 1024);
      } catch {
        // It has ended; what it had at the last look counts.
      }
    }
  }

  /** The most that one process had, in bytes. */
  stop(): number {
    clearInterval(this.#timer);
    this.#sample();
    return this.#peak;
  }
}
