import type { Clock, ResponseFrame, Timers } from '../common/ports/index.js';
import type { ConnectionContext } from '../network/request_channel.js';
import { ApiKey } from '../protocol/api_keys.js';
import { CONSUMER_BYTE_RATE, PRODUCER_BYTE_RATE, REQUEST_PERCENTAGE } from '../quota/quota_keys.js';
import type { QuotaManager, QuotaUser } from '../quota/quota_manager.js';

/** What one request has used. */
export interface Usage {
  readonly requestBytes: number;
  /** Time of this thread that it took: to decode it, in its handler up to the first wait, and to encode its answer. */
  readonly spentMs: number;
}

/** Measures requests against the quotas of their clients, and mutes the connections of those that are above. */
export class Throttle {
  constructor(
    private readonly manager: QuotaManager,
    private readonly clock: Clock,
    private readonly timers: Timers,
  ) {}

  get active(): boolean {
    return this.manager.active;
  }

  nowMs(): number {
    return this.clock.monotonicMs();
  }

  /**
   * How long the connection is not listened to from now on, and what the client is told, in ms. `ownMs`: what its answer says already
   * (changes of topics). `frame` null: no answer leaves.
   */
  judge(
    connection: ConnectionContext,
    apiKey: number,
    clientId: string | null,
    usage: Usage,
    frame: ResponseFrame | null,
    ownMs: number,
  ): number {
    const nowMs = this.nowMs();
    const who: QuotaUser = { user: userOf(connection.principal), clientId: clientId ?? '' };
    const percent = usage.spentMs / 10;
    const requestMs = this.manager.record(REQUEST_PERCENTAGE, who, percent, nowMs);
    let bandwidthMs = 0;
    if (apiKey === ApiKey.Produce)
      bandwidthMs = this.manager.record(PRODUCER_BYTE_RATE, who, usage.requestBytes, nowMs);
    else if (apiKey === ApiKey.Fetch && frame !== null)
      bandwidthMs = this.manager.record(CONSUMER_BYTE_RATE, who, recordBytes(frame), nowMs);
    const throttleMs = Math.min(maxThrottleMs, Math.max(requestMs, bandwidthMs, ownMs));
    if (throttleMs > 0) this.mute(connection, throttleMs);
    return throttleMs;
  }

  /** A new connection: from an address above its rate nothing is read, and it is closed when it has waited. */
  onOpen(connection: ConnectionContext): void {
    if (!this.manager.limitsAddresses) return;
    const delayMs = this.manager.recordConnection(connection.remoteAddress, this.nowMs());
    if (delayMs === 0) return;
    connection.mute();
    const timer = this.timers.after(delayMs, () => connection.close('connection-rate'));
    connection.closeCallbacks.add(() => timer.cancel());
  }

  private mute(connection: ConnectionContext, forMs: number): void {
    const unmute = connection.mute();
    const timer = this.timers.after(forMs, () => {
      connection.closeCallbacks.delete(forget);
      unmute();
    });
    const forget = (): void => timer.cancel();
    connection.closeCallbacks.add(forget);
  }
}

/** `throttle_time_ms` is an INT32. */
const maxThrottleMs = 2 ** 31 - 1;

function userOf(principal: string): string {
  return principal.slice(principal.indexOf(':') + 1);
}

/** Of an encoded Fetch response: what is linked in, or lies in the frame. */
function recordBytes({ links, linkCount }: ResponseFrame): number {
  let bytes = 0;
  for (let index = 0; index < linkCount; index += 1) {
    const part = links[index]?.part;
    if (part !== undefined) bytes += part instanceof Uint8Array ? part.length : part.sizeBytes;
  }
  return bytes;
}
