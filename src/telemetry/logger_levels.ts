import { LeveledLogger, LOG_LEVELS, type LogFields, type Logger, type LogLevel, levelIndex } from './logger.js';

export const rootLogger = 'root';

/**
 * Named loggers whose levels are set one by one while the broker runs (BROKER_LOGGER resources). One that was not set has the root's
 * level. A level lasts until the broker stops, as in Kafka.
 */
export class LoggerLevels {
  private readonly base: Logger;
  private readonly initial: LogLevel;
  private readonly own = new Map<string, LogLevel>();
  private readonly known = new Set<string>([rootLogger]);

  /** Where `logger` cannot be had at another level (`atLevel`), levels can only be raised. */
  constructor(logger: Logger) {
    this.initial = LOG_LEVELS.find((level) => logger.isEnabled(level)) ?? 'fatal';
    this.base = logger.atLevel?.('trace') ?? logger;
  }

  get names(): readonly string[] {
    return [...this.known].sort();
  }

  logger(name: string): Logger {
    this.known.add(name);
    return new NamedLogger(this.base, () => this.levelOf(name));
  }

  levelOf(name: string): LogLevel {
    return this.own.get(name) ?? this.own.get(rootLogger) ?? this.initial;
  }

  /** `level` undefined: the root's from now on. */
  set(name: string, level: LogLevel | undefined): void {
    if (level === undefined) this.own.delete(name);
    else this.own.set(name, level);
  }
}

class NamedLogger extends LeveledLogger {
  constructor(
    private readonly base: Logger,
    private readonly levelNow: () => LogLevel,
  ) {
    super('trace');
  }

  override isEnabled(level: LogLevel): boolean {
    return levelIndex(level) >= levelIndex(this.levelNow()) && this.base.isEnabled(level);
  }

  atLevel(level: LogLevel): Logger {
    return new NamedLogger(this.base, () => level);
  }

  child(fields: LogFields): Logger {
    return new NamedLogger(this.base.child(fields), this.levelNow);
  }

  protected log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (levelIndex(level) >= levelIndex(this.levelNow())) this.base[level](message, fields);
  }
}
