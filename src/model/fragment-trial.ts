/** Missing chunks of a file whose fragments are asked for before more is known of it. */
const FIRST_PROBES = 8;
/** And of each further batch while nothing was found in the one before. */
const PROBES = 2;

/**
 * Of which missing chunks of a batch the fragments are asked for at first. A file may have nothing in common with
 * its old version: then both hosts would cut and hash all of both, twice the work of sending it. Where something
 * was found all are asked for, as one may be found only behind the one before it.
 */
export class FragmentTrial {
  /** Undefined: nothing has been tried. */
  #isAlike: boolean | undefined;

  /** Something was found in the batch before. */
  get isAlike(): boolean {
    return this.#isAlike === true;
  }

  /**
   * Positions of the chunks of the next batch of which to ask before the others, in order: half of them at its
   * start, behind what was found last, and half all over it, should something new stand at its start.
   */
  probes(chunks: number): number[] {
    const most = this.isAlike ? chunks : this.#isAlike === undefined ? FIRST_PROBES : PROBES;
    if (chunks <= most) return Array.from({ length: chunks }, (_, i) => i);
    const half = most / 2;
    const spread = Array.from({ length: half }, (_, i) => half + Math.floor((i * (chunks - half)) / half));
    return [...Array.from({ length: half }, (_, i) => i), ...spread];
  }

  /** Something of a batch was found by its fragments, or nothing. */
  add(isUseful: boolean): void {
    this.#isAlike = isUseful;
  }
}
