import test from "ava";
import fc from "fast-check";
import { LockstepError } from "../../src/model/errors.ts";
import type { RoundOrder } from "../../src/model/order.ts";
import type { RoleAssignment } from "../../src/model/role.ts";
import {
  decodeAssignment,
  decodeError,
  decodeOrder,
  decodeProblems,
  decodeRoundId,
  encodeAssignment,
  encodeError,
  encodeOrder,
  encodeProblems,
} from "../../src/wire/codec.ts";
import { LIMITS } from "../../src/wire/limits.ts";
import { BIT_CHANGES, damaged } from "../fixtures/decoder-checks.ts";

const PEERS = ["A", "B", "C", "D"].map((letter) => `12D3KooW${letter.repeat(44)}`);

const ASSIGNMENT: RoleAssignment = {
  root: "www",
  epoch: 3,
  master: PEERS[0],
  comparison: [PEERS[1]],
  remotes: [PEERS[2], PEERS[3]],
  hosts: PEERS.map((peer, i) => ({ name: `h${i}`, peer, addresses: ["/ip4/127.0.0.1/tcp/1/p2p/x", "/ip4/1.1.1.1"] })),
};

const ORDER: RoundOrder = {
  root: "www",
  epoch: 3,
  sequence: 1_790_000_000_123,
  mode: "sync",
  className: "pages",
  classification: {
    include: ["**/*.html"],
    exclude: ["drafts/**"],
    types: ["file", "directory"],
    size: { op: "<", value: 2 ** 40 },
    age: { op: ">=", value: 0.5 },
  },
  now: 1_790_000_000_000,
  delete: true,
  maxDelete: { amount: 50, unit: "percent" },
  hold: "advisory",
  holdFallback: "stop",
  blockBytes: 64 << 20,
  blockPaths: 2048,
  compress: true,
  expiry: Number.MAX_SAFE_INTEGER,
};

test("an assignment makes the round trip", (t) => {
  t.deepEqual(decodeAssignment(encodeAssignment(ASSIGNMENT)), ASSIGNMENT);
});

test("an order makes the round trip", (t) => {
  t.deepEqual(decodeOrder(encodeOrder(ORDER)), ORDER);
  const plain: RoundOrder = {
    ...ORDER,
    className: undefined,
    classification: { include: [], exclude: [], types: [], size: undefined, age: undefined },
    delete: false,
    maxDelete: { amount: 0, unit: "count" },
    hold: "none",
    holdFallback: "stop",
    blockBytes: 64 << 20,
    blockPaths: 2048,
    compress: true,
    mode: "verify",
  };
  t.deepEqual(decodeOrder(encodeOrder(plain)), plain);
});

for (const [name, decode, valid] of [
  ["assignment", decodeAssignment, encodeAssignment(ASSIGNMENT)],
  ["order", decodeOrder, encodeOrder(ORDER)],
] as const) {
  const check = (bytes: Uint8Array): void => {
    try {
      decode(bytes);
    } catch (error) {
      if (error instanceof LockstepError && error.code === "LOCKSTEP_MALFORMED") return;
      throw new Error(`another error for ${Buffer.from(bytes).toString("hex")}`, { cause: error });
    }
  };
  test(`a damaged ${name} is refused as malformed, or decodes`, (t) => {
    for (const bytes of damaged(valid, BIT_CHANGES)) check(bytes);
    t.pass();
  });

  test(`random bytes for an ${name} are refused as malformed`, (t) => {
    const field = fc
      .tuple(fc.nat(15), fc.constantFrom(0, 1, 2, 5), fc.uint8Array({ maxLength: 12 }))
      .map(([number, wire, rest]) => [number * 8 + wire, ...(wire === 2 ? [rest.length] : []), ...rest]);
    const likely = fc.array(field, { maxLength: 10 }).map((fields) => Uint8Array.from(fields.flat()));
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), likely), check), { numRuns: 5000 });
    t.throws(() => decode(new Uint8Array(0)), { code: "LOCKSTEP_MALFORMED" });
  });
}

const BAD_ASSIGNMENTS: [what: string, change: Partial<RoleAssignment>][] = [
  ["a root name with a slash", { root: "a/b" }],
  ["an empty root name", { root: "" }],
  ["a root name with a newline", { root: "www\n" }],
  ["no comparison server", { comparison: [] }],
  ["a peer id that is none", { master: "not a peer" }],
  ["the master among the remotes", { remotes: [PEERS[0]] }],
  ["a remote twice", { remotes: [PEERS[2], PEERS[2]] }],
  ["a host's peer id that is none", { hosts: [{ name: "a", peer: "x", addresses: [] }] }],
  ["too long a host name", { hosts: [{ name: "x".repeat(256), peer: PEERS[0], addresses: [] }] }],
  ["too many addresses", { hosts: [{ name: "x", peer: PEERS[0], addresses: Array.from({ length: 17 }, () => "/x") }] }],
];
for (const [what, change] of BAD_ASSIGNMENTS) {
  test(`an assignment is refused: ${what}`, (t) => {
    t.throws(() => decodeAssignment(encodeAssignment({ ...ASSIGNMENT, ...change })), { code: "LOCKSTEP_MALFORMED" });
  });
}

