import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { assignmentOf, type Fleet, readFleet } from "../../node/fleet-file.ts";
import { printable } from "../../node/printable.ts";
import { LockstepError } from "../../src/model/errors.ts";
import { tempDirectory } from "../fixtures/temp-directory.ts";

const PEERS = ["A", "B", "C"].map((letter) => `12D3KooW${letter.repeat(44)}`);
const HOSTS = `hosts:
  alpha: /ip4/127.0.0.1/tcp/7401/p2p/${PEERS[0]}
  beta: [/ip4/127.0.0.1/tcp/7402/p2p/${PEERS[1]}, /dns4/beta.example/tcp/7402/p2p/${PEERS[1]}]
  delta: /ip4/127.0.0.1/tcp/7404/p2p/${PEERS[2]}
`;
const ROOT = "roots:\n  www: { comparison: delta, master: alpha, remotes: [beta] }\n";

function read(t: ExecutionContext, text: string): Fleet {
  const file = join(tempDirectory(t), "fleet.yaml");
  writeFileSync(file, text);
  return readFleet(file);
}

test("a good fleet file is read with all it says", (t) => {
  const { hosts, roots } = read(
    t,
    `${HOSTS}roots:
  www:
    comparison: [delta]
    master: alpha
    remotes: [beta]
    hold: advisory
    delete: false
    maxDelete: 12.5%
    classes:
      pages: { include: ["**/*.html"], exclude: drafts/**, type: file, size: "<1MiB", age: ">7d" }
      all: {}
`,
  );
  t.deepEqual(
    hosts.map(({ name, peer, addresses }) => [name, peer, addresses.length]),
    [
      ["alpha", PEERS[0], 1],
      ["beta", PEERS[1], 2],
      ["delta", PEERS[2], 1],
    ],
  );
  const www = roots.get("www");
  t.deepEqual(
    www?.comparison.map(({ name }) => name),
    ["delta"],
  );
  t.is(www?.master.name, "alpha");
  t.deepEqual(
    www?.remotes.map(({ name }) => name),
    ["beta"],
  );
  t.is(www?.hold, "advisory");
  t.is(www?.delete, false);
  t.deepEqual(www?.maxDelete, { amount: 12.5, unit: "percent" });
  t.deepEqual(www?.classes.get("pages"), {
    include: ["**/*.html"],
    exclude: ["drafts/**"],
    types: ["file"],
    size: { op: "<", value: 1048576 },
    age: { op: ">", value: 604_800_000 },
  });
  t.deepEqual(www?.classes.get("all"), { include: [], exclude: [], types: [], size: undefined, age: undefined });
});

test("what a root leaves out has its default", (t) => {
  const www = read(t, HOSTS + ROOT).roots.get("www");
  t.is(www?.hold, "none");
  t.is(www?.holdFallback, "stop");
  t.deepEqual(www?.blockSize, { bytes: 64 * 1024 * 1024, paths: 2048 });
  t.is(www?.delete, true);
  t.deepEqual(www?.maxDelete, { amount: 50, unit: "percent" });
  t.is(www?.classes.size, 0);
});

test("the size of blocks is bytes, or bytes and paths", (t) => {
  const sizeOf = (text: string) => {
    const root = `roots:\n  www: { comparison: delta, master: alpha, remotes: [beta], blockSize: ${text} }\n`;
    return read(t, HOSTS + root).roots.get("www")?.blockSize;
  };
  t.deepEqual(sizeOf("1MiB"), { bytes: 1024 * 1024, paths: 2048 });
  t.deepEqual(sizeOf("{ paths: 10000 }"), { bytes: 64 * 1024 * 1024, paths: 10_000 });
  t.deepEqual(sizeOf("{ bytes: 5KB, paths: 1 }"), { bytes: 5000, paths: 1 });
  for (const wrong of ["0", "much", "{ paths: 0 }", "{ paths: 10001 }", "{ paths: 1.5 }", "{ files: 3 }"]) {
    t.throws(() => sizeOf(wrong), { code: "LOCKSTEP_CONFIG", message: /blockSize/ }, wrong);
  }
});

test("a star means every host but the master and the comparison servers", (t) => {
  const www = read(t, `${HOSTS}roots:\n  www: { comparison: delta, master: alpha, remotes: "*" }\n`).roots.get("www");
  t.deepEqual(
    www?.remotes.map(({ name }) => name),
    ["beta"],
  );
});

test("the assignment names the root's hosts and no others", (t) => {
  const { roots } = read(t, `${HOSTS}roots:\n  www: { comparison: beta, master: alpha, remotes: beta }\n`);
  const www = roots.get("www");
  if (www === undefined) return t.fail();
  const assignment = assignmentOf(www, 7);
  t.deepEqual(
    { ...assignment, hosts: assignment.hosts.map(({ name }) => name) },
    { root: "www", epoch: 7, master: PEERS[0], comparison: [PEERS[1]], remotes: [PEERS[1]], hosts: ["beta", "alpha"] },
  );
});

