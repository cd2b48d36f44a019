/** Why a pattern is not one, in RE2/J's words. */
export class RegexError extends Error {
  override readonly name = 'RegexError';

  constructor(readonly description: string) {
    super(`error parsing regexp: ${description}`);
  }
}

export type CharTest = (code: number) => boolean;

export type Where = 'text-begin' | 'text-end' | 'line-begin' | 'line-end' | 'word' | 'not-word';

export type Node =
  | { readonly op: 'empty' }
  | { readonly op: 'char'; readonly test: CharTest }
  | { readonly op: 'at'; readonly where: Where }
  | { readonly op: 'all'; readonly parts: readonly Node[] }
  | { readonly op: 'one-of'; readonly parts: readonly Node[] }
  /** `max` -1: without end. */
  | { readonly op: 'repeat'; readonly node: Node; readonly min: number; readonly max: number };

export const maxRepeat = 1000;

const between =
  (low: string, high: string): CharTest =>
  (code) =>
    code >= low.charCodeAt(0) && code <= high.charCodeAt(0);

const anyOf =
  (...tests: readonly CharTest[]): CharTest =>
  (code) =>
    tests.some((test) => test(code));

export const not =
  (test: CharTest): CharTest =>
  (code) =>
    !test(code);

const among =
  (characters: string): CharTest =>
  (code) =>
    characters.includes(String.fromCodePoint(code));

const digit = between('0', '9');
const lower = between('a', 'z');
const upper = between('A', 'Z');
const alpha = anyOf(lower, upper);
export const isWord: CharTest = anyOf(alpha, digit, among('_'));
const perlSpace = among('\t\n\f\r ');

/** `\d` and the like, by their letter in lower case. */
export const perlClasses: ReadonlyMap<string, CharTest> = new Map([
  ['d', digit],
  ['w', isWord],
  ['s', perlSpace],
]);

/** `[:alpha:]` and the like. */
export const posixClasses: ReadonlyMap<string, CharTest> = new Map([
  ['alnum', anyOf(alpha, digit)],
  ['alpha', alpha],
  ['ascii', (code: number) => code <= 0x7f],
  ['blank', among('\t ')],
  ['cntrl', (code: number) => code <= 0x1f || code === 0x7f],
  ['digit', digit],
  ['graph', between('!', '~')],
  ['lower', lower],
  ['print', between(' ', '~')],
  ['punct', anyOf(between('!', '/'), between(':', '@'), between('[', '`'), between('{', '~'))],
  ['space', among('\t\n\v\f\r ')],
  ['upper', upper],
  ['word', isWord],
  ['xdigit', anyOf(digit, between('a', 'f'), between('A', 'F'))],
]);

/** `\p{name}`: a general category or a script. Undefined: there is none of that name. */
export function unicodeClass(name: string): CharTest | undefined {
  if (name === 'Any') return () => true;
  const property = /^[A-Z][a-z]?$/.test(name) ? name : `Script=${name}`;
  try {
    const single = new RegExp(`^\\p{${property}}$`, 'u');
    return (code) => single.test(String.fromCodePoint(code));
  } catch {
    // What the engine does not know is no class either.
    return undefined;
  }
}

const folded = (code: number): string => String.fromCodePoint(code).toUpperCase().toLowerCase();

export function literal(code: number, ignoresCase: boolean): Node {
  if (!ignoresCase) return { op: 'char', test: (other) => other === code };
  const wanted = folded(code);
  return { op: 'char', test: (other) => other === code || folded(other) === wanted };
}

/** The test for a letter in either case. */
export function caseless(test: CharTest): CharTest {
  return (code) => {
    if (test(code)) return true;
    const text = String.fromCodePoint(code);
    return test(text.toLowerCase().codePointAt(0) ?? code) || test(text.toUpperCase().codePointAt(0) ?? code);
  };
}
