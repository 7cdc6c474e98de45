import { closeSync, openSync, readFileSync, readSync } from "node:fs";

/** Where a system call that opens a file has its flags. */
type Flags = "reads" | "writes" | { readonly argument: number } | { readonly pointer: number };

/** By number (arch/…/syscall tables of Linux). Programs of another architecture, such as 32 bit, are not told. */
const OPENING: Readonly<Record<string, Readonly<Record<number, Flags>>>> = {
  x64: {
    2: { argument: 1 }, // open
    257: { argument: 2 }, // openat
    437: { pointer: 2 }, // openat2
    85: "writes", // creat
    304: { argument: 2 }, // open_by_handle_at
    59: "reads", // execve
    322: "reads", // execveat
  },
  arm64: {
    56: { argument: 2 },
    437: { pointer: 2 },
    265: { argument: 2 },
    221: "reads",
    281: "reads",
  },
};
const O_ACCMODE = 3n;
const O_TRUNC = 0o1000n;

/** Looks, 1 ms apart, at a thread that was woken for nothing: each answer wakes all who wait in the group. */
const MAX_LOOKS = 50;
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Whether a thread that waits in an open only wants to read, by the system call that it is in
 * (proc_pid_syscall(5)); false when that cannot be told.
 */
export function waitsToRead(tid: number): boolean {
  try {
    const [number, ...args] = systemCallOf(tid).split(" ");
    const where = OPENING[process.arch]?.[Number(number)];
    if (where === undefined) return false;
    if (typeof where === "string") return where === "reads";
    const flags = "argument" in where ? BigInt(args[where.argument]) : flagsAt(tid, BigInt(args[where.pointer]));
    return (flags & O_ACCMODE) === 0n && (flags & O_TRUNC) === 0n;
  } catch {
    return false;
  }
}

/** "257 0xffffff9c 0x7ffe… 0x0 …", or "running". */
function systemCallOf(tid: number): string {
  for (let looks = 1; ; looks++) {
    const text = readFileSync(`/proc/${tid}/syscall`, "latin1");
    if (!text.startsWith("running") || looks === MAX_LOOKS) return text;
    Atomics.wait(pause, 0, 0, 1);
  }
}

/** struct open_how begins with the flags (openat2(2)). */
function flagsAt(tid: number, address: bigint): bigint {
  const fd = openSync(`/proc/${tid}/mem`, "r");
  try {
    const flags = Buffer.alloc(8);
    if (readSync(fd, flags, 0, 8, address) !== 8) throw new Error("no such memory");
    return flags.readBigUInt64LE(0);
  } finally {
    closeSync(fd);
  }
}
