/** Worker thread: reads content for other hosts, apart from the thread that runs the rounds. */
import { parentPort, workerData } from "node:worker_threads";
import type { ContentRange } from "../model/content-ranges.ts";
import { sameDigest } from "../model/digest.ts";
import type { Abilities } from "../model/entry.ts";
import { cutFragments, encodeFragments } from "../model/fragments.ts";
import type { BytePath } from "../model/path.ts";
import { SUITE } from "../model/suite.ts";
import type {
  CheckResult,
  Framing,
  OfferedChunk,
  OfferedFile,
  PackedChunkList,
  ReadRange,
  StageRequest,
} from "../ports/tree.ts";
import { checkBlock } from "./check-block.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { type Compressor, createCompressor } from "./compress.ts";
import { ConfinedDirectories } from "./confined-directories.ts";
import { COMPRESSED_FRAME, compressFrame, RecordPacker } from "./content-records.ts";
import { tellDisk } from "./disk-errors.ts";
import { createHasher } from "./hasher.ts";
import { packChunkList } from "./pack-chunk-list.ts";
import { StableReader } from "./read-stable.ts";
import type { RootWorkerData } from "./restarting-worker.ts";
import { unpackSteps } from "./stage.ts";
import { newFileStat } from "./system-calls.ts";
import type { VerifiedFiles } from "./verified-files.ts";
import { workerCalls } from "./worker-calls.ts";
import { type Handlers, Moved, WorkerPort } from "./worker-port.ts";

if (parentPort === null) throw new Error("runs as a worker only");
const { path } = workerData as RootWorkerData;
const calls = workerCalls(parentPort, workerData);
const hasher = createHasher();
const stat = newFileStat();
const compressor = createCompressor();

/** Frames sent plain, after one that did not get smaller, before compression is tried again. */
const PLAIN_RUN = 8;

/** Makes frames smaller, and leaves those alone that follow one that did not get smaller. */
class FrameCompressor {
  readonly #zstd: Compressor;
  readonly #isShared: boolean;
  #plainLeft = 0;

  constructor(zstd: Compressor, isShared = false) {
    this.#zstd = zstd;
    this.#isShared = isShared;
  }

  smallerOf(frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (this.#plainLeft > 0) {
      this.#plainLeft--;
      return frame;
    }
    const smaller = compressFrame(this.#zstd, frame, this.#isShared);
    this.#plainLeft = smaller[0] === COMPRESSED_FRAME ? 0 : PLAIN_RUN;
    return smaller;
  }
}

function moved(frames: Uint8Array<ArrayBuffer>[]): Moved<Uint8Array<ArrayBuffer>[]> {
  return new Moved(
    frames,
    frames.map((frame) => frame.buffer),
  );
}

/** Opens the root for one request: it may have been replaced since the last. */
function inRoot<T>(work: (directories: ConfinedDirectories) => T): T {
  const directories = new ConfinedDirectories(calls, path);
  try {
    return work(directories);
  } finally {
    directories.close();
  }
}

/** Puts one range into the frames; false when the file is not as it was stated. */
function readRange(directories: ConfinedDirectories, packer: RecordPacker, range: ReadRange): boolean {
  const { directory, name } = directories.locate(range.path);
  const fd = calls.openFile(directory, name);
  try {
    calls.statFile(fd, stat);
    if (stat.size !== range.size) return false;
    for (let done = 0; done < range.length; ) {
      const written = packer.add(range.index, range.offset + done, range.length - done, (buffer, at, length) =>
        calls.read(fd, buffer, at, length, range.offset + done),
      );
      if (written === 0) return false;
      done += written;
    }
    return true;
  } finally {
    calls.closeFile(fd);
  }
}

function readChunk(directories: ConfinedDirectories, range: ReadRange): Uint8Array | undefined {
  const { directory, name } = directories.locate(range.path);
  const fd = calls.openFile(directory, name);
  try {
    return readFully(fd, range.offset, range.length);
  } finally {
    calls.closeFile(fd);
  }
}

/** Undefined when the file ends before. */
function readFully(fd: number, offset: number, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const count = calls.read(fd, bytes, done, length - done, offset + done);
    if (count === 0) return undefined;
    done += count;
  }
  return bytes;
}