for (const [text, bound] of [
  ["<1MiB", { op: "<", value: 1048576 }],
  [">= 1.5 KB", { op: ">=", value: 1500 }],
  ["<=0", { op: "<=", value: 0 }],
  [">2GiB", { op: ">", value: 2 ** 31 }],
] as const) {
  test(`a size bound is read: ${text}`, (t) => {
    const root = `{ comparison: delta, master: alpha, remotes: [beta], classes: { c: { size: "${text}" } } }`;
    t.deepEqual(read(t, `${HOSTS}roots:\n  www: ${root}\n`).roots.get("www")?.classes.get("c")?.size, bound);
  });
}

for (const [text, max] of [
  ["10", { amount: 10, unit: "count" }],
  ["0", { amount: 0, unit: "count" }],
  ['"100%"', { amount: 100, unit: "percent" }],
  ['"0.5 %"', { amount: 0.5, unit: "percent" }],
] as const) {
  test(`a limit of deletions is read: ${text}`, (t) => {
    const root = `{ comparison: delta, master: alpha, remotes: [beta], maxDelete: ${text} }`;
    t.deepEqual(read(t, `${HOSTS}roots:\n  www: ${root}\n`).roots.get("www")?.maxDelete, max);
  });
}

function assertRefused(t: ExecutionContext, text: string, mentions: RegExp): void {
  const error = t.throws(() => read(t, text), { instanceOf: LockstepError });
  t.is(error?.code, "LOCKSTEP_CONFIG");
  t.notRegex(error?.message ?? "\n", /[\n\r]/, "in one line");
  t.regex(error?.message ?? "", mentions);
}

