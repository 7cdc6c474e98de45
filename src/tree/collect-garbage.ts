/** V8 collects nothing while nothing is allocated. Without node's `--expose-gc` nothing happens here either. */
export function collectGarbage(): void {
  globalThis.gc?.();
}
