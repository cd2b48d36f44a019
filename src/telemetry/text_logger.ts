import type { LoggerOptions } from './json_logger.js';
import { LeveledLogger, type LogFields, type Logger, type LogLevel } from './logger.js';

const COLOURS: Readonly<Record<LogLevel, number>> = { trace: 90, debug: 36, info: 32, warn: 33, error: 31, fatal: 35 };
const FAINT = 2;

/** Lines for a person in a terminal: `12:34:56.789 warn  message  key=value`, the time in the machine's zone. */
export function createTextLogger(options: LoggerOptions & { readonly colour: boolean }): Logger {
  return new TextLogger(options, {});
}

class TextLogger extends LeveledLogger {
  constructor(
    private readonly options: LoggerOptions & { readonly colour: boolean },
    private readonly fields: LogFields,
  ) {
    super(options.level);
  }

  child(fields: LogFields): Logger {
    return new TextLogger(this.options, { ...this.fields, ...fields });
  }

  atLevel(level: LogLevel): Logger {
    return new TextLogger({ ...this.options, level }, this.fields);
  }

  protected log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const { sink, clock } = this.options;
    const withStacks = level === 'error' || level === 'fatal' || this.isEnabled('debug');
    const stacks: string[] = [];
    const facts: string[] = [];
    for (const [key, value] of Object.entries({ ...this.fields, ...fields })) {
      if (value instanceof Error) {
        facts.push(`${key}=${quoted(value.message)}`);
        // A stack is for whoever mends the program: a warning is for whoever runs it.
        if (withStacks) stacks.push(...stackLines(value));
      } else if (value !== undefined) facts.push(`${key}=${quoted(textOf(value))}`);
    }
    const time = this.#paint(FAINT, timeOfDay(clock.wallMs()));
    const head = `${time} ${this.#paint(COLOURS[level], level.padEnd(5))} ${message}`;
    const tail = facts.length === 0 ? '' : `  ${this.#paint(FAINT, facts.join(' '))}`;
    const trace = stacks.map((line) => `\n    ${this.#paint(FAINT, line)}`).join('');
    sink.write(`${head}${tail}${trace}\n`);
  }

  #paint(code: number, text: string): string {
    return this.options.colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

function timeOfDay(wallMs: number): string {
  const time = new Date(wallMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const ms = String(time.getMilliseconds()).padStart(3, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}

/** The frames of the error and of its causes; its message is already among the facts. */
function stackLines(error: Error): string[] {
  const lines = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const cause = error.cause;
  if (cause instanceof Error) lines.push(`caused by ${cause.name}: ${cause.message}`, ...stackLines(cause));
  return lines.map((line) => line.trim());
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Circular, or a toJSON that throws: a log line must not be the thing that fails.
    return String(value);
  }
}

function quoted(text: string): string {
  return /[\s="]/.test(text) || text === '' ? JSON.stringify(text) : text;
}
