/**
 * Takes one defence after another out of a copy of the source and expects a test to fail. A defence
 * that no test misses is told as NOT CAUGHT.
 *
 *     node --import=tsx scripts/acceptance/defences.ts [--only NAME] [--jobs N] [--no-baseline]
 *         [--list] [--check]
 *
 * `--only` takes the defences whose names hold that text, and can be given several times; `--check` says
 * only which of them do not fit the source any more. The copy lies in the system's directory of temporary files, with a node_modules of its own made of links, so that nothing that tests write
 * there (what they compile, ava's notes) meets the checkout's.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { transformSync } from "esbuild";

interface Defence {
  readonly name: string;
  readonly file: string;
  /** Source text that stands in the file exactly once. */
  readonly remove: string;
  readonly by: string;
  readonly test: string;
  /** Titles of tests, as ava's `--match` takes them; all tests of the file without it. */
  readonly match?: string;
}

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
/** A test run that takes longer hangs, which is a failure too. */
const RUN_MS = 240_000;
/** Failures that are no test's: they say that the tests did not get to run, not that one misses the defence. */
const NO_TEST = /^(before|after)(Each)?(\.always)? hook|exited due to SIG/;

const ROUND_ENDS_TEST = "test/contract/round-ends.test.ts";
const PATH = "src/model/path.ts";
const BATCH = "src/model/batch.ts";
const BYTES = "src/model/canonical-bytes.ts";
const FRAMES = "src/mesh/frame-channel.ts";
const MESH = "src/mesh/libp2p-mesh.ts";
const OPEN_STREAM = "src/mesh/open-stream.ts";
const SILENT_TEST = "test/contract/silent-connection.test.ts";
const AUTHORITY = "src/roles/authority.ts";
const PARTICIPANT = "src/roles/participant.ts";
const CONTENT_SERVER = "src/roles/content-server.ts";
const REMOTE = "src/roles/remote.ts";
const STAGE = "src/tree/stage.ts";
const COMMIT = "src/tree/commit.ts";
const CHUNKED = "src/tree/chunked-file.ts";
const CHUNK_LIST = "src/model/chunk-list.ts";
const SCAN = "src/tree/scan.ts";
const CALLS = "src/tree/linux-calls.ts";
const STABLE = "src/tree/read-stable.ts";
const CACHE = "src/store/hash-cache.ts";
const ROUND_WORKER = "src/tree/round-worker.ts";
const WORKER = "src/tree/restarting-worker.ts";
const DRAIN = "src/tree/drain-readers.ts";
const CHECK = "src/tree/check-block.ts";
const CIPHER = "src/mesh/noise-cipher.ts";

const PATH_TEST = "test/unit/path.test.ts";
const CIPHER_TEST = "test/unit/noise-cipher.test.ts";
const KEPT_CODE = "node/kept-code.ts";
const WINDOWS = "src/mesh/sparing-windows.ts";
const WINDOWS_TEST = "test/unit/sparing-windows.test.ts";
const GATHERED = "src/mesh/gathered-sends.ts";
const GATHERED_TEST = "test/unit/gathered-sends.test.ts";
const BLOCK_STATEMENTS = "src/roles/block-statements.ts";
const BLOCK_STATEMENTS_TEST = "test/unit/block-statements.test.ts";
const BATCH_TEST = "test/unit/batch.test.ts";
const BYTES_TEST = "test/unit/canonical-bytes.test.ts";
const PACKED_TEST = "test/unit/packed-messages.test.ts";
const AUTHORITY_TEST = "test/unit/authority.test.ts";
const DECISIONS_TEST = "test/unit/decisions.test.ts";
const CHANNEL_TEST = "test/contract/channel.test.ts";
const TREE_TEST = "test/contract/open-tree.test.ts";
const CALLS_TEST = "test/contract/system-calls.test.ts";
const PLAIN_RENAMES = "src/tree/plain-renames.ts";
const PLAIN_RENAMES_TEST = "test/contract/plain-renames-crash.test.ts";
const OLD_KERNEL_TEST = "test/contract/old-kernel.test.ts";
const CONFINED_TEST = "test/contract/confined-directories.test.ts";
const READ_TEST = "test/contract/read-stable.test.ts";
const HELD_TREE_TEST = "test/contract/held-tree.test.ts";
const DRAIN_TEST = "test/contract/drain-readers.test.ts";
const CHECK_TEST = "test/contract/check-block.test.ts";
const RACES_TEST = "test/contract/switch-races.test.ts";
const CACHE_TEST = "test/contract/hash-cache.test.ts";
const E2E_AUTHORITY = "test/e2e/authority.test.ts";
const E2E_GUARDS = "test/e2e/guards.test.ts";
const E2E_TYPES = "test/e2e/types.test.ts";
const E2E_HOSTILE = "test/e2e/hostile-peers.test.ts";

const BLOCK_FETCH = "src/roles/block-fetch.ts";
const EXCHANGE = "src/roles/exchange.ts";
const FETCHER = "src/roles/content-fetcher.ts";
const OFFERS = "src/roles/offers.ts";
const E2E_FAN_OUT = "test/e2e/fan-out.test.ts";
const UNITS_TEST = "test/contract/units-from-remotes.test.ts";
const EXCHANGE_TEST = "test/unit/content-exchange.test.ts";
const OFFERS_TEST = "test/unit/offers.test.ts";
const REUSE_TEST = "test/contract/local-reuse.test.ts";
const CHUNK_LIST_TEST = "test/unit/chunk-list.test.ts";
const FETCHER_TEST = "test/unit/content-fetcher.test.ts";
const COMPRESS_TEST = "test/unit/compress.test.ts";