const withRoot = (fields: string): string => `${HOSTS}roots:\n  www: { ${fields} }\n`;
const plain = "comparison: delta, master: alpha, remotes: [beta]";
const MISTAKES: [what: string, text: string, mentions: RegExp][] = [
  ["not YAML", "hosts: [", /not YAML/],
  ["a key twice", `${HOSTS}hosts: {}\n${ROOT}`, /not YAML/],
  ["empty", "", /fleet file/],
  ["a list", "- a\n", /fleet file/],
  ["no hosts", ROOT, /hosts/],
  ["no roots", HOSTS, /roots/],
  ["an unknown key at the top", `${HOSTS}${ROOT}extra: 1\n`, /extra/],
  ["an unknown key of a root", withRoot(`${plain}, remote: beta`), /remote/],
  ["an unknown key of a class", withRoot(`${plain}, classes: { c: { incldue: a } }`), /incldue/],
  ["no master", withRoot("comparison: delta, remotes: [beta]"), /master/],
  ["no comparison server", withRoot("master: alpha, remotes: [beta]"), /comparison/],
  ["an empty list of comparison servers", withRoot("comparison: [], master: alpha, remotes: [beta]"), /comparison/],
  ["no remotes", withRoot("comparison: delta, master: alpha"), /remotes/],
  ["an unknown host as master", withRoot("comparison: delta, master: gamma, remotes: [beta]"), /gamma/],
  ["an unknown host as remote", withRoot("comparison: delta, master: alpha, remotes: [gamma]"), /gamma/],
  ["an unknown host as comparison server", withRoot("comparison: gamma, master: alpha, remotes: [beta]"), /gamma/],
  ["a method's name as host", withRoot("comparison: delta, master: toString, remotes: [beta]"), /toString/],
  ["the master among the remotes", withRoot("comparison: delta, master: alpha, remotes: [beta, alpha]"), /alpha/],
  ["a remote twice", withRoot("comparison: delta, master: alpha, remotes: [beta, beta]"), /twice/],
  ["a root name with a slash", `${HOSTS}roots:\n  "a/b": { ${plain} }\n`, /a\/b/],
  ["an unknown hold", withRoot(`${plain}, hold: sometimes`), /hold/],
  ["delete that is no boolean", withRoot(`${plain}, delete: "maybe"`), /delete/],
  ["more than 100%", withRoot(`${plain}, maxDelete: "101%"`), /101%/],
  ["a negative limit", withRoot(`${plain}, maxDelete: -1`), /-1/],
  ["a limit that is no number", withRoot(`${plain}, maxDelete: many`), /many/],
  ["a count of deletions that is none", withRoot(`${plain}, maxDelete: 0.5`), /0\.5/],
  ["a block beyond counting", withRoot(`${plain}, blockSize: 100000TiB`), /blockSize/],
  ["a bound without comparison", withRoot(`${plain}, classes: { c: { size: 1MiB } }`), /1MiB/],
  ["a bound of an unknown unit", withRoot(`${plain}, classes: { c: { size: "<1MB2" } }`), /1MB2/],
  ["an age in bytes", withRoot(`${plain}, classes: { c: { age: "<1MiB" } }`), /1MiB/],
  ["an unknown type", withRoot(`${plain}, classes: { c: { type: door } }`), /type/],
  ["a class that is no map", withRoot(`${plain}, classes: { c: "*.html" }`), /classes/],
  ["an empty pattern", withRoot(`${plain}, classes: { c: { include: "" } }`), /classes\.c\.include: .*empty/],
  ["an empty pattern that takes back", withRoot(`${plain}, classes: { c: { exclude: ["a", "! "] } }`), /empty/],
  ["a pattern that is a comment", withRoot(`${plain}, classes: { c: { include: ["#a"] } }`), /#a.*comment/],
  ["a pattern out of the root", withRoot(`${plain}, classes: { c: { include: ["a", "../x"] } }`), /\.\.\/x/],
  ["a pattern from a dot", withRoot(`${plain}, classes: { c: { exclude: "./x" } }`), /relative/],
  ["a bracket without end", withRoot(`${plain}, classes: { c: { include: "[a" } }`), /\[a.*bracket/],
  ["a bracket whose end is a member", withRoot(`${plain}, classes: { c: { include: "[^]" } }`), /bracket/],
  ["an unknown kind of characters", withRoot(`${plain}, classes: { c: { include: "[[:foo:]]" } }`), /bracket/],
  ["a lone backslash", withRoot(`${plain}, classes: { c: { include: 'a\\' } }`), /backslash/],
  ["no patterns", withRoot(`${plain}, classes: { c: { include: [] } }`), /include: .*leave it out/],
  ["patterns that only take back", withRoot(`${plain}, classes: { c: { include: ["!a"] } }`), /take back/],
  ["no types", withRoot(`${plain}, classes: { c: { type: [] } }`), /type/],
  ["an address without a peer id", `hosts:\n  alpha: /ip4/127.0.0.1/tcp/1\n${ROOT}`, /hosts\.alpha/],
  ["a host name instead of an address", `hosts:\n  alpha: alpha.example\n${ROOT}`, /hosts\.alpha/],
  ["a host without addresses", `hosts:\n  alpha: []\n${ROOT}`, /hosts/],
  [
    "one host with two peer ids",
    `hosts:\n  alpha: [/ip4/127.0.0.1/tcp/1/p2p/${PEERS[0]}, /ip4/127.0.0.1/tcp/1/p2p/${PEERS[1]}]\n${ROOT}`,
    /two peer ids/,
  ],
  [
    "a host with the name of what all objects have",
    `${HOSTS}  __proto__: /ip4/127.0.0.1/tcp/9/p2p/x\n${ROOT}`,
    /__proto__/,
  ],
  ["a host with a method's name", `${HOSTS}  toString: /ip4/127.0.0.1/tcp/9/p2p/x\n${ROOT}`, /toString cannot/],
  ["two hosts with one peer id", `${HOSTS}  epsilon: /ip4/127.0.0.1/tcp/9/p2p/${PEERS[0]}\n${ROOT}`, /same peer id/],
];
for (const [what, text, mentions] of MISTAKES) {
  test(`a mistake is refused in one line: ${what}`, (t) => assertRefused(t, text, mentions));
}

test("patterns that may match are taken as they are", (t) => {
  const patterns = [
    "*",
    "a/**/b",
    "[]a]",
    "[!]]",
    "[[:alpha:]_-]",
    "[[x]",
    "b\\ ",
    "\\#a",
    "\\[a",
    "...",
    "a]",
    "x/",
    "!x",
  ];
  const { roots } = read(t, withRoot(`${plain}, classes: { c: { include: ${JSON.stringify(patterns)} } }`));
  t.deepEqual(roots.get("www")?.classes.get("c")?.include, patterns);
});

test("a fleet file that is not there is refused in one line", (t) => {
  const error = t.throws(() => readFleet(join(tempDirectory(t), "none.yaml")), { instanceOf: LockstepError });
  t.is(error?.code, "LOCKSTEP_CONFIG");
  t.regex(error?.message ?? "", /ENOENT/);
});

test("a mistake is refused in one line: a method's name as unit", (t) => {
  assertRefused(t, withRoot(`${plain}, classes: { c: { size: "<1toString" } }`), /toString/);
});

test("a mistake is refused in one line: an address of an unknown protocol", (t) => {
  assertRefused(
    t,
    `hosts:\n  alpha: /ip4/127.0.0.1/tpc/7401/p2p/${PEERS[0]}\n  delta: /ip4/1.1.1.1/tcp/1/p2p/${PEERS[2]}\n  beta: /ip4/1.1.1.1/tcp/2/p2p/${PEERS[1]}\n${ROOT}`,
    /tpc/,
  );
});

test("a mistake is refused in one line: a root name with a newline", (t) => {
  assertRefused(t, `${HOSTS}roots:\n  "a\\nb": { ${plain} }\n`, /cannot name a root/);
});

test("text for a terminal has no control characters and stays readable", (t) => {
  t.is(printable("plain ü 日本 😀"), "plain ü 日本 😀");
  t.is(printable("a\nb\r\t\x1b[31m\x00\x7f"), "a\\x0ab\\x0d\\x09\\x1b[31m\\x00\\x7f");
  t.is(printable("\x85\x9b\u2028\u202e\u2066"), "\\x85\\x9b\\u2028\\u202e\\u2066");
  t.is(printable("\u200e\u061c\u200b\ufeff"), "\\u200e\\u061c\\u200b\\ufeff");
  for (let code = 0; code < 0x3000; code++) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    t.notRegex(printable(String.fromCharCode(code)), /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
  }
});
