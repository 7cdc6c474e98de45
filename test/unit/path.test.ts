import test from "ava";
import fc from "fast-check";
import { LockstepError } from "../../src/model/errors.ts";
import {
  ancestorPaths,
  baseName,
  byteString,
  byteStringToBytes,
  checkPath,
  comparePaths,
  displayPath,
  isWithin,
  joinPath,
  parentPath,
  pathFromText,
  textForMatching,
} from "../../src/model/path.ts";
import { bytesText, nameArbitrary, pathArbitrary } from "../fixtures/entry-arbitrary.ts";

function compareNaively(a: string, b: string): number {
  const [left, right] = [a, b].map((path) => (path === "" ? [] : path.split("/")));
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = Buffer.compare(Buffer.from(left[i], "latin1"), Buffer.from(right[i], "latin1"));
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

test("paths are ordered component by component", (t) => {
  const ordered = ["", "a", "a/b", "a/b/c", "a/c", "a b", "a-b", "a.b", "a0", "aa", "b", "\x7f", "\x80", "\xff"];
  for (let seed = 1; seed < 5; seed++) {
    const shuffled = ordered.map((path, i) => ({ path, key: (i * 7 * seed) % 15 })).sort((a, b) => a.key - b.key);
    t.deepEqual(shuffled.map(({ path }) => path).sort(comparePaths), ordered);
  }
  t.true(comparePaths("a/b", "a-b") < 0);
  t.true(comparePaths("a/\x01", "a\x01") < 0);
});

test("the order agrees with splitting and comparing", (t) => {
  const path = fc.oneof(pathArbitrary, fc.constant(""));
  fc.assert(
    fc.property(path, path, (a, b) => {
      if (Math.sign(comparePaths(a, b)) !== Math.sign(compareNaively(a, b))) throw new Error("another order");
    }),
    { numRuns: 3000 },
  );
  t.pass();
});

test("the order is depth first: what lies within a directory follows it without a gap", (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(pathArbitrary, { maxLength: 20 }), pathArbitrary, (others, directory) => {
      const all = [...new Set([...others, directory, ...others.map((path) => `${directory}/${path}`)])];
      const within = all.sort(comparePaths).map((path) => isWithin(path, directory));
      const first = within.indexOf(true);
      return within.slice(first, within.lastIndexOf(true) + 1).every(Boolean) && all[first] === directory;
    }),
  );
  t.pass();
});

const REFUSED: [what: string, path: string][] = [
  ["absolute", "/a"],
  ["only a slash", "/"],
  ["trailing slash", "a/"],
  ["empty component", "a//b"],
  ["dot", "."],
  ["dot inside", "a/./b"],
  ["dot at the end", "a/."],
  ["dot dot", ".."],
  ["dot dot first", "../a"],
  ["dot dot inside", "a/../b"],
  ["dot dot at the end", "a/.."],
  ["NUL", "a\0b"],
  ["only a NUL", "\0"],
  ["name of 256 bytes", "x".repeat(256)],
  ["name of 256 bytes inside", `a/${"x".repeat(256)}/b`],
  ["path of 4096 bytes", `${"abcdefg/".repeat(512).slice(0, 4095)}z`],
  ["unit above 255", "aĀ"],
  ["staging directory", ".lockstep"],
  ["below the staging directory", ".lockstep/x"],
];
for (const [what, path] of REFUSED) {
  test(`a path from a peer is refused: ${what}`, (t) => {
    const error = t.throws(() => checkPath(path), { instanceOf: LockstepError });
    t.is(error.code, "LOCKSTEP_BAD_PATH");
    t.true((error.path ?? "").length <= 700);
  });
}

test("a path of 4096 bytes is refused for its length and one of 4095 is accepted", (t) => {
  const long = "abcdefg/".repeat(512).slice(0, 4095);
  t.is(long.length, 4095);
  t.is(checkPath(long), long);
});

for (const path of [
  "",
  "a",
  "...",
  "..a",
  "a..",
  ".a",
  "a/...",
  "x".repeat(255),
  "a/.lockstep",
  "a/.lockstep/b",
  ".lockstepx",
  ".lockstep-",
  "\x01",
  "\n",
  "\xff/\x80",
  "a\\b",
  " ",
  "C:",
]) {
  test(`a path from a peer is accepted: ${JSON.stringify(path.slice(0, 20))}`, (t) => {
    t.is(checkPath(path), path);
  });
}