const DEFENCES: readonly Defence[] = [
  // What comes from a peer: paths.
  {
    name: "path: ..",
    file: PATH,
    remove: "if (length <= 2 && path.charCodeAt(start) === 46 && path.charCodeAt(i - 1) === 46) {",
    by: "if (length === 1 && path.charCodeAt(start) === 46) {",
    test: PATH_TEST,
  },
  {
    name: "path: absolute or empty component",
    file: PATH,
    remove: 'if (length === 0) return "absolute, or with an empty component";',
    by: "",
    test: PATH_TEST,
  },
  { name: "path: NUL", file: PATH, remove: 'if (unit === 0) return "holds a NUL";', by: "", test: PATH_TEST },
  {
    name: "path: not bytes",
    file: PATH,
    remove: 'if (unit > 255) return "not a byte string";',
    by: "",
    test: PATH_TEST,
  },
  {
    name: "path: component too long",
    file: PATH,
    remove: 'if (length > MAX_NAME_BYTES) return "a component is longer than 255 bytes";',
    by: "",
    test: PATH_TEST,
  },
  {
    name: "path: path too long",
    file: PATH,
    remove: 'if (path.length > MAX_PATH_BYTES) return "longer than 4095 bytes";',
    by: "",
    test: PATH_TEST,
  },
  {
    name: "path: reserved name",
    file: PATH,
    remove: 'if (isWithin(path, RESERVED_NAME)) return "within the reserved staging directory";',
    by: "",
    test: PATH_TEST,
  },
  // Batches and integers.
  {
    name: "batch: paths checked",
    file: BATCH,
    remove: "previous === undefined ? checkPath(rest) : checkPath(previous.slice(0, shared) + rest, shared);",
    by: "previous === undefined ? rest : previous.slice(0, shared) + rest;",
    test: BATCH_TEST,
  },
  {
    name: "batch: a component that begins in the shared prefix checked whole",
    file: "src/model/path.ts",
    remove: 'checked === 0 ? 0 : path.lastIndexOf("/", checked - 1) + 1;',
    by: "checked;",
    test: BATCH_TEST,
  },
  {
    name: "batch: leader's path checked",
    file: BATCH,
    remove: "(tag & 1) === 1 ? checkPath(structure.text(MAX_PATH_BYTES)) : undefined",
    by: "(tag & 1) === 1 ? structure.text(MAX_PATH_BYTES) : undefined",
    test: BATCH_TEST,
  },
  {
    name: "batch: order of entries, and the longest shared prefix",
    file: BATCH,
    remove: 'if (previous !== undefined && !followsAt(previous, path, shared)) malformed("paths not in order");',
    by: "",
    test: BATCH_TEST,
  },
  {
    name: "batch: shared prefix within the last path",
    file: BATCH,
    remove: 'if (shared > (previous?.length ?? 0)) malformed("shared prefix");',
    by: "",
    test: BATCH_TEST,
  },
  {
    name: "batch: leader before its member",
    file: BATCH,
    remove: 'if (leader !== undefined && comparePaths(leader, path) >= 0) malformed("leader not before its member");',
    by: "",
    test: BATCH_TEST,
  },
  {
    name: "batch: number of entries",
    file: BATCH,
    remove: 'if (split.count > maxEntries) malformed("too many entries");',
    by: "",
    test: BATCH_TEST,
  },
  {
    name: "batch: left-over bytes of a column",
    file: BATCH,
    remove: "for (const reader of [structure, mode, owner, mtime, xattrs]) reader.end();",
    by: "",
    test: BATCH_TEST,
  },
  {
    name: "batch: left-over bytes after the columns",
    file: BATCH,
    remove: "  reader.end();\n  return { count, columns };",
    by: "  return { count, columns };",
    test: BATCH_TEST,
  },
  {
    name: "bytes: shortest form of integers",
    file: BYTES,
    remove: 'if (byte === 0 && count > 0) this.#fail("integer not in its shortest form");',
    by: "",
    test: BYTES_TEST,
  },
  {
    name: "bytes: length of integers",
    file: BYTES,
    remove: 'if (count === 7) this.#fail("integer too long");',
    by: "",
    test: BYTES_TEST,
  },
  {
    name: "bytes: bound of integers",
    file: BYTES,
    remove: 'if (value > max) this.#fail("integer out of range");',
    by: "",
    test: BYTES_TEST,
  },
  {
    name: "bytes: left-over bytes",
    file: BYTES,
    remove: 'if (!this.done) this.#fail("left-over bytes");',
    by: "",
    test: BYTES_TEST,
  },
  // Size caps and the mesh.
  {
    name: "frames: maxFrameBytes",
    file: FRAMES,
    remove: "if (length > this.#protocol.maxFrameBytes) {",
    by: "if (length > 2 ** 31) {",
    test: CHANNEL_TEST,
  },
  {
    name: "frames: window",
    file: FRAMES,
    remove: "if (this.#queuedBytes > (this.#isKnown() ? windowBytes : Math.min(windowBytes, STRANGER_WINDOW_BYTES))) {",
    by: "if (this.#queuedBytes < 0) {",
    test: CHANNEL_TEST,
  },
  {
    name: "mesh: a stranger has few streams",
    file: MESH,
    remove: "connection.streams.length > MAX_STRANGER_STREAMS",
    by: "connection.streams.length > 1e6",
    test: CHANNEL_TEST,
    match: "*strangers are few*",
  },
  {
    name: "frames: empty frames count",
    file: FRAMES,
    remove: "const FRAME_OVERHEAD = 128;",
    by: "const FRAME_OVERHEAD = 0;",
    test: CHANNEL_TEST,
  },
  {
    name: "mesh: admission of a protocol",
    file: MESH,
    remove: 'if (!admit(peer) || tooMany) stream.abort(new Error("not authorised"));\n        else await serve',
    by: "await serve",
    test: CHANNEL_TEST,
  },
  {
    name: "mesh: admission of itself",
    file: MESH,
    remove: "if (handler === undefined || !handler.admit(identity.self)) {",
    by: "if (handler === undefined) {",
    test: CHANNEL_TEST,
  },
  {
    name: "mesh: MAX_STRANGERS",
    file: MESH,
    remove: "isStranger(peer.toString()) && strangers.size >= MAX_STRANGERS,",
    by: "strangers.size < 0 && isStranger(peer.toString()),",
    test: CHANNEL_TEST,
    match: "libp2p: strangers*",
  },
  {
    name: "mesh: strangers stay for a moment only",
    file: MESH,
    remove: 'if (isStranger(connection.remotePeer.toString())) connection.abort(new Error("not known here"));',
    by: "",
    test: CHANNEL_TEST,
    match: "libp2p: strangers*",
  },
  // Authority.
  {
    name: "authority: the signature itself",
    file: "src/mesh/identity.ts",
    remove: "await RecordEnvelope.openAndCertify(bytes, domain);",
    by: "RecordEnvelope.createFromProtobuf(bytes);",
    test: AUTHORITY_TEST,
  },
  {
    name: "authority: trusted signer of an assignment",
    file: AUTHORITY,
    remove: '"lockstep-role-assignment", envelope);\n      if (!this.#trusted.has(signer)) {',
    by: '"lockstep-role-assignment", envelope);\n      if (signer === "") {',
    test: AUTHORITY_TEST,
  },
  {
    name: "authority: trusted signer of a kept assignment",
    file: AUTHORITY,
    remove: "if (!authority.#trusted.has(signer)) continue;",
    by: "void signer;",
    test: AUTHORITY_TEST,
  },
  {
    name: "authority: trusted signer of an order",
    file: AUTHORITY,
    remove: '"lockstep-round-order", envelope);\n      if (!this.#trusted.has(signer)) {',
    by: '"lockstep-round-order", envelope);\n      if (signer === "") {',
    test: AUTHORITY_TEST,
  },
  {
    name: "authority: lower epoch",
    file: AUTHORITY,
    remove: "if (assignment.epoch < epoch) {",
    by: "if (assignment.epoch < 0) {",
    test: AUTHORITY_TEST,
  },
  {
    name: "authority: other roles of one epoch",
    file: AUTHORITY,
    remove: "const same = JSON.stringify(assignment) === JSON.stringify(current.assignment);",
    by: "const same = true;",
    test: AUTHORITY_TEST,
  },
  {
    name: "authority: epoch of an order",
    file: AUTHORITY,
    remove: "if (order.epoch !== epoch) {",
    by: "if (order.epoch < 0) {",
    test: AUTHORITY_TEST,
  },
  {
    name: "authority: sequence replay",
    file: AUTHORITY,
    remove: "if (order.sequence <= (await state.highestSequence(key))) {",
    by: "if (order.sequence < 0) {",
    test: AUTHORITY_TEST,
  },
  {
    name: "authority: sequence written down",
    file: AUTHORITY,
    remove: "await state.putHighestSequence(key, order.sequence);",
    by: "",
    test: AUTHORITY_TEST,
  },
  {
    name: "authority: expiry",
    file: AUTHORITY,
    remove: "if (order.expiry <= clock.now()) {",
    by: "if (order.expiry <= 0) {",
    test: AUTHORITY_TEST,
  },
  // What a participant answers, and to whom.
  {
    name: "participant: comparison server of the assignment",
    file: PARTICIPANT,
    remove: "if (!assignment.comparison.includes(this.#channel.peer)) {",
    by: 'if (this.#channel.peer === "") {',
    test: E2E_AUTHORITY,
  },
  {
    name: "participant: order and round id belong together",
    file: PARTICIPANT,
    remove: "if (!fits || id.root !== order.root || id.epoch !== order.epoch || id.sequence !== order.sequence) {",
    by: 'if (!fits && id.root === "") {',
    test: E2E_HOSTILE,
    match: "assignment, order and round*",
  },
  {
    name: "content: only remotes of the round",
    file: CONTENT_SERVER,
    remove: "if (!serves || !active.assignment.remotes.includes(this.#channel.peer)) {",
    by: "if (!serves) {",
    test: E2E_HOSTILE,
    match: "a master serves its remotes*",
  },
  {
    name: "content: bytes of a request",
    file: CONTENT_SERVER,
    remove: "if (rangesBytes(ranges) > LIMITS.contentBytesPerRequest) throw tooMuch();",
    by: "",
    test: E2E_HOSTILE,
    match: "a request for more content*",
  },
  {
    name: "orders to plan or verify do not write",
    file: "src/compare/advance-round.ts",
    remove: 'if (WRITES.has(step) && mode !== "sync") {',
    by: 'if (WRITES.has(step) && mode === ("" as string)) {',
    test: DECISIONS_TEST,
  },
  // What a remote enforces.
  {
    name: "remote: statement signed by the master",
    file: REMOTE,
    remove: "if (opened.signer !== assignment.master) {",
    by: 'if (opened.signer === "" && assignment.master === "") {',
    test: E2E_HOSTILE,
    match: "a remote applies nothing*",
  },
  {
    name: "remote: statement of this round",
    file: REMOTE,
    remove: "if (!sameRound(statement.round, id) || statement.suite !== SUITE.id) {",
    by: "if (!sameRound(id, id) || statement.suite !== SUITE.id) {",
    test: E2E_HOSTILE,
    match: "a remote applies nothing*",
  },
  {
    name: "remote: maxDelete",
    file: REMOTE,
    remove: "guardDeletions(this.#deleted + request.deletions, this.#firstEntries ?? 0, order.maxDelete);",
    by: "void guardDeletions;",
    test: E2E_HOSTILE,
    match: "a remote keeps the order's limits*",
  },
  {
    name: "remote: deletions limited while applying",
    file: REMOTE,
    remove: "const deletions = Math.min(allowed, request.deletions);",
    by: "const deletions = allowed + Number.MAX_SAFE_INTEGER;",
    test: E2E_HOSTILE,
    match: "a remote keeps the order's limits*",
  },
  {
    name: "remote: order forbids deletions",
    file: REMOTE,
    remove: "if (request.deletions > 0 && !order.delete) {",
    by: "if (request.deletions < 0) {",
    test: E2E_HOSTILE,
    match: "a remote keeps the order's limits*",
  },
  {
    name: "remote: guards come before the apply",
    file: "src/roles/participant.ts",
    remove: "await this.#remote(active).guard(request.prepare);",
    by: "",
    test: E2E_HOSTILE,
    match: "a remote keeps the order's limits*",
  },
  {
    name: "remote: space",
    file: REMOTE,
    remove: "guardSpace(request.newBytes, request.replacedBytes, request.inFlightBytes, await round.freeBytes());",
    by: "void guardSpace;",
    test: E2E_GUARDS,
  },
  {
    name: "guardDeletions",
    file: "src/compare/guard.ts",
    remove: "if (deletions <= allowedDeletions(entries, max)) return;",
    by: "if (deletions >= 0) return;",
    test: DECISIONS_TEST,
  },
  {
    name: "guardSpace",
    file: "src/compare/guard.ts",
    remove: "if (needed <= freeBytes) return;",
    by: "if (needed >= 0) return;",
    test: DECISIONS_TEST,
  },
  // Statements and lists in packed messages.
  {
    name: "path list: paths checked",
    file: "src/model/path-list.ts",
    remove: "checkPath(",
    by: "String(",
    test: PACKED_TEST,
  },
  // Staging.
  {
    name: "stage: content verified",
    file: STAGE,
    remove: "const verified = checksum !== undefined && sameDigest(digestOfIncoming(context, incoming), checksum);",
    by: "const verified = true;",
    test: TREE_TEST,
    match: "content that is not what was stated*",
  },
  {
    name: "chunks: index is the stated one",
    file: CHUNK_LIST,
    remove: "if (!sameDigest(chunkRoot(hash, suite, index), root))",
    by: "if (root.length === 0)",
    test: TREE_TEST,
    match: "content that has another*",
  },
  {
    name: "chunks: batch is the one of the index",
    file: CHUNK_LIST,
    remove: 'if (!sameDigest(digest, head.digest)) malformed("not the batch of the index");',
    by: "",
    test: CHUNK_LIST_TEST,
  },
  {
    name: "chunks: index is as long as the file",
    file: CHUNK_LIST,
    remove:
      'if (heads.reduce((sum, head) => sum + head.contentBytes, 0) !== size) malformed("not as long as the file");',
    by: "",
    test: CHUNK_LIST_TEST,
  },
  {
    name: "chunks: batch is as long as its head says",
    file: CHUNK_LIST,
    remove: "if (runs.reduce((sum, run) => sum + run.count * run.length, 0) !== head.contentBytes)",
    by: "if (runs.length < 0)",
    test: CHUNK_LIST_TEST,
  },
  {
    name: "chunks: fragments make up the chunk",
    file: "src/model/fragments.ts",
    remove: "if (offset !== chunkLength)",
    by: "if (offset < 0)",
    test: CHUNK_LIST_TEST,
  },
  {
    name: "chunks: content verified",
    file: CHUNKED,
    remove: "if (!right || !this.#putRepeats(chunk)) return false;",
    by: "void right;",
    test: E2E_HOSTILE,
    match: "content that is not what was signed*",
  },
  {
    name: "chunks: what is found here is verified",
    file: CHUNKED,
    remove: "return sameDigest(hasher.hash(this.#buffer.subarray(0, run.length)), run.digest);",
    by: 'return run.digest.length > 0 && hasher.name !== "";',
    test: REUSE_TEST,
    match: "leftovers that were tampered*",
  },
  {
    name: "chunks: content at the place that was asked for",
    file: CHUNKED,
    remove: "part?.[0] === offset && ",
    by: "part !== undefined && ",
    test: TREE_TEST,
    match: "a sender of the content of a chunk*",
  },
  {
    name: "chunks: content beyond the unit that was asked for",
    file: CHUNKED,
    remove: " && chunk.offset < to",
    by: "",
    test: UNITS_TEST,
    match: "what lies beyond a run of chunks is refused",
  },
  {
    name: "chunks: what is asked for anew is all of the unit that is not here",
    file: CHUNKED,
    remove: "this.#pending.slice(this.#position(from), this.#position(to))",
    by: "this.#pending.slice(this.#position(from), this.#position(from + 1))",
    test: UNITS_TEST,
    match: "chunks that follow each other arrive as one unit*",
  },
  {
    name: "chunks: more than was asked for",
    file: CHUNKED,
    remove: " && bytes.length <= part[1] - offset",
    by: "",
    test: TREE_TEST,
    match: "a sender of more than was asked for of a chunk*",
  },
  {
    name: "frames: announced length before unpacking",
    file: "src/tree/compress.ts",
    remove: "if (announcedLength(bytes) !== length) return undefined;",
    by: "",
    test: COMPRESS_TEST,
  },
  {
    name: "frames: unpacked length",
    file: "src/tree/content-records.ts",
    remove: "if (length > LONG_FRAME_BYTES) return undefined;",
    by: "",
    test: COMPRESS_TEST,
  },
  {
    name: "cuts: the end of an earlier version is no cut",
    file: "src/tree/read-stable.ts",
    remove: " || (likely.isLast && likely.length < left)",
    by: "",
    test: "test/contract/known-cuts.test.ts",
  },
  {
    name: "cuts: a likely chunk is compared",
    file: "src/tree/read-stable.ts",
    remove:
      "return sameDigest(this.#hasher.hash(bytes.subarray(0, likely.length)), likely.digest) ? likely : undefined;",
    by: "return likely;",
    test: "test/contract/known-cuts.test.ts",
  },
  {
    name: "channel: what the peer ended stays whole",
    file: "src/mesh/frame-channel.ts",
    remove: "this.#isComplete = this.#isClosedByPeer && !within;",
    by: "",
    test: "test/contract/channel.test.ts",
    match: "what the peer has sent and ended*",
  },
  {
    name: "seeding: an idle master gives little twice",
    file: "src/compare/seeding.ts",
    remove: " || this.#help + bytes > this.#stated * HELP",
    by: "",
    test: "test/unit/seeding.test.ts",
  },
  {
    name: "schedule: what has begun stays where it is",
    file: "src/compare/exchange-schedule.ts",
    remove: "    asked.started = true;\n    // Where",
    by: "    // Where",
    test: "test/unit/exchange-schedule.test.ts",
    match: "a unit moves only*",
  },
  {
    name: "lists: bytes of an answer",
    file: "src/roles/content-fetcher.ts",
    remove: "if (job.budget < 0) throw",
    by: "if (kind < 0) throw",
    test: FETCHER_TEST,
    match: "a list that is longer*",
  },
  {
    name: "lists: empty parts of an answer count",
    file: "src/roles/content-fetcher.ts",
    remove: "job.budget -= frame.length + PART_OVERHEAD;",
    by: "job.budget -= frame.length - 5 + 0 * PART_OVERHEAD;",
    test: FETCHER_TEST,
    match: "a list of frames*",
  },
  {
    name: "stage: own content verified before reuse",
    file: STAGE,
    remove: "if (copied?.right !== true) {",
    by: "if (copied === undefined) {",
    test: TREE_TEST,
    match: "a file's own content*",
  },
  {
    name: "stage: leftovers verified",
    file: STAGE,
    remove: "right = sameDigest(content.checksum, checksum) && content.stat.links === 1;",
    by: "right = content.stat.links === 1;",
    test: TREE_TEST,
    match: "what an interrupted round left is taken*",
  },
  {
    name: "stage: leftovers with another name",
    file: STAGE,
    remove: "content.stat.links === 1;",
    by: "true;",
    test: TREE_TEST,
    match: "what an interrupted round left and has*",
  },
  {
    name: "stage: more content than announced",
    file: STAGE,
    remove: "if (offset !== (step.incoming?.received ?? 0) || offset + bytes.length > size) {",
    by: "if (offset !== (step.incoming?.received ?? 0)) {",
    test: TREE_TEST,
    match: "a sender of *",
  },
  {
    name: "stage: content of no step",
    file: STAGE,
    remove: 'if (step === undefined) throw new LockstepError("LOCKSTEP_MALFORMED", "content that was not asked for");',
    by: "if (step === undefined) return undefined;",
    test: TREE_TEST,
    match: "a sender of *",
  },
  {
    name: "stage: content of a step that awaits none",
    file: STAGE,
    remove: 'if (!step.awaiting) throw new LockstepError("LOCKSTEP_MALFORMED", "content that was not asked for");',
    by: "",
    test: TREE_TEST,
    match: "a sender of *",
  },
  {
    name: "stage: inode with unknown names not changed in place",
    file: STAGE,
    remove: "return table.links(ordinal) !== table.knownLinks(ordinal);",
    by: "return false;",
    test: TREE_TEST,
    match: "a name outside the root*",
  },
  // The switch.
  {
    name: "commit: expected state before a replace",
    file: COMMIT,
    remove: "if (!isListed(context, before, expected)) {",
    by: "if (expected.links < 0) {",
    test: TREE_TEST,
    match: "a file that changed between*",
  },
  {
    name: "commit: expected inode",
    file: COMMIT,
    remove: "if (inodeKey(now) !== inodeKey(expected)) return false;",
    by: "",
    test: TREE_TEST,
    match: "a file in whose place*",
  },
  {
    name: "commit: expected ctime",
    file: COMMIT,
    remove: "return isDirectory || sameCtime(now, expected) ||",
    by: "return isDirectory || now.links > 0 ||",
    test: TREE_TEST,
    match: "a file that changed between*",
  },
  {
    name: "commit: expected inode of a directory",
    file: COMMIT,
    remove: "if (inodeKey(now) !== inodeKey(expected)) return false;",
    by: "",
    test: TREE_TEST,
    match: "a directory that turns into a file and was swapped*",
  },
  {
    name: "commit: expected state before a change in place",
    file: COMMIT,
    remove: "if (!isListed(context, stat, expected)) {",
    by: "if (expected.links < 0) {",
    test: TREE_TEST,
    match: "a file that changed between*",
  },
  {
    name: "commit: exchange put back when something else came out",
    file: COMMIT,
    remove: "if (!isStill) throw new TargetChanged(",
    by: "if (!isStill && before.links < 0) throw new TargetChanged(",
    test: RACES_TEST,
  },
  {
    name: "commit: what is deleted is looked at out of the tree",
    file: COMMIT,
    remove: "  if (!isSame(out, before)) {\n    try {",
    by: "  if (!isSame(out, before) && before.links < 0) {\n    try {",
    test: RACES_TEST,
    match: "a file that came between the check and the deletion*",
  },
  {
    name: "commit: names taken out to be deleted do not meet",
    file: COMMIT,
    remove: "ledger.takenOut++}",
    by: "ledger.deletions}",
    test: RACES_TEST,
    match: "where the name is made anew*",
  },
  {
    name: "commit: a round that is cut short closes the staging area",
    file: COMMIT,
    remove: "  } else staging.close();",
    by: "  }",
    test: "test/contract/open-tree.test.ts",
    match: "a round that is cut short leaves nothing open",
  },
  {
    name: "staging: what another process works in is left alone",
    file: "src/tree/staging-area.ts",
    remove: "if (!this.#calls.claimDirectory(handle)) {",
    by: "if (!this.#calls.claimDirectory(handle) && handle < 0) {",
    test: TREE_TEST,
    match: "what another process works in*",
  },
  {
    name: "calls: a process may claim again what it has claimed",
    file: CALLS,
    remove: 'return look(directory, "") && ownsLock(',
    by: 'return look(directory, "") && !ownsLock(',
    test: CALLS_TEST,
    match: "*a directory that this process has claimed*",
  },
  {
    name: "plain renames: an old version has a second name before it is replaced",
    file: PLAIN_RENAMES,
    remove: "if (!linked) moveFresh(names, to, toName, from, aside);",
    by: "if (from > 0) moveFresh(names, to, toName, from, aside);",
    test: PLAIN_RENAMES_TEST,
  },
  {
    name: "plain renames: what has the name already is kept where there are no links",
    file: PLAIN_RENAMES,
    remove:
      'if (names.stat(to, toName, newFileStat())) throw new SystemError("EEXIST", "rename");\n  names.replace(from, fromName, to, toName);',
    by: "names.replace(from, fromName, to, toName);",
    test: PLAIN_RENAMES_TEST,
  },
  {
    name: "calls: one time by itself is seen to be set",
    file: CALLS,
    remove: "if (tries) setsOneTime = isNear();",
    by: "if (tries) setsOneTime = true;",
    test: "test/e2e/fuse-root.test.ts",
  },
  {
    name: "commit: create refuses an existing target (calls)",
    file: CALLS,
    remove: 'how === "fresh" ? RENAME_NOREPLACE : RENAME_EXCHANGE;',
    by: 'how === "fresh" ? 0 * RENAME_NOREPLACE : RENAME_EXCHANGE;',
    test: CALLS_TEST,
  },
  {
    name: "commit: create refuses an existing target (commit)",
    file: COMMIT,
    remove:
      'if (step.action === ACTIONS.create) {\n    calls.rename(staging.handle, staged, directory, name, "fresh");',
    by: 'if (step.action === ACTIONS.create) {\n    calls.rename(staging.handle, staged, directory, name, calls.stat(directory, name, newFileStat()) ? "exchange" : "fresh");',
    test: TREE_TEST,
    match: "a file that appeared*",
  },
  {
    name: "commit: entries that nobody compared are kept",
    file: COMMIT,
    remove: "stat.mountPoint || ordinal === undefined || !isListed(context, stat, list.table.expected(ordinal))",
    by: "stat.mountPoint",
    test: TREE_TEST,
    match: "a directory that turns into a file keeps*",
  },
  {
    name: "commit: state of files below a replaced directory",
    file: COMMIT,
    remove: "return isDirectory || sameCtime(now, expected) || context.ledger.changed.has(inodeKey(now));",
    by: "return isDirectory || now.links > 0 || context.ledger.changed.has(inodeKey(now));",
    test: TREE_TEST,
    match: "a directory that turns into a file keeps what was changed*",
  },
  {
    name: "commit: mount points below a replaced directory",
    file: COMMIT,
    remove: "if (stat.mountPoint || ordinal === undefined",
    by: "if (ordinal === undefined",
    test: TREE_TEST,
    match: "a directory that turns into a file and in which*",
  },
  {
    name: "commit: limits.deletions at a type change",
    file: COMMIT,
    remove: "if (ledger.deletions + found.length > limits.deletions) {",
    by: "if (ledger.deletions < 0) {",
    test: TREE_TEST,
    match: "a directory that turns into a file stays*",
  },
  {
    name: "commit: limits.delete at a type change",
    file: COMMIT,
    remove: "if (found.length > 0 && !limits.delete) {",
    by: "if (found.length < 0) {",
    test: TREE_TEST,
    match: "an order that forbids*",
  },
  {
    name: "commit: leader checked before a link",
    file: COMMIT,
    remove: "checkLeader(context, step, leader, leaderStat);",
    by: "void checkLeader;",
    test: TREE_TEST,
    match: "a name is not linked*",
  },
  {
    name: "commit: link leads to the leader",
    file: COMMIT,
    remove: "if (inodeKey(linked) !== inodeKey(leaderStat)) {",
    by: "if (linked.links < 0) {",
    test: RACES_TEST,
  },
  // Deletions.
  {
    name: "delete: expected state",
    file: COMMIT,
    remove:
      'if (!isListed(context, stat, expected))\n        throw new TargetChanged("changed since it was compared; it was not deleted");',
    by: "",
    test: TREE_TEST,
    match: "a path *to be deleted*",
  },
  {
    name: "delete: limits.deletions",
    file: COMMIT,
    remove:
      'if (ledger.deletions >= limits.deletions) throw new TargetChanged("would delete more than was announced");',
    by: "",
    test: TREE_TEST,
    match: "no more is deleted*",
  },
  {
    name: "delete: limits.delete",
    file: COMMIT,
    remove: 'if (!limits.delete || path === "") throw new DeleteForbidden("the order forbids deletions");',
    by: "",
    test: TREE_TEST,
    match: "an order that forbids*",
  },
  {
    name: "delete: a directory with other entries is kept",
    file: COMMIT,
    remove: "      if (isDirectory) {\n        calls.removeDirectory(directory, name);",
    by: "if (isDirectory) { staging.discard(name); for (const inner of calls.readDirectory(calls.openDirectory(directories.root, path))) calls.unlink(calls.openDirectory(directories.root, path), inner); calls.removeDirectory(directory, name);",
    test: TREE_TEST,
    match: "a selected directory with an unselected file stays*",
  },
  // Confinement.
  {
    name: "calls: RESOLVE (all)",
    file: CALLS,
    remove: "const RESOLVE = 0x01 | 0x04 | 0x08;",
    by: "const RESOLVE = 0;",
    test: CALLS_TEST,
  },
  {
    name: "calls: RESOLVE_NO_SYMLINKS",
    file: CALLS,
    remove: "const RESOLVE = 0x01 | 0x04 | 0x08;",
    by: "const RESOLVE = 0x01 | 0x08;",
    test: CALLS_TEST,
  },
  {
    name: "calls: RESOLVE_BENEATH",
    file: CALLS,
    remove: "const RESOLVE = 0x01 | 0x04 | 0x08;",
    by: "const RESOLVE = 0x01 | 0x04;",
    test: CALLS_TEST,
  },
  {
    name: "calls: RESOLVE_NO_XDEV",
    file: CALLS,
    remove: "const RESOLVE = 0x01 | 0x04 | 0x08;",
    by: "const RESOLVE = 0x04 | 0x08;",
    test: CONFINED_TEST,
  },
  {
    name: "calls: .. of a directory stepwise",
    file: CALLS,
    remove: 'if (path.split("/").includes("..")) throw new SystemError("EXDEV", "open");',
    by: "",
    test: OLD_KERNEL_TEST,
  },
  {
    name: "calls: O_NOFOLLOW of a directory stepwise",
    file: CALLS,
    remove: "openat(fd, first(name), O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)",
    by: "openat(fd, first(name), O_DIRECTORY | O_CLOEXEC, 0)",
    test: OLD_KERNEL_TEST,
  },
  {
    name: "calls: O_NOFOLLOW of a file",
    file: CALLS,
    remove: "first(name), O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0)",
    by: "first(name), O_CLOEXEC | O_NONBLOCK, 0)",
    test: CALLS_TEST,
  },
  {
    name: "calls: O_NONBLOCK of a file",
    file: CALLS,
    remove: "first(name), O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0)",
    by: "first(name), O_NOFOLLOW | O_CLOEXEC, 0)",
    test: CALLS_TEST,
  },
  {
    name: "calls: O_EXCL of a new file",
    file: CALLS,
    remove: "O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW",
    by: "O_RDWR | O_CREAT | O_NOFOLLOW",
    test: CALLS_TEST,
  },
  {
    name: "calls: owners of symlinks",
    file: CALLS,
    remove: 'const flags = AT_SYMLINK_NOFOLLOW | (name === "" ? AT_EMPTY_PATH : 0);\n      check(fchownat(',
    by: 'const flags = name === "" ? AT_EMPTY_PATH : 0;\n      check(fchownat(',
    test: CALLS_TEST,
  },
  // The list.
  {
    name: "scan: .lockstep never listed",
    file: SCAN,
    remove: "if (path === RESERVED_NAME) continue;",
    by: "",
    test: TREE_TEST,
  },
  {
    name: "scan: mount points left alone",
    file: SCAN,
    remove: "if (stat.mountPoint || stat.deviceMajor !== deviceMajor || stat.deviceMinor !== deviceMinor) {",
    by: "if (stat.mountPoint && deviceMajor + deviceMinor < 0) {",
    test: E2E_TYPES,
    match: "a file system mounted inside*",
  },
  {
    name: "scan: unreadable directories told as blind",
    file: SCAN,
    remove: 'not there.\n      if (errnoOf(error) !== "ENOENT") blind.push(blindness(path, error));',
    by: "not there.",
    test: E2E_TYPES,
    match: "what a remote cannot read*",
  },
  {
    name: "compare: blind paths left alone",
    file: "src/compare/diff.ts",
    remove: "if (blind.size === 0) return [...pairs];",
    by: "if (blind.size >= 0) return [...pairs];",
    test: "test/unit/plan.test.ts",
  },
  {
    name: "master: an empty root is refused",
    file: "src/tree/round-list.ts",
    remove: "if (rootIsEmpty && options.isSource) {",
    by: "if (rootIsEmpty && options.now < 0) {",
    test: TREE_TEST,
    match: "a root that is missing*",
  },
  {
    name: "master: inode of what was listed before it is stated",
    file: "src/tree/entry-table.ts",
    remove:
      "    stat.inodeLow === expected.inodeLow &&\n    stat.inodeHigh === expected.inodeHigh &&\n    stat.size === expected.size",
    by: "    stat.size === expected.size",
    test: TREE_TEST,
    match: "a file of the master in whose place*",
  },
  {
    name: "master: ctime of what was listed before it is stated",
    file: "src/tree/entry-table.ts",
    remove: "    stat.mtimeNsec === expected.mtimeNsec &&\n    sameCtime(stat, expected)",
    by: "    stat.mtimeNsec === expected.mtimeNsec",
    test: TREE_TEST,
    match: "a file of the master that changed behind*",
  },
  {
    name: "master: size of what was listed before it is stated",
    file: "src/tree/entry-table.ts",
    remove: "    stat.size === expected.size &&\n",
    by: "",
    test: "test/contract/round-list.test.ts",
  },
  {
    name: "participant: a comparison server that is gone begins nothing",
    file: PARTICIPANT,
    remove: "if (this.#hasLeft) throw",
    by: "if (this.#hasLeft && id.term < 0) throw",
    test: ROUND_ENDS_TEST,
    match: "a comparison server that is gone 0 ms*",
  },
  {
    name: "participant: a newer assignment ends an older round",
    file: PARTICIPANT,
    remove: "    if (newer !== undefined) {\n      this.#superseded",
    by: "    if (newer !== undefined && id.term < 0) {\n      this.#superseded",
    test: ROUND_ENDS_TEST,
    match: "a round of an older epoch writes nothing more*",
  },
  {
    name: "report: bounded before it is sent",
    file: "src/roles/comparison-round.ts",
    remove: "const report = boundReport(result, LIMITS.reportBytes);",
    by: "const report = boundReport(result, Number.POSITIVE_INFINITY);",
    test: ROUND_ENDS_TEST,
    match: "a report of many long paths*",
  },
  {
    name: "deadline: held until it has passed",
    file: "src/wire/deadline.ts",
    remove: "export function deadline(signal: AbortSignal, ms: number): AbortSignal {",
    by: "export function deadline(signal: AbortSignal, ms: number): AbortSignal {\n  if (ms > 0) return AbortSignal.any([signal, AbortSignal.timeout(ms)]);",
    test: "test/unit/deadline.test.ts",
  },
  {
    name: "station: the fleet file's roles are those in force",
    file: "src/roles/control-station.ts",
    remove: 'if (roles !== undefined && inForce !== "" && inForce !== rolesDigest(roles)) {',
    by: 'if (roles !== undefined && inForce === "none") {',
    test: "test/e2e/roles.test.ts",
    match: "nothing is ordered while*",
  },
  {
    name: "comparison: the master's list root is signed",
    file: "src/roles/comparison-round.ts",
    remove: "      await this.#checkListRoot(list);\n",
    by: "",
    test: "test/e2e/hostile-peers.test.ts",
    match: "a master whose list is not under its signature*",
  },
  {
    name: "tree: no thread is ended while it loads",
    file: WORKER,
    remove: "await this.#port?.loaded;",
    by: "",
    test: TREE_TEST,
    match: "a tree that is closed*",
  },
  // Reading.
  {
    name: "read: lease still held after a read",
    file: STABLE,
    remove: "(once || !leased || stillLeased);",
    by: "true;",
    test: READ_TEST,
  },
  {
    name: "read: same state before and after",
    file: STABLE,
    remove: "if (!whole || !sameState(before, after)) continue;",
    by: "if (!whole) continue;",
    test: READ_TEST,
  },
  {
    name: "read: two reads without a lease",
    file: STABLE,
    remove: "const equal = again !== undefined && Buffer.compare(again.checksum, content.checksum) === 0;",
    by: "const equal = again !== undefined;",
    test: READ_TEST,
  },
  {
    name: "read: rest without a lease",
    file: STABLE,
    remove: "if (!settled) {",
    by: "if (!settled && this.#waits < 0) {",
    test: READ_TEST,
  },
  {
    name: "read: two-second rule of the cache",
    file: STABLE,
    remove: "return nowMs - (stat.ctimeSec * 1000 + stat.ctimeNsec / 1e6) >= SETTLED_MS;",
    by: "return nowMs + stat.ctimeSec >= SETTLED_MS;",
    test: TREE_TEST,
    match: "digests of files changed within*",
  },
  // The hash cache.
  {
    name: "cache: CRC",
    file: CACHE,
    remove: " &&\n    page.readUInt32LE(at + AT_CRC) === crc32(page.subarray(at, at + AT_CRC))\n",
    by: "\n",
    test: CACHE_TEST,
  },
  {
    name: "cache: ctime",
    file: CACHE,
    remove:
      "record.readUInt32LE(at + AT_MTIME_NSEC) === keys.mtimeNsec[i] &&\n    record.readDoubleLE(at + AT_CTIME_SEC) === keys.ctimeSec[i] &&\n    record.readUInt32LE(at + AT_CTIME_NSEC) === keys.ctimeNsec[i]",
    by: "record.readUInt32LE(at + AT_MTIME_NSEC) === keys.mtimeNsec[i]",
    test: CACHE_TEST,
  },
  {
    name: "cache: suite",
    file: CACHE,
    remove: "page[at + AT_SUITE] === SUITE.id &&",
    by: "",
    test: CACHE_TEST,
  },
  // Holds, and the check after the switch.
  {
    name: "hold: what is locked is not switched",
    file: COMMIT,
    remove: 'if (bounds.refused.has(path)) return { path, code: "LOCKSTEP_HELD", message: HELD };',
    by: "",
    test: DRAIN_TEST,
    match: "what a program*",
  },
  {
    name: "hold: what may not be opened is not switched",
    file: COMMIT,
    remove: 'if (bounds.forbidden.has(path)) return { path, code: "LOCKSTEP_ACCESS_DENIED", message: NOT_LOCKABLE };',
    by: "",
    test: DRAIN_TEST,
    match: "what may not be opened*",
  },
  {
    name: "hold: nothing is begun with after its end",
    file: COMMIT,
    remove: "if (bounds.mayBegin()) return undefined;",
    by: "return undefined;",
    test: DRAIN_TEST,
    match: "no path is begun*",
  },
  {
    name: "hold: files within what is replaced",
    file: ROUND_WORKER,
    remove: "return [...changing(files.map(({ path }) => path)), ...within];",
    by: "return within.length < 0 ? within : changing(files.map(({ path }) => path));",
    test: HELD_TREE_TEST,
    match: "a directory that turns*",
  },
  {
    name: "hold: a host without locks refuses it",
    file: ROUND_WORKER,
    remove: 'if (limits.hold !== "none" && !calls.canLock) throw cannotLock();',
    by: "",
    test: HELD_TREE_TEST,
    match: "a host that cannot lock*",
  },
  {
    name: "hold: descriptors are left for the node",
    file: ROUND_WORKER,
    remove: "if (held + more <= most) return;",
    by: "if (held + more >= 0) return;",
    test: HELD_TREE_TEST,
    match: "a master that holds*",
  },
  {
    name: "hold: a round that has ended does nothing",
    file: "src/tree/open-tree.ts",
    remove: "closed ? Promise.reject(ended()) : rounds.port.call<T>(verb, args);",
    by: "rounds.port.call<T>(verb, args);",
    test: HELD_TREE_TEST,
    match: "a * that waits*",
  },
  {
    name: "hold: other work waits for its end",
    file: "src/tree/open-tree.ts",
    remove: "quiet = working.catch(() => undefined);",
    by: "",
    test: HELD_TREE_TEST,
    match: "other work*mandatory",
  },
  {
    name: "hold: no thread begins while the node ends",
    file: WORKER,
    remove: "if (!this.#stopped) this.#port = undefined;",
    by: "this.#port = undefined;",
    test: HELD_TREE_TEST,
    match: "a tree that is closed*",
  },
  {
    name: "hold: the master does not state what is locked",
    file: "src/tree/round-list.ts",
    remove: "if (held.has(path)) {",
    by: 'if (held.has(path) && path === "") {',
    test: HELD_TREE_TEST,
    match: "the master does not state*",
  },
  {
    name: "hold: shares end by themselves",
    file: "src/tree/shared-holds.ts",
    remove: "setTimeout(() => void this.unshare(id).catch(() => undefined), this.#leaseMs);",
    by: "setTimeout(() => undefined, this.#leaseMs);",
    test: "test/unit/shared-holds.test.ts",
  },
  {
    name: "hold: a statement that fails lets go",
    file: "src/roles/master.ts",
    remove: "await this.#round.unshare(number).catch(() => undefined);",
    by: "",
    test: "test/unit/master.test.ts",
  },
  {
    name: "hold: no fallback that was not ordered",
    file: "src/roles/master.ts",
    remove: 'if (holdFallback !== "none" || !isUnavailable(error)) throw error;',
    by: "if (!isUnavailable(error)) throw error;",
    test: "test/unit/master.test.ts",
  },
  {
    name: "drain: only what is as it was listed",
    file: DRAIN,
    remove: "if (staged === undefined || !isAsListed(context, path, before)) return false;",
    by: "if (staged === undefined) return false;",
    test: DRAIN_TEST,
  },
  {
    name: "drain: what comes back is the new version",
    file: DRAIN,
    remove: "if (!isStaged(fresh)) {",
    by: 'if (!isStaged(fresh) && path === "") {',
    test: DRAIN_TEST,
  },
  {
    name: "drain: what others put there is given back",
    file: DRAIN,
    remove: "if (!isStaged(before)) exchange();",
    by: "",
    test: DRAIN_TEST,
  },
  {
    name: "drain: further names count as locked",
    file: DRAIN,
    remove: "if (drained.inodes.has(inodeKey(before))) {",
    by: 'if (drained.inodes.has("")) {',
    test: DRAIN_TEST,
  },
  {
    name: "check: other content is found",
    file: CHECK,
    remove: 'if (!sameDigest(found, checksum)) return "has other content";',
    by: "",
    test: CHECK_TEST,
  },
  {
    name: "check: other attributes are found",
    file: CHECK,
    remove: "if (why !== undefined || found === undefined || checksum === undefined) return why;",
    by: "if (found === undefined || checksum === undefined) return why;",
    test: CHECK_TEST,
  },
  {
    name: "check: digests only of what nobody can write",
    file: CHECK,
    remove: "if (!leased) return undefined;",
    by: "",
    test: CHECK_TEST,
  },
  {
    name: "check: digests only of what has rested",
    file: CHECK,
    remove: "< TICK_MS) return undefined;",
    by: "< 0) return undefined;",
    test: CHECK_TEST,
  },
  {
    name: "check: digests are kept only of what has been at rest",
    file: "src/tree/verified-files.ts",
    remove: "isSettled({ ctimeSec: ctimeSec[i], ctimeNsec: ctimeNsec[i] }, nowMs)",
    by: "nowMs > 0",
    test: CHECK_TEST,
  },
  {
    name: "check: digests are kept only where the clock is fine",
    file: "src/tree/verified-files.ts",
    remove: "ctimeNsec[i] % NANOSECONDS_PER_MS !== 0 &&",
    by: "",
    test: CHECK_TEST,
  },
  {
    name: "check: digests are kept only of what is on disk",
    file: "src/tree/round-list.ts",
    remove: "if (isOnDisk) this.#readBack.push(files);",
    by: "this.#readBack.push(files);",
    test: CHECK_TEST,
  },
  {
    name: "content: a file that became another one is not looked for in fragments",
    file: "src/model/fragment-trial.ts",
    remove: "this.isAlike ? chunks : this.#isAlike === undefined ? FIRST_PROBES : PROBES",
    by: "chunks",
    test: "test/unit/block-fetch.test.ts",
  },
  {
    name: "content: lists are asked for in order",
    file: "src/roles/content-fetcher.ts",
    remove: 'turn === "at once" ? 0 : this.#early',
    by: "0",
    test: "test/unit/content-fetcher.test.ts",
  },
  {
    name: "cache: stores do not undo each other",
    file: CACHE,
    remove: "const done = this.#storing.then(work);",
    by: "const done = work();",
    test: CACHE_TEST,
  },
  {
    name: "cache: what is asked for moves on",
    file: CACHE,
    remove: "if (older.includes(1)) void",
    by: "if (older.includes(2)) void",
    test: CACHE_TEST,
  },
  {
    name: "cache: what nobody asks for is cleared",
    file: CACHE,
    remove: "if (isBegun) await this.#clearBut",
    by: "if (now < 0) await this.#clearBut",
    test: CACHE_TEST,
  },
  {
    name: "cache: closes when all is written",
    file: CACHE,
    remove: "    await this.#storing;\n    await this.#level.close();",
    by: "    await this.#level.close();",
    test: CACHE_TEST,
  },
  {
    name: "cache: an inode has one record",
    file: CACHE,
    remove: "new Map(indexes.map((i) => [keys.inodeLow[i] % PAGE_INODES, i]))",
    by: "indexes.map((i) => [keys.inodeLow[i] % PAGE_INODES, i] as const)",
    test: CACHE_TEST,
  },
  {
    name: "check: digests only for the very state",
    file: "src/tree/round-list.ts",
    remove: "if (!this.#table.isInState(i, keys, at)) continue;",
    by: "",
    test: CHECK_TEST,
  },
  // Remotes that feed each other.
  {
    name: "fan-out: offered only once verified",
    file: BLOCK_FETCH,
    remove: 'if (state === "verified" && kept !== undefined)',
    by: "if (kept !== undefined)",
    test: E2E_FAN_OUT,
    match: "a remote that serves lies*",
  },
  {
    name: "fan-out: a pack from a remote verified",
    file: STAGE,
    remove: "const verified = checksum !== undefined && sameDigest(digestOfIncoming(context, incoming), checksum);",
    by: "const verified = checksum !== undefined && digestOfIncoming(context, incoming).length > 0;",
    test: UNITS_TEST,
    match: "what a remote sends wrong*",
  },
  {
    name: "fan-out: a chunk from a remote verified",
    file: CHUNKED,
    remove: ": sameDigest(chunk.hash?.digest() ?? digest.subarray(0, 0), digest);",
    by: ": (chunk.hash?.digest() ?? digest).length > 0;",
    test: UNITS_TEST,
    match: "what a remote sends wrong*",
  },
  {
    name: "fan-out: wrong content from a remote fails no path",
    file: STAGE,
    remove: 'if (state === "wrong" && fromMaster) {',
    by: 'if (state === "wrong") {',
    test: UNITS_TEST,
    match: "what a remote sends wrong*",
  },
  {
    name: "fan-out: only the master says that content is not to be had",
    file: STAGE,
    remove: "if (fromMaster) failStep(context, block, step, sourceChanged(step.stated.entry.path));",
    by: "failStep(context, block, step, sourceChanged(step.stated.entry.path));",
    test: UNITS_TEST,
    match: "a remote cannot say*",
  },
  {
    name: "root: another directory in its place ends the round",
    file: ROUND_WORKER,
    remove: "if (identityOf(now) === identityOf(directories)) return;",
    by: "if (identityOf(now) !== name) return;",
    test: TREE_TEST,
    match: "a root whose directory another one replaces*",
  },
  {
    name: "root: a journal is of one directory",
    file: ROUND_WORKER,
    remove: "parts.filter((part) => part.place === place)",
    by: "parts",
    test: TREE_TEST,
    match: "what a crash left undone is put right in its own*",
  },
  {
    name: "root: leads to no other place of this host",
    file: ROUND_WORKER,
    remove: '  if (other === undefined) return;\n  throw new LockstepError(\n    "LOCKSTEP_ROOTS_OVERLAP"',
    by: '  if (other?.path !== name) return;\n  throw new LockstepError(\n    "LOCKSTEP_ROOTS_OVERLAP"',
    test: E2E_GUARDS,
    match: "a root that leads to the state directory*",
  },
  {
    name: "root: an unmounted disk",
    file: ROUND_WORKER,
    remove: "if (mountedSince !== undefined && !isNowMounted) checkMounted(scanned.directories, mountedSince);",
    by: "",
    test: E2E_GUARDS,
    match: "what lies below an unmounted master*",
  },
  {
    name: "root: an unmounted disk, after a restart",
    file: "src/tree/open-tree.ts",
    remove: "if (isMounted && !isUnmounted && since === undefined) await mount?.write({ path, since: Date.now() });",
    by: "",
    test: E2E_GUARDS,
    match: "a remote whose disk is not mounted*",
  },
  {
    name: "root: without Linux calls a link leads to its directory",
    file: "src/tree/portable-calls.ts",
    remove: 'fs.realpathSync(path, { encoding: "buffer" })',
    by: "Buffer.from(path)",
    test: "test/contract/system-calls.test.ts",
    match: "portable: a root whose path is a link*",
  },
  {
    name: "root: holds nothing that is mounted elsewhere",
    file: "src/tree/root-places.ts",
    remove: "  return isMountedFrom(path, of, mounts);",
    by: "  return false;",
    test: "test/e2e/usage.test.ts",
    match: "a root that holds what is mounted elsewhere*",
  },
  {
    name: "mesh: a call under way to where a host was",
    file: "src/mesh/dialled-connections.ts",
    remove: "call.to !== this.#wantedOf(peer)",
    by: "false",
    test: "test/contract/moved-host.test.ts",
    match: "a call that is under way*",
  },
  {
    name: "round: all messages of one that a newer assignment ends say so",
    file: PARTICIPANT,
    remove: "this.#superseded = newer;",
    by: "",
    test: ROUND_ENDS_TEST,
    match: "a round of an older epoch*",
  },
  {
    name: "stage: what somebody has open is not written into",
    file: "src/tree/stage.ts",
    remove: "if (calls.isOpenedOnce(fd)) {",
    by: "if (fd >= 0) {",
    test: "test/contract/local-reuse.test.ts",
    match: "what lies under a leftover*",
  },
  {
    name: "mount: an older .lockstep says nothing",
    file: "src/tree/round-worker.ts",
    remove: " && stat.ctimeSec * 1000 + stat.ctimeNsec / 1e6 > mountedSince) return;",
    by: ") return;",
    test: "test/e2e/guards.test.ts",
    match: "a remote whose disk is not mounted*",
  },
  {
    name: "roles: a round's own addresses count",
    file: "src/roles/authority.ts",
    remove: "            await this.#learn(assignment);\n            return current.assignment;",
    by: "            return current.assignment;",
    test: "test/unit/authority.test.ts",
    match: "with a round come*",
  },
  {
    name: "content: records of nothing",
    file: "src/tree/content-records.ts",
    remove: "length === 0 || ",
    by: "",
    test: "test/unit/compress.test.ts",
    match: "a record of nothing*",
  },
  {
    name: "class: what left it by its own update is compared again",
    file: "src/roles/comparison-round.ts",
    remove: "for (const path of changedUnselected(comparison.pairs, actions, classifier)) remote.unselected.add(path);",
    by: "void changedUnselected(comparison.pairs, actions, classifier);",
    test: "test/e2e/classes.test.ts",
    match: "what leaves the class*",
  },
  {
    name: "class: what stands in the way outside it stays",
    file: "src/roles/compare-lists.ts",
    remove: "inTheWay.add(path);",
    by: "",
    test: "test/e2e/classes.test.ts",
    match: "what stands outside the group*",
  },
  {
    name: "hold: an unprivileged node's closed directory",
    file: ROUND_WORKER,
    remove: "    openParent(context, path);\n    return context",
    by: "    return context",
    test: "test/e2e/hold.test.ts",
    match: "a host without the privilege switches*",
  },
  {
    name: "mesh: rounds go where the fleet file says",
    file: "src/mesh/open-stream.ts",
    remove: ".filter((connection) => only?.has(peer.toString(), connection) ?? true)",
    by: "",
    test: "test/contract/moved-host.test.ts",
  },
  {
    name: "fan-out: patience ends where nothing is under way",
    file: "src/compare/exchange-schedule.ts",
    remove: "known || (this.#asked.size > 0 ? this.#soFar(now) : 0)",
    by: "known || this.#soFar(now)",
    test: "test/unit/exchange-schedule.test.ts",
  },
  {
    name: "fan-out: a neighbour is asked for a pack whole",
    file: EXCHANGE,
    remove: "source !== MASTER && isPack(unit)",
    by: "source === -1 && isPack(unit)",
    test: EXCHANGE_TEST,
  },
  {
    name: "fan-out: records of the unit that was asked for",
    file: STAGE,
    remove: "if (!isPack(unit) || step === undefined || block.packs.get(unit.index)?.includes(step) !== true)",
    by: "if (step === undefined)",
    test: UNITS_TEST,
    match: "records of another unit*",
  },
  {
    name: "fan-out: who sends wrong content is left",
    file: EXCHANGE,
    remove: 'this.#distrust(source, "sent something else than the master signed");',
    by: "this.#leave(source);",
    test: EXCHANGE_TEST,
    match: "one that sends something wrong*",
  },
  {
    name: "fan-out: who sends less than announced is left",
    file: EXCHANGE,
    remove: 'this.#distrust(source, "sent less than it had announced");',
    by: "this.#finish(id, entry);",
    test: EXCHANGE_TEST,
    match: "one that sends less*",
  },
  {
    name: "fan-out: cap of announcements",
    file: EXCHANGE,
    remove: "if (count > announced.most) {",
    by: "if (count < 0) {",
    test: EXCHANGE_TEST,
    match: "a neighbour that announces*",
  },
  {
    name: "fan-out: announcements that name nothing count",
    file: EXCHANGE,
    remove: "Math.max(units.length, 1);",
    by: "units.length;",
    test: EXCHANGE_TEST,
    match: "a neighbour that announces nothing*",
  },
  {
    name: "fan-out: an announcement counts once",
    file: EXCHANGE,
    remove: "else if (sources.includes(source)) continue;",
    by: "",
    test: EXCHANGE_TEST,
    match: "a neighbour that says again and again*",
  },
  {
    name: "fan-out: a trickle is no progress",
    file: EXCHANGE,
    remove: "if (entry.came >= PROGRESS_BYTES) {",
    by: "if (entry.came >= 0) {",
    test: EXCHANGE_TEST,
    match: "a neighbour that sends a byte*",
  },
  {
    name: "fan-out: who breaks the protocol unasked is left",
    file: FETCHER,
    remove: "if (!this.#stopped.signal.aborted) this.#init.broke?.(toLockstepError(error));",
    by: "void toLockstepError;",
    test: EXCHANGE_TEST,
    match: "a neighbour that announces*",
  },
  {
    name: "fan-out: budget of an answer",
    file: FETCHER,
    remove: "job.budget -= frame.length + PART_OVERHEAD;",
    by: "void PART_OVERHEAD;",
    test: FETCHER_TEST,
    match: "an answer of frames without end*",
  },
  {
    name: "fan-out: neighbours are other remotes of the root",
    file: REMOTE,
    remove: "![...others].every(isOther) || ",
    by: "[...others].every(isOther) === undefined || ",
    test: E2E_HOSTILE,
    match: "a remote serves other remotes*",
  },
  {
    name: "fan-out: requests under way",
    file: CONTENT_SERVER,
    remove: "this.#open.size + this.#slots.size >= LIMITS.contentRequests",
    by: "this.#open.size < 0",
    test: E2E_HOSTILE,
    match: "a remote serves other remotes*",
  },
  {
    name: "fan-out: ranges within the chunk",
    file: OFFERS,
    remove: "if (!isWithin || rangesBytes(parts) > chunk.length) {",
    by: "if (!isWithin && rangesBytes(parts) > chunk.length) {",
    test: OFFERS_TEST,
    match: "what was added*",
  },
  {
    name: "fan-out: a pack is answered as it was asked for",
    file: OFFERS,
    remove: "sameDigest(pack.ranges, ranges) ? pack.frames.map((frame) => frame.slice()) : undefined;",
    by: "sameDigest(ranges, ranges) ? pack.frames.map((frame) => frame.slice()) : undefined;",
    test: OFFERS_TEST,
    match: "what was added*",
  },
  {
    name: "fan-out: a chunk is hashed again before it is sent",
    file: "src/tree/content-worker.ts",
    remove: "if (chunk === undefined || !sameDigest(hasher.hash(chunk), digest)) return undefined;",
    by: "if (chunk === undefined || !sameDigest(digest, digest)) return undefined;",
    test: UNITS_TEST,
    match: "chunks are offered*",
  },
  {
    name: "fan-out: memory of packs",
    file: OFFERS,
    remove: "if (this.#packBytes <= KEPT_BYTES) break;",
    by: "if (this.#packBytes <= Number.MAX_SAFE_INTEGER + KEPT_BYTES) break;",
    test: OFFERS_TEST,
    match: "packs take so much memory*",
  },
  {
    name: "fan-out: descriptors of files",
    file: OFFERS,
    remove: "Math.max(0, this.#files.size - KEPT_FILES)",
    by: "Math.min(0, KEPT_FILES)",
    test: OFFERS_TEST,
    match: "files have so many descriptors*",
  },
  {
    name: "fan-out: files opened as the round ends",
    file: OFFERS,
    remove: "if (this.#ended) this.#close([file]);",
    by: "",
    test: OFFERS_TEST,
    match: "files have so many descriptors*",
  },
  {
    name: "fan-out: a statement is followed once",
    file: OFFERS,
    remove: "if (statements.has(statement)) return;",
    by: "",
    test: OFFERS_TEST,
    match: "who follows is told once*",
  },
  {
    name: "fan-out: statements that are followed",
    file: OFFERS,
    remove: "if (statements.size >= LIMITS.followedStatements) {",
    by: "if (statements.size < 0) {",
    test: OFFERS_TEST,
    match: "a peer that follows without end*",
  },
  {
    name: "cipher: nothing that is not authentic is opened",
    file: CIPHER,
    remove: 'if (final(opening, tag, written) !== 1) throw new Error("an encrypted message is not authentic");',
    by: "final(opening, tag, written);",
    test: CIPHER_TEST,
  },
  {
    name: "cipher: what a message is bound to is part of the tag",
    file: CIPHER,
    remove: "if (ad.length > 0) must(update(opening, null, written, ad, ad.length));",
    by: "",
    test: CIPHER_TEST,
  },
  {
    name: "cipher: a message that is shorter than a tag is refused",
    file: CIPHER,
    remove: 'if (length < 0) throw new Error("an encrypted message is shorter than its tag");',
    by: "",
    test: CIPHER_TEST,
  },
  {
    name: "cipher: keys and nonces of other lengths never reach native code",
    file: CIPHER,
    remove: "if (key.length !== KEY_BYTES || nonce.length !== NONCE_BYTES)",
    by: "if (key.length === 0)",
    test: CIPHER_TEST,
  },
  {
    name: "cipher: a length is put before a whole ciphertext only",
    file: CIPHER,
    remove: "return places.get(buffer)?.has(byteOffset) === true;",
    by: "return places.has(buffer) && byteOffset >= 0;",
    test: CIPHER_TEST,
  },
  {
    name: "a connection that died without a word is cut",
    file: OPEN_STREAM,
    remove: "one.abort(silent());",
    by: "return;",
    test: SILENT_TEST,
    match: "*without a word*",
  },
  {
    name: "a connection on which something comes is not taken for dead",
    file: OPEN_STREAM,
    remove: "Math.max(since, heard.of(connection).at)",
    by: "since",
    test: SILENT_TEST,
    match: "*still comes*",
  },
  {
    name: "bytes of a frame that is not here yet are signs of life",
    file: "src/mesh/heard-connections.ts",
    remove: "heard.at = performance.now();",
    by: "",
    test: SILENT_TEST,
    match: "*long frame*",
  },
  {
    name: "patience grows with what units take",
    file: "src/compare/exchange-schedule.ts",
    remove: "return ms * Math.max(1, usual / USUAL_MS);",
    by: "return usual < 0 ? 0 : ms;",
    test: "test/unit/exchange-schedule.test.ts",
    match: "where a unit takes long*",
  },
  {
    name: "a unit is on its way until its receiver has it",
    file: CONTENT_SERVER,
    remove: "this.#seeding?.arrived(this.#nameOf(request), this.#channel.peer, this.#now());",
    by: "this.#now();",
    test: "test/unit/content-server.test.ts",
    match: "*has arrived*",
  },
  {
    name: "little is on its way on a slow link",
    file: "src/roles/upload-slots.ts",
    remove: "return rate * LEAST_MS;",
    by: "return LEAST_BYTES;",
    test: "test/unit/upload-slots.test.ts",
    match: "on a slow link*",
  },
  {
    name: "after a write that failed the state is opened anew",
    file: "src/store/state-store.ts",
    remove: "this.#isFaulty = true;",
    by: "",
    test: "test/contract/state-store.test.ts",
    match: "*disk was full*",
  },
  {
    name: "each remote is told of a file that cannot be read",
    file: "src/tree/round-list.ts",
    remove: "if (failed !== undefined) problems.push(failed);",
    by: "",
    test: "test/contract/round-list.test.ts",
  },
  {
    name: "another user's file may be mapped",
    file: STABLE,
    remove: 'lease === "writer" || lease === "foreign"',
    by: 'lease === "writer"',
    test: "test/contract/read-stable.test.ts",
    match: "*another user*",
  },
  {
    name: "commit: what came out is given back also when it cannot be looked at",
    file: COMMIT,
    remove: "// What was there is given back, also when it could not be looked at.",
    by: "if (!(error instanceof TargetChanged)) throw error;",
    test: RACES_TEST,
  },
  {
    name: "cipher: ciphertexts do not share memory",
    file: "src/mesh/fresh-memory.ts",
    remove: "this.#at += bytes;",
    by: "this.#at += bytes - 1;",
    test: CIPHER_TEST,
  },
  {
    name: "acquaintances: each two are connected by one of them",
    file: "src/compare/neighbours.ts",
    remove: "remotes.filter((peer) => peer > self)",
    by: "remotes.filter((peer) => peer !== self)",
    test: "test/unit/neighbours.test.ts",
  },
  {
    name: "acquaintances: a large fleet does not connect all to all",
    file: "src/compare/neighbours.ts",
    remove: "remotes.length > ALL_UP_TO || !remotes.includes(self)",
    by: "!remotes.includes(self)",
    test: "test/unit/neighbours.test.ts",
  },
  {
    name: "launch: kept code that is damaged is not run",
    file: KEPT_CODE,
    remove: "digestOf(source, code).equals(kept.subarray(0, DIGEST_BYTES)) ? code : undefined",
    by: "source.length > 0 ? code : undefined",
    test: "test/e2e/launch.test.ts",
  },
  {
    name: "content: a unit that is not here says nothing of the link",
    file: "src/roles/content-server.ts",
    remove: " && frames[0][0] !== CONTENT_FRAME.elsewhere;",
    by: ";",
    test: "test/unit/content-server.test.ts",
  },
  {
    name: "content: a long answer to one leaves room for others",
    file: "src/roles/content-server.ts",
    remove: "isAwaited ? bytes : Math.min(bytes, UNAWAITED_BYTES)",
    by: "bytes",
    test: "test/unit/content-server.test.ts",
  },
  {
    name: "exchange: what waits here is no silence of a neighbour",
    file: "src/compare/exchange-schedule.ts",
    remove: "if (asked !== undefined) asked.isSent = false;",
    by: "void asked;",
    test: "test/unit/exchange-schedule.test.ts",
  },
  {
    name: "limit: what did not come is not waited for twice",
    file: "src/roles/rate-limiter.ts",
    remove: "this.#spared += cost;",
    by: "",
    test: "test/unit/limits.test.ts",
  },
  {
    name: "requests: no more are asked than are worked on",
    file: "src/wire/request-response.ts",
    remove: "if (this.#asked < MAX_ASKED) this.#asked++;",
    by: "if (this.#asked < 1e6) this.#asked++;",
    test: "test/unit/request-response.test.ts",
  },
  {
    name: "list: no digest is kept of what somebody may write",
    file: "src/tree/read-stable.ts",
    remove: "!mayBeMapped || calls.cleanMappings(fd)",
    by: "!mayBeMapped || true",
    test: "test/contract/read-stable.test.ts",
  },
  {
    name: "check: times of whole seconds prove nothing",
    file: "src/tree/check-block.ts",
    remove: "if (state.ctimeNsec % NANOSECONDS_PER_MS === 0) return undefined;",
    by: "",
    test: "test/contract/check-block.test.ts",
  },
  {
    name: "commit: what came into a directory that was switched out stays",
    file: COMMIT,
    remove: "(wasDirectory && isStillKnown(context, path, staged, out, before))",
    by: "wasDirectory",
    test: RACES_TEST,
  },
  {
    name: "compress: each thread has its own contexts",
    file: "src/tree/compress.ts",
    remove: "zstd = nativeZstd();",
    by: 'zstd = (await import("@cloudpss/zstd/napi")) as never;',
    test: "test/contract/compress-threads.test.ts",
  },
  {
    name: "list: every blind path is named, or none is taken for gone",
    file: "src/roles/participant.ts",
    remove: "if (encoded.length === blind.length) return encoded;",
    by: "if (blind.length < 1e9) return encoded;",
    test: "test/e2e/one-of-everything.test.ts",
    match: "more paths than a list can name*",
  },
  {
    name: "content: a burst that a limit lets through is no sign of a fast link",
    file: "src/roles/link-rate.ts",
    remove: ", this.#limit);",
    by: ", Number.POSITIVE_INFINITY);",
    test: "test/unit/limits.test.ts",
  },
  {
    name: "content: a shared link is measured by what arrives",
    file: "src/roles/link-rate.ts",
    remove: "const isAlone = this.#underWay === 0;",
    by: "const isAlone = true;",
    test: "test/unit/limits.test.ts",
  },
  {
    name: "cutter: nothing outside the content is looked at",
    file: "src/model/cutter.ts",
    remove: 'if (!(start >= 0 && end <= bytes)) throw new RangeError("outside the content");',
    by: "",
    test: "test/unit/cutter.test.ts",
  },
  {
    name: "windows: credit comes before all of it is used",
    file: WINDOWS,
    remove: "stream.recvWindowCapacity <= stream.recvWindow / 2",
    by: "stream.recvWindowCapacity < 0",
    test: WINDOWS_TEST,
  },
  {
    name: "gathered sends: a muxer's last words go before the connection is closed",
    file: GATHERED,
    remove: "close(options).finally(flush)",
    by: "close(options)",
    test: GATHERED_TEST,
  },
  {
    name: "gathered sends: what waits for a connection that breaks does not end the process",
    file: GATHERED,
    remove: "turn ??= setImmediate(flush);",
    by: "turn ??= setImmediate(sendWaiting);",
    test: GATHERED_TEST,
  },
  {
    name: "statements: what is held is not stated ahead",
    file: BLOCK_STATEMENTS,
    remove: "next === undefined || this.#isHeld ||",
    by: "next === undefined ||",
    test: BLOCK_STATEMENTS_TEST,
  },
  // A disk that hangs.
  {
    name: "hung disk: the thread ends when its call comes back",
    file: WORKER,
    remove: "void worker.terminate();",
    by: "void worker;",
    test: "test/contract/hung-disk.test.ts",
  },
  {
    name: "hung disk: what is asked fails at once",
    file: WORKER,
    remove: "port.fail(this.#hung());",
    by: "void port;",
    test: "test/contract/hung-disk.test.ts",
  },
  {
    name: "hung disk: what an ended thread had open is closed",
    file: "src/tree/worker-calls.ts",
    remove: "for (const descriptor of book.open()) calls.closeFile(descriptor);",
    by: "void book;",
    test: "test/contract/hung-disk.test.ts",
  },
  {
    name: "hung disk: a node does not wait for it at its end",
    file: WORKER,
    remove: "Promise.race([end, this.#watch.stalled()])",
    by: "end",
    test: "test/contract/hung-disk.test.ts",
  },
  {
    name: "hung disk: a thread that waits for work is woken",
    file: "src/tree/stall-watch.ts",
    remove: "this.#thread.nudge();",
    by: "",
    test: "test/contract/stall-watch.test.ts",
  },
  {
    name: "chunks: one digest, two lengths",
    file: "src/tree/chunked-file.ts",
    remove: "known?.length === run.length ? known : undefined",
    by: "known",
    test: "test/contract/local-reuse.test.ts",
    match: "chunks of one digest and two lengths*",
  },
  {
    name: "hung disk: a thread whose calls take long gets on",
    file: "src/tree/stall-watch.ts",
    remove: " && before.calls === now.calls;",
    by: ";",
    test: "test/contract/stall-watch.test.ts",
  },
  {
    name: "hung disk: a call that wakes now and then does not come back",
    file: "src/tree/stall-watch.ts",
    remove: "const RUNS_SHARE = 0.01;",
    by: "const RUNS_SHARE = 0;",
    test: "test/contract/stall-watch.test.ts",
  },
  {
    name: "hung disk: what a given-up thread had locked is free without another round",
    file: WORKER,
    remove: "if (!this.#stopped && watch?.isGivenUp === true) this.start();",
    by: "",
    test: "test/contract/hung-disk.test.ts",
  },
  {
    name: "hung disk: a hold process that cannot be killed is not waited for",
    file: "src/tree/mandatory-hold.ts",
    remove: 'setTimeout(() => this.#died("it hangs in a system call"), DEATH_MS).unref();',
    by: "",
    test: "test/contract/mandatory-hold.test.ts",
    match: "a hold process that not even*",
  },
  {
    name: "resume: a leftover's chunks are followed in the old version",
    file: "src/tree/chunked-file.ts",
    remove: "this.#follow + offset - this.#followedTo;",
    by: "this.#follow;",
    test: "test/contract/local-reuse.test.ts",
    match: "an edited file of which*",
  },
  {
    name: "exchange: what has begun to come takes its time",
    file: "src/compare/exchange-schedule.ts",
    remove:
      "    asked.started = true;\n    // Where little may be sent a second the first bytes take long.\n    this.#hasBegun = true;",
    by: "    asked.started = true;",
    test: "test/unit/exchange-schedule.test.ts",
  },
  {
    name: "content: what was cancelled while it waited does not go",
    file: "src/roles/content-server.ts",
    remove: "if (!this.#cancelled.has(id)) return true;",
    by: "if (this.#cancelled.size >= 0) return true;",
    test: "test/unit/content-server.test.ts",
  },
];

