/** From the most to the least talkative. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts beside the message. An `Error` under `error` is written with its stack and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * One sentence for people, fields for machines. Messages do not repeat what the fields say in other words; a `warn` names what
 * somebody has to change.
 */
export interface Logger {
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The process is about to end because of this. */
  fatal(message: string, fields?: LogFields): void;
  /** For callers that would have to work for their fields. */
  isEnabled(level: LogLevel): boolean;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
  /** The same, but for the least level that is written. */
  atLevel?(level: LogLevel): Logger;
}

/** Where finished lines go, line end included. */
export interface LogSink {
  write(line: string): void;
}

export function levelIndex(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level);
}

/** The five methods over one `log(level, message, fields)`. */
export abstract class LeveledLogger implements Logger {
  readonly #threshold: number;

  constructor(readonly level: LogLevel) {
    this.#threshold = levelIndex(level);
  }

  protected abstract log(level: LogLevel, message: string, fields: LogFields | undefined): void;
  abstract child(fields: LogFields): Logger;
  abstract atLevel(level: LogLevel): Logger;

  isEnabled(level: LogLevel): boolean {
    return levelIndex(level) >= this.#threshold;
  }

  trace(message: string, fields?: LogFields): void {
    if (this.#threshold <= 0) this.log('trace', message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#threshold <= 1) this.log('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    if (this.#threshold <= 2) this.log('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#threshold <= 3) this.log('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    if (this.#threshold <= 4) this.log('error', message, fields);
  }

  fatal(message: string, fields?: LogFields): void {
    this.log('fatal', message, fields);
  }
}

class SilentLogger implements Logger {
  trace(): void {}
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
  fatal(): void {}
  isEnabled(): boolean {
    return false;
  }
  child(): Logger {
    return this;
  }
}

/** Says nothing. */
export const silentLogger: Logger = new SilentLogger();
