import { parseSize } from "./size-units.ts";

/** Bytes per second each way; undefined: no limit. */
export interface RateLimits {
  readonly limitUp?: number;
  readonly limitDown?: number;
}

/**
 * Reads "10MiB" (each way), "up=10MiB", or "up=10MiB,down=50MiB".
 *
 * @returns undefined when it is none of them
 */
export function parseLimitRate(text: string): RateLimits | undefined {
  const both = positive(text);
  if (both !== undefined) return { limitUp: both, limitDown: both };
  const limits: { limitUp?: number; limitDown?: number } = {};
  for (const part of text.split(",")) {
    const match = /^\s*(up|down)=(.*)$/.exec(part);
    const rate = match === null ? undefined : positive(match[2]);
    if (match === null || rate === undefined) return undefined;
    const key = match[1] === "up" ? "limitUp" : "limitDown";
    if (limits[key] !== undefined) return undefined;
    limits[key] = rate;
  }
  return limits;
}

function positive(text: string): number | undefined {
  const rate = parseSize(text.replace(/\/s\s*$/, ""));
  return rate !== undefined && rate > 0 ? rate : undefined;
}
