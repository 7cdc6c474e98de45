import { spawnSync } from "node:child_process";
import test from "ava";
import { compiledUrl } from "../fixtures/compiled-source.ts";

/** In a process of its own, which it may bring down. */
const PROGRAM = `
import { Worker, isMainThread, parentPort } from "node:worker_threads";
import { createCompressor } from ${JSON.stringify(compiledUrl("src/tree/compress.ts"))};
if (isMainThread) {
  for (let i = 0; i < 4; i++) new Worker(new URL(import.meta.url)).on("message", (line) => console.log(line));
} else {
  const zstd = await createCompressor();
  let wrong = 0;
  for (let n = 0; n < 400; n++) {
    const words = Array.from({ length: 8000 }, () => Math.floor(Math.random() * 5000).toString(36));
    const plain = Buffer.from(words.join(" "));
    const unpacked = zstd.decompress(zstd.compress(plain, n % 2 === 0), plain.length);
    if (unpacked === undefined || Buffer.compare(plain, unpacked) !== 0) wrong++;
  }
  parentPort.postMessage(zstd.name + " " + wrong);
}`;

// Seen: a host that served two roots at once ended by SIGSEGV, or sent frames that nobody could unpack.
test("threads that compress at the same time do not meet", (t) => {
  const url = `data:text/javascript,${encodeURIComponent(PROGRAM)}`;
  const { stdout, stderr, signal } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", `import(${JSON.stringify(url)})`],
    {
      encoding: "utf8",
      timeout: 120_000,
    },
  );
  t.is(signal, null);
  t.is(stdout, "native 0\n".repeat(4), stderr);
});
