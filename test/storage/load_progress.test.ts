import { describe, expect, it } from 'vitest';
import { VirtualTime } from '../../src/env/virtual_time.js';
import { LoadProgress } from '../../src/storage/load_progress.js';
import { MemoryLogger } from '../../src/telemetry/index.js';

function begin(logs: number) {
  const time = new VirtualTime();
  const logger = new MemoryLogger();
  const directory = { checkedBytes: 0 };
  const progress = new LoadProgress({ clock: time, timers: time, logger }, () => [directory]);
  progress.begin(logs);
  return { time, logger, directory, progress };
}

describe('the progress of loading', () => {
  it('is told every two seconds with what was checked and the time left', async () => {
    const { time, logger, directory, progress } = begin(4);
    progress.plan('a', 300_000_000);
    progress.plan('b', 700_000_000);
    directory.checkedBytes = 100_000_000;
    await time.advance('2s');
    progress.finished('c');
    progress.finished('a');
    await time.advance('2s');
    progress.finished('b');
    await time.advance('2s');
    progress.finished('d');
    await time.advance('1m');
    expect(logger.messages()).toEqual([
      'loading logs: 0 of 4 are open, 100 of 1000 MB checked, about 18 s left',
      'loading logs: 2 of 4 are open, 300 of 1000 MB checked, about 9.3 s left',
      'loading logs: 3 of 4 are open, 1000 of 1000 MB checked, about 0.0 s left',
      '4 logs are loaded, after 6.0 s',
    ]);
    expect(time.pendingTimers).toBe(0);
  });

  it('goes by the logs where nothing has to be checked, and says nothing when it is quick', async () => {
    const slow = begin(10);
    await slow.time.advance('1s');
    slow.progress.finished('x');
    await slow.time.advance('1s');
    expect(slow.logger.messages()).toEqual(['loading logs: 1 of 10 are open, about 18 s left']);
    expect(slow.progress.remainingLogs).toBe(9);
    slow.progress.end();
    const quick = begin(2);
    quick.progress.finished('x');
    quick.progress.finished('y');
    await quick.time.advance('1m');
    expect(quick.logger.messages()).toEqual([]);
    expect(quick.time.pendingTimers).toBe(0);
  });
});
