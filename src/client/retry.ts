import type { Clock, Random } from '../common/ports/index.js';
import { isRetriableError, OperationTimeoutError } from './errors.js';
import type { Sleeper } from './sleeper.js';

export interface RetryPolicy {
  /** First wait (`retry.backoff.ms`); doubles up to the maximum, each ±20%. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** For the whole operation (`default.api.timeout.ms`). */
  readonly timeoutMs: number;
}

/** Wait before attempt `failures + 1`, jittered so that clients that failed together do not return together. */
export function backoffMs(policy: RetryPolicy, failures: number, random: Random): number {
  const exponential = Math.min(policy.maxBackoffMs, policy.backoffMs * 2 ** Math.min(failures, 30));
  return exponential * (0.8 + 0.4 * random.float());
}

/**
 * Runs `attempt` until it succeeds, fails with an error that is not retriable, or the time is over.
 *
 * @throws OperationTimeoutError with the last failure as its cause
 */
export async function withRetries<T>(
  tools: { readonly clock: Clock; readonly random: Random; readonly sleeper: Sleeper },
  policy: RetryPolicy,
  subject: string,
  attempt: (deadlineMs: number) => Promise<T>,
): Promise<T> {
  const deadlineMs = tools.clock.monotonicMs() + policy.timeoutMs;
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt(deadlineMs);
    } catch (error) {
      if (!isRetriableError(error)) throw error;
      const waitMs = backoffMs(policy, failures, tools.random);
      if (tools.clock.monotonicMs() + waitMs >= deadlineMs) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new OperationTimeoutError(`${subject} did not succeed within ${policy.timeoutMs} ms: ${reason}`, {
          cause: error,
        });
      }
      await tools.sleeper.sleep(waitMs);
    }
  }
}
