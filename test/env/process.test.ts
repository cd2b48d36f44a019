import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { machineName, onStopSignal, type StopSignal, standardError } from '../../src/env/index.js';

describe('process', () => {
  it('tells of every signal to stop until it is undone', async () => {
    const seen: StopSignal[] = [];
    const before = process.listenerCount('SIGHUP');
    const undo = onStopSignal((signal) => seen.push(signal));
    const again = onStopSignal(() => undefined);
    const arrived = new Promise<void>((resolve) => {
      process.once('SIGHUP', () => setImmediate(resolve));
    });
    process.kill(process.pid, 'SIGHUP');
    await arrived;
    expect(seen).toEqual(['SIGHUP']);
    undo();
    again();
    expect(process.listenerCount('SIGHUP')).toBe(before);
  });

  it('knows the machine and the terminal', () => {
    expect(machineName()).toBe(hostname());
    expect(standardError.isTerminal).toBe(process.stderr.isTTY === true);
  });
});
