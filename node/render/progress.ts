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

/** Shows on a terminal how far each remote is: files, bytes, rate, time left. */
export class ProgressDisplay {
  readonly #out: NodeJS.WriteStream;
  readonly #remotes = new Map<string, { event: ProgressEvent; since: number }>();
  #phase = "";
  #lines = 0;
  #drawn = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show(event: RoundEvent): void {
    if (event.kind === "phase") this.#phase = PHASES[event.phase] ?? event.phase;
    else if (event.kind === "progress") {
      const since = this.#remotes.get(event.remote)?.since ?? performance.now();
      this.#remotes.set(event.remote, { event, since });
    }
    if (event.kind === "phase" || performance.now() - this.#drawn > 100) this.#draw();
  }

  #draw(): void {
    this.#drawn = performance.now();
    this.clear();
    const width = Math.max(20, (this.#out.columns ?? 80) - 1);
    const lines = [this.#phase, ...[...this.#remotes.values()].map(({ event, since }) => describe(event, since))];
    this.#lines = lines.length;
    this.#out.write(`${lines.map((line) => printable(line).slice(0, width)).join("\n")}\n`);
  }

  /** Takes the display away, so that the report stands alone. */
  clear(): void {
    if (this.#lines > 0) this.#out.write(`\u001b[${this.#lines}A\u001b[J`);
    this.#lines = 0;
  }
}

function describe(event: ProgressEvent, since: number): string {
  const seconds = (performance.now() - since) / 1000;
  const rate = seconds > 0 ? event.bytesDone / seconds : 0;
  const left = event.bytes > 0 ? (event.bytes - event.bytesDone) / rate : 0;
  const percent =
    event.bytes > 0 ? `${Math.min(100, Math.floor((event.bytesDone / event.bytes) * 100))}%`.padStart(4) : "    ";
  return (
    `  ${event.remote.padEnd(12)} ${percent}  ${event.pathsDone}/${event.paths} paths  ` +
    `${formatBytes(event.bytesDone)}/${formatBytes(event.bytes)}  ${formatBytes(rate)}/s  ${formatSeconds(Math.max(0, left))} left  ` +
    `block ${event.blocksDone}/${event.blocks}` +
    feeders(event.fedBy) +
    (event.heldBlocks === 0 ? "" : `  held ${Math.ceil(event.heldMs / event.heldBlocks)} ms a block`) +
    (event.checked === 0 ? "" : `  ${event.checked} checked`)
  );
}

const MOST_FEEDERS = 3;

/** Who feeds this remote, the largest parts first. */
function feeders(fedBy: ProgressEvent["fedBy"]): string {
  const all = Object.entries(fedBy).sort(([, a], [, b]) => b - a);
  const sum = all.reduce((total, [, bytes]) => total + bytes, 0);
  if (sum === 0) return "";
  const shown = all.slice(0, MOST_FEEDERS).map(([name, bytes]) => `${name} ${Math.round((bytes / sum) * 100)}%`);
  return `  from ${shown.join(", ")}${all.length > MOST_FEEDERS ? `, ${all.length - MOST_FEEDERS} more` : ""}`;
}
