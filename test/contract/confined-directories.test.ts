import test from "ava";
import { ConfinedDirectories } from "../../src/tree/confined-directories.ts";
import { createLinuxCalls } from "../../src/tree/linux-calls.ts";
import { errnoOf } from "../../src/tree/system-calls.ts";

test("a directory of another file system is not opened, and what lies in it neither", (t) => {
  const directories = new ConfinedDirectories(createLinuxCalls(), "/");
  t.teardown(() => directories.close());
  t.notThrows(() => directories.directory("etc"));
  for (const path of ["proc", "proc/self/fd"]) {
    const error = t.throws(() => directories.directory(path), { any: true });
    t.is(errnoOf(error), "EXDEV", path);
  }
});
