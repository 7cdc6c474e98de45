/** What processes use, as /proc tells it (proc_pid_stat(5), proc_pid_status(5)). */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

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
