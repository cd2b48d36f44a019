import { type Clock, HttpError, type HttpSender, type TimerHandle, type Timers } from '../../common/ports/index.js';
import type { Logger } from '../../telemetry/logger.js';
import { MessageLimiter } from '../close_advice.js';
import { withResourceAttributes } from './otlp.js';
import type { ClientPush, TelemetryReceiver } from './receiver.js';
import type { ClientAttributes } from './subscriptions.js';

const contentType = 'application/x-protobuf';
const timeoutMs = 10_000;
const firstBackoffMs = 1_000;
const maxBackoffMs = 30_000;
/** What waits while nobody answers; then the oldest goes. */
const limits = { pushes: 1_024, bytes: 16 * 1024 * 1024 };
/** As OTLP/HTTP says: the receiver asks for the same again. */
const retriable: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** The receiver `http://...`: every push goes on to a collector by OTLP over HTTP, one at a time, with who it is from as resource attributes. */
export class OtlpForwarder implements TelemetryReceiver {
  readonly totals = { sent: 0, failed: 0, dropped: 0 };
  private readonly waiting: Buffer[] = [];
  private waitingBytes = 0;
  private busy = false;
  private closed = false;
  private backoffMs = firstBackoffMs;
  private timer: TimerHandle | undefined;
  private readonly limiter: MessageLimiter;

  constructor(
    readonly url: string,
    private readonly ports: {
      readonly clock: Clock;
      readonly timers: Timers;
      readonly sender: HttpSender;
      readonly logger: Logger;
    },
    private readonly most: { readonly pushes: number; readonly bytes: number } = limits,
  ) {
    this.limiter = new MessageLimiter(ports.clock, 1, 60_000);
  }

  receive({ attributes, data }: ClientPush): void {
    const body = withResourceAttributes(data, attributesOf(attributes));
    this.waiting.push(body);
    this.waitingBytes += body.length;
    while (this.waiting.length > this.most.pushes || this.waitingBytes > this.most.bytes) {
      this.take();
      this.totals.dropped += 1;
    }
    this.next();
  }

  private take(): Buffer | undefined {
    const body = this.waiting.shift();
    this.waitingBytes -= body?.length ?? 0;
    return body;
  }

  private next(): void {
    if (this.busy || this.closed || this.timer !== undefined) return;
    const body = this.take();
    if (body === undefined) return;
    this.busy = true;
    void this.send(body).then((isDone) => {
      this.busy = false;
      if (this.closed) return;
      if (isDone) this.backoffMs = firstBackoffMs;
      else this.later(body);
      this.next();
    });
  }

  /** False: once more. Never rejects. */
  private async send(body: Buffer): Promise<boolean> {
    try {
      const status = await this.ports.sender.post(this.url, { contentType, body }, { timeoutMs });
      if (status >= 200 && status < 300) {
        this.totals.sent += 1;
        return true;
      }
      this.say(`answers ${status}`);
      if (retriable.has(status)) return false;
      this.totals.failed += 1;
      return true;
    } catch (error) {
      this.say(error instanceof HttpError ? error.reason : String(error));
      return false;
    }
  }

  /** Back to the head of what waits, if there is room by now. */
  private later(body: Buffer): void {
    if (this.waiting.length >= this.most.pushes || this.waitingBytes + body.length > this.most.bytes)
      this.totals.dropped += 1;
    else {
      this.waiting.unshift(body);
      this.waitingBytes += body.length;
    }
    this.timer = this.ports.timers.after(this.backoffMs, () => {
      this.timer = undefined;
      this.next();
    });
    this.backoffMs = Math.min(maxBackoffMs, this.backoffMs * 2);
  }

  private say(reason: string): void {
    const leftOut = this.limiter.admit(this.url);
    if (leftOut === undefined) return;
    this.ports.logger.warn(
      `metrics of clients could not be sent to ${this.url} (millrace.telemetry.receivers): ${reason}; what waits is sent when it answers`,
    );
  }

  forget(): void {
    // What was pushed is on its way.
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.waiting.length = 0;
    this.waitingBytes = 0;
  }
}

function attributesOf(attributes: ClientAttributes): ReadonlyMap<string, string> {
  return new Map(Object.entries(attributes).flatMap(([key, value]) => (value === null ? [] : [[key, value] as const])));
}