const BAD_ORDERS: [what: string, change: object][] = [
  ["an unknown mode", { mode: "erase" }],
  ["an unknown hold", { hold: "sometimes" }],
  ["a root name with dots at its start", { root: "../x" }],
  ["a negative limit of deletions", { maxDelete: { amount: -1, unit: "count" } }],
  ["a limit of deletions that is no number", { maxDelete: { amount: Number.NaN, unit: "count" } }],
  ["an unknown type", { classification: { ...ORDER.classification, types: ["door"] } }],
  ["a type named like a method", { classification: { ...ORDER.classification, types: ["toString"] } }],
  ["an unknown comparison", { classification: { ...ORDER.classification, size: { op: "=", value: 1 } } }],
  ["a bound that is no number", { classification: { ...ORDER.classification, age: { op: "<", value: Number.NaN } } }],
  ["too many patterns", { classification: { ...ORDER.classification, include: Array(LIMITS.patterns + 1).fill("a") } }],
  [
    "too long a pattern",
    { classification: { ...ORDER.classification, exclude: ["x".repeat(LIMITS.patternLength + 1)] } },
  ],
];
for (const [what, change] of BAD_ORDERS) {
  test(`an order is refused: ${what}`, (t) => {
    const order = { ...ORDER, ...change } as RoundOrder;
    t.throws(() => decodeOrder(encodeOrder(order)), { code: "LOCKSTEP_MALFORMED" });
  });
}

test("an epoch or a sequence above 2^53-1 is refused", (t) => {
  // 2^60 as a varint, in a field that comes again: the last one counts.
  const large = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
  const epoch = Uint8Array.from([...encodeAssignment(ASSIGNMENT), 0x10, ...large]);
  t.throws(() => decodeAssignment(epoch), { code: "LOCKSTEP_MALFORMED" });
  const sequence = Uint8Array.from([...encodeOrder(ORDER), 0x18, ...large]);
  t.throws(() => decodeOrder(sequence), { code: "LOCKSTEP_MALFORMED" });
});

test("a round id without a name, or none at all, is refused", (t) => {
  t.throws(() => decodeRoundId(undefined), { code: "LOCKSTEP_MALFORMED" });
  t.throws(() => decodeRoundId({ root: "", epoch: 1, sequence: 1, term: 1 }), { code: "LOCKSTEP_MALFORMED" });
  t.throws(() => decodeRoundId({ root: "a", epoch: -1, sequence: 1, term: 1 }), { code: "LOCKSTEP_MALFORMED" });
  t.deepEqual(decodeRoundId({ root: "a", epoch: 1, sequence: 2, term: 3 }), {
    root: "a",
    epoch: 1,
    sequence: 2,
    term: 3,
  });
});

test("problems keep their path's bytes; unknown codes and bad paths are refused", (t) => {
  const problems = [{ path: "a\xff\nb", code: "LOCKSTEP_DRIFT" as const, message: "m" }];
  t.deepEqual(decodeProblems(encodeProblems(problems)), problems);
  const path = Uint8Array.of(97);
  t.throws(() => decodeProblems([{ path, code: "LOCKSTEP_NO_SUCH", message: "" }]), { code: "LOCKSTEP_MALFORMED" });
  t.throws(() => decodeProblems([{ path, code: "toString", message: "" }]), { code: "LOCKSTEP_MALFORMED" });
  t.throws(() => decodeProblems([{ path: Uint8Array.of(46, 46), code: "LOCKSTEP_DRIFT", message: "" }]), {
    code: "LOCKSTEP_BAD_PATH",
  });
});

test("an error crosses the wire as code and sentence, without a stack", (t) => {
  const message = encodeError(new Error("x".repeat(2000)));
  t.is(message.code, "LOCKSTEP_INTERNAL");
  t.is(message.message.length, 1000);
  t.deepEqual(Object.keys(message).sort(), ["code", "message", "path"]);
  const back = decodeError(encodeError(new LockstepError("LOCKSTEP_DRIFT", "m", { path: "p" })), "beta");
  t.is(back.code, "LOCKSTEP_DRIFT");
  t.is(back.host, "beta");
  t.is(decodeError({ code: "whatever", message: "m" }, "beta").code, "LOCKSTEP_MALFORMED");
});
