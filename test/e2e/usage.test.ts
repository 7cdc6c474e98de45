import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { type CommandResult, Fleet, IS_ROOT, LOCKSTEP_BIN, runLockstep, writeTree } from "./mesh-harness.ts";

const directory = mkdtempSync(join(tmpdir(), "lockstep-usage-"));
const at = (name: string): string => join(directory, name);
const PEERS = [
  "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp",
  "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
];
const WWW = { comparison: ["alpha"], master: "alpha", remotes: ["beta"] };
const HOSTS = {
  // Nobody listens on the port of discard.
  alpha: `/ip4/127.0.0.1/tcp/9/p2p/${PEERS[0]}`,
  beta: `/ip4/127.0.0.1/tcp/9/p2p/${PEERS[1]}`,
};

test.after.always(() => {
  rmSync(directory, { recursive: true, force: true });
});

function fleetFile(name: string, content: unknown): string {
  const file = at(`${name}.yaml`);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

/** One line on stderr that says what is wrong, nothing on stdout, no stack. */
function isOneClearLine(t: ExecutionContext, result: CommandResult, exitCode: number, says: RegExp): void {
  t.is(result.exitCode, exitCode, result.stderr);
  t.is(result.stdout, "");
  t.is(result.stderr.trimEnd().split("\n").length, 1, result.stderr);
  t.regex(result.stderr, says);
  t.notRegex(result.stderr, /\bat .+\(.+:\d+:\d+\)/);
}

const command = (...args: string[]): Promise<CommandResult> => runLockstep(...args, "--data", at("control"));
fleetFile("tilde", "data: ~/state\n");
const good = fleetFile("good", { hosts: HOSTS, roots: { www: WWW } });

const usageErrors: Record<string, { args: string[]; says: RegExp }> = {
  "an unknown command": { args: ["mirror"], says: /mirror/ },
  "an unknown option": { args: ["sync", "www", "--fleet", good, "--force"], says: /--force/ },
  "a missing argument": { args: ["sync", "--fleet", good], says: /root/ },
  "an argument too many": { args: ["sync", "www", "more", "--fleet", good], says: /argument/ },
  "a missing --fleet": { args: ["sync", "www"], says: /--fleet/ },
};
for (const [what, { args, says }] of Object.entries(usageErrors)) {
  // Seen: the same sentence, and a second line "(see lockstep --help)".
  test.serial(`${what} is told in one line, exit 2`, async (t) => {
    isOneClearLine(t, await command(...args), 2, says);
  });
  test.serial(`${what} exits with 2`, async (t) => {
    const result = await command(...args);
    t.is(result.exitCode, 2);
    t.is(result.stdout, "");
    t.regex(result.stderr, says);
    t.notRegex(result.stderr, /\bat .+\(.+:\d+:\d+\)/);
  });
}

const badFleets: Record<string, { content: unknown; says: RegExp }> = {
  "not YAML": { content: "hosts: [unclosed\nroots: {", says: /YAML/ },
  "not a fleet": { content: "just a text", says: /fleet file/ },
  empty: { content: "", says: /fleet file/ },
  "with an unknown key": { content: { hosts: HOSTS, roots: { www: { ...WWW, deletes: true } } }, says: /deletes/ },
  "with an unknown host": { content: { hosts: HOSTS, roots: { www: { ...WWW, master: "omega" } } }, says: /omega/ },
  "with an unknown remote": { content: { hosts: HOSTS, roots: { www: { ...WWW, remotes: ["psi"] } } }, says: /psi/ },
  "with the master among its remotes": {
    content: { hosts: HOSTS, roots: { www: { ...WWW, remotes: ["alpha"] } } },
    says: /alpha/,
  },
  "without peer ids": { content: { hosts: { alpha: "/ip4/127.0.0.1/tcp/9" }, roots: {} }, says: /peer id/ },
  "with an address that is none": {
    content: { hosts: { ...HOSTS, alpha: `/nonsense/127.0.0.1/p2p/${PEERS[0]}` }, roots: { www: WWW } },
    says: /nonsense/,
  },
  "with one peer id for two hosts": {
    content: { hosts: { ...HOSTS, beta: HOSTS.alpha }, roots: { www: WWW } },
    says: /alpha.*beta/,
  },
  "with a bad maxDelete": { content: { hosts: HOSTS, roots: { www: { ...WWW, maxDelete: "half" } } }, says: /half/ },
  "with a bad size": {
    content: { hosts: HOSTS, roots: { www: { ...WWW, classes: { c: { size: "1 potato" } } } } },
    says: /potato/,
  },
};
for (const [what, { content, says }] of Object.entries(badFleets)) {
  // Defect: an address that libp2p cannot read is LOCKSTEP_INTERNAL and exit 1.
  test.serial(`a fleet file ${what} is told in one line, exit 2`, async (t) => {
    isOneClearLine(t, await command("sync", "www", "--fleet", fleetFile(what, content)), 2, says);
  });
}

test.serial("a fleet file that cannot be read is told in one line, exit 2, by every command", async (t) => {
  for (const args of [["assign"], ["status"], ["plan", "www"], ["sync", "www"], ["verify", "www"]]) {
    isOneClearLine(t, await command(...args, "--fleet", at("nowhere.yaml")), 2, /nowhere\.yaml/);
  }
  isOneClearLine(t, await command("sync", "www", "--fleet", directory), 2, /EISDIR/);
});

test.serial("a root that the fleet file does not have is told in one line, exit 2", async (t) => {
  isOneClearLine(t, await command("sync", "wwww", "--fleet", good), 2, /wwww.*www/);
});

test.serial("a class that the root does not have is told in one line, exit 2", async (t) => {
  isOneClearLine(t, await command("sync", "www", "--class", "pages", "--fleet", good), 2, /pages/);
});

test.serial("a comparison server that cannot be reached is told in one line, exit 1", async (t) => {
  isOneClearLine(t, await command("sync", "www", "--fleet", good), 1, /LOCKSTEP_NO_COMPARISON_SERVER/);
  isOneClearLine(t, await command("assign", "--fleet", good), 1, /LOCKSTEP_NO_COMPARISON_SERVER/);
});

test.serial("with --json every failure is one JSON document with a code", async (t) => {
  const failures: [string[], number, string][] = [
    [["sync", "www", "--fleet", at("nowhere.yaml")], 2, "LOCKSTEP_CONFIG"],
    [["plan", "nothing", "--fleet", good], 2, "LOCKSTEP_CONFIG"],
    [["verify", "www", "--fleet", good], 1, "LOCKSTEP_NO_COMPARISON_SERVER"],
    [["assign", "--fleet", good], 1, "LOCKSTEP_NO_COMPARISON_SERVER"],
    [["status"], 2, "LOCKSTEP_USAGE"],
  ];
  for (const [args, exitCode, code] of failures) {
    const result = await command(...args, "--json");
    t.is(result.exitCode, exitCode, args.join(" "));
    t.is(result.json.error?.code, code, args.join(" "));
    t.is(result.json.outcome, "failed");
  }
});

const nodeErrors: Record<string, { args: string[]; says: RegExp }> = {
  "without a listening address": { args: ["--control", PEERS[0]], says: /--listen/ },
  "without a control station": { args: ["--listen", "/ip4/127.0.0.1/tcp/0"], says: /--control/ },
  "with a root without a path": {
    args: ["--listen", "/ip4/127.0.0.1/tcp/0", "--control", PEERS[0], "--root", "www"],
    says: /NAME=PATH/,
  },
  "with a control station that is no peer id": {
    args: ["--listen", "/ip4/127.0.0.1/tcp/0", "--control", "me"],
    says: /peer id/,
  },
  "with a root below a ~ that no shell has expanded": {
    args: ["--listen", "/ip4/127.0.0.1/tcp/0", "--control", PEERS[0], "--root", "www=~/www"],
    says: /~\/www.*home directory/,
  },
  "with such a path in its configuration": { args: ["--config", at("tilde.yaml")], says: /~\/state.*home directory/ },
  "with an unreadable configuration": { args: ["--config", at("nowhere.yaml")], says: /nowhere\.yaml/ },
};
for (const [what, { args, says }] of Object.entries(nodeErrors)) {
  test.serial(`a node ${what} does not start, exit 2`, async (t) => {
    isOneClearLine(t, await runLockstep("node", "--data", at("unused"), ...args), 2, says);
  });
}

const listening = ["--listen", "/ip4/127.0.0.1/tcp/0", "--control", PEERS[0]];

test.serial("roots that overlap are refused, also through a symlink", async (t) => {
  mkdirSync(at("outer/inner"), { recursive: true });
  symlinkSync(at("outer"), at("another way"));
  for (const inner of [at("outer/inner"), at("outer"), at("another way/inner"), at("outer/not there yet")]) {
    const args = ["--data", at("overlap data"), "--root", `a=${at("outer")}`, "--root", `b=${inner}`, ...listening];
    const result = await runLockstep("node", ...args);
    t.not(result.exitCode, 0);
    isOneClearLine(t, result, result.exitCode as number, /LOCKSTEP_ROOTS_OVERLAP/);
  }
});

test.serial("a root that holds the state directory, or lies in it, is refused", async (t) => {
  mkdirSync(at("holder"));
  for (const [data, root] of [
    [at("holder/state"), at("holder")],
    [at("state of it"), at("state of it/root")],
  ]) {
    const result = await runLockstep("node", "--data", data, "--root", `www=${root}`, ...listening);
    t.not(result.exitCode, 0);
    isOneClearLine(t, result, result.exitCode as number, /LOCKSTEP_ROOTS_OVERLAP/);
  }
});

(IS_ROOT ? test.serial : test.serial.skip)("roots that overlap through a mount are refused", async (t) => {
  for (const path of ["mounted/state", "seen at"]) mkdirSync(at(path), { recursive: true });
  t.is(spawnSync("mount", ["--bind", at("mounted"), at("seen at")]).status, 0);
  try {
    for (const root of [at("seen at"), at("seen at/state"), at("seen at/state/within")]) {
      const args = ["--data", at("mounted/state"), "--root", `www=${root}`, ...listening];
      const result = await runLockstep("node", ...args);
      isOneClearLine(t, result, result.exitCode as number, /LOCKSTEP_ROOTS_OVERLAP/);
    }
  } finally {
    spawnSync("umount", [at("seen at")]);
  }
});

// Seen: nothing was noticed where an older mount lies hidden below, or where a name is no UTF-8.
(IS_ROOT ? test.serial : test.serial.skip)("mounts are followed as the kernel does", async (t) => {
  for (const path of ["root/sub/q/state", "cover/q"]) mkdirSync(at(path), { recursive: true });
  const odd = Buffer.concat([Buffer.from(at("root/")), Buffer.of(0xff, 0xfe)]);
  mkdirSync(odd);
  mkdirSync(at("odd"));
  const bind =
    'import os, sys; os.execvp("mount", [b"mount", b"--bind", sys.argv[1].encode() + b"/\\xff\\xfe", sys.argv[2].encode()])';
  try {
    t.is(spawnSync("mount", ["-t", "tmpfs", "tmpfs", at("cover/q")]).status, 0);
    t.is(spawnSync("mount", ["--bind", at("root/sub"), at("cover")]).status, 0);
    t.is(spawnSync("python3", ["-c", bind, at("root"), at("odd")]).status, 0);
    for (const data of ["cover/q/state", "odd/state"]) {
      const result = await runLockstep("node", "--data", at(data), "--root", `www=${at("root")}`, ...listening);
      isOneClearLine(t, result, result.exitCode as number, /LOCKSTEP_ROOTS_OVERLAP/);
    }
  } finally {
    for (const path of ["odd", "cover", "cover/q"]) spawnSync("umount", [at(path)]);
  }
});

// Seen: the node deleted its own key and state, as they were on no list of the master.
(IS_ROOT ? test.serial : test.serial.skip)("a root that holds what is mounted elsewhere is refused", async (t) => {
  for (const path of ["holds it/below/within", "a part"]) mkdirSync(at(path), { recursive: true });
  t.is(spawnSync("mount", ["--bind", at("holds it/below"), at("a part")]).status, 0);
  try {
    for (const other of ["a part", "a part/within", "a part/new"]) {
      for (const args of [
        ["--data", at(other), "--root", `www=${at("holds it")}`],
        ["--data", at("elsewhere"), "--root", `www=${at("holds it")}`, "--root", `db=${at(other)}`],
      ]) {
        const result = await runLockstep("node", ...args, ...listening);
        isOneClearLine(t, result, result.exitCode as number, /LOCKSTEP_ROOTS_OVERLAP/);
      }
    }
  } finally {
    spawnSync("umount", [at("a part")]);
  }
});

// Seen: the right code, but libp2p's message with an escaped stack trace in the line.
test.serial("a node whose port is taken says so in one line without a stack", async (t) => {
  const server = await new Promise<Server>((resolve) => {
    const taken = createServer().listen(0, "127.0.0.1", () => resolve(taken));
  });
  try {
    const { port } = server.address() as { port: number };
    const args = ["--data", at("port data"), "--listen", `/ip4/127.0.0.1/tcp/${port}`, "--control", PEERS[0]];
    const result = await runLockstep("node", ...args);
    isOneClearLine(t, result, 1, /LOCKSTEP_LISTEN_FAILED/);
    t.notRegex(result.stderr, /node:|\\x0a/);
  } finally {
    server.close();
  }
});

test.serial("with a running fleet: status, unreachable hosts, a second node, and one JSON document each", async (t) => {
  const fleet = await Fleet.start({
    hosts: { alpha: {}, beta: {}, gamma: {}, delta: { roots: [] } },
    roots: { www: { comparison: "delta", master: "alpha", remotes: "*" } },
  });
  try {
    const early = await fleet.run("sync", "www");
    t.is(early.exitCode, 1);
    t.is(early.json.error?.code, "LOCKSTEP_NOT_ASSIGNED");

    await fleet.assign();
    writeTree(fleet.path("alpha", "www"), { file: "content" });
    for (const args of [["assign"], ["plan", "www"], ["sync", "www"], ["verify", "www"], ["status"]]) {
      const result = await fleet.run(args[0], ...args.slice(1));
      t.is(result.exitCode, 0, args[0]);
      t.is(typeof result.json, "object");
      t.is(result.stdout.trimEnd().split("\n").length, 1);
      t.is(result.stderr, "");
    }

    const second = await runLockstep("node", "--data", fleet.data("alpha"), ...listening);
    isOneClearLine(t, second, 1, /LOCKSTEP_STATE_LOCKED/);

    await fleet.kill("beta");
    writeTree(fleet.path("alpha", "www"), { file: "changed" });
    const sync = await fleet.run("sync", "www");
    t.is(sync.exitCode, 3);
    t.is(sync.json.remotes["beta"].outcome, "failed");
    t.is(sync.json.remotes["beta"].problems[0].code, "LOCKSTEP_HOST_UNREACHABLE");
    t.is(sync.json.remotes["gamma"].outcome, "in-step");
    const status = await fleet.run("status");
    t.is(status.exitCode, 3);
    t.false(status.json.hosts["beta"].reachable);
    t.true(status.json.hosts["gamma"].reachable);
    t.is(status.json.hosts["delta"].roots[0].lastRound?.outcome, "failed");
    const assign = await fleet.run("assign");
    t.is(assign.exitCode, 3);
    t.false(assign.json.roots["www"].hosts["beta"].assigned);
    await fleet.restart("beta");
    const healed = await fleet.run("sync", "www");
    t.is(healed.exitCode, 0, healed.stdout);

    await fleet.kill("alpha");
    const headless = await fleet.run("sync", "www");
    t.is(headless.exitCode, 1);
    t.is(headless.json.error?.code, "LOCKSTEP_HOST_UNREACHABLE");
  } finally {
    await fleet.stop();
  }
});

test("output that cannot be written is told of, and a reader that has read enough is not a failure", (t) => {
  if (!existsSync("/dev/full")) return t.pass();
  const id = (redirection: string) =>
    spawnSync("bash", ["-c", `"$0" id --data "$1" ${redirection}`, LOCKSTEP_BIN, at("output")], { encoding: "utf8" });
  const full = id("> /dev/full");
  t.is(full.status, 1);
  t.regex(full.stderr, /cannot be written \(ENOSPC\)/);
  t.is(id("| true; exit $PIPESTATUS").status, 0);
});
