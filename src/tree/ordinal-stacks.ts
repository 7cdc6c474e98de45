/**
 * Stacks of ordinals by key. Linked, as most keys have one ordinal only, and an array for each would be many
 * times larger. An ordinal is in one stack at a time.
 */
export class OrdinalStacks {
  readonly #tops = new Map<string, number>();
  readonly #below = new Map<number, number>();

  push(key: string, ordinal: number): void {
    const top = this.#tops.get(key);
    if (top !== undefined) this.#below.set(ordinal, top);
    this.#tops.set(key, ordinal);
  }

  pop(key: string): number | undefined {
    const top = this.#tops.get(key);
    if (top === undefined) return undefined;
    const below = this.#below.get(top);
    this.#below.delete(top);
    if (below === undefined) this.#tops.delete(key);
    else this.#tops.set(key, below);
    return top;
  }
}
