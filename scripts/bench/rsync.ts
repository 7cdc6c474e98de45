/** rsync over loopback, to an own daemon and over an own ssh server, for measuring beside. */
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Workshop } from "../mesh/workshop.ts";

const CIPHER = "aes128-gcm@openssh.com";

/** Where the servers run, and under which address. */
export interface ServerPlace {
  readonly address: string;
  at(command: string, args: readonly string[]): { command: string; args: readonly string[] };
  /** Whether something listens on this port there. */
  isListening(port: number): Promise<boolean>;
}

export const LOOPBACK: ServerPlace = {
  address: "127.0.0.1",
  at: (command, args) => ({ command, args }),
  async isListening(port) {
    const socket = connect(port, "127.0.0.1");
    const open = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    return open;
  },
};

/** One way to bring a tree to the directory of that name under the server's base. */
export interface RsyncRoute {
  readonly label: string;
  /** The server's process. */
  readonly pid: number;
  arguments(source: string, target: string): string[];
}

/** Where a program lies, also one that only root's PATH has. */
export function findProgram(name: string): string | undefined {
  const places = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin", "/sbin"];
  return places
    .map((place) => join(place, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK.address, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilListening(place: ServerPlace, port: number, what: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await place.isListening(port)) return;
    await sleep(50);
  }
  throw new Error(`${what} does not listen on port ${port}`);
}

/** Starts an rsync daemon whose one module is `base`. */
export async function startDaemon(
  workshop: Workshop,
  rsync: string,
  base: string,
  own: string,
  place: ServerPlace = LOOPBACK,
): Promise<RsyncRoute> {
  const port = await freePort();
  const config = join(own, "rsyncd.conf");
  const owner = process.getuid?.() === 0 ? "uid = 0\ngid = 0\n" : "";
  writeFileSync(config, `${owner}use chroot = no\nreverse lookup = no\n[bench]\n  path = ${base}\n  read only = no\n`);
  const options = ["--daemon", "--no-detach", `--config=${config}`, `--address=${place.address}`, `--port=${port}`];
  const { command, args } = place.at(rsync, options);
  const { pid } = await workshop.serve(command, args, join(own, "rsyncd.log"), false);
  await untilListening(place, port, "the rsync daemon");
  return {
    label: "rsync daemon",
    pid,
    arguments: (source, target) => [`${source}/`, `rsync://${place.address}:${port}/bench/${target}/`],
  };
}

/** Starts an ssh server with throwaway keys. */
export async function startSsh(
  workshop: Workshop,
  sshd: string,
  base: string,
  own: string,
  place: ServerPlace = LOOPBACK,
): Promise<RsyncRoute> {
  const port = await freePort();
  const [hostKey, userKey, config] = ["host-key", "user-key", "sshd_config"].map((name) => join(own, name));
  for (const key of [hostKey, userKey]) {
    const made = await workshop.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    if (made.code !== 0) throw new Error(`ssh-keygen failed: ${made.stderr.trim()}`);
  }
  // sshd as root insists on this directory for its separated processes.
  if (process.getuid?.() === 0 && !existsSync("/run/sshd")) mkdirSync("/run/sshd", { mode: 0o755 });
  const settings = {
    ListenAddress: place.address,
    Port: port,
    HostKey: hostKey,
    AuthorizedKeysFile: `${userKey}.pub`,
    PidFile: "none",
    UsePAM: "no",
    StrictModes: "no",
    PermitRootLogin: "prohibit-password",
    PasswordAuthentication: "no",
  };
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([name, value]) => `${name} ${value}\n`)
      .join(""),
  );
  const { command, args } = place.at(sshd, ["-D", "-e", "-f", config]);
  const { pid } = await workshop.serve(command, args, join(own, "sshd.log"), false);
  await untilListening(place, port, "sshd");
  const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes"];
  const ssh = [
    `ssh -F /dev/null -p ${port} -i ${userKey} -c ${CIPHER} -o IdentitiesOnly=yes`,
    ...options.map((option) => `-o ${option}`),
  ].join(" ");
  return {
    label: "rsync over ssh",
    pid,
    arguments: (source, target) => [
      ...["-e", ssh],
      `${source}/`,
      `${userInfo().username}@${place.address}:${base}/${target}/`,
    ],
  };
}
