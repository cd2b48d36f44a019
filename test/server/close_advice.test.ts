import { describe, expect, it } from 'vitest';
import type { CloseReason } from '../../src/common/ports/index.js';
import { closeAdvice, MessageLimiter } from '../../src/server/close_advice.js';

const closed = { remoteAddress: '10.0.0.9', remotePort: 5555, localPort: 9092, listenerName: 'PLAINTEXT' };

describe('closeAdvice', () => {
  it.each<[CloseReason, RegExp]>([
    ['http', /spoke HTTP .* millrace\.metrics\.port/],
    ['tls', /TLS handshake .* security\.protocol=PLAINTEXT/],
    ['frame-too-large', /socket\.request\.max\.bytes \(1000\): raise it/],
    ['frame-negative-length', /not the Kafka protocol/],
    ['max-connections', /more than max\.connections/],
    ['max-connections-per-ip', /max\.connections\.per\.ip/],
  ])('names the remedy for %s', (reason, text) => {
    const advice = closeAdvice(reason, closed, { maxFrameBytes: 1000 });
    expect(advice.level).toBe('warn');
    expect(advice.message).toMatch(text);
    expect(advice.message).toContain('10.0.0.9:5555');
  });

  it('does not trouble anybody with an orderly end', () => {
    expect(closeAdvice('remote', closed, { maxFrameBytes: 1000 }).level).toBe('debug');
  });
});

describe('MessageLimiter', () => {
  it('lets a burst through, then counts what it left out', () => {
    let nowMs = 0;
    const limiter = new MessageLimiter({ wallMs: () => 0, monotonicMs: () => nowMs }, 2, 1000);
    expect([1, 2, 3, 4, 5].map(() => limiter.admit('http'))).toEqual([0, 0, undefined, undefined, undefined]);
    expect(limiter.admit('tls')).toBe(0);
    nowMs = 1000;
    expect(limiter.admit('http')).toBe(3);
  });
});
