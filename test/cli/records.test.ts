import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/cli/exit_codes.js';
import { chunksOf, jsonRecord, keyedLine, splitAt } from '../../src/cli/input_records.js';
import { recordFormatter } from '../../src/cli/record_format.js';
import type { ConsumerRecord } from '../../src/client/index.js';
import { chunks } from './support/fake_io.js';

async function gather(source: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  const pieces: string[] = [];
  for await (const piece of source) pieces.push(Buffer.from(piece).toString('latin1'));
  return pieces;
}

/** The text cut in chunks at any places. */
function cut(text: string, places: readonly number[]): AsyncIterable<Uint8Array> {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  const bounds = [0, ...at, text.length];
  return chunks(...bounds.slice(1).map((end, index) => Buffer.from(text.slice(bounds[index], end), 'latin1')));
}

describe('input', () => {
  test('lines are the same however the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\r', '-') }), { maxLength: 20 }),
        fc.constantFrom('\n', '\r\n', '--', 'aba'),
        fc.array(fc.nat()),
        async (lines, delimiter, places) => {
          const text = lines.join(delimiter);
          const expected = text.split(delimiter);
          if (expected.at(-1) === '') expected.pop();
          expect(await gather(splitAt(cut(text, places), Buffer.from(delimiter)))).toEqual(expected);
        },
      ),
    );
  });

  test('pieces have their size, but for the last', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ maxLength: 100, unit: 'binary-ascii' }),
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.nat()),
        async (text, size, places) => {
          const pieces = await gather(chunksOf(cut(text, places), size));
          expect(pieces.join('')).toBe(text);
          for (const piece of pieces.slice(0, -1)) expect(piece).toHaveLength(size);
        },
      ),
    );
  });

  test('keys stand before the first delimiter', () => {
    const of = (line: string, emptyIsNull = false) => {
      const { key, value } = keyedLine(Buffer.from(line), Buffer.from(':'), emptyIsNull);
      return [key, value].map((bytes) => (bytes === null ? null : Buffer.from(bytes).toString()));
    };
    expect(of('k:v:w')).toEqual(['k', 'v:w']);
    expect(of('no key')).toEqual([null, 'no key']);
    expect(of('k:')).toEqual(['k', '']);
    expect(of('k:', true)).toEqual(['k', null]);
  });

  test('JSON records', () => {
    const record = jsonRecord(
      Buffer.from(
        '{"key":"k","valueBase64":"AP8=","headers":[{"key":"h","value":null}],"partition":2,"timestamp":5,"offset":9}',
      ),
      1,
    );
    expect(record).toEqual({
      key: Buffer.from('k'),
      value: Buffer.from([0, 255]),
      headers: [{ key: 'h', value: null }],
      partition: 2,
      timestampMs: 5,
    });
    expect(Buffer.from(jsonRecord(Buffer.from('{"value":{"a":1}}'), 1).value ?? []).toString()).toBe('{"a":1}');
    for (const line of ['nonsense', '[1]', '{"partition":"x"}', '{"headers":3}', '{"headers":[{}]}'])
      expect(() => jsonRecord(Buffer.from(line), 7)).toThrow(/line 7/);
  });
});

const record: ConsumerRecord = {
  topic: 't',
  partition: 3,
  offset: 42,
  timestampMs: 1_700_000_000_000,
  timestampType: 'CreateTime',
  key: Buffer.from('k'),
  value: Buffer.from('välue'),
  headers: [
    { key: 'h', value: Buffer.from('x') },
    { key: 'n', value: null },
  ],
  leaderEpoch: 0,
};
const format = (text: string, keyDelimiter?: string, of: ConsumerRecord = record): string =>
  Buffer.from(recordFormatter({ format: text, keyDelimiter, delimiter: '\n' })(of)).toString();

describe('output', () => {
  test('text and hex, with and without keys', () => {
    expect(format('text')).toBe('välue\n');
    expect(format('text', ': ')).toBe('k: välue\n');
    expect(format('hex', '=')).toBe('6b=76c3a46c7565\n');
    expect(format('text', ':', { ...record, key: null, value: null })).toBe(':\n');
  });

  test('raw adds nothing', () => expect(format('raw')).toBe('välue'));

  test('the fields of JSON', () => {
    expect(JSON.parse(format('json'))).toEqual({
      topic: 't',
      partition: 3,
      offset: 42,
      timestamp: 1_700_000_000_000,
      timestampType: 'CreateTime',
      key: 'k',
      value: 'välue',
      headers: [
        { key: 'h', value: 'x' },
        { key: 'n', value: null },
      ],
    });
    const binary = JSON.parse(
      format('json', undefined, { ...record, key: null, value: Buffer.from([0xff, 0]) }),
    ) as object;
    expect(binary).toMatchObject({ key: null, valueBase64: '/wA=' });
    expect(binary).not.toHaveProperty('value');
  });

  test('what is printed as JSON is read back the same', () => {
    fc.assert(
      fc.property(fc.option(fc.uint8Array()), fc.option(fc.uint8Array()), (key, value) => {
        const line = format('json', undefined, { ...record, key, value }).trimEnd();
        const back = jsonRecord(Buffer.from(line), 1);
        expect(back.key === null ? null : [...back.key]).toEqual(key === null ? null : [...key]);
        expect(back.value === null ? null : [...back.value]).toEqual(value === null ? null : [...value]);
      }),
    );
  });

  test('format strings', () => {
    expect(format('%t/%p@%o %T [%k:%K] %s(%S) %h 100%%\\n')).toBe(
      't/3@42 1700000000000 [k:1] välue(6) h=x,n=NULL 100%\n',
    );
    expect(format('%K %S', undefined, { ...record, key: null, value: null })).toBe('-1 -1');
  });

  test.each(['nonsense', '%x', '%s %', '%%%'])('format "%s" is refused', (text) => {
    expect(() => format(text)).toThrow(UsageError);
  });
});