/** Scratch copies and test runs that are to be gone when this process ends, however it ends. */
const scratches = new Set<string>();
const running = new Set<ChildProcess>();

function cleanUp(): void {
  for (const child of running) stop(child);
  for (const scratch of scratches) rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
  scratches.clear();
}

/** A run is a process group of its own: ava's workers and the hosts they start go with it. */
function stop(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** A copy of the checkout's files as they are now, with links to the packages but an own cache. */
function copyCheckout(): string {
  const scratch = mkdtempSync(join(tmpdir(), "lockstep-defences-"));
  // Some tests start hosts of other users, which must reach the program.
  chmodSync(scratch, 0o755);
  scratches.add(scratch);
  const listed = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: PROJECT,
    encoding: "utf8",
  });
  if (listed.status !== 0) throw new Error(`cannot list the checkout: ${listed.stderr}`);
  for (const file of listed.stdout.split("\0")) {
    if (file === "" || !existsSync(join(PROJECT, file))) continue;
    mkdirSync(dirname(join(scratch, file)), { recursive: true });
    copyFileSync(join(PROJECT, file), join(scratch, file));
  }
  const packages = join(scratch, "node_modules");
  mkdirSync(packages);
  for (const name of readdirSync(join(PROJECT, "node_modules"))) {
    if (name !== ".cache") symlinkSync(join(PROJECT, "node_modules", name), join(packages, name));
  }
  return scratch;
}

