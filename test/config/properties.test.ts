import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProperties } from '../../src/config/index.js';

function golden(name: string): string {
  return readFileSync(new URL(`../golden/config/${name}`, import.meta.url), 'utf8');
}

/** Every character that means something, escaped. */
function escaped(text: string): string {
  return [...text]
    .map((character) =>
      /[a-z0-9.]/.test(character)
        ? character
        : character.length === 1
          ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
          : character,
    )
    .join('');
}

describe('parseProperties', () => {
  it('reads what java.util.Properties reads', () => {
    const java = JSON.parse(golden('tricky.json')) as [string, string][];
    expect([...parseProperties(golden('tricky.properties'))].sort(([a], [b]) => (a < b ? -1 : 1))).toEqual(java);
  });

  it('reads back what was written with every character escaped', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }))), (pairs) => {
        const text = pairs.map(([key, value]) => `k${escaped(key)}=${escaped(value)}`).join('\n');
        expect(parseProperties(text)).toEqual(new Map(pairs.map(([key, value]) => [`k${key}`, value])));
      }),
    );
  });

  it('takes any line end and never throws', () => {
    expect(parseProperties('a=1\r\nb=2\rc=3')).toEqual(
      new Map([
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ]),
    );
    fc.assert(fc.property(fc.string(), (text) => parseProperties(text) instanceof Map));
  });
});
