import { describe, expect, it } from 'vitest';
import { StopRequest, samePressMs } from '../../src/cli/stop_request.js';
import { MemoryLogger } from '../../src/telemetry/index.js';

class FakeProcess {
  nowMs = 1000;
  listener: ((signal: string) => void) | undefined;
  readonly endedBy: string[] = [];
  readonly clock = { wallMs: () => 0, monotonicMs: () => this.nowMs };
  readonly onStopSignal = (run: (signal: string) => void) => {
    this.listener = run;
    return () => {
      this.listener = undefined;
    };
  };
  readonly endBySignal = (signal: string) => {
    // The default action of a signal is what ends the process: nobody may handle it any more.
    expect(this.listener).toBeUndefined();
    this.endedBy.push(signal);
  };
}

function request() {
  const fake = new FakeProcess();
  const logger = new MemoryLogger();
  const stop = new StopRequest(fake, logger);
  return { fake, stop, said: () => logger.entries.map(({ level, message }) => `${level} ${message}`) };
}

describe('StopRequest', () => {
  it('asks once for an orderly stop, and ends at once at a later signal', async () => {
    const { fake, stop, said } = request();
    expect(stop.wasAsked).toBe(false);
    fake.listener?.('SIGINT');
    await stop.asked;
    expect(stop.wasAsked).toBe(true);
    expect(fake.endedBy).toEqual([]);
    fake.nowMs += samePressMs;
    fake.listener?.('SIGTERM');
    expect(fake.endedBy).toEqual(['SIGTERM']);
    expect(said()).toEqual([
      'info SIGINT: stopping in an orderly way; once more stops at once',
      'warn SIGTERM again: stopping at once; logs are recovered at the next start',
    ]);
  });

  it('takes what the terminal and npm send for one press as one', () => {
    const { fake, said } = request();
    fake.listener?.('SIGINT');
    fake.nowMs += samePressMs - 1;
    fake.listener?.('SIGINT');
    expect(fake.endedBy).toEqual([]);
    expect(said()).toHaveLength(1);
  });

  it('leaves signals alone after its end', () => {
    const { fake, stop } = request();
    stop.end();
    expect(fake.listener).toBeUndefined();
    expect(stop.wasAsked).toBe(false);
  });
});
