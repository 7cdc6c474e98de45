import test from "ava";
import { MAX_XATTR_BYTES_OF_PATH } from "../../src/model/batch.ts";
import { chooseCalls } from "../../src/tree/choose-calls.ts";
import { readXattrs } from "../../src/tree/read-xattrs.ts";
import type { SystemCalls } from "../../src/tree/system-calls.ts";

/** A path with so many attributes of so many bytes each, names included: more than most file systems allow. */
function attributed(count: number, bytes: number): SystemCalls {
  const names = Array.from({ length: count }, (_, i) => `user.${10_000 + i}`);
  return { ...chooseCalls(), listXattrs: () => names, getXattr: (_, __, name) => new Uint8Array(bytes - name.length) };
}

test("attributes that fit into a message are read, and a path with more is told of", (t) => {
  const bytes = MAX_XATTR_BYTES_OF_PATH / 16;
  t.is(readXattrs(attributed(16, bytes), 0 as never, "f").length, 16);
  t.throws(() => readXattrs(attributed(17, bytes), 0 as never, "f"), { code: "E2BIG" });
});