interface Run {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly hung: boolean;
  readonly output: string;
}

/** Runs tests in the copy; end-to-end tests run the program, which is built first. */
async function runTests(scratch: string, test: string, match: readonly string[]): Promise<Run> {
  if (test.startsWith("test/e2e/")) {
    rmSync(join(scratch, "dist"), { recursive: true, force: true });
    const built = spawnSync(process.execPath, ["scripts/bundle.mjs"], { cwd: scratch, encoding: "utf8" });
    if (built.status !== 0) throw new Error(`cannot build the copy: ${built.stdout}${built.stderr}`);
  }
  const ava = join(scratch, "node_modules/ava/entrypoints/cli.mjs");
  const args = [ava, "--tap", "--fail-fast", ...match.flatMap((title) => ["--match", title]), test];
  const { LOCKSTEP_BIN: _, ...env } = process.env;
  const child = spawn(process.execPath, args, { cwd: scratch, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  let hung = false;
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data.toString()));
  const timer = setTimeout(() => {
    hung = true;
    stop(child);
  }, RUN_MS);
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  running.delete(child);
  const passed = [...output.matchAll(/^ok \d+/gm)].length;
  const failed = [...output.matchAll(/^not ok \d+ - (.*)$/gm)].map(([, title]) => title);
  return { passed, failed, hung, output };
}

