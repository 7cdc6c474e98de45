import * as fs from "node:fs";
import { join } from "node:path";
import test from "ava";
import { hexDigest } from "../../src/model/digest.ts";
import { chooseCalls } from "../../src/tree/choose-calls.ts";
import { createHasher } from "../../src/tree/hasher.ts";
import { type SystemCalls, SystemError } from "../../src/tree/system-calls.ts";
import { mirrorInProcess } from "../fixtures/mirror-in-process.ts";
import { seededRandom } from "../fixtures/seeded-random.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

/** The calls that put a large file together, and what each can meet. */
const FAULTS: Readonly<Record<string, ReadonlySet<string>>> = {
  ENOSPC: new Set(["createFile", "write", "truncate", "rename"]),
  EACCES: new Set(["createFile", "openFile", "reopenFile", "chmod", "rename", "setTime"]),
  EMFILE: new Set(["createFile", "openFile", "reopenFile"]),
  EIO: new Set(["read", "write", "truncate", "statFile"]),
};

function noise(length: number, seed: number): Buffer {
  const random = seededRandom(seed);
  const words = Uint32Array.from({ length: Math.ceil(length / 4) }, () => random(2 ** 32));
  return Buffer.from(words.buffer).subarray(0, length);
}

const OLD = noise(2_500_000, 1);
const MOVED = noise(1_500_000, 2);
const BEFORE: Readonly<Record<string, Buffer>> = { edited: OLD, one: MOVED.subarray(0, 300_000), "to move": MOVED };
const AFTER: Readonly<Record<string, Buffer>> = {
  edited: Buffer.concat([OLD.subarray(0, 1_200_000), Buffer.from("!"), OLD.subarray(1_200_000)]),
  one: Buffer.concat([Buffer.from("!"), MOVED.subarray(0, 300_000)]),
  moved: MOVED,
  resumed: noise(1_100_000, 3),
};
const LEFTOVER = `${hexDigest(createHasher().hash(AFTER["resumed"]))}.0.1`;

for (const [errno, names] of Object.entries(FAULTS)) {
  test.serial(`${errno} at any point of a large file leaves old or new content and nothing open`, async (t) => {
    t.timeout(300_000);
    const directory = tempDirectory(t);
    const master = join(directory, "master");
    fs.mkdirSync(master);
    for (const [name, content] of Object.entries(AFTER)) fs.writeFileSync(join(master, name), content);
    for (let n = 0, met = true; met; n++) {
      const remote = join(directory, `remote-${n}`);
      fs.mkdirSync(join(remote, ".lockstep"), { recursive: true });
      for (const [name, content] of Object.entries(BEFORE)) fs.writeFileSync(join(remote, name), content);
      fs.writeFileSync(join(remote, ".lockstep", LEFTOVER), AFTER["resumed"].subarray(0, 900_000));
      let count = 0;
      const calls = new Proxy(chooseCalls(), {
        get(target, name: keyof SystemCalls) {
          const value = target[name];
          if (typeof value !== "function" || !names.has(name)) return value;
          return (...args: never[]) => {
            if (count++ === n) throw new SystemError(errno, name);
            return (value as (...args: never[]) => unknown).apply(target, args);
          };
        },
      });
      const open = fs.readdirSync("/proc/self/fd").length;
      try {
        await mirrorInProcess(master, remote, { calls, durability: "none" });
        t.is(fs.readdirSync("/proc/self/fd").length, open, `descriptors left open at ${n}`);
      } catch (error) {
        // The staging area cannot be looked at: nothing was begun.
        if (!(error instanceof SystemError) || error.code !== errno) throw error;
      }
      for (const name of fs.readdirSync(remote).filter((each) => each !== ".lockstep")) {
        const content = fs.readFileSync(join(remote, name));
        const whole = AFTER[name]?.equals(content) || BEFORE[name]?.equals(content);
        if (!whole) t.fail(`${name} at ${n} holds something else`);
      }
      const { problems } = await mirrorInProcess(master, remote, { durability: "none" });
      t.deepEqual(problems, [], `after ${n}`);
      for (const [name, content] of Object.entries(AFTER)) {
        t.true(fs.readFileSync(join(remote, name)).equals(content), `${name} after ${n}`);
      }
      fs.rmSync(remote, { recursive: true });
      met = count > n;
    }
  });
}
