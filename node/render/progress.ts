import type { RoundEvent } from "../../src/model/report.ts";
import { printable } from "../printable.ts";
import { formatBytes, formatSeconds } from "./units.ts";

type ProgressEvent = Extract<RoundEvent, { kind: "progress" }>;

const PHASES: Readonly<Record<string, string>> = {
  connect: "connecting",
  list: "listing files",
  compare: "comparing",
  update: "updating",
  check: "checking",
};

/** When a remote was first heard of, and what had come over the network by then. */
interface First {
  readonly at: number;
  readonly fed: number;
}

interface Remote {
  readonly event: ProgressEvent;
  readonly first: First;
}

/** Shows on a terminal how far each remote is: files, bytes, rate, time left. */
export class ProgressDisplay {
  readonly #out: NodeJS.WriteStream;
  readonly #remotes = new Map<string, Remote>();
  #phase = "";
  #stalled: Extract<RoundEvent, { kind: "stalled" }>["hosts"] = [];
  #lines = 0;
  #drawn = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show(event: RoundEvent): void {
    if (event.kind === "phase") this.#phase = PHASES[event.phase] ?? event.phase;
    else if (event.kind === "stalled") this.#stalled = event.hosts;
    else if (event.kind === "progress") {
      const first = this.#remotes.get(event.remote)?.first ?? { at: performance.now(), fed: fedBytes(event) };
      this.#remotes.set(event.remote, { event, first });
    }
    if (event.kind !== "progress" || performance.now() - this.#drawn > 100) this.#draw();
  }

  #draw(): void {
    this.#drawn = performance.now();
    this.clear();
    const width = Math.max(20, (this.#out.columns || 80) - 1);
    // What has left the screen at its top cannot be taken away again. The last row is the cursor's.
    const room = Math.max(1, (this.#out.rows || 24) - 2);
    const remotes = [...this.#remotes.values()];
    const isCrowded = remotes.length > room;
    const shown = isCrowded ? leastDone(remotes).slice(0, room - 1) : remotes;
    const lines = [`${this.#phase}${this.#waiting()}`, ...shown.map(({ event, first }) => describe(event, first))];
    if (isCrowded) lines.push(`  and ${remotes.length - shown.length} more remotes`);
    this.#lines = lines.length;
    this.#out.write(`${lines.map((line) => printable(line).slice(0, width)).join("\n")}\n`);
  }

  /** For whose disks the round waits. */
  #waiting(): string {
    const [first, ...others] = this.#stalled;
    if (first === undefined) return "";
    const more = others.length === 0 ? "" : `; ${others.length} more alike`;
    return `, waiting for ${first.host}: its disk has not answered for ${formatSeconds(first.ms / 1000)}${more}`;
  }

  /** Takes the display away, so that the report stands alone. */
  clear(): void {
    if (this.#lines > 0) this.#out.write(`\u001b[${this.#lines}A\u001b[J`);
    this.#lines = 0;
  }
}

/** Those that the round waits for first. */
function leastDone(remotes: readonly Remote[]): Remote[] {
  const shareOf = ({ event: { bytes, bytesDone, paths, pathsDone } }: Remote): number =>
    bytes > 0 ? bytesDone / bytes : paths > 0 ? pathsDone / paths : 1;
  return [...remotes].sort((a, b) => shareOf(a) - shareOf(b));
}

function fedBytes({ fedBy }: ProgressEvent): number {
  return Object.values(fedBy).reduce((total, bytes) => total + bytes, 0);
}

function describe(event: ProgressEvent, first: First): string {
  const seconds = (performance.now() - first.at) / 1000;
  // What a remote had already, from a round that was cut short say, comes at once and is no rate.
  const rate = seconds > 0 ? (fedBytes(event) - first.fed) / seconds : 0;
  const left = rate > 0 ? `  ${formatSeconds(Math.max(0, (event.bytes - event.bytesDone) / rate))} left` : "";
  const percent =
    event.bytes > 0 ? `${Math.min(100, Math.floor((event.bytesDone / event.bytes) * 100))}%`.padStart(4) : "    ";
  return (
    `  ${event.remote.padEnd(12)} ${percent}  ${event.pathsDone}/${event.paths} paths  ` +
    `${formatBytes(event.bytesDone)}/${formatBytes(event.bytes)}  ${formatBytes(Math.round(rate))}/s${left}  ` +
    `block ${event.blocksDone}/${event.blocks}` +
    feeders(event) +
    (event.heldBlocks === 0 ? "" : `  held ${Math.ceil(event.heldMs / event.heldBlocks)} ms a block`) +
    (event.checked === 0 ? "" : `  ${event.checked} checked`)
  );
}

const MOST_FEEDERS = 3;

/** Who feeds this remote, the largest parts first. */
function feeders(event: ProgressEvent): string {
  const all = Object.entries(event.fedBy).sort(([, a], [, b]) => b - a);
  const sum = fedBytes(event);
  if (sum === 0) return "";
  const shown = all.slice(0, MOST_FEEDERS).map(([name, bytes]) => `${name} ${Math.round((bytes / sum) * 100)}%`);
  return `  from ${shown.join(", ")}${all.length > MOST_FEEDERS ? `, ${all.length - MOST_FEEDERS} more` : ""}`;
}
