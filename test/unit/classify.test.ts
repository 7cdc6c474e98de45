import test from "ava";
import { type Candidate, createClassifier } from "../../src/compare/classify.ts";
import { type Bound, type Classification, WHOLE_ROOT } from "../../src/model/classification.ts";
import { DIRECTORY, ENTRY_TYPES, type EntryTypeName, FILE, SYMLINK } from "../../src/model/entry.ts";
import { pathFromText } from "../../src/model/path.ts";

const NOW = 1_790_000_000_000;

function candidate(path: string, fields: Partial<Candidate> = {}): Candidate {
  const type = path.endsWith("/") ? DIRECTORY : FILE;
  return { path: path.replace(/\/$/, ""), type, size: 0, mtimeSec: 1_700_000_000, mtimeNsec: 0, ...fields };
}

/** Which of the paths are selected; a path that ends with "/" is a directory. */
function selected(classification: Partial<Classification>, paths: string[]): string[] {
  const classifier = createClassifier({ ...WHOLE_ROOT, ...classification }, NOW);
  return paths.filter((path) => classifier.selects(candidate(path)));
}

test("the whole root selects everything, and says so", (t) => {
  const classifier = createClassifier(WHOLE_ROOT, NOW);
  t.true(classifier.selectsAll);
  t.true(classifier.selects(candidate("", { type: DIRECTORY })));
  t.true(classifier.selects(candidate("a\xff\n/b")));
  t.false(createClassifier({ ...WHOLE_ROOT, exclude: ["x"] }, NOW).selectsAll);
});

const PATTERNS: [what: string, classification: Partial<Classification>, yes: string[], no: string[]][] = [
  [
    "no slash matches at any depth",
    { include: ["*.html"] },
    ["a.html", "x/y/a.html", "a.html/b"],
    ["a.htm", "html", "x/"],
  ],
  ["a slash inside anchors", { include: ["docs/*.html"] }, ["docs/a.html"], ["x/docs/a.html", "docs/x/a.html", "docs"]],
  ["a slash in front anchors", { include: ["/a"] }, ["a", "a/b"], ["x/a", "ab"]],
  ["** in front is any depth", { include: ["**/*.html"] }, ["a.html", "x/y/a.html"], ["a.txt"]],
  ["** inside is any depth, also none", { include: ["a/**/b"] }, ["a/b", "a/x/b", "a/x/y/b"], ["b", "a/xb", "x/a/b"]],
  ["** at the end is all that lies within", { include: ["a/**"] }, ["a/b", "a/b/c", "a/b/"], ["a", "a/", "b", "ab/c"]],
  ["* does not cross a slash", { include: ["/a*c"] }, ["abc", "ac"], ["ab/c"]],
  ["? is one character, not a slash", { include: ["/a?c"] }, ["abc"], ["ac", "a/c", "abbc"]],
  ["a class of characters", { include: ["[a-c]x"] }, ["ax", "d/cx"], ["dx", "-x"]],
  ["a negated class of characters", { include: ["/[!a]x"] }, ["bx"], ["ax"]],
  [
    "a name selects the directory and what it holds",
    { include: ["src"] },
    ["src/", "src/a", "x/src/y/z"],
    ["srcs", "xsrc"],
  ],
  [
    "a slash at the end means directories only",
    { include: ["build/"] },
    ["build/", "build/a", "x/build/b"],
    ["build", "x/build"],
  ],
  ["a later pattern takes back", { include: ["*.log", "!keep.log"] }, ["a.log"], ["keep.log", "x/keep.log"]],
  ["a later pattern gives again", { include: ["*.log", "!keep.log", "x/keep.log"] }, ["x/keep.log"], ["keep.log"]],
  ["nothing is taken back below a selected directory", { include: ["src/", "!src/gen"] }, ["src/gen", "src/gen/x"], []],
  ["exclude wins over include", { include: ["*.html"], exclude: ["drafts/**"] }, ["a.html"], ["drafts/a.html"]],
  ["exclude alone selects the rest", { exclude: ["*.tmp"] }, ["a", "a/"], ["a.tmp", "x/a.tmp", "a.tmp/b"]],
  ["a negation in exclude selects again", { exclude: ["*.tmp", "!keep.tmp"] }, ["keep.tmp"], ["a.tmp"]],
  ["an excluded directory takes its content with it", { exclude: ["out/"] }, ["out"], ["out/", "out/a/b"]],
  ["case counts", { include: ["*.HTML"] }, ["a.HTML"], ["a.html"]],
  ["a hash comments", { include: ["#a", "b"] }, ["b"], ["#a", "a"]],
  ["an escaped hash is a name", { include: ["\\#a"] }, ["#a"], ["a"]],
  ["an escaped exclamation mark is a name", { include: ["\\!a"] }, ["!a"], ["a"]],
  ["an escaped star is a star", { include: ["a\\*"] }, ["a*"], ["ab"]],
  ["blanks at the end do not count unless escaped", { include: ["a ", "b\\ "] }, ["a", "b "], ["a ", "b"]],
  ["a dot is a dot", { include: ["a.b"] }, ["a.b"], ["axb"]],
  ["names that start with a dot are like others", { include: ["*"] }, [".a", "x/.b"], []],
  ["patterns of blanks select nothing", { include: ["", "  "] }, [], ["a", "x/"]],
];
for (const [what, classification, yes, no] of PATTERNS) {
  test(`patterns: ${what}`, (t) => {
    t.deepEqual(selected(classification, [...yes, ...no]), yes);
  });
}

