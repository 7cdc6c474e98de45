/** In a process of its own, as the memory of this one is the tests' too. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import test from "ava";

const module = fileURLToPath(new URL("../../src/release-memory.ts", import.meta.url));
const { header } = process.report.getReport() as { header: object };
const isGlibc = "glibcVersionRuntime" in header;

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

(isGlibc ? test : test.skip)("a process gives back what it does not need", (t) => {
  // The program's flags: without the second one another thread frees the buffers, later.
  const args = ["--expose-gc", "--single-threaded-gc", "--import=tsx", "--input-type=module", "--eval", program];
  const [full, after] = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as number[];
  t.true(full > 150, "it had garbage");
  t.true(after < full / 3, `${after} of ${full} MB are left`);
});
