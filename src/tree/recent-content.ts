import type { BytePath } from "../model/path.ts";
import type { ReadRange } from "../ports/tree.ts";
import { RecordPacker } from "./content-records.ts";

/** Content kept between being stated and being asked for; beyond this it is read again. */
const KEPT_BYTES = 64 * 1024 * 1024;

/** Small files as they were read for a statement, side by side in few buffers. */
export interface PackedContent {
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
  /** Per file: path, buffer, offset, length. */
  readonly files: readonly (readonly [path: BytePath, buffer: number, offset: number, length: number])[];
}

const BUFFER_BYTES = 1 << 20;
/** Larger files are read again when they are asked for. */
export const SMALL_FILE_BYTES = 64 * 1024;

/** Collects small files in the thread that reads them. */
export class ContentCollector {
  readonly #buffers: Uint8Array<ArrayBuffer>[] = [];
  readonly #files: [BytePath, number, number, number][] = [];
  #used = BUFFER_BYTES;

  add(path: BytePath, content: Uint8Array): void {
    if (content.length === 0 || content.length > SMALL_FILE_BYTES) return;
    if (this.#used + content.length > BUFFER_BYTES) {
      this.#buffers.push(new Uint8Array(BUFFER_BYTES));
      this.#used = 0;
    }
    const at = this.#buffers.length - 1;
    this.#buffers[at].set(content, this.#used);
    this.#files.push([path, at, this.#used, content.length]);
    this.#used += content.length;
  }

  take(): PackedContent {
    return { buffers: this.#buffers, files: this.#files };
  }
}

interface Kept {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The content of the latest statements, so that the master reads a small file once for digest and
 * transfer, and serves exactly the generation that it signed.
 */
export class RecentContent {
  readonly #byPath = new Map<BytePath, Kept>();
  readonly #blocks: { paths: BytePath[]; bytes: number }[] = [];
  #bytes = 0;

  add({ buffers, files }: PackedContent): void {
    const bytes = buffers.length * BUFFER_BYTES;
    for (const [path, buffer, offset, length] of files) {
      this.#byPath.set(path, { bytes: buffers[buffer].subarray(offset, offset + length) });
    }
    this.#blocks.push({ paths: files.map(([path]) => path), bytes });
    this.#bytes += bytes;
    while (this.#bytes > KEPT_BYTES) {
      const oldest = this.#blocks.shift();
      if (oldest === undefined) break;
      for (const path of oldest.paths) this.#byPath.delete(path);
      this.#bytes -= oldest.bytes;
    }
  }

  clear(): void {
    this.#byPath.clear();
    this.#blocks.length = 0;
    this.#bytes = 0;
  }

  /** Frames with the content of these ranges, or undefined when one of them is not kept. */
  frames(ranges: readonly ReadRange[]): Uint8Array<ArrayBuffer>[] | undefined {
    for (const { path, size, offset, length } of ranges) {
      const kept = this.#byPath.get(path);
      if (kept === undefined || kept.bytes.length !== size || offset !== 0 || length !== size) return undefined;
    }
    const frames: Uint8Array<ArrayBuffer>[] = [];
    const packer = new RecordPacker((frame) => frames.push(frame));
    for (const { index, path, length } of ranges) {
      const { bytes } = this.#byPath.get(path) as Kept;
      for (let at = 0; at < length; ) {
        at += packer.add(index, at, length - at, (buffer, offset, count) => {
          buffer.set(bytes.subarray(at, at + count), offset);
          return count;
        });
      }
    }
    packer.flush();
    return frames;
  }
}
