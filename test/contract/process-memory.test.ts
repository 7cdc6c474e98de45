/** In a process of its own, as the memory of this one is the tests' too. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import test from "ava";

const module = fileURLToPath(new URL("../../src/process-memory.ts", import.meta.url));
const { header } = process.report.getReport() as { header: object };
const isGlibc = "glibcVersionRuntime" in header;

function run(source: string): number[] {
  // The program's flags: without the second one another thread frees the buffers, later.
  const args = ["--expose-gc", "--single-threaded-gc", "--import=tsx", "--input-type=module", "--eval", source];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as number[];
}

/** MB of garbage of the kind that a round leaves, and what of it the process still has after it gave memory back. */
const program = `
const { releaseMemory } = await import(${JSON.stringify(module)});
const rss = () => process.memoryUsage.rss() / 1e6;
releaseMemory();
const before = rss();
// Every hundredth piece stays, so that glibc cannot give the memory back by itself.
const kept = [];
function fill() {
  for (let i = 0, pieces = []; i < 3000; i++) {
    pieces.push(Buffer.allocUnsafeSlow(64 * 1024).fill(1));
    if (i % 100 === 0) kept.push(pieces[i]);
  }
  return rss();
}
const full = fill();
await new Promise((resolve) => setTimeout(resolve, 10));
releaseMemory();
console.log(JSON.stringify([full - before, rss() - before, kept.length]));
`;

/** MB that a process still has after it let go of several buffers, and those after it gave memory back. */
const letGo = (keep: boolean): string => `
const { keepFreedMemory, releaseMemory } = await import(${JSON.stringify(module)});
if (${keep}) keepFreedMemory();
const rss = () => process.memoryUsage.rss() / 1e6;
releaseMemory();
const before = rss();
function fill() {
  for (let i = 0, pieces = []; i < 50; i++) pieces.push(Buffer.allocUnsafeSlow(2 * 2 ** 20).fill(1));
}
fill();
await new Promise((resolve) => setTimeout(resolve, 10));
gc();
const freed = rss();
releaseMemory();
console.log(JSON.stringify([freed - before, rss() - before]));
`;

(isGlibc ? test : test.skip)("a process keeps what is freed when it is told to, until it rests", (t) => {
  const [kept, left] = run(letGo(true));
  t.true(kept > 80, `${kept} of 105 MB are kept`);
  t.true(left < 40, `${left} MB are left when it rests`);
  const [notKept] = run(letGo(false));
  t.true(notKept < 60, `${notKept} of 105 MB are kept by glibc alone`);
});

(isGlibc ? test : test.skip)("a process gives back what it does not need", (t) => {
  const [full, after] = run(program);
  t.true(full > 150, "it had garbage");
  t.true(after < full / 3, `${after} of ${full} MB are left`);
});
