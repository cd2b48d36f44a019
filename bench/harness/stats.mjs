// Medians over rounds, and whether a series rises.

export const sorted = (list) => [...list].sort((a, b) => a - b);

/** Of an even number of values the mean of the middle two. */
export function median(list) {
  const values = sorted(list);
  return (values[Math.floor((values.length - 1) / 2)] + values[Math.ceil((values.length - 1) / 2)]) / 2;
}

export function spread(list, digits = 2) {
  const values = sorted(list);
  return `${median(list).toFixed(digits)} (${values[0].toFixed(digits)}–${values.at(-1).toFixed(digits)})`;
}

/**
 * Theil–Sen: the median of the slopes of all pairs, and the interval that holds it with 95 % confidence (Sen 1968, normal approximation).
 * Unlike least squares it is not moved by a few samples taken just before a garbage collection.
 */
export function theilSen(points) {
  const slopes = [];
  for (let i = 0; i < points.length; i += 1)
    for (let j = i + 1; j < points.length; j += 1)
      slopes.push((points[j][1] - points[i][1]) / (points[j][0] - points[i][0]));
  const values = sorted(slopes);
  const n = points.length;
  const reach = (1.96 * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18)) / 2;
  const at = (index) => values[Math.min(values.length - 1, Math.max(0, Math.round(index)))];
  return { slope: median(values), low: at(values.length / 2 - reach), high: at(values.length / 2 - 1 + reach) };
}

/**
 * `count` blocks of neighbours, each its median. Samples of a memory that a collector lets rise and fall resemble their neighbours, so that
 * a part of a wave passes for a slope; blocks longer than a wave do not.
 */
export function blocksOf(points, count) {
  const size = Math.max(1, Math.floor(points.length / count));
  const blocks = [];
  for (let first = points.length % size; first < points.length; first += size) {
    const block = points.slice(first, first + size);
    blocks.push([median(block.map(([at]) => at)), median(block.map(([, value]) => value))]);
  }
  return blocks;
}