test("whatever is accepted stays within the root", (t) => {
  const piece = fc.constantFrom("a", ".", "..", "/", "", "\0", ".lockstep", "b/", "x".repeat(255));
  fc.assert(
    fc.property(
      fc.oneof(
        bytesText(0, 12),
        fc.array(piece, { maxLength: 8 }).map((p) => p.join("")),
      ),
      (path) => {
        let accepted: string;
        try {
          accepted = checkPath(path);
        } catch (error) {
          return error instanceof LockstepError && error.code === "LOCKSTEP_BAD_PATH";
        }
        if (accepted === "") return true;
        return accepted
          .split("/")
          .every(
            (name, i) => !["", ".", ".."].includes(name) && !name.includes("\0") && (i > 0 || name !== ".lockstep"),
          );
      },
    ),
    { numRuns: 3000 },
  );
  t.pass();
});

test("paths are shown as UTF-8, other bytes as %XX and % as %25", (t) => {
  const table: [path: string, shown: string][] = [
    ["", ""],
    ["plain/name", "plain/name"],
    ["100%", "100%25"],
    ["%41", "%2541"],
    [pathFromText("Zürich/日本/😀"), "Zürich/日本/😀"],
    ["\xff", "%FF"],
    ["a\x80b", "a%80b"],
    // overlong, surrogate, beyond U+10FFFF, truncated
    ["\xc0\xaf", "%C0%AF"],
    ["\xed\xa0\x80", "%ED%A0%80"],
    ["\xf4\x90\x80\x80", "%F4%90%80%80"],
    ["\xe2\x82", "%E2%82"],
    [`\xe2\x82${pathFromText("€")}%\xff`, "%E2%82€%25%FF"],
    ["\xef\xbb\xbfbom", "\ufeffbom"],
    ["new\nline", "new\nline"],
  ];
  for (const [path, shown] of table) t.is(displayPath(path), shown);
});

test("the shown form can be turned back", (t) => {
  const back = (shown: string): string =>
    pathFromText(shown).replaceAll(/%([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  const mixed = fc
    .array(
      fc.oneof(bytesText(1, 4), fc.constantFrom("%", "%25", "%FF"), fc.string({ unit: "binary" }).map(pathFromText)),
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(mixed, (path) => back(displayPath(path)) === path),
    { numRuns: 3000 },
  );
  t.pass();
});

test("text of valid UTF-8 is shown as it is, but for %", (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      (text) => displayPath(pathFromText(text)) === text.replaceAll("%", "%25"),
    ),
  );
  t.pass();
});

test("patterns see UTF-8 text, and other bytes as lone surrogates", (t) => {
  t.is(textForMatching(pathFromText("für/%")), "für/%");
  t.is(textForMatching("\xff"), "\udcff");
  t.is(textForMatching("a\xe2\x82z"), "a\udce2\udc82z");
  fc.assert(
    fc.property(bytesText(0, 10), bytesText(0, 10), (a, b) => a === b || textForMatching(a) !== textForMatching(b)),
    { numRuns: 2000 },
  );
});

test("bytes and byte strings turn into each other", (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 10_000 }),
      (bytes) => Buffer.compare(byteStringToBytes(byteString(bytes)), bytes) === 0,
    ),
  );
  t.pass();
});

test("within means the path itself or below it", (t) => {
  const table: [path: string, ancestor: string, within: boolean][] = [
    ["", "", true],
    ["a", "", true],
    ["a", "a", true],
    ["a/b", "a", true],
    ["a-b", "a", false],
    ["ab", "a", false],
    ["a", "a/b", false],
    ["", "a", false],
    ["b/a", "a", false],
  ];
  for (const [path, ancestor, within] of table) t.is(isWithin(path, ancestor), within, `${path} in ${ancestor}`);
});

test("ancestors are listed topmost first, without the root", (t) => {
  t.deepEqual(ancestorPaths(""), []);
  t.deepEqual(ancestorPaths("a"), []);
  t.deepEqual(ancestorPaths("a/b/c"), ["a", "a/b"]);
  fc.assert(
    fc.property(pathArbitrary, (path) =>
      ancestorPaths(path).every(
        (ancestor, i, all) => isWithin(path, ancestor) && parentPath(ancestor) === (all[i - 1] ?? ""),
      ),
    ),
  );
});

test("parent and name make the path again", (t) => {
  fc.assert(fc.property(pathArbitrary, (path) => joinPath(parentPath(path), baseName(path)) === path));
  fc.assert(
    fc.property(pathArbitrary, nameArbitrary, (path, name) => {
      const child = joinPath(path, name);
      return parentPath(child) === path && baseName(child) === name && isWithin(child, path);
    }),
  );
  t.is(parentPath("a"), "");
  t.is(joinPath("", "a"), "a");
});
