/**
 * Puts the program, its worker threads and its hold process into few files: the loading of some 600 modules takes longer
 * than many a command. Native packages stay outside, and dist/src stays as tsc made it, for those who
 * import the package.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { build } from "esbuild";

const common = {
  bundle: true,
  platform: "node",
  // What kept-code.ts relies on.
  charset: "ascii",
  target: "node20",
  external: ["koffi", "level", "@cloudpss/zstd", "@napi-rs/blake-hash", "blake3-jit"],
  logLevel: "warning",
};

rmSync("dist/node", { recursive: true, force: true });
await build({
  ...common,
  entryPoints: [
    "src/tree/round-worker.ts",
    "src/tree/content-worker.ts",
    "src/tree/hold-process.ts",
    "src/tree/hold-opener.ts",
  ],
  outdir: "dist/node",
  entryNames: "[name]",
  splitting: true,
  format: "esm",
  // Some packages are CommonJS inside.
  banner: {
    js: 'import { createRequire as createRequireOfBundle } from "node:module"; const require = createRequireOfBundle(import.meta.url);',
  },
});
// One script, as V8's code of it is kept beside it.
await build({
  ...common,
  entryPoints: ["node/lockstep.ts"],
  outfile: "dist/node/program.cjs",
  format: "cjs",
  define: { "import.meta.url": "urlOfBundle" },
  banner: { js: 'const urlOfBundle = require("node:url").pathToFileURL(__filename).href;' },
});
// What starts it, and what scripts/keep-code.mjs keeps the code with: a file each.
await build({
  ...common,
  entryPoints: [{ in: "node/launch.ts", out: "lockstep" }, "node/kept-code.ts"],
  outdir: "dist/node",
  entryNames: "[name]",
  format: "esm",
});
// The package's bin needs the execute bit, which no compiler writes.
chmodSync("dist/node/lockstep.js", 0o755);
const { status } = spawnSync(process.execPath, ["scripts/keep-code.mjs"], { stdio: "inherit" });
if (status !== 0) console.warn("the program's compiled code was not kept: commands start more slowly");
