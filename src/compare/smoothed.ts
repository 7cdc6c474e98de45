const WEIGHT = 0.3;

/** An average moved towards a further value, by exponential smoothing; 0: not known, then that value counts alone. */
export function smoothed(average: number, value: number): number {
  return average === 0 ? value : average + WEIGHT * (value - average);
}