test("patterns meet odd names", (t) => {
  const odd = ["new\nline.html", "\xff.html", " .html", "a\\b.html", "\x01.html", "%41.html", "-.html", "x/\r.html"];
  t.deepEqual(selected({ include: ["*.html"] }, odd), odd);
  t.deepEqual(selected({ include: ["new*"] }, odd), ["new\nline.html"]);
  t.deepEqual(selected({ include: ["/?.html"] }, odd), ["\xff.html", " .html", "\x01.html", "-.html"]);
  const umlaut = pathFromText("für/a");
  t.deepEqual(selected({ include: ["f?r"] }, [umlaut, "f\xc3r"]), [umlaut, "f\xc3r"]);
  t.deepEqual(selected({ include: ["für"] }, [umlaut, "f\xfcr"]), [umlaut]);
  t.deepEqual(selected({ include: [pathFromText("für")] }, [umlaut]), []);
  const methods = ["__proto__", "constructor", "toString/hasOwnProperty"];
  t.deepEqual(selected({ include: ["a"] }, methods), []);
  t.deepEqual(selected({ exclude: ["a"] }, methods), methods);
  t.deepEqual(selected({ include: ["*"] }, ["..a", "...", "a/..b", ".git"]), ["..a", "...", "a/..b", ".git"]);
});

test("the root is selected by predicates and exclusion, never by an include pattern", (t) => {
  const root = candidate("", { type: DIRECTORY });
  const selects = (classification: Partial<Classification>): boolean =>
    createClassifier({ ...WHOLE_ROOT, ...classification }, NOW).selects(root);
  t.true(selects({ exclude: ["*"] }));
  t.false(selects({ include: ["**"] }));
  t.true(selects({ types: ["directory"] }));
  t.false(selects({ types: ["file"] }));
  t.true(selects({ size: { op: ">", value: 100 } }));
});

test("types select only these types", (t) => {
  for (const name of Object.keys(ENTRY_TYPES) as EntryTypeName[]) {
    const classifier = createClassifier({ ...WHOLE_ROOT, types: [name] }, NOW);
    for (const [other, type] of Object.entries(ENTRY_TYPES)) {
      t.is(classifier.selects(candidate("x", { type })), other === name);
    }
  }
  const two = createClassifier({ ...WHOLE_ROOT, types: ["file", "symlink"] }, NOW);
  t.deepEqual(
    [FILE, SYMLINK, DIRECTORY].map((type) => two.selects(candidate("x", { type }))),
    [true, true, false],
  );
});

const BOUNDS: [op: Bound["op"], below: boolean, at: boolean, above: boolean][] = [
  ["<", true, false, false],
  ["<=", true, true, false],
  [">", false, false, true],
  [">=", false, true, true],
];
for (const [op, below, at, above] of BOUNDS) {
  test(`size ${op} holds at its boundary, for files only`, (t) => {
    const classifier = createClassifier({ ...WHOLE_ROOT, size: { op, value: 1024 } }, NOW);
    const sizes = [1023, 1024, 1025].map((size) => classifier.selects(candidate("x", { size })));
    t.deepEqual(sizes, [below, at, above]);
    t.true(classifier.selects(candidate("x", { type: SYMLINK, size: 3 })));
    t.true(classifier.selects(candidate("x/", { size: 4096 })));
  });

  test(`age ${op} holds at its boundary, to the microsecond`, (t) => {
    const classifier = createClassifier({ ...WHOLE_ROOT, age: { op, value: 86_400_000 } }, NOW);
    const aged = (sec: number, nsec: number): boolean =>
      classifier.selects(candidate("x", { mtimeSec: sec, mtimeNsec: nsec }));
    const at1 = NOW / 1000 - 86_400;
    t.deepEqual([aged(at1, 1000), aged(at1, 0), aged(at1 - 1, 999_999_000)], [below, at, above]);
  });
}

test("a file from the future has a negative age, and one from before 1970 a large one", (t) => {
  const future = candidate("x", { mtimeSec: NOW / 1000 + 10 });
  const old = candidate("x", { mtimeSec: -1, mtimeNsec: 5 });
  const young = createClassifier({ ...WHOLE_ROOT, age: { op: "<", value: 0 } }, NOW);
  t.deepEqual([young.selects(future), young.selects(old)], [true, false]);
  const aged = createClassifier({ ...WHOLE_ROOT, age: { op: ">", value: NOW } }, NOW);
  t.deepEqual([aged.selects(future), aged.selects(old)], [false, true]);
});

test("patterns and predicates must all hold", (t) => {
  const classifier = createClassifier(
    {
      include: ["*.html"],
      exclude: ["drafts/"],
      types: ["file"],
      size: { op: "<", value: 10 },
      age: { op: ">", value: 1000 },
    },
    NOW,
  );
  const good = candidate("a.html", { size: 9 });
  t.true(classifier.selects(good));
  t.false(classifier.selects({ ...good, path: "a.txt" }));
  t.false(classifier.selects({ ...good, path: "drafts/a.html" }));
  t.false(classifier.selects({ ...good, type: DIRECTORY }));
  t.false(classifier.selects({ ...good, size: 10 }));
  t.false(classifier.selects({ ...good, mtimeSec: NOW / 1000 }));
});
