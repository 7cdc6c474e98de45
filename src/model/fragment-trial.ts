/** Chunks of a file whose fragments may be of no use before no more are asked for. */
const MAX_VAIN = 3;

/**
 * Of how many missing chunks of one file the fragments are asked for at once. A file may have nothing in
 * common with its old version; then both hosts would cut and hash all of both, twice the work of sending it.
 * So few are asked for at first, and the more the more of them were of use.
 */
export class FragmentTrial {
  #useful = 0;
  #vain = 0;

  /** Chunks to be asked for before more is known; 0: no more of this file. */
  get next(): number {
    return this.#vain >= MAX_VAIN ? 0 : MAX_VAIN - this.#vain + this.#useful;
  }

  /** Something of a chunk was found by its fragments, or nothing. */
  add(isUseful: boolean): void {
    if (isUseful) this.#useful++;
    else this.#vain++;
  }
}
