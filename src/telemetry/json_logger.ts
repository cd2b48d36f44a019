import type { Logger as Pino } from 'pino';
import type { Clock } from '../common/ports/index.js';
import { LeveledLogger, type LogFields, type Logger, type LogLevel, type LogSink } from './logger.js';

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly sink: LogSink;
  /** Time of the lines. */
  readonly clock: Clock;
}

/**
 * One JSON object per line: `time` (ISO 8601), `level` by name, `msg`, and the fields. pino is loaded on the first use only: an
 * embedded broker starts without it.
 */
export async function createJsonLogger({ level, sink, clock }: LoggerOptions): Promise<Logger> {
  const { pino } = await import('pino');
  const root = pino(
    {
      level,
      base: null,
      errorKey: 'error',
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${new Date(clock.wallMs()).toISOString()}"`,
    },
    sink,
  );
  return new JsonLogger(level, root);
}

class JsonLogger extends LeveledLogger {
  constructor(
    level: LogLevel,
    private readonly pino: Pino,
  ) {
    super(level);
  }

  child(fields: LogFields): Logger {
    return new JsonLogger(this.level, this.pino.child(fields));
  }

  atLevel(level: LogLevel): Logger {
    return new JsonLogger(level, this.pino.child({}, { level }));
  }

  protected log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (fields === undefined) this.pino[level](message);
    else this.pino[level](fields, message);
  }
}
