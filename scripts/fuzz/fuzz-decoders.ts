/**
 * Fuzzes every decoder of foreign bytes, guided by coverage, and keeps the inputs that led to new
 * code in `test/corpus`, which the tests run again.
 *
 *     node --import=tsx scripts/fuzz/fuzz-decoders.ts [--seconds 30] [--only NAME] [--seed N]
 *
 * Coverage comes from V8 (Profiler domain of the inspector protocol, precise and with blocks), so
 * there is nothing to instrument. A failing input is printed in hex and ends the run with 1; it is
 * kept in the corpus too, as a test.
 */
import { Session } from "node:inspector";
import { parseArgs } from "node:util";
import { readCorpus, writeCorpus } from "../../test/fixtures/corpus.ts";
import { DECODERS, type Decoder, runDecoder } from "../../test/fixtures/decoders.ts";
import { seededRandom } from "../../test/fixtures/seeded-random.ts";

const MAX_BYTES = 2048;
const INTERESTING = [0, 1, 2, 31, 32, 63, 64, 127, 128, 129, 254, 255];

const session = new Session();
session.connect();

/** Calls that the inspector answers at once, while it is called. */
function post<T>(method: string, params: object = {}): T {
  let answer: T | undefined;
  session.post(method, params, (error: Error | null, result?: object) => {
    if (error !== null) throw error;
    answer = result as T;
  });
  return answer as T;
}

interface Coverage {
  result: {
    url: string;
    functions: { ranges: { startOffset: number; endOffset: number; count: number }[] }[];
  }[];
}

/** How often a block ran, coarsely, so that one round more of a loop is nothing new. */
const bucket = (count: number): number => (count < 4 ? count : 2 + Math.floor(Math.log2(count)));

/** Blocks of the product's code that ran since the last call. */
function takeCoverage(): string[] {
  const blocks: string[] = [];
  for (const { url, functions } of post<Coverage>("Profiler.takePreciseCoverage").result) {
    if (!/\/src\/(model|wire|tree)\//.test(url)) continue;
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) {
        if (count > 0) blocks.push(`${url}:${startOffset}:${endOffset}:${bucket(count)}`);
      }
    }
  }
  return blocks;
}

type Random = ReturnType<typeof seededRandom>;

/** One to eight changes to an input, some of them with bytes of another. */
function mutate(random: Random, input: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = [...input];
  const anywhere = (): number => random(bytes.length + 1);
  const some = (length: number): number[] => Array.from({ length }, () => random(256));
  for (let changes = 1 + random(8); changes > 0; changes--) {
    const at = anywhere();
    switch (random(7)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        bytes[at] = INTERESTING[random(INTERESTING.length)];
        break;
      case 2:
        bytes.splice(at, random(8));
        break;
      case 3:
        bytes.splice(at, 0, ...some(1 + random(8)));
        break;
      case 4:
        bytes.splice(at, 0, ...bytes.slice(at, at + random(32)));
        break;
      case 5: {
        const from = random(other.length + 1);
        bytes.splice(at, random(16), ...other.slice(from, from + random(32)));
        break;
      }
      default:
        bytes.length = at;
    }
  }
  return Uint8Array.from(bytes.slice(0, MAX_BYTES));
}

interface Result {
  readonly runs: number;
  readonly kept: number;
  readonly outcomes: number;
  readonly failure: Error | undefined;
}

function fuzz(name: string, decoder: Decoder, seconds: number, random: Random): Result {
  const covered = new Set<string>();
  const outcomes = new Set<string>();
  const kept: Uint8Array[] = [];
  let runs = 0;
  /** Keeps the input when it ran anything new. */
  const run = (input: Uint8Array): void => {
    runs++;
    takeCoverage();
    let outcome: string;
    try {
      outcome = runDecoder(decoder, input);
    } catch (error) {
      kept.push(input);
      throw error;
    }
    const blocks = takeCoverage().filter((block) => !covered.has(block));
    if (blocks.length === 0 && outcomes.has(outcome)) return;
    for (const block of blocks) covered.add(block);
    outcomes.add(outcome);
    kept.push(input);
  };
  const end = Date.now() + seconds * 1000;
  let failure: Error | undefined;
  try {
    for (const input of [...decoder.seeds, ...readCorpus(name)]) run(input);
    while (Date.now() < end) {
      run(mutate(random, kept[random(kept.length)], kept[random(kept.length)]));
    }
  } catch (error) {
    failure = error as Error;
  }
  writeCorpus(name, kept);
  return { runs, kept: kept.length, outcomes: outcomes.size, failure };
}

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    only: { type: "string" },
    seed: { type: "string", default: String(Date.now()) },
  },
});
post("Profiler.enable");
post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
console.log(`seed ${values.seed}`);
for (const [name, decoder] of Object.entries(DECODERS)) {
  if (values.only !== undefined && !name.includes(values.only)) continue;
  const { runs, kept, outcomes, failure } = fuzz(
    name,
    decoder,
    Number(values.seconds),
    seededRandom(Number(values.seed)),
  );
  console.log(`${name.padEnd(18)} ${runs} runs, ${kept} inputs kept, ${outcomes} outcomes`);
  if (failure === undefined) continue;
  console.error(failure.message, failure.cause ?? "");
  process.exitCode = 1;
}
session.disconnect();
