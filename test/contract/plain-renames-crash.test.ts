import * as fs from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { chooseCalls } from "../../src/tree/choose-calls.ts";
import { exchange, LINK_FOREIGN, type PlainNames, renameFresh } from "../../src/tree/plain-renames.ts";
import { type DirectoryHandle, errnoOf, type SystemCalls, SystemError } from "../../src/tree/system-calls.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

interface World {
  readonly calls: SystemCalls;
  readonly path: string;
  readonly root: DirectoryHandle;
  readonly staging: DirectoryHandle;
}

function makeWorld(t: ExecutionContext): World {
  const calls = chooseCalls();
  const path = tempDirectory(t);
  fs.mkdirSync(join(path, "staging"));
  const root = calls.openRoot(path);
  const staging = calls.openDirectory(root, "staging");
  t.teardown(() => {
    calls.closeDirectory(staging);
    calls.closeDirectory(root);
  });
  return { calls, path, root, staging };
}

/** Names on which each change before the n-th is done, and the n-th and all after it fail with this code. */
function failingNames({ calls, path, staging }: World, failsFrom: number, code: string): PlainNames {
  let changes = 0;
  const count = (): void => {
    if (changes++ >= failsFrom) throw new SystemError(code, "changes");
  };
  const place = (directory: DirectoryHandle, name: string): string =>
    join(path, directory === staging ? "staging" : "", name);
  return {
    linksSymlinks: true,
    canChown: calls.canChown,
    stat: calls.stat,
    makeLink(from, fromName, to, toName) {
      count();
      calls.makeLink(from, fromName, to, toName);
    },
    unlink(directory, name) {
      count();
      calls.unlink(directory, name);
    },
    replace(from, fromName, to, toName) {
      count();
      fs.renameSync(place(from, fromName), place(to, toName));
    },
  };
}

/** What a name holds: a file's content, a symlink's target, a directory's names. */
function held(path: string): string | undefined {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isDirectory()) return fs.readdirSync(path).join(",");
  return stat.isSymbolicLink() ? fs.readlinkSync(path) : fs.readFileSync(path, "utf8");
}

const put = {
  file: (path: string, what: string): void => fs.writeFileSync(path, what),
  symlink: (path: string, what: string): void => fs.symlinkSync(what, path),
};

for (const [source, target] of [
  ["file", "file"],
  ["symlink", "file"],
  ["file", "symlink"],
] as const) {
  test(`a ${target} is wholly old or wholly new wherever its exchange with a ${source} stops`, (t) => {
    for (let n = 0; ; n++) {
      const world = makeWorld(t);
      put[source](join(world.path, "staging/1.0"), "new");
      put[target](join(world.path, "f"), "old");
      const names = failingNames(world, n, "EIO");
      let stopped = false;
      try {
        exchange(names, world.staging, "1.0", world.root, "f");
      } catch (error) {
        t.is(errnoOf(error), "EIO");
        stopped = true;
      }
      const now = held(join(world.path, "f"));
      t.true(now === "old" || now === "new", `before change ${n}: ${now}`);
      const staged = ["1.0", "1.0.aside"].map((name) => held(join(world.path, "staging", name)));
      t.true(staged.includes("old") || now === "old", "the old version can be given back");
      t.deepEqual(fs.readdirSync(world.path).sort(), ["f", "staging"]);
      if (stopped) continue;
      t.deepEqual([now, ...staged], ["new", "old", undefined]);
      t.true(n >= 3);
      break;
    }
  });
}

test("a directory that cannot be exchanged is put back", (t) => {
  const world = makeWorld(t);
  fs.writeFileSync(join(world.path, "staging/1.0"), "new");
  fs.mkdirSync(join(world.path, "d/inner"), { recursive: true });
  const names = failingNames(world, 99, "");
  const { replace } = names;
  const refusing: PlainNames = {
    ...names,
    replace(from, fromName, to, toName) {
      if (fromName === "1.0") throw new SystemError("EACCES", "rename");
      replace(from, fromName, to, toName);
    },
  };
  const error = t.throws(() => exchange(refusing, world.staging, "1.0", world.root, "d"));
  t.is(errnoOf(error), "EACCES");
  t.is(held(join(world.path, "d")), "inner");
  t.deepEqual(fs.readdirSync(join(world.path, "staging")), ["1.0"]);
});

test("without hard links a file is made and not replaced, and what is there is kept", (t) => {
  const world = makeWorld(t);
  for (const name of ["1.0", "1.1", "1.2"]) fs.writeFileSync(join(world.path, "staging", name), name);
  fs.writeFileSync(join(world.path, "f"), "old");
  const names: PlainNames = {
    ...failingNames(world, 99, ""),
    makeLink() {
      throw new SystemError("EPERM", "linkat");
    },
  };
  const refused = t.throws(() => exchange(names, world.staging, "1.0", world.root, "f"));
  t.is(errnoOf(refused), "EOPNOTSUPP");
  const taken = t.throws(() => renameFresh(names, world.staging, "1.1", world.root, "f"));
  t.is(errnoOf(taken), "EEXIST");
  t.is(held(join(world.path, "f")), "old");
  renameFresh(names, world.staging, "1.2", world.root, "g");
  t.is(held(join(world.path, "g")), "1.2");
  t.deepEqual(fs.readdirSync(join(world.path, "staging")).sort(), ["1.0", "1.1"]);
});

// Seen: that the root has to lie on another file system, of one that has hard links.
test("that somebody else's file may not be linked is told apart from a file system without links", (t) => {
  const world = makeWorld(t);
  fs.writeFileSync(join(world.path, "staging/1.0"), "new");
  fs.writeFileSync(join(world.path, "f"), "old");
  const names = failingNames(world, 99, "");
  const forbidding: PlainNames = {
    ...names,
    canChown: false,
    stat(directory, name, into) {
      const isThere = names.stat(directory, name, into);
      into.uid = (process.geteuid?.() ?? 0) + 1;
      return isThere;
    },
    makeLink() {
      throw new SystemError("EPERM", "linkat");
    },
  };
  const error = t.throws<SystemError>(() => exchange(forbidding, world.staging, "1.0", world.root, "f"));
  t.deepEqual([error?.code, error?.call], ["EPERM", LINK_FOREIGN]);
  t.is(held(join(world.path, "f")), "old");
});
