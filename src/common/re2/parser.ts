import { parseClass, parseEscape, parseEscapedClass } from './class_parser.js';
import { Cursor } from './cursor.js';
import { caseless, literal, maxRepeat, type Node, RegexError, type Where } from './syntax.js';

interface Flags {
  readonly ignoresCase: boolean;
  readonly multiLine: boolean;
  readonly dotMatchesNewline: boolean;
}

/** Parses a pattern in RE2's syntax (no back references, no look-around). @throws RegexError */
export function parseRegex(pattern: string): Node {
  return new Parser(pattern).parse();
}

class Parser {
  private readonly cursor: Cursor;
  private readonly names = new Set<string>();
  private flags: Flags = { ignoresCase: false, multiLine: false, dotMatchesNewline: false };

  constructor(pattern: string) {
    this.cursor = new Cursor(pattern);
  }

  parse(): Node {
    const node = this.alternatives(0);
    // Only a closing parenthesis ends it before the end.
    if (!this.cursor.atEnd) throw new RegexError('regexp/syntax: internal error');
    return node;
  }

  private alternatives(depth: number): Node {
    if (depth > maxRepeat) throw new RegexError('expression nests too deeply');
    const parts: Node[] = [];
    do parts.push(this.sequence(depth));
    while (this.cursor.take('|'));
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { op: 'one-of', parts };
  }

  private sequence(depth: number): Node {
    const parts: Node[] = [];
    let repeated = false;
    while (!this.cursor.atEnd && !this.cursor.sees('|') && !this.cursor.sees(')')) {
      const repeat = this.repetition();
      if (repeat === undefined) {
        parts.push(...this.atom(depth));
        repeated = false;
        continue;
      }
      if (repeated) throw new RegexError('invalid nested repetition operator');
      const node = parts.pop();
      if (node === undefined) throw new RegexError('missing argument to repetition operator');
      parts.push({ op: 'repeat', node, ...repeat });
      repeated = true;
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { op: 'all', parts };
  }

  /** Undefined when there is none here; a brace that does not begin one is a brace. */
  private repetition(): { readonly min: number; readonly max: number } | undefined {
    const { cursor } = this;
    let found: { min: number; max: number } | undefined;
    if (cursor.take('*')) found = { min: 0, max: -1 };
    else if (cursor.take('+')) found = { min: 1, max: -1 };
    else if (cursor.take('?')) found = { min: 0, max: 1 };
    else {
      const [text, low, comma, high] = /^\{(\d+)(,?)(\d*)\}/.exec(cursor.rest) ?? [];
      if (text === undefined || /^0\d/.test(low ?? '') || /^0\d/.test(high ?? '') || (comma === '' && high !== ''))
        return undefined;
      cursor.skip(text.length);
      const min = Number(low);
      const max = comma === '' ? min : high === '' ? -1 : Number(high);
      if (min > maxRepeat || max > maxRepeat || (max >= 0 && min > max)) throw new RegexError('invalid repeat count');
      found = { min, max };
    }
    cursor.take('?');
    return found;
  }

  private atom(depth: number): Node[] {
    const { cursor, flags } = this;
    if (cursor.sees('(?')) {
      const group = this.flagGroup(depth);
      return group === undefined ? [] : [group];
    }
    if (cursor.take('(')) return [this.group(depth)];
    if (cursor.take('[')) return [{ op: 'char', test: parseClass(cursor, flags.ignoresCase) }];
    if (cursor.take('.')) return [{ op: 'char', test: flags.dotMatchesNewline ? () => true : (code) => code !== 10 }];
    if (cursor.take('^')) return [at(flags.multiLine ? 'line-begin' : 'text-begin')];
    if (cursor.take('$')) return [at(flags.multiLine ? 'line-end' : 'text-end')];
    if (cursor.sees('\\')) return this.escape();
    return [literal(cursor.next(), flags.ignoresCase)];
  }

  private group(depth: number): Node {
    const before = this.flags;
    const node = this.alternatives(depth + 1);
    if (!this.cursor.take(')')) throw new RegexError('missing closing )');
    this.flags = before;
    // Kept apart, so that a repetition behind it is not one of a repetition.
    return { op: 'all', parts: [node] };
  }

  private escape(): Node[] {
    const { cursor, flags } = this;
    if (cursor.take('\\A')) return [at('text-begin')];
    if (cursor.take('\\z')) return [at('text-end')];
    if (cursor.take('\\b')) return [at('word')];
    if (cursor.take('\\B')) return [at('not-word')];
    if (cursor.sees('\\C')) throw new RegexError('invalid escape sequence');
    if (cursor.take('\\Q')) {
      const end = cursor.rest.indexOf('\\E');
      const quoted = end < 0 ? cursor.rest : cursor.rest.slice(0, end);
      cursor.skip(quoted.length + (end < 0 ? 0 : 2));
      return [...quoted].map((character) => literal(character.codePointAt(0) ?? 0, flags.ignoresCase));
    }
    const test = parseEscapedClass(cursor);
    if (test !== undefined) return [{ op: 'char', test: flags.ignoresCase ? caseless(test) : test }];
    return [literal(parseEscape(cursor), flags.ignoresCase)];
  }

  /** `(?...`: a named group, flags, or a group with flags. Undefined for flags alone: they hold until the group ends. */
  private flagGroup(depth: number): Node | undefined {
    const { cursor } = this;
    const named = /^\(\?P?</.exec(cursor.rest);
    if (named !== null) {
      const end = cursor.rest.indexOf('>');
      if (end < 0) throw new RegexError('invalid named capture');
      const text = cursor.rest.slice(0, end + 1);
      const name = text.slice(named[0].length, -1);
      if (!/^\w+$/.test(name)) throw new RegexError('invalid named capture');
      if (this.names.has(name)) throw new RegexError('duplicate capture group name');
      this.names.add(name);
      cursor.skip(text.length);
      return this.group(depth);
    }
    cursor.take('(?');
    let negated = false;
    let sawFlag = false;
    let flags = this.flags;
    while (!cursor.atEnd) {
      const letter = String.fromCodePoint(cursor.next());
      if (letter === 'i') flags = { ...flags, ignoresCase: !negated };
      else if (letter === 'm') flags = { ...flags, multiLine: !negated };
      else if (letter === 's') flags = { ...flags, dotMatchesNewline: !negated };
      else if (letter === '-' && !negated) {
        negated = true;
        sawFlag = false;
        continue;
      } else if ((letter === ':' || letter === ')') && (!negated || sawFlag)) {
        const before = this.flags;
        this.flags = flags;
        if (letter === ')') return undefined;
        const node = this.group(depth);
        this.flags = before;
        return node;
      } else if (letter !== 'U') break;
      sawFlag = true;
    }
    throw new RegexError('invalid or unsupported Perl syntax');
  }
}

function at(where: Where): Node {
  return { op: 'at', where };
}
