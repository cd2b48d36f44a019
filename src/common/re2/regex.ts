import { parseRegex } from './parser.js';
import { type CharTest, isWord, type Node, RegexError, type Where } from './syntax.js';

export { RegexError } from './syntax.js';

/** Larger programs are refused: matching costs the length of the text times this, whatever the pattern. */
export const maxInstructions = 20_000;

type Instruction =
  | { readonly op: 'char'; readonly test: CharTest }
  | { readonly op: 'at'; readonly where: Where }
  /** Goes on at both. */
  | { readonly op: 'fork'; first: number; second: number }
  | { readonly op: 'done' };

export interface CompiledRegex {
  /** Whether the whole of `text` matches. Costs text × instructions at most. */
  matches(text: string): boolean;
}

/** Compiles a pattern of RE2's syntax to a machine of `limit` steps that reads each character once. @throws RegexError */
export function compileRegex(pattern: string, limit = maxInstructions): CompiledRegex {
  const program: Instruction[] = [];
  emit(parseRegex(pattern), program);
  if (program.length > limit) throw new RegexError('expression is too large');
  program.push({ op: 'done' });
  return { matches: (text) => run(program, text) };
}

function add(program: Instruction[], instruction: Instruction): number {
  if (program.length >= maxInstructions) throw new RegexError('expression is too large');
  return program.push(instruction) - 1;
}

function fork(program: Instruction[]): Instruction & { op: 'fork' } {
  const instruction: Instruction & { op: 'fork' } = { op: 'fork', first: 0, second: 0 };
  add(program, instruction);
  return instruction;
}

/** What follows a node follows its last instruction. */
function emit(node: Node, program: Instruction[]): void {
  switch (node.op) {
    case 'empty':
      break;
    case 'char':
      add(program, { op: 'char', test: node.test });
      break;
    case 'at':
      add(program, { op: 'at', where: node.where });
      break;
    case 'all':
      for (const part of node.parts) emit(part, program);
      break;
    case 'one-of': {
      const ends: Array<Instruction & { op: 'fork' }> = [];
      for (const part of node.parts) {
        const choice = fork(program);
        choice.first = program.length;
        emit(part, program);
        ends.push(fork(program));
        choice.second = program.length;
      }
      // The last choice has no other: it leads to an instruction that goes nowhere.
      add(program, { op: 'char', test: () => false });
      for (const end of ends) end.first = end.second = program.length;
      break;
    }
    case 'repeat':
      emitRepeat(node, program);
  }
}

function emitRepeat({ node, min, max }: Node & { op: 'repeat' }, program: Instruction[]): void {
  for (let i = 0; i < min; i += 1) emit(node, program);
  if (max < 0) {
    const loop = program.length;
    const choice = fork(program);
    choice.first = program.length;
    emit(node, program);
    const back = fork(program);
    back.first = back.second = loop;
    choice.second = program.length;
    return;
  }
  const choices: Array<Instruction & { op: 'fork' }> = [];
  for (let i = min; i < max; i += 1) {
    const choice = fork(program);
    choice.first = program.length;
    emit(node, program);
    choices.push(choice);
  }
  for (const choice of choices) choice.second = program.length;
}

function run(program: readonly Instruction[], text: string): boolean {
  let states = reach(program, [0], text, 0);
  for (let position = 0; position < text.length && states.length > 0; position += 1) {
    const code = text.charCodeAt(position);
    const next: number[] = [];
    for (const state of states) {
      const instruction = program[state];
      if (instruction?.op === 'char' && instruction.test(code)) next.push(state + 1);
    }
    states = reach(program, next, text, position + 1);
  }
  return states.some((state) => program[state]?.op === 'done');
}

/** Every instruction that reads, or ends, and can be got to without reading. */
function reach(program: readonly Instruction[], from: readonly number[], text: string, position: number): number[] {
  const seen = new Set<number>();
  const open = [...from];
  const reached: number[] = [];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (seen.has(state)) continue;
    seen.add(state);
    const instruction = program[state];
    if (instruction === undefined) continue;
    if (instruction.op === 'fork') open.push(instruction.second, instruction.first);
    else if (instruction.op !== 'at') reached.push(state);
    else if (holds(instruction.where, text, position)) open.push(state + 1);
  }
  return reached;
}

function holds(where: Where, text: string, position: number): boolean {
  switch (where) {
    case 'text-begin':
      return position === 0;
    case 'text-end':
      return position === text.length;
    case 'line-begin':
      return position === 0 || text[position - 1] === '\n';
    case 'line-end':
      return position === text.length || text[position] === '\n';
    case 'word':
    case 'not-word': {
      const before = position > 0 && isWord(text.charCodeAt(position - 1));
      const after = position < text.length && isWord(text.charCodeAt(position));
      return (before !== after) === (where === 'word');
    }
  }
}
