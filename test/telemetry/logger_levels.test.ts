import { expect, it } from 'vitest';
import { type LogEntry, LoggerLevels, MemoryLogger } from '../../src/telemetry/index.js';

it('sets levels one by one: a logger of its own, the root for the others', () => {
  const all: LogEntry[] = [];
  const base = new MemoryLogger('info', {}, all);
  const levels = new LoggerLevels(base);
  const one = levels.logger('one');
  const other = levels.logger('other').child({ part: 1 });
  const talk = (): void => {
    for (const logger of [one, other]) {
      logger.debug('debug');
      logger.info('info');
    }
  };
  const said = (): string[] => all.splice(0).map(({ message }) => message);
  talk();
  expect(said()).toEqual(['info', 'info']);
  levels.set('one', 'debug');
  talk();
  expect(said()).toEqual(['debug', 'info', 'info']);
  levels.set('root', 'warn');
  expect(levels.levelOf('other')).toBe('warn');
  expect(other.isEnabled('info')).toBe(false);
  talk();
  expect(said()).toEqual(['debug', 'info']);
  levels.set('one', undefined);
  talk();
  expect(said()).toEqual([]);
  expect(levels.names).toEqual(['one', 'other', 'root']);
});