/** The file without the defence. */
function without(defence: Defence): string {
  const source = readFileSync(join(PROJECT, defence.file), "utf8");
  const count = source.split(defence.remove).length - 1;
  if (count !== 1) throw new Error(`its text stands ${count} times in ${defence.file}, not once`);
  const changed = source.replace(defence.remove, () => defence.by);
  // A file that cannot be read would make every test fail, whatever it tests.
  try {
    transformSync(changed, { loader: "ts", logLevel: "silent" });
  } catch (error) {
    throw new Error(`what replaces it is not TypeScript: ${(error as Error).message}`);
  }
  return changed;
}

interface Verdict {
  readonly name: string;
  readonly verdict: string;
  readonly caught: boolean;
  readonly seconds: number;
  readonly by: string;
}

async function tryDefence(scratch: string, defence: Defence): Promise<Verdict> {
  const startedAt = Date.now();
  const end = (verdict: string, caught: boolean, by: string): Verdict => {
    return { name: defence.name, verdict, caught, by, seconds: (Date.now() - startedAt) / 1000 };
  };
  const file = join(scratch, defence.file);
  const original = readFileSync(file);
  try {
    writeFileSync(file, without(defence));
    const run = await runTests(scratch, defence.test, defence.match === undefined ? [] : [defence.match]);
    if (run.failed.length > 0 && run.failed.every((title) => NO_TEST.test(title))) {
      return end("ERROR", false, `failed beside the tests: ${run.failed[0]}`);
    }
    if (run.failed.length > 0) return end("caught", true, run.failed.find((title) => !NO_TEST.test(title)) ?? "");
    if (run.hung) return end("caught", true, "the tests hang");
    if (run.passed === 0) return end("ERROR", false, `no test ran: ${run.output.trim().slice(-300)}`);
    return end("NOT CAUGHT", false, `by: ${JSON.stringify(defence.by)}, ${defence.test}`);
  } catch (error) {
    return end("ERROR", false, (error as Error).message);
  } finally {
    // A copy that was removed meanwhile, by a signal, stays so.
    if (scratches.has(scratch)) writeFileSync(file, original);
  }
}

