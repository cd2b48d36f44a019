/** The few shapes that the charts are made of, and the measures of their text. */

export type Anchor = 'start' | 'middle' | 'end';

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** At most two decimals: the same picture gives the same text. */
export function at(value: number): string {
  return String(Number(value.toFixed(2)));
}

export function text(x: number, y: number, content: string, style: string, anchor: Anchor = 'start'): string {
  return `<text x="${at(x)}" y="${at(y)}" class="${style}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" class="${style}"/>`;
}

export function rectangle(x: number, y: number, width: number, height: number, style: string, radius = 0): string {
  const round = radius === 0 ? '' : ` rx="${radius}"`;
  return `<rect x="${at(x)}" y="${at(y)}" width="${at(Math.max(0, width))}" height="${at(height)}"${round} class="${style}"/>`;
}

export function polyline(points: ReadonlyArray<readonly [x: number, y: number]>, style: string): string {
  return `<polyline points="${points.map(([x, y]) => `${at(x)},${at(y)}`).join(' ')}" class="${style}"/>`;
}

/** A generous estimate for a sans-serif face at 12 units, so that what is placed beside text does not touch it. */
export function textWidth(content: string, size = 12): number {
  let units = 0;
  for (const char of content) units += /[il.,:;'|()\s]/.test(char) ? 0.36 : /[mwMW%—×≥≤]/.test(char) ? 0.95 : 0.62;
  return units * size;
}

/** Colours that keep apart for colour-blind eyes too, on light and dark. */
const seriesColours = ['#2f7ebc', '#e0862a', '#3a9a5b', '#a05fb4', '#c64a4a', '#7b6a52'] as const;

export function seriesStyle(index: number): string {
  return `s${index % seriesColours.length}`;
}

const style = [
  'text{font-family:system-ui,"Segoe UI",Helvetica,Arial,"DejaVu Sans",sans-serif;font-size:12px;fill:#24292f}',
  '.paper{fill:#ffffff}',
  '.title{font-size:15px;font-weight:600}',
  '.group{font-weight:600}',
  '.soft{fill:#59636e;font-size:11px}',
  '.grid{stroke:#d8dee4;stroke-width:1}',
  '.axis{stroke:#59636e;stroke-width:1.5}',
  '.whisker{stroke:#24292f;stroke-width:1.3;opacity:.75}',
  '.target{stroke:#24292f;stroke-width:2;stroke-dasharray:2 2}',
  '.behind{fill:#d1242f;opacity:.07}',
  ...seriesColours.map(
    (colour, index) =>
      `.s${index}{fill:${colour}}.l${index}{stroke:${colour};stroke-width:2;fill:none;stroke-linejoin:round}`,
  ),
  '@media (prefers-color-scheme:dark){text{fill:#e6edf3}.paper{fill:#0d1117}.soft{fill:#9198a1}.grid{stroke:#2a313c}.axis{stroke:#9198a1}.whisker,.target{stroke:#e6edf3}.behind{fill:#f85149;opacity:.12}}',
].join('');

export function lineStyle(index: number): string {
  return `l${index % seriesColours.length}`;
}

/** A picture that needs nothing from elsewhere and follows the reader's light or dark. */
export function picture(width: number, height: number, title: string, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${at(width)} ${at(height)}" width="${at(width)}" height="${at(height)}" role="img" aria-label="${escaped(title)}">`,
    `<style>${style}</style>`,
    rectangle(0, 0, width, height, 'paper'),
    ...body,
    '</svg>',
  ].join('\n');
}

/** One picture of several, one below the other. */
export function stacked(pictures: readonly string[], title: string): string {
  let y = 0;
  let widest = 0;
  const placed = pictures.map((svg) => {
    const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? [];
    const moved = svg.replace('<svg ', `<svg y="${at(y)}" `);
    y += Number(height ?? 0);
    widest = Math.max(widest, Number(width ?? 0));
    return moved;
  });
  return picture(widest, y, title, placed);
}

/** Steps of 1, 2 or 5 times a power of ten from 0 to at least `max` (> 0), about `count` of them. */
export function linearTicks(max: number, count = 5): readonly number[] {
  const rough = max / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const last = Math.ceil(max / step - 1e-9);
  return Array.from({ length: last + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** 1, 2 and 5 times powers of ten (only powers of ten over more than three decades) around `min` to `max`, both > 0. */
export function logTicks(min: number, max: number): readonly number[] {
  const factors = Math.log10(max / min) > 3 ? [1] : [1, 2, 5];
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(min)) - 1; power <= Math.ceil(Math.log10(max)) + 1; power += 1)
    for (const factor of factors) all.push(Number((factor * 10 ** power).toPrecision(12)));
  const from = Math.max(
    0,
    all.findLastIndex((tick) => tick <= min * (1 + 1e-9)),
  );
  const to = all.findIndex((tick) => tick >= max * (1 - 1e-9));
  return all.slice(from, to + 1);
}
