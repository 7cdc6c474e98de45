import { LockstepError } from "./errors.ts";

/** Appends canonical fields to a growing buffer. Integers are unsigned LEB128 of up to 2^53-1. */
export class ByteWriter {
  /** One that stays, as in ByteReader. */
  static readonly kept = new ByteWriter(0);
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  #room(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  integer(value: number): void {
    this.#room(8);
    let rest = value;
    while (rest > 0x7fffffff) {
      this.#bytes[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    // Within 31 bits the arithmetic is that of integers.
    for (; rest >= 128; rest >>>= 7) this.#bytes[this.#length++] = (rest & 127) | 128;
    this.#bytes[this.#length++] = rest;
  }

  /** A signed integer as zigzag. */
  signed(value: number): void {
    this.integer(value >= 0 ? value * 2 : value * -2 - 1);
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  bytes(bytes: Uint8Array): void {
    this.integer(bytes.length);
    this.raw(bytes);
  }

  /** A byte string with its length, from unit `start` on. */
  text(text: string, start = 0): void {
    const length = text.length - start;
    this.integer(length);
    this.#room(length);
    for (let i = start; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }
}

/**
 * Reads what ByteWriter wrote, refusing all else: truncated fields, integers that are not in their
 * shortest form or above 2^53-1, and left-over bytes.
 */
export class ByteReader {
  /**
   * One that stays: V8 throws away what it knows of a class, and the code that it has made for it, when a
   * collection finds no object of it.
   */
  static readonly kept = new ByteReader(new Uint8Array(0));
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  #fail(what: string): never {
    throw new LockstepError("LOCKSTEP_MALFORMED", `malformed bytes from a peer: ${what}`);
  }

  byte(): number {
    if (this.#at >= this.#bytes.length) this.#fail("truncated");
    return this.#bytes[this.#at++];
  }

  integer(max: number = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; ; count++) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (byte === 0 && count > 0) this.#fail("integer not in its shortest form");
        break;
      }
      if (count === 7) this.#fail("integer too long");
      scale *= 128;
    }
    if (value > max) this.#fail("integer out of range");
    return value;
  }

  /** Consumes a zero byte when one comes next. */
  skipZero(): boolean {
    if (this.#at >= this.#bytes.length || this.#bytes[this.#at] !== 0) return false;
    this.#at++;
    return true;
  }

  signed(): number {
    const value = this.integer();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A view, not a copy. */
  raw(length: number): Uint8Array {
    if (length > this.remaining) this.#fail("truncated");
    const view = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return view;
  }

  bytes(max: number): Uint8Array {
    return this.raw(this.integer(max));
  }

  text(max: number): string {
    const length = this.integer(max);
    if (length > this.remaining) this.#fail("truncated");
    const end = this.#at + length;
    let text = "";
    for (let i = this.#at; i < end; i += 4096) {
      text += String.fromCharCode.apply(null, this.#bytes.subarray(i, Math.min(end, i + 4096)) as unknown as number[]);
    }
    this.#at = end;
    return text;
  }

  end(): void {
    if (!this.done) this.#fail("left-over bytes");
  }
}
