/** Bytes of each unit that a size may be given in. */
export const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** Bytes of a size such as "10MiB"; undefined when it is none, or more than can be counted. */
export function parseSize(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(text);
  if (match === null || !Object.hasOwn(SIZE_UNITS, match[2])) return undefined;
  const bytes = Math.floor(Number(match[1]) * SIZE_UNITS[match[2]]);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
