import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileRegex, RegexError } from '../../../src/common/re2/regex.js';

// Made by RE2/J 1.8: golden/RecordRegexes.java.
const golden = JSON.parse(readFileSync(join(import.meta.dirname, '../golden/re2j_1.8.txt'), 'utf8')) as {
  readonly names: readonly string[];
  /** Pattern, which of the names it matches, why it is none. */
  readonly patterns: ReadonlyArray<readonly [string, string | null, string | null]>;
};

function outcome(pattern: string): { readonly matches: string | null; readonly problem: string | null } {
  try {
    const regex = compileRegex(pattern);
    return { matches: golden.names.map((name) => (regex.matches(name) ? '1' : '0')).join(''), problem: null };
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    return { matches: null, problem: error.description };
  }
}

describe('patterns of topics', () => {
  it.each(golden.patterns)('%j', (pattern, matches, problem) => {
    expect(outcome(pattern)).toEqual({ matches, problem });
  });

  it('take time by the length of the name, whatever the pattern', () => {
    // A backtracking engine needs 2^249 steps for this.
    expect(compileRegex('(a*)*b').matches('a'.repeat(249))).toBe(false);
  });

  it('are refused when they would be too large', () => {
    expect(outcome('(a{1000}){1000}').problem).toBe('expression is too large');
    expect(outcome('('.repeat(5000)).problem).toBe('expression nests too deeply');
  });
});
