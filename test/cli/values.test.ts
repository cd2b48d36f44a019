import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import {
  assignment,
  bootstrapServers,
  byteCount,
  duration,
  partitionList,
  pointInTime,
  positiveInteger,
  signedInteger,
  unescaped,
  wholeNumber,
} from '../../src/cli/values.js';

describe('values of options', () => {
  test.each([
    [positiveInteger, '3', 3],
    [wholeNumber, '0', 0],
    [signedInteger, '-5', -5],
    [signedInteger, '+5', 5],
    [duration, '30s', 30_000],
    [duration, '250', 250],
    [byteCount, '65536', 65_536],
    [byteCount, '64K', 65_536],
    [byteCount, '1MiB', 1_048_576],
    [pointInTime, '1700000000000', 1_700_000_000_000],
    [pointInTime, '2023-11-14T22:13:20Z', 1_700_000_000_000],
  ] as ReadonlyArray<readonly [(text: string) => number, string, number]>)('%o of "%s" is %i', (parse, text, value) => {
    expect(parse(text)).toBe(value);
  });

  test.each([
    [positiveInteger, '0'],
    [positiveInteger, '1.5'],
    [positiveInteger, ''],
    [wholeNumber, '-1'],
    [wholeNumber, '99999999999999999999'],
    [signedInteger, '1e3'],
    [duration, 'soon'],
    [byteCount, '0'],
    [byteCount, '1X'],
    [pointInTime, 'yesterday'],
    [partitionList, '3-x'],
    [partitionList, '0-9999999'],
    [assignment, 'name'],
    [assignment, '=value'],
    [bootstrapServers, 'host:99999'],
    [bootstrapServers, 'a:b:c'],
    [bootstrapServers, ''],
  ] as ReadonlyArray<readonly [(text: string) => unknown, string]>)('%o refuses "%s"', (parse, text) => {
    expect(() => parse(text)).toThrow(InvalidArgumentError);
  });

  test('partitions, assignments and servers may be several', () => {
    expect(partitionList('2,0-1', [5])).toEqual([0, 1, 2, 5]);
    expect(assignment('b=2=3', { a: '1' })).toEqual({ a: '1', b: '2=3' });
    expect(bootstrapServers('one, two:19092,[::1]:9093')).toEqual([
      { host: 'one', port: 9092 },
      { host: 'two', port: 19_092 },
      { host: '::1', port: 9093 },
    ]);
  });

  test('escapes', () => {
    expect(unescaped('a\\tb\\n\\x41\\\\n\\q\\0')).toBe('a\tb\nA\\n\\q\0');
  });
});
