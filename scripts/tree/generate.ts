/**
 * Makes a directory tree for tests and measurements: reproducible from a seed, large if asked, and
 * with every oddity that a tool copying trees tends to get wrong.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";

export interface GenerateOptions {
  /** Regular files (inodes); the extra names of hard-link groups come on top. */
  files: number;
  /** Directories below the root of the tree. */
  directories: number;
  minBytes: number;
  maxBytes: number;
  seed: number;
}

export interface GenerateSummary {
  files: number;
  directories: number;
  symlinks: number;
  /** Names beyond the first of each hard-link group. */
  hardLinks: number;
  bytes: number;
}

/** A small seeded generator of pseudorandom numbers (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const held = result[i] as T;
      result[i] = result[j] as T;
      result[j] = held;
    }
    return result;
  }
}

const BLOCK = 1 << 20;

/** Writes reproducible content, half of the files random bytes and half text. */
export class ContentWriter {
  readonly #random: Random;
  readonly #words = new Uint32Array(BLOCK / 4);
  readonly #block = Buffer.from(this.#words.buffer);
  readonly #text: Buffer;

  constructor(random: Random) {
    this.#random = random;
    const vocabulary = Array.from({ length: 500 }, () => {
      let word = "";
      for (let n = 2 + random.below(9); n > 0; n--) {
        word += String.fromCharCode(97 + random.below(26));
      }
      return word;
    });
    let text = "";
    while (text.length < 1 << 18) {
      text += random.pick(vocabulary) + (random.below(10) === 0 ? "\n" : " ");
    }
    this.#text = Buffer.from(text, "latin1");
  }

  /** Fresh bytes, valid until the next call; at most 1 MiB of them. */
  bytes(size: number, text = this.#random.below(2) === 0): Buffer {
    const length = Math.min(size, BLOCK);
    if (text) {
      // Pieces of one text from random places: compressible, but no two files alike.
      for (let at = 0; at < length; ) {
        const piece = 64 + this.#random.below(192);
        const from = this.#random.below(this.#text.length - piece);
        this.#text.copy(this.#block, at, from, Math.min(from + piece, from + length - at));
        at += piece;
      }
    } else {
      for (let i = 0, n = Math.ceil(length / 4); i < n; i++) this.#words[i] = this.#random.uint32();
    }
    return this.#block.subarray(0, length);
  }

  /** Writes that many bytes at the current position of an open file. */
  write(fd: number, size: number): void {
    const text = this.#random.below(2) === 0;
    for (let left = size; left > 0; ) {
      const block = this.bytes(left, text);
      for (let at = 0; at < block.length; ) at += writeSync(fd, block, at);
      left -= block.length;
    }
  }
}

// Paths are held as strings of one character per byte, so that any name can be told apart,
// sorted by its bytes and used as a key.

