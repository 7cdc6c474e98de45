/** Seconds measured, by what was measured. */
export class Samples {
  readonly #seconds = new Map<string, number[]>();

  add(what: string, seconds: number): void {
    const list = this.#seconds.get(what);
    if (list === undefined) this.#seconds.set(what, [seconds]);
    else list.push(seconds);
  }

  median(what: string): number | undefined {
    const sorted = [...(this.#seconds.get(what) ?? [])].sort((a, b) => a - b);
    if (sorted.length === 0) return undefined;
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** Smallest and largest. */
  range(what: string): string {
    const list = this.#seconds.get(what) ?? [];
    return list.length === 0 ? "" : `${Math.min(...list).toFixed(2)}–${Math.max(...list).toFixed(2)}`;
  }
}
