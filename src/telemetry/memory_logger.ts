import { LeveledLogger, type LogFields, type Logger, type LogLevel } from './logger.js';

export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** Keeps what was said, for tests and for `broker.logs` of an embedded broker. Children write to the same list. */
export class MemoryLogger extends LeveledLogger {
  readonly #entries: LogEntry[];

  constructor(
    level: LogLevel = 'trace',
    private readonly fields: LogFields = {},
    entries: LogEntry[] = [],
  ) {
    super(level);
    this.#entries = entries;
  }

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  /** Messages of `level` (all without it). */
  messages(level?: LogLevel): string[] {
    return this.#entries.filter((entry) => level === undefined || entry.level === level).map(({ message }) => message);
  }

  child(fields: LogFields): Logger {
    return new MemoryLogger(this.level, { ...this.fields, ...fields }, this.#entries);
  }

  atLevel(level: LogLevel): Logger {
    return new MemoryLogger(level, this.fields, this.#entries);
  }

  protected log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    this.#entries.push({ level, message, fields: { ...this.fields, ...fields } });
  }
}
