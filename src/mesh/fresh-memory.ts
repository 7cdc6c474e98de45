const PIECE_BYTES = 1 << 20;

/**
 * Memory for messages, one behind the other in large pieces. It is never used again, as nobody says when a
 * message has been read: by the socket, or by whom it is for.
 */
export class FreshMemory {
  #piece = new Uint8Array(0);
  #at = 0;

  take(bytes: number): Uint8Array {
    if (this.#at + bytes > this.#piece.length) {
      this.#piece = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, bytes));
      this.#at = 0;
    }
    const start = this.#at;
    this.#at += bytes;
    return this.#piece.subarray(start, this.#at);
  }
}
