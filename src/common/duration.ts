/** Milliseconds, or a text of numbers with units: `250ms`, `30s`, `1h30m`, `7d`, `2w`. */
export type Duration = number | string;

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);

/**
 * Milliseconds of `duration` (≥ 0, finite).
 *
 * @throws RangeError when the text is not a duration or the number is negative or not finite.
 */
export function parseDuration(duration: Duration): number {
  if (typeof duration === 'number') {
    if (!Number.isFinite(duration) || duration < 0)
      throw new RangeError(`not a duration: ${duration} (milliseconds ≥ 0 expected)`);
    return duration;
  }
  const text = duration.replaceAll(/\s+/g, '').toLowerCase();
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(text))
    throw new RangeError(`not a duration: "${duration}" (for example 250ms, 30s, 1h30m, 7d)`);
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g))
    totalMs += Number(amount) * (UNIT_MS.get(unit ?? '') ?? 0);
  return totalMs;
}
