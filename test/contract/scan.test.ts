import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { createClassifier } from "../../src/compare/classify.ts";
import { WHOLE_ROOT } from "../../src/model/classification.ts";
import { chooseCalls } from "../../src/tree/choose-calls.ts";
import { ConfinedDirectories } from "../../src/tree/confined-directories.ts";
import { scanTree } from "../../src/tree/scan.ts";
import type { SystemCalls } from "../../src/tree/system-calls.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

// Seen by reading: taken for gone, it would have been deleted on all remotes.
test("a name that its directory holds and that cannot be found is not taken for gone", (t) => {
  const path = tempDirectory(t);
  mkdirSync(join(path, "d/e"), { recursive: true });
  for (const name of ["d/damaged", "d/fine", "d/removed", "d/e/f"]) writeFileSync(join(path, name), name);
  const real = chooseCalls();
  const damaged: SystemCalls = {
    ...real,
    stat(directory, name, into) {
      if (name === "removed") rmSync(join(path, "d/removed"), { force: true });
      return name !== "damaged" && real.stat(directory, name, into);
    },
  };
  const directories = new ConfinedDirectories(damaged, path);
  t.teardown(() => directories.close());
  const { table, blind } = scanTree(damaged, directories, createClassifier(WHOLE_ROOT, 0));
  t.deepEqual(
    blind.map((problem) => [problem.path, problem.code]),
    [["d/damaged", "LOCKSTEP_ACCESS_DENIED"]],
  );
  t.deepEqual(
    Array.from({ length: table.count }, (_, i) => table.paths[i]),
    ["", "d", "d/e", "d/e/f", "d/fine"],
  );
});
