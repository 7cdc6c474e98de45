/**
 * Makes src/model/gear-module.ts: the rolling of the gear hash (src/model/cut.ts) as WebAssembly. Four
 * stretches of the content are rolled at the same time, each in a lane of its own, since each step of a
 * hash waits for the one before it, and what is looked at is the least hash of many steps.
 *
 * Measured on random bytes, cut into chunks: 10.7 GB/s, of which two thirds are skipped, against 3.8 GB/s in plain
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

const LATER_LANES = Array.from({ length: LANES - 1 }, (_, i) => i + 1);

/** Where the table, which lies at 0, has the word for the byte at $at and so many on. */
const place = (offset) => `(i32.shl (i32.load8_u offset=${offset} (local.get $at)) (i32.const 2))`;

function step(offset) {
  let words = `(v128.load32_zero ${place(offset)})`;
  for (const lane of LATER_LANES) words = `(v128.load32_lane ${lane} ${place(lane * STRETCH + offset)} ${words})`;
  return `
          (local.set $hashes (i32x4.add (i32x4.shl (local.get $hashes) (i32.const 1)) ${words}))
          (local.set $least (i32x4.min_u (local.get $least) (local.get $hashes)))`;
}

/** One step of a hash alone. */
const single = `(local.set $one (i32.add (i32.shl (local.get $one) (i32.const 1)) (i32.load ${place(0)})))`;

/** A lane further on begins with the hash of the bytes before it. */
const beginLane = (lane) => `
        (local.set $hashes (i32x4.replace_lane ${lane} (local.get $hashes)
          (call $before (i32.add (local.get $at) (i32.const ${lane * STRETCH})))))`;

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
      ${single}
      (br_if $byte (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))
    (local.get $one))

  ;; One byte at a time; the end of the piece, or -1.
  (func $rollSingly (param $at i32) (param $to i32) (param $bound i32) (result i32)
    (local $one i32)
    (local.set $one (global.get $hash))
    (block $none
      (loop $byte
        (br_if $none (i32.ge_u (local.get $at) (local.get $to)))
        ${single}
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
        (local.set $hashes (i32x4.splat (global.get $hash)))${LATER_LANES.map(beginLane).join("")}
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