const handlers: Handlers = {
  /** Packed records of all ranges; one request is bounded, so its frames fit in memory. */
  async read(ranges: readonly ReadRange[], framing: Framing): Promise<Moved<Uint8Array[]>> {
    const zstd = framing.compress ? new FrameCompressor(await compressor, framing.isShared) : undefined;
    const frames: Uint8Array<ArrayBuffer>[] = [];
    const packer = new RecordPacker(ranges, framing, (frame) => frames.push(zstd?.smallerOf(frame) ?? frame));
    inRoot((directories) => {
      for (const range of ranges) {
        let whole = false;
        try {
          whole = readRange(directories, packer, range);
        } catch {
          // Unreadable by now: the record says so, and the remote keeps its old version.
        }
        if (!whole) packer.fail(range.index);
      }
    });
    packer.flush();
    return moved(frames);
  },
  async compress(frames: readonly Uint8Array<ArrayBuffer>[], isShared: boolean): Promise<Moved<Uint8Array[]>> {
    const zstd = new FrameCompressor(await compressor, isShared);
    return moved(frames.map((frame) => zstd.smallerOf(frame)));
  },
  chunkList(file: BytePath, size: number): PackedChunkList | undefined {
    return inRoot((directories) => {
      try {
        const { directory, name } = directories.locate(file);
        const { stat: now, chunks } = new StableReader(calls, hasher, SUITE).read(directory, name, { chunks: true });
        return now.size === size ? packChunkList(hasher.hash, SUITE, chunks) : undefined;
      } catch {
        return undefined;
      }
    });
  },
  check(request: StageRequest, represents: Abilities, fromDisk: boolean): CheckResult & VerifiedFiles {
    return inRoot((directories) => {
      const reader = new StableReader(calls, hasher, SUITE);
      return checkBlock({ calls, directories, reader, represents, fromDisk }, unpackSteps(request));
    });
  },
  /** A chunk is hashed again before a part of it is sent: once it is in place, anybody may change its file. */
  async readOffered(
    { file, offset, length, digest }: OfferedChunk,
    parts: readonly ContentRange[],
    framing: Framing,
  ): Promise<Moved<Uint8Array[]> | undefined> {
    const zstd = framing.compress ? new FrameCompressor(await compressor) : undefined;
    const chunk = readFully(file, offset, length);
    if (chunk === undefined || !sameDigest(hasher.hash(chunk), digest)) return undefined;
    const frames: Uint8Array<ArrayBuffer>[] = [];
    const packer = new RecordPacker(parts, framing, (frame) => frames.push(zstd?.smallerOf(frame) ?? frame));
    for (const part of parts) {
      for (let at = part.offset; at < part.offset + part.length; ) {
        at += packer.add(part.index, at, part.offset + part.length - at, (buffer, to, count) => {
          buffer.set(chunk.subarray(at - offset, at - offset + count), to);
          return count;
        });
      }
    }
    packer.flush();
    return moved(frames);
  },
  rest: collectGarbage,
  closeOffered(files: readonly OfferedFile[]): void {
    for (const file of files) calls.closeFile(file);
  },
  fragments(range: ReadRange): Uint8Array | undefined {
    return inRoot((directories) => {
      try {
        const chunk = readChunk(directories, range);
        return chunk === undefined ? undefined : encodeFragments(cutFragments(hasher.hash, SUITE.fragment, chunk));
      } catch {
        return undefined;
      }
    });
  },
};
const told = tellDisk(handlers, () => "LOCKSTEP_SOURCE_UNREADABLE");
const port = new WorkerPort(parentPort, told);
void compressor.then(() => port.tellLoaded());
