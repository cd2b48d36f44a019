import { describe, expect, it } from 'vitest';
import { VirtualTime } from '../../src/env/index.js';
import {
  createJsonLogger,
  createTextLogger,
  type Logger,
  type LogLevel,
  MemoryLogger,
  silentLogger,
} from '../../src/telemetry/index.js';

const clock = new VirtualTime({ startWallMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678) });

class Lines {
  text = '';
  write(line: string): void {
    this.text += line;
  }
  get all(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

/** Says one line at each level. */
function sayAll(logger: Logger): void {
  logger.trace('t');
  logger.debug('d');
  logger.info('i');
  logger.warn('w');
  logger.error('e');
  logger.fatal('f');
}

async function jsonLines(level: LogLevel, use: (logger: Logger) => void): Promise<Record<string, unknown>[]> {
  const sink = new Lines();
  use(await createJsonLogger({ level, sink, clock }));
  return sink.all.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function textLines(use: (logger: Logger) => void, options: { colour?: boolean; level?: LogLevel } = {}): string[] {
  const sink = new Lines();
  use(createTextLogger({ level: options.level ?? 'info', sink, clock, colour: options.colour ?? false }));
  return sink.all;
}

describe('createJsonLogger', () => {
  it('writes one object per line with time, level, message and fields', async () => {
    const lines = await jsonLines('info', (logger) => {
      logger.child({ topic: 'orders' }).child({ partition: 3 }).warn('log is behind', { lag: 12 });
      logger.info('plain');
    });
    expect(lines).toEqual([
      { level: 'warn', time: '2026-01-02T03:04:05.678Z', topic: 'orders', partition: 3, lag: 12, msg: 'log is behind' },
      { level: 'info', time: '2026-01-02T03:04:05.678Z', msg: 'plain' },
    ]);
  });

  it('writes errors with type, stack and causes, and survives what JSON cannot hold', async () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const [first, second] = await jsonLines('info', (logger) => {
      logger.error('append failed', { error: new RangeError('too far', { cause: new Error('disk full') }) });
      logger.info('odd', { circular, big: 10n });
    });
    expect(first).toMatchObject({
      msg: 'append failed',
      error: { type: 'RangeError', message: 'too far: disk full' },
    });
    expect(JSON.stringify(first)).toContain('disk full');
    expect(JSON.stringify(first)).toContain('loggers.test.ts');
    expect(second).toMatchObject({ msg: 'odd' });
  });

  it.each<[LogLevel, number]>([
    ['trace', 6],
    ['debug', 5],
    ['info', 4],
    ['warn', 3],
    ['error', 2],
    ['fatal', 1],
  ])('says at level %s what it should', async (level, count) => {
    expect(await jsonLines(level, sayAll)).toHaveLength(count);
    expect(textLines(sayAll, { level })).toHaveLength(count);
    const memory = new MemoryLogger(level);
    sayAll(memory.child({ x: 1 }));
    expect(memory.entries).toHaveLength(count);
    expect(memory.isEnabled(level)).toBe(true);
    expect(memory.isEnabled('trace')).toBe(level === 'trace');
  });
});

describe('createTextLogger', () => {
  it('writes lines for people', () => {
    const lines = textLines((logger) => {
      logger
        .child({ listener: 'PLAINTEXT' })
        .info('listening', { port: 9092, note: 'two words', empty: '', none: undefined });
      logger.warn('no fields');
    });
    expect(lines.map((line) => line.slice(13))).toEqual([
      'info  listening  listener=PLAINTEXT port=9092 note="two words" empty=""',
      'warn  no fields',
    ]);
    expect(lines[0]?.slice(0, 12)).toMatch(/^\d\d:\d\d:05\.678$/);
  });

  it('keeps stacks for errors, and for warnings when somebody looks closely', () => {
    const error = new Error('no space', { cause: new TypeError('inner') });
    const said = (level: LogLevel): string[] => textLines((logger) => logger.warn('slow', { error }), { level });
    expect(said('info')).toHaveLength(1);
    expect(said('info')[0]).toContain('error="no space"');
    expect(said('debug').length).toBeGreaterThan(2);
    const lines = textLines((logger) => logger.error('failed', { error }));
    expect(lines.join('\n')).toContain('caused by TypeError: inner');
    expect(lines[1]).toMatch(/^ {4}at /);
  });

  it('colours only when asked, and survives what JSON cannot hold', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const use = (logger: Logger): void => logger.error('odd', { circular, big: 10n, list: [1, 2] });
    expect(textLines(use)[0]).not.toContain('\u001b');
    expect(textLines(use)[0]).toContain('big=10 list=[1,2]');
    expect(textLines(use, { colour: true })[0]).toContain('\u001b[31merror\u001b[0m');
  });
});

describe('MemoryLogger and silentLogger', () => {
  it('keep everything, and nothing', () => {
    const memory = new MemoryLogger();
    memory.child({ a: 1 }).child({ b: 2 }).info('x', { c: 3 });
    memory.warn('y');
    expect(memory.entries[0]).toEqual({ level: 'info', message: 'x', fields: { a: 1, b: 2, c: 3 } });
    expect(memory.messages('warn')).toEqual(['y']);
    expect(memory.messages()).toEqual(['x', 'y']);
    sayAll(silentLogger.child({ a: 1 }));
    expect(silentLogger.isEnabled('fatal')).toBe(false);
  });
});
