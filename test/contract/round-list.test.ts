import * as fs from "node:fs";
import { join } from "node:path";
import test from "ava";
import { WHOLE_ROOT } from "../../src/model/classification.ts";
import { SUITE } from "../../src/model/suite.ts";
import { chooseCalls } from "../../src/tree/choose-calls.ts";
import { createHasher } from "../../src/tree/hasher.ts";
import { type FileStat, newFileStat, type SystemCalls, SystemError } from "../../src/tree/system-calls.ts";
import { openRoot } from "../fixtures/mirror-in-process.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

test("a file that was written again within the tick of its listing is stated as it is read", async (t) => {
  const directory = tempDirectory(t);
  const path = join(directory, "f");
  fs.writeFileSync(path, "");
  const real = chooseCalls();
  const listed = newFileStat();
  // What a coarse clock says of a file that is truncated, listed and written at one moment.
  const sameTick = (stat: FileStat): void => {
    if (listed.inodeLow === 0 || stat.inodeLow !== listed.inodeLow) return;
    const { ctimeSec, ctimeNsec, mtimeSec, mtimeNsec } = listed;
    Object.assign(stat, { ctimeSec, ctimeNsec, mtimeSec, mtimeNsec });
  };
  const calls: SystemCalls = {
    ...real,
    stat(handle, name, into) {
      const found = real.stat(handle, name, into);
      sameTick(into);
      return found;
    },
    statFile(fd, into) {
      real.statFile(fd, into);
      sameTick(into);
    },
  };
  const { list, directories } = openRoot(calls, directory);
  t.teardown(() => directories.close());
  await list.scan({ classification: WHOLE_ROOT, now: 0, fresh: false, isSource: true });
  real.stat(directories.root, "f", listed);
  const content = Buffer.alloc(SUITE.singleBytes + 1, 7);
  fs.writeFileSync(path, content);
  const all: [number, number][] = [[0, list.table.count]];
  const { stated } = await list.state(all, all);
  const file = stated.find(({ entry }) => entry.path === "f");
  t.is(file?.entry.size, content.length);
  t.deepEqual(Buffer.from(file?.checksum ?? []), Buffer.from(createHasher().hash(content)));
  t.true(file?.chunkRoot !== undefined);
});

// Seen: of a file that the master cannot read the first remote was told, and the others were "in step".
test("each remote that compares a file which cannot be read is told of it", async (t) => {
  const directory = tempDirectory(t);
  for (const name of ["f", "g"]) fs.writeFileSync(join(directory, name), "content");
  const real = chooseCalls();
  const calls: SystemCalls = {
    ...real,
    openFile(handle, name) {
      if (name === "f") throw new SystemError("EACCES", "open");
      return real.openFile(handle, name);
    },
  };
  const { list, directories } = openRoot(calls, directory);
  t.teardown(() => directories.close());
  await list.scan({ classification: WHOLE_ROOT, now: 0, fresh: false, isSource: true });
  for (let remote = 0; remote < 2; remote++) {
    const { problems } = list.groupDigests([[[0, list.table.count]]]);
    t.deepEqual(
      problems.map(({ path, code }) => [path, code]),
      [["f", "LOCKSTEP_SOURCE_UNREADABLE"]],
    );
  }
});
