import type { TimerHandle } from '../../common/ports/index.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { ClientAttributes, ClientSubscription } from './subscriptions.js';

/** One client that was told what to send. It starts anew, times included, when the subscriptions change. */
export class ClientInstance {
  /** Of its last answer: after some errors it may ask again at once. */
  lastError: ErrorCode = ErrorCode.NONE;
  /** Its last push said that it would be the last. */
  terminating = false;
  expiry: TimerHandle | undefined;
  private askedMs = Number.NEGATIVE_INFINITY;
  private pushedMs = Number.NEGATIVE_INFINITY;

  constructor(
    readonly attributes: ClientAttributes,
    readonly subscription: ClientSubscription,
    /** Of the subscriptions that it was made with. */
    readonly version: number,
  ) {}

  /** Whether it may ask for its subscription: an interval after whatever it did last. */
  mayAsk(nowMs: number): boolean {
    if (nowMs - Math.max(this.askedMs, this.pushedMs) < this.subscription.pushIntervalMs) return false;
    this.askedMs = nowMs;
    return true;
  }

  /** Whether it may push: at any time after it asked, as clients vary their first interval; otherwise an interval after the last push. */
  mayPush(nowMs: number): boolean {
    if (this.askedMs <= this.pushedMs && nowMs - this.pushedMs < this.subscription.pushIntervalMs) return false;
    this.pushedMs = nowMs;
    return true;
  }
}
