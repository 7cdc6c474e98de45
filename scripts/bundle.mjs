/**
 * Puts the program, its worker threads and its hold process into few files: the loading of some 600 modules takes longer
 * than many a command. Native packages stay outside, and dist/src stays as tsc made it, for those who
 * import the package.
 */
import { chmodSync, rmSync } from "node:fs";
import { build } from "esbuild";

rmSync("dist/node", { recursive: true, force: true });
await build({
  entryPoints: [
    "node/lockstep.ts",
    "src/tree/round-worker.ts",
    "src/tree/content-worker.ts",
    "src/tree/hold-process.ts",
    "src/tree/hold-opener.ts",
  ],
  outdir: "dist/node",
  entryNames: "[name]",
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node20",
  external: ["koffi", "level", "@cloudpss/zstd", "@napi-rs/blake-hash", "blake3-jit"],
  // Some packages are CommonJS inside.
  banner: {
    js: 'import { createRequire as createRequireOfBundle } from "node:module"; const require = createRequireOfBundle(import.meta.url);',
  },
  logLevel: "warning",
});
// The package's bin needs the execute bit, which no compiler writes.
chmodSync("dist/node/lockstep.js", 0o755);
