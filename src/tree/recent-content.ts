import type { BytePath } from "../model/path.ts";
import type { Framing, ReadRange } from "../ports/tree.ts";
import { RecordPacker } from "./content-records.ts";

/** Content kept between being stated and being asked for; beyond this it is read again. */
const KEPT_BYTES = 64 * 1024 * 1024;

/** Small files as they were read for a statement, side by side in few buffers. */
export interface PackedContent {
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
  readonly paths: readonly BytePath[];
  /** Per file: buffer, offset, length; numbers only, as thousands of small objects pass slowly between threads. */
  readonly places: Uint32Array<ArrayBuffer>;
}

const BUFFER_BYTES = 1 << 20;
/** Larger files are read again when they are asked for. */
export const SMALL_FILE_BYTES = 64 * 1024;

/** Collects small files in the thread that reads them. */
export class ContentCollector {
  readonly #buffers: Uint8Array<ArrayBuffer>[] = [];
  readonly #paths: BytePath[] = [];
  readonly #places: number[] = [];
  #used = BUFFER_BYTES;

  add(path: BytePath, content: Uint8Array): void {
    if (content.length === 0 || content.length > SMALL_FILE_BYTES) return;
    if (this.#used + content.length > BUFFER_BYTES) {
      // Not zeroed, as only what was written is read.
      this.#buffers.push(new Uint8Array(Buffer.allocUnsafeSlow(BUFFER_BYTES).buffer));
      this.#used = 0;
    }
    const at = this.#buffers.length - 1;
    this.#buffers[at].set(content, this.#used);
    this.#paths.push(path);
    this.#places.push(at, this.#used, content.length);
    this.#used += content.length;
  }

  take(): PackedContent {
    return { buffers: this.#buffers, paths: this.#paths, places: Uint32Array.from(this.#places) };
  }
}

/**
 * The content of the latest statements, so that the master reads a small file once for digest and
 * transfer, and serves exactly the generation that it signed.
 */
export class RecentContent {
  /** Which block, and which of its files, times 3. */
  readonly #byPath = new Map<BytePath, { block: PackedContent; at: number }>();
  readonly #blocks: PackedContent[] = [];
  #bytes = 0;

  add(block: PackedContent): void {
    const { buffers, paths } = block;
    for (let i = 0; i < paths.length; i++) this.#byPath.set(paths[i], { block, at: 3 * i });
    this.#blocks.push(block);
    this.#bytes += buffers.length * BUFFER_BYTES;
    while (this.#bytes > KEPT_BYTES) {
      const oldest = this.#blocks.shift();
      if (oldest === undefined) break;
      for (const path of oldest.paths) if (this.#byPath.get(path)?.block === oldest) this.#byPath.delete(path);
      this.#bytes -= oldest.buffers.length * BUFFER_BYTES;
    }
  }

  clear(): void {
    this.#byPath.clear();
    this.#blocks.length = 0;
    this.#bytes = 0;
  }

  /** Frames with the content of these ranges, or undefined when one of them is not kept. */
  frames(ranges: readonly ReadRange[], framing: Framing): Uint8Array<ArrayBuffer>[] | undefined {
    const kept: { block: PackedContent; at: number }[] = [];
    for (const { path, size, offset, length } of ranges) {
      const one = this.#byPath.get(path);
      if (one === undefined || one.block.places[one.at + 2] !== size || offset !== 0 || length !== size)
        return undefined;
      kept.push(one);
    }
    const frames: Uint8Array<ArrayBuffer>[] = [];
    const packer = new RecordPacker(ranges, framing, (frame) => frames.push(frame));
    for (let i = 0; i < ranges.length; i++) {
      const { index, length } = ranges[i];
      const { block, at: place } = kept[i];
      const buffer = block.buffers[block.places[place]];
      const start = block.places[place + 1];
      for (let at = 0; at < length; ) {
        at += packer.add(index, at, length - at, (frame, offset, count) => {
          frame.set(buffer.subarray(start + at, start + at + count), offset);
          return count;
        });
      }
    }
    packer.flush();
    return frames;
  }
}
