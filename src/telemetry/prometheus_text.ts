import type { Labels } from './metrics.js';

/** One line of the Prometheus text format. */
export interface ScrapedSample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([-+.\de]+|[+-]Inf|NaN)(?: -?\d+)?$/s;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/gs;

/** The samples of a scrape; comments and what is no sample are passed over. */
export function* parseExposition(text: string): IterableIterator<ScrapedSample> {
  for (const one of text.split('\n')) {
    const match = line.exec(one);
    if (match === null) continue;
    const [, name = '', labels = '', value] = match;
    yield { name, labels: labelsOf(labels), value: numberOf(value ?? '') };
  }
}

function labelsOf(text: string): Labels {
  const found: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(label))
    found[name] = value.replaceAll(/\\(.)/gs, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  return found;
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