/** The byte string of ordinary text. */
export function byteString(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The path to give to the file system. */
export function pathBytes(root: string, path: string): Buffer {
  return Buffer.from(path === "" ? root : `${root}/${path}`, "latin1");
}

const ODD_DIRECTORIES = [
  "odd",
  "-dash dir",
  "odd/new\nline directory",
  "odd/Case",
  "odd/case",
  "odd/caf\u00e9",
  "odd/cafe\u0301",
  "odd/trailing ",
]
  .map(byteString)
  .concat("odd/\xff\xfe bytes");

const ODD_FILES = [
  "with space",
  " leading space",
  "trailing space ",
  "new\nline",
  "ends with newline\n",
  "carriage\rreturn",
  "tab\tbed",
  "'single'",
  '"double"',
  "back\\slash",
  "\\101 looks octal",
  "%41 looks encoded",
  "100%",
  "-rf",
  "--delete",
  "caf\u00e9.txt",
  "cafe\u0301.txt",
  "\u65e5\u672c\u8a9e \ud83d\ude80",
  "README",
  "readme",
  "ReadMe",
  "*?[a-z]{x,y}",
  "$HOME `id` $(id)",
  "~",
  "#hash#",
  "...",
  ".hidden",
  "\x01\x1b[31m\x7f",
  // Not at the top, where the name would be the tool's own.
  ".lockstep",
  "n".repeat(255),
]
  .map(byteString)
  .concat("\xff\xfe\x80 not utf-8", "caf\xe9 latin-1");

const DECORATIONS = [" sp ace ", "new\nline", "\t", "'\"", "\\", "%2F", "\u00fc", "u\u0308", "\ud83d\ude80", "*"]
  .map(byteString)
  .concat("\xfa\xce");

const WORDS = ["alpha", "Beta", "config", "data", "index", "lib", "main", "notes", "test", "zeta"];
const FILE_MODES = [0o644, 0o600, 0o444, 0o755, 0o4755, 0o2755, 0o700, 0o640];
const DIRECTORY_MODES = [0o755, 0o1777, 0o700, 0o2755, 0o750];
const OWNERS: readonly (readonly [number, number])[] = [
  [1000, 1000],
  [12345, 54321],
  [65534, 65534],
  [0, 1000],
  [1000, 0],
];

export function generateTree(directory: string, options: GenerateOptions): GenerateSummary {
  const { files, directories, minBytes, maxBytes } = options;
  for (const value of [files, directories, minBytes, maxBytes]) {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`bad number ${value}`);
  }
  if (minBytes > maxBytes) throw new RangeError("minBytes exceeds maxBytes");

  const random = new Random(options.seed);
  const content = new ContentWriter(random);
  const root = byteString(directory);
  const privileged = process.getuid?.() === 0;
  const fileModes = privileged ? [...FILE_MODES, 0] : FILE_MODES;
  const directoryModes = privileged ? [...DIRECTORY_MODES, 0o555] : DIRECTORY_MODES;
  const summary: GenerateSummary = { files, directories, symlinks: 0, hardLinks: 0, bytes: 0 };

  const time = (): number => {
    const seconds = 1_000_000_000 + random.below(700_000_000);
    return random.below(2) === 0 ? seconds : seconds + random.below(1_000_000) / 1_000_000;
  };
  // The serial number makes every name unique, also among names that differ in case only.
  const name = (serial: number, suffix = ""): string => {
    const decoration = random.below(30) === 0 ? random.pick(DECORATIONS) : "-";
    return `${random.pick(WORDS)}${decoration}${serial}${suffix}`;
  };
  const inside = (parent: string, child: string): string => (parent === "" ? child : `${parent}/${child}`);

  mkdirSync(directory, { recursive: true });
  const made: string[] = [];
  const makeDirectory = (path: string): string => {
    mkdirSync(pathBytes(root, path));
    made.push(path);
    return path;
  };

  const empties = Math.min(directories, Math.max(1, Math.floor(directories / 50)));
  let left = directories - empties;
  /** Directories that may get files. */
  const homes: string[] = [];
  for (const path of ODD_DIRECTORIES.slice(0, left)) homes.push(makeDirectory(path));
  left -= homes.length;
  const depth = Math.min(40, Math.floor(left / 4));
  for (let level = 0, path = ""; level < depth; level++) {
    path = inside(path, level === 0 ? "deep" : `level-${level}`);
    homes.push(makeDirectory(path));
  }
  left -= depth;
  const tops = Math.min(left, 24, Math.max(8, Math.floor(directories / 100)));
  const branches: { path: string; depth: number }[] = [];
  for (let serial = 0; serial < left; serial++) {
    let parent = serial < tops ? { path: "", depth: 0 } : random.pick(branches);
    if (parent.depth >= 10) parent = branches[serial % tops] ?? parent;
    const path = makeDirectory(inside(parent.path, name(serial, "d")));
    branches.push({ path, depth: parent.depth + 1 });
    homes.push(path);
  }
  for (let serial = 0; serial < empties; serial++) {
    makeDirectory(inside(serial === 0 ? "" : random.pick(homes), `empty-${serial}`));
  }

  const homeOf = (serial: number): string => (homes.length === 0 || serial % 5000 === 4999 ? "" : random.pick(homes));
  const names: string[] = [];
  const precise: string[] = [];
  for (let serial = 0; serial < files; serial++) {
    const odd = ODD_FILES[serial];
    let path: string;
    if (odd !== undefined) {
      // The NFC/NFD and upper/lower case neighbours have to share a directory.
      const home = homes[0] ?? "";
      path = inside(home, home === "" && odd === ".lockstep" ? ".lockstep-not" : odd);
    } else {
      path = inside(homeOf(serial), name(serial, random.pick(["", ".txt", ".bin", ".js"])));
    }
    const empty = serial === 3 || random.below(200) === 0;
    const size = empty ? 0 : minBytes + random.below(maxBytes - minBytes + 1);
    const fd = openSync(pathBytes(root, path), "wx", 0o600);
    try {
      content.write(fd, size);
      // The owner first: changing it clears the set-user-ID and set-group-ID bits.
      if (privileged && (serial % 16 === 5 || random.below(20) === 0)) {
        fchownSync(fd, ...random.pick(OWNERS));
      }
      const usual = random.below(8) === 0 ? 0o755 : 0o644;
      const mode = odd !== undefined || random.below(8) === 0 ? (fileModes[serial % fileModes.length] ?? usual) : usual;
      fchmodSync(fd, mode);
      // One file at the epoch itself and one past the range of 32 bits.
      const modified = serial === 7 ? 0 : serial === 8 ? 4_102_444_800.5 : time();
      futimesSync(fd, modified, modified);
    } finally {
      closeSync(fd);
    }
    summary.bytes += size;
    names.push(path);
    if (serial % 1009 === 40) precise.push(path);
  }

  const groups = files < 2 ? 0 : Math.max(1, Math.round(files / 100));
  for (const [serial, original] of random.shuffle(names).slice(0, groups).entries()) {
    for (let extra = 1 + random.below(3); extra > 0; extra--) {
      const across = random.below(3) > 0;
      const home = across ? homeOf(serial) : original.slice(0, original.lastIndexOf("/") + 1);
      const link = name(serial, `.link${extra}`);
      const path = across ? inside(home, link) : home + link;
      linkSync(pathBytes(root, original), pathBytes(root, path));
      summary.hardLinks++;
    }
  }

  const links = files === 0 ? 0 : Math.max(10, Math.round(files / 100));
  for (let serial = 0; serial < links; serial++) {
    const home = homeOf(serial);
    const up = "../".repeat(home === "" ? 0 : home.split("/").length);
    const targets = [
      up + random.pick(names),
      `missing ${serial}`,
      "/etc/hostname",
      `/nonexistent/${serial}`,
      `\xff\xfe target ${serial}`,
      homes.length === 0 ? "." : up + random.pick(homes),
      "..",
      `link-${serial}`,
      `${up}${"./".repeat(300)}long`,
      byteString(`caf\u00e9 line\n${serial}`),
    ];
    const target = targets[serial % targets.length] ?? ".";
    const path = pathBytes(root, inside(home, `link-${serial}`));
    symlinkSync(Buffer.from(target, "latin1"), path);
    if (privileged && random.below(10) === 0) lchownSync(path, ...random.pick(OWNERS));
    const modified = time();
    lutimesSync(path, modified, modified);
    summary.symlinks++;
  }

  // Node sets times to the microsecond only; a tool that drops the last digits has to be seen.
  if (precise.length > 0) {
    const paths = precise.map((path) => pathBytes(root, path).toString("utf8"));
    // Arguments of a process cannot hold names that are no UTF-8.
    const stamped = paths.filter((path) => !path.includes("\ufffd"));
    spawnSync("touch", ["-c", "-d", "@1234567890.123456789", "--", ...stamped]);
  }

  // Directories last, as their contents change their times, and deepest first.
  for (let index = made.length - 1; index >= 0; index--) {
    const path = pathBytes(root, made[index] ?? "");
    if (privileged && random.below(15) === 0) lchownSync(path, ...random.pick(OWNERS));
    const odd = index < ODD_DIRECTORIES.length || random.below(10) === 0;
    chmodSync(path, odd ? (directoryModes[index % directoryModes.length] ?? 0o755) : 0o755);
    const modified = time();
    utimesSync(path, modified, modified);
  }
  chmodSync(directory, 0o755);
  utimesSync(directory, 1_111_111_111.25, 1_111_111_111.25);
  return summary;
}
