import { createRequire } from "node:module";
import { dirname } from "node:path";
import type Koffi from "koffi";

const require = createRequire(import.meta.url);

/** zstd (RFC 8878) of whole buffers. */
export interface Compressor {
  readonly name: "native" | "portable";
  /** @param isShared it will be sent on by its receivers: then more time is well spent */
  compress(bytes: Uint8Array, isShared?: boolean): Uint8Array;
  /**
   * @param length of the plain bytes, which the sender announced
   * @returns undefined when these are no such bytes
   */
  decompress(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> | undefined;
}

/** The fastest level that still finds most of what can be found; measured 470 MB/s on source text. */
const LEVEL = 1;
/** Some 250 MB/s and a sixteenth less to send. */
const SHARED_LEVEL = 3;

/**
 * The length of the plain content that a zstd frame announces (RFC 8878, 3.1.1), or undefined when it
 * announces none, or when these bytes are anything but one whole frame. Looked at before anything is
 * decompressed: a few bytes can announce gigabytes, and so can another frame behind the first.
 */
export function announcedLength(frame: Uint8Array): number | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 6) return undefined;
  if (view.getUint32(0, true) !== 0xfd2fb528) return undefined;
  const descriptor = frame[4];
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3];
  const at = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  const flag = descriptor >> 6;
  const lengthBytes = flag === 0 ? (isSingleSegment ? 1 : 0) : 1 << flag;
  if (lengthBytes === 0 || frame.length < at + lengthBytes) return undefined;
  if (endOfBlocks(view, at + lengthBytes) + (descriptor & 4) !== frame.length) return undefined;
  if (lengthBytes === 1) return frame[at];
  if (lengthBytes === 2) return view.getUint16(at, true) + 256;
  if (lengthBytes === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}

/** Where the blocks of a frame end (3.1.1.2); beyond the bytes when they are cut off. */
function endOfBlocks(view: DataView, start: number): number {
  for (let at = start; at + 3 <= view.byteLength; ) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    // Of a run of one byte only that byte is there.
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3);
    if ((header & 1) === 1) return at;
  }
  return Number.POSITIVE_INFINITY;
}

/** What both implementations do, whatever the frame announces. */
interface Zstd {
  compress(bytes: Uint8Array, level: number): Uint8Array;
  /** @throws when it cannot be unpacked to so many bytes */
  decompress(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer>;
}

/**
 * The package's native zstd, called as the C library that it is. Its own functions for JavaScript keep one
 * context for the whole process, which two threads that compress at once corrupt, or crash: here each thread
 * has its own (zstd.h).
 *
 * @throws where there is no koffi, no prebuilt binary, or one that hides its symbols
 */
function nativeZstd(): Zstd {
  const requireOfZstd = createRequire(require.resolve("@cloudpss/zstd/package.json"));
  const { path } = requireOfZstd("node-gyp-build") as { path(directory: string): string };
  const library = (require("koffi") as typeof Koffi).load(path(dirname(requireOfZstd.resolve("./package.json"))), {
    // Node has a zstd of its own in some versions.
    deep: true,
  });
  const createPacker = library.func("ZSTD_createCCtx", "void *", []);
  const createUnpacker = library.func("ZSTD_createDCtx", "void *", []);
  const bound = library.func("ZSTD_compressBound", "size_t", ["size_t"]);
  const sized = ["void *", "void *", "size_t", "void *", "size_t"];
  const pack = library.func("ZSTD_compressCCtx", "size_t", [...sized, "int"]);
  const unpack = library.func("ZSTD_decompressDCtx", "size_t", sized);
  const made = (context: unknown): unknown => {
    if (context === null) throw new Error("no memory for zstd");
    return context;
  };
  const [packer, unpacker] = [made(createPacker()), made(createUnpacker())];
  let packed = new Uint8Array(0);
  return {
    compress(bytes, level) {
      const most = Number(bound(bytes.length));
      if (packed.length < most) packed = new Uint8Array(most);
      const length: unknown = pack(packer, packed, most, bytes, bytes.length, level);
      // An error is a length beyond all others.
      if (typeof length !== "number" || length > most) throw new Error("zstd cannot compress this");
      return packed.slice(0, length);
    },
    decompress(bytes, length) {
      const plain = new Uint8Array(length);
      if (unpack(unpacker, plain, length, bytes, bytes.length) !== length) throw new Error("not so many bytes");
      return plain;
    },
  };
}

/** The same compiled to WebAssembly, of which each thread has its own. */
async function portableZstd(): Promise<Zstd> {
  const { compress, decompress } = await import("@cloudpss/zstd/wasm");
  return {
    compress,
    decompress(bytes, length) {
      const plain = decompress(bytes);
      if (plain.length !== length) throw new Error("not so many bytes");
      return new Uint8Array(plain);
    },
  };
}

/** A compressor for this thread alone; `best` is native where that can be called (`LOCKSTEP_PORTABLE=1`: is not). */
export async function createCompressor(which: "best" | "portable" = "best"): Promise<Compressor> {
  let zstd: Zstd | undefined;
  try {
    if (which === "best" && process.env["LOCKSTEP_PORTABLE"] !== "1") zstd = nativeZstd();
  } catch {
    // Slower, and no less right.
  }
  const name = zstd === undefined ? "portable" : "native";
  const { compress, decompress } = zstd ?? (await portableZstd());
  return {
    name,
    compress: (bytes, isShared = false) => compress(bytes, isShared ? SHARED_LEVEL : LEVEL),
    decompress(bytes, length) {
      if (announcedLength(bytes) !== length) return undefined;
      try {
        return decompress(bytes, length);
      } catch {
        return undefined;
      }
    },
  };
}
