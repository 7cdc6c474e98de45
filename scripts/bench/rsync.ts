/** rsync over loopback, to an own daemon and over an own ssh server, for measuring beside. */
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Workshop } from "../mesh/workshop.ts";

const LOOPBACK = "127.0.0.1";
const CIPHER = "aes128-gcm@openssh.com";

/** One way to bring a tree to the directory of that name under the server's base. */
export interface RsyncRoute {
  readonly label: string;
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
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilListening(port: number, what: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, LOOPBACK);
    const open = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await sleep(50);
  }
  throw new Error(`${what} does not listen on port ${port}`);
}

/** Starts an rsync daemon whose one module is `base`. */
export async function startDaemon(workshop: Workshop, rsync: string, base: string, own: string): Promise<RsyncRoute> {
  const port = await freePort();
  const config = join(own, "rsyncd.conf");
  const owner = process.getuid?.() === 0 ? "uid = 0\ngid = 0\n" : "";
  writeFileSync(config, `${owner}use chroot = no\nreverse lookup = no\n[bench]\n  path = ${base}\n  read only = no\n`);
  const options = ["--daemon", "--no-detach", `--config=${config}`, `--address=${LOOPBACK}`, `--port=${port}`];
  await workshop.serve(rsync, options, join(own, "rsyncd.log"), false);
  await untilListening(port, "the rsync daemon");
  return {
    label: "rsync daemon",
    arguments: (source, target) => [`${source}/`, `rsync://${LOOPBACK}:${port}/bench/${target}/`],
  };
}

/** Starts an ssh server with throwaway keys. */
export async function startSsh(workshop: Workshop, sshd: string, base: string, own: string): Promise<RsyncRoute> {
  const port = await freePort();
  const [hostKey, userKey, config] = ["host-key", "user-key", "sshd_config"].map((name) => join(own, name));
  for (const key of [hostKey, userKey]) {
    const made = await workshop.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    if (made.code !== 0) throw new Error(`ssh-keygen failed: ${made.stderr.trim()}`);
  }
  // sshd as root insists on this directory for its separated processes.
  if (process.getuid?.() === 0 && !existsSync("/run/sshd")) mkdirSync("/run/sshd", { mode: 0o755 });
  const settings = {
    ListenAddress: LOOPBACK,
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
  await workshop.serve(sshd, ["-D", "-e", "-f", config], join(own, "sshd.log"), false);
  await untilListening(port, "sshd");
  const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes"];
  const ssh = [
    `ssh -F /dev/null -p ${port} -i ${userKey} -c ${CIPHER} -o IdentitiesOnly=yes`,
    ...options.map((option) => `-o ${option}`),
  ].join(" ");
  return {
    label: "rsync over ssh",
    arguments: (source, target) => ["-e", ssh, `${source}/`, `${userInfo().username}@${LOOPBACK}:${base}/${target}/`],
  };
}