/** Tests that fail anyway would catch everything. */
async function checkBaseline(scratch: string, defences: readonly Defence[]): Promise<void> {
  for (const test of new Set(defences.map((defence) => defence.test))) {
    const matches = defences.filter((defence) => defence.test === test).map(({ match }) => match);
    const titles = matches.includes(undefined) ? [] : (matches as string[]);
    const run = await runTests(scratch, test, [...new Set(titles)]);
    if (run.failed.length === 0 && !run.hung && run.passed > 0) continue;
    throw new Error(`${test} does not pass on the source as it is: ${run.failed[0] ?? run.output.trim().slice(-300)}`);
  }
}

function printRow(name: string, verdict: string, seconds: string, by: string): void {
  console.log(`${name.padEnd(55)} ${verdict.padEnd(11)} ${seconds.padStart(7)}  ${by}`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      jobs: { type: "string", default: "1" },
      "no-baseline": { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
    },
  });
  const { only } = values;
  const chosen = DEFENCES.filter(({ name }) => only === undefined || only.some((text) => name.includes(text)));
  if (chosen.length === 0) throw new Error(`no defence has ${only?.join(" or ")} in its name`);
  if (values.check) {
    let unfit = 0;
    for (const defence of chosen) {
      try {
        without(defence);
      } catch (error) {
        unfit++;
        console.log(`${defence.name.padEnd(55)} ${(error as Error).message}`);
      }
    }
    return unfit === 0 ? 0 : 1;
  }
  if (values.list) {
    for (const { name, file, test } of chosen) console.log(`${name.padEnd(55)} ${file.padEnd(30)} ${test}`);
    return 0;
  }
  const pending = [...chosen];
  const verdicts: Verdict[] = [];
  printRow("defence", "", "seconds", "");
  const work = async (): Promise<void> => {
    const scratch = copyCheckout();
    for (let defence = pending.shift(); defence !== undefined; defence = pending.shift()) {
      const verdict = await tryDefence(scratch, defence);
      verdicts.push(verdict);
      printRow(verdict.name, verdict.verdict, verdict.seconds.toFixed(1), verdict.by);
    }
  };
  if (!values["no-baseline"]) await checkBaseline(copyCheckout(), chosen);
  await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, work));
  const caught = verdicts.filter((verdict) => verdict.caught).length;
  console.log(`${caught} of ${verdicts.length} defences are caught when they are missing`);
  return caught === verdicts.length ? 0 : 1;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    cleanUp();
    process.exit(1);
  });
}
process.on("exit", cleanUp);
try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  cleanUp();
}
