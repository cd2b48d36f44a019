import type { Cursor } from './cursor.js';
import { type CharTest, caseless, not, perlClasses, posixClasses, RegexError, unicodeClass } from './syntax.js';

const hexDigits = /^[0-9a-fA-F]$/;

/** `[...]`, with the cursor behind the bracket. */
export function parseClass(cursor: Cursor, ignoresCase: boolean): CharTest {
  const negated = cursor.take('^');
  const tests: CharTest[] = [];
  for (let first = true; first || !cursor.sees(']'); first = false) {
    if (cursor.atEnd) throw new RegexError('missing closing ]');
    const range = parseItem(cursor);
    tests.push(ignoresCase ? caseless(range) : range);
  }
  cursor.take(']');
  const test: CharTest = (code) => tests.some((one) => one(code));
  return negated ? not(test) : test;
}

function parseItem(cursor: Cursor): CharTest {
  const named = parseNamed(cursor);
  if (named !== undefined) return named;
  const low = parseMember(cursor);
  let high = low;
  if (cursor.sees('-') && !cursor.sees('-]') && cursor.rest.length >= 2) {
    cursor.take('-');
    high = parseMember(cursor);
    if (high < low) throw new RegexError('invalid character class range');
  }
  return (code) => code >= low && code <= high;
}

function parseNamed(cursor: Cursor): CharTest | undefined {
  if (cursor.sees('[:')) {
    const end = cursor.rest.indexOf(':]', 2);
    if (end >= 0) {
      const text = cursor.rest.slice(0, end + 2);
      const [, negated, name = ''] = /^\[:(\^?)(.*):\]$/su.exec(text) ?? [];
      const test = posixClasses.get(name);
      if (test === undefined) throw new RegexError('invalid character class range');
      cursor.skip(text.length);
      return negated === '^' ? not(test) : test;
    }
  }
  return parseEscapedClass(cursor);
}

/** `\d`, `\pL` and the like; undefined when the cursor is at something else. */
export function parseEscapedClass(cursor: Cursor): CharTest | undefined {
  if (!cursor.sees('\\')) return undefined;
  const letter = cursor.rest[1] ?? '';
  const perl = perlClasses.get(letter.toLowerCase());
  if (perl !== undefined) {
    cursor.skip(2);
    return letter === letter.toLowerCase() ? perl : not(perl);
  }
  if (letter !== 'p' && letter !== 'P') return undefined;
  const [text, inBraces, single] = /^\\[pP](?:\{([^}]*)\}|([\s\S]))/u.exec(cursor.rest) ?? [];
  if (text === undefined || (single === '{' && inBraces === undefined))
    throw new RegexError('invalid character class range');
  const given = inBraces ?? single ?? '';
  const inverted = given.startsWith('^');
  const test = unicodeClass(inverted ? given.slice(1) : given);
  if (test === undefined) throw new RegexError('invalid character class range');
  cursor.skip(text.length);
  return inverted === (letter === 'P') ? test : not(test);
}

function parseMember(cursor: Cursor): number {
  if (cursor.atEnd) throw new RegexError('missing closing ]');
  return cursor.sees('\\') ? parseEscape(cursor) : cursor.next();
}

const simpleEscapes: ReadonlyMap<string, number> = new Map([
  ['a', 7],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['v', 11],
]);

/** An escape that stands for one character, with the cursor at its backslash. */
export function parseEscape(cursor: Cursor): number {
  cursor.take('\\');
  if (cursor.atEnd) throw new RegexError('trailing backslash at end of expression');
  const code = cursor.next();
  const letter = String.fromCodePoint(code);
  const bad = () => new RegexError('invalid escape sequence');
  const simple = simpleEscapes.get(letter);
  if (simple !== undefined) return simple;
  if (letter === 'x') return parseHex(cursor, bad);
  if (/[1-7]/.test(letter) && !/^[0-7]/.test(cursor.rest)) throw bad();
  if (/[0-7]/.test(letter)) {
    const [more = ''] = /^[0-7]{0,2}/.exec(cursor.rest) ?? [];
    cursor.skip(more.length);
    return Number.parseInt(letter + more, 8);
  }
  if (code < 0x80 && !/[0-9A-Za-z]/.test(letter)) return code;
  throw bad();
}

function parseHex(cursor: Cursor, bad: () => RegexError): number {
  if (cursor.atEnd) throw bad();
  if (cursor.take('{')) {
    const [digits = ''] = /^[0-9a-fA-F]*/.exec(cursor.rest) ?? [];
    cursor.skip(digits.length);
    if (!cursor.atEnd && !cursor.sees('}')) cursor.next();
    else if (digits !== '' && cursor.take('}')) {
      const value = Number.parseInt(digits, 16);
      if (value <= 0x10ffff) return value;
    }
    throw bad();
  }
  const [high = '', low = ''] = cursor.rest;
  if (!hexDigits.test(high)) {
    cursor.next();
    throw bad();
  }
  cursor.skip(1);
  if (!hexDigits.test(low)) {
    if (!cursor.atEnd) cursor.next();
    throw bad();
  }
  cursor.skip(1);
  return Number.parseInt(high + low, 16);
}
