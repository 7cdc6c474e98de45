/**
 * Makes src/model/gear-module.ts: the rolling of the gear hash (src/model/cut.ts) as WebAssembly. Four
 * stretches of the content are rolled at the same time, each in a lane of its own, since each step of a
 * hash waits for the one before it, and what is looked at is the least hash of many steps.
 *
 * Measured on random bytes, cut into chunks: 10.7 GB/s, of which two thirds are skipped, against 2.9 GB/s in plain
 * JavaScript; with stretches of 512 bytes 7.4, of 128 bytes 9.2 GB/s.
 *
 * `--print` prints it instead of writing it.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openWabt from "wabt";

const LANES = 4;
/** Bytes of one lane between two looks at what was found. */
const STRETCH = 256;
/** Steps written out one after the other. */
const UNROLLED = 8;
/** Bytes that a hash of 32 bits depends on. */
const WINDOW = 32;
if (STRETCH % UNROLLED !== 0 || STRETCH < WINDOW)
  throw new Error("a stretch is whole steps, and no shorter than the window");

/** The word of the table, which lies at 0, for the byte at $at and so many on. */
const word = (load, offset) => `(${load} (i32.shl (i32.load8_u offset=${offset} (local.get $at)) (i32.const 2)))`;
const loadLane = (lane, offset, words) =>
  `(v128.load32_lane ${lane} (i32.shl (i32.load8_u offset=${offset} (local.get $at)) (i32.const 2)) ${words})`;

function step(offset) {
  let words = word("v128.load32_zero", offset);
  for (let lane = 1; lane < LANES; lane++) words = loadLane(lane, lane * STRETCH + offset, words);
  return `
          (local.set $hashes (i32x4.add (i32x4.shl (local.get $hashes) (i32.const 1)) ${words}))
          (local.set $least (i32x4.min_u (local.get $least) (local.get $hashes)))`;
}

/** One step of a hash alone. */
const single = (hash) =>
  `(local.set ${hash} (i32.add (i32.shl (local.get ${hash}) (i32.const 1)) ${word("i32.load", 0)}))`;

const text = `
(module
  (import "env" "memory" (memory 1))
  ;; The hash before and after.
  (global $hash (export "hash") (mut i32) (i32.const 0))

  ;; The hash of the bytes before a place, which begin with 0.
  (func $before (param $end i32) (result i32)
    (local $at i32) (local $one i32)
    (local.set $at (i32.sub (local.get $end) (i32.const ${WINDOW})))
    (loop $byte
      ${single("$one")}
      (br_if $byte (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))
    (local.get $one))

  ;; One byte at a time; the end of the piece, or -1.
  (func $rollSingly (param $at i32) (param $to i32) (param $bound i32) (result i32)
    (local $one i32)
    (local.set $one (global.get $hash))
    (block $none
      (loop $byte
        (br_if $none (i32.ge_u (local.get $at) (local.get $to)))
        ${single("$one")}
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (if (i32.lt_u (local.get $one) (local.get $bound)) (then (return (local.get $at))))
        (br $byte)))
    (global.set $hash (local.get $one))
    (i32.const -1))

  ;; The end of the first piece whose hash is below the bound, or -1 when there is none before $to.
  (func (export "roll") (param $at i32) (param $to i32) (param $bound i32) (result i32)
    (local $hashes v128) (local $least v128) (local $start i32) (local $end i32)
    (block $rest
      (loop $block
        (br_if $rest (i32.gt_u (i32.add (local.get $at) (i32.const ${LANES * STRETCH})) (local.get $to)))
        (local.set $start (local.get $at))
        (local.set $end (i32.add (local.get $at) (i32.const ${STRETCH})))
        (local.set $hashes (i32x4.splat (global.get $hash)))${[1, 2, 3]
          .map((lane) => {
            const start = `(i32.add (local.get $at) (i32.const ${lane * STRETCH}))`;
            return `
        (local.set $hashes (i32x4.replace_lane ${lane} (local.get $hashes) (call $before ${start})))`;
          })
          .join("")}
        (local.set $least (i32x4.splat (i32.const -1)))
        (loop $steps${Array.from({ length: UNROLLED }, (_, i) => step(i)).join("")}
          (local.set $at (i32.add (local.get $at) (i32.const ${UNROLLED})))
          (br_if $steps (i32.lt_u (local.get $at) (local.get $end))))
        ;; Somewhere in these stretches: where, is soon found.
        (if (v128.any_true (i32x4.lt_u (local.get $least) (i32x4.splat (local.get $bound))))
          (then (return (call $rollSingly (local.get $start) (local.get $to) (local.get $bound)))))
        (global.set $hash (i32x4.extract_lane ${LANES - 1} (local.get $hashes)))
        (local.set $at (i32.add (local.get $start) (i32.const ${LANES * STRETCH})))
        (br $block)))
    (call $rollSingly (local.get $at) (local.get $to) (local.get $bound))))
`;

const wabt = await openWabt();
const { buffer } = wabt.parseWat("gear.wat", text).toBinary({});
const source = `// Made by scripts/generate-gear.mjs (npm run generate), where it is explained.
export const GEAR_MODULE =
  "${Buffer.from(buffer).toString("base64")}";
`;
if (process.argv.includes("--print")) process.stdout.write(source);
else writeFileSync(fileURLToPath(new URL("../src/model/gear-module.ts", import.meta.url)), source);
