import { unreachable } from '../common/assert.js';
import type { Clock, CloseReason } from '../common/ports/index.js';

/** What an operator needs to know about the connection that ended. */
export interface ClosedConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly listenerName: string;
}

export interface CloseAdvice {
  /** `debug`: part of everyday life. `warn`: somebody has to change something. */
  readonly level: 'debug' | 'info' | 'warn';
  /** One sentence: what happened and how to mend it. */
  readonly message: string;
}

/** The sentence for a connection that ended for `reason`. */
export function closeAdvice(
  reason: CloseReason,
  closed: ClosedConnection,
  settings: { maxFrameBytes: number },
): CloseAdvice {
  const peer = `${closed.remoteAddress}:${closed.remotePort}`;
  const listener = `${closed.listenerName} on port ${closed.localPort}`;
  switch (reason) {
    case 'remote':
    case 'reset':
    case 'server-closed':
      return { level: 'debug', message: `connection of ${peer} ended (${reason})` };
    case 'idle':
      return {
        level: 'info',
        message: `connection of ${peer} was idle for longer than connections.max.idle.ms and was closed`,
      };
    case 'http':
      return {
        level: 'warn',
        message: `${peer} spoke HTTP to ${listener}: this port speaks the Kafka protocol; point browsers and health checks at millrace.metrics.port`,
      };
    case 'tls':
      return {
        level: 'warn',
        message: `${peer} began a TLS handshake on ${listener}, which is plaintext: set security.protocol=PLAINTEXT in that client`,
      };
    case 'frame-too-large':
      return {
        level: 'warn',
        message: `${peer} announced a request larger than socket.request.max.bytes (${settings.maxFrameBytes}): raise it, or lower max.request.size in the client; if the client is no Kafka client, it has the wrong port`,
      };
    case 'frame-negative-length':
    case 'frame-too-short':
      return {
        level: 'warn',
        message: `${peer} sent bytes that are not the Kafka protocol to ${listener} (${reason}): check which program connects there`,
      };
    case 'invalid-request':
      // The pipeline has said what was wrong with it.
      return { level: 'debug', message: `connection of ${peer} was closed after a request that could not be answered` };
    case 'max-connections':
      return {
        level: 'warn',
        message: `${peer} was closed as the least recently used connection: there were more than max.connections; raise it or find the client that leaks connections`,
      };
    case 'max-connections-per-ip':
      return {
        level: 'warn',
        message: `${peer} was refused: max.connections.per.ip is reached for its address; raise it, set max.connections.per.ip.overrides, or find the client that leaks connections`,
      };
    case 'connection-rate':
      return {
        level: 'warn',
        message: `${peer} was refused: its address makes more connections per second than its quota (connection_creation_rate) allows; raise it with \`millrace quotas alter\`, or find the client that reconnects`,
      };
    case 'no-memory':
      return {
        level: 'warn',
        message: `${peer} was closed: there was no memory for its request; lower queued.max.request.bytes or add memory`,
      };
    case 'slow-reader':
      return { level: 'warn', message: `${peer} did not read its responses for too long and was closed` };
    default:
      return unreachable(reason);
  }
}

/**
 * Keeps a flood of equal messages out of the log: at most `burst` per key in each `windowMs`; the first one after a quiet
 * window says how many were left out.
 */
export class MessageLimiter {
  private readonly windows = new Map<string, { startedMs: number; count: number }>();

  constructor(
    private readonly clock: Clock,
    private readonly burst = 10,
    private readonly windowMs = 10_000,
  ) {}

  /** Undefined: say nothing. Otherwise the number of messages with this key left out since the last one that was said. */
  admit(key: string): number | undefined {
    const nowMs = this.clock.monotonicMs();
    const window = this.windows.get(key);
    if (window === undefined || nowMs - window.startedMs >= this.windowMs) {
      this.windows.set(key, { startedMs: nowMs, count: 1 });
      return window === undefined ? 0 : Math.max(0, window.count - this.burst);
    }
    window.count += 1;
    return window.count <= this.burst ? 0 : undefined;
  }
}
