import { expect, it } from 'vitest';
import { alterClientMetrics, parseClientMatch } from '../../src/config/index.js';

const matches = (pattern: string, text: string): boolean => {
  const parsed = parseClientMatch(`client_id=${pattern}`);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed.get('client_id')?.matches(text) ?? false;
};

it('matches clients as a whole, in time that grows with the text alone', () => {
  expect(matches('app-.*', 'app-1')).toBe(true);
  expect(matches('app-', 'app-1')).toBe(false);
  expect(matches('a|b', 'b')).toBe(true);
  expect(matches('(?i)APP[0-9]+', 'app12')).toBe(true);
  // Each of these takes JavaScript and Java longer than the world will last.
  const text = `${'a'.repeat(4_000)}!`;
  for (const pattern of ['(a+)+', '(a|a)*b', '(a*)*c', '([a-z]+)*d', '(.*a){20}'])
    expect(matches(pattern, text)).toBe(false);
  expect(matches('.*', 'a'.repeat(4_096))).toBe(true);
  expect(matches('.*', 'a'.repeat(4_097))).toBe(false);
});

it('refuses what it cannot match in one pass', () => {
  for (const pattern of ['(?=a)b', '(a)\\1', '(a+', '(?<!x)y', '(.*){400}']) {
    const match = `client_id=${pattern}`;
    expect(alterClientMetrics(new Map(), [{ name: 'match', operation: 'SET', value: match }])).toEqual({
      ok: false,
      error: 'INVALID_CONFIG',
      message: `Illegal client matching pattern: ${match}`,
    });
  }
});
