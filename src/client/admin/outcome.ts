import { ErrorCode } from '../../protocol/errors.js';
import { type ClientError, ProtocolError } from '../errors.js';

/** What became of one of several things asked for in one call. */
export interface Outcome {
  readonly name: string;
  readonly error: ClientError | undefined;
}

export function protocolErrorOf(
  code: number,
  subject: string,
  detail: string | null = null,
): ProtocolError | undefined {
  return code === ErrorCode.NONE ? undefined : new ProtocolError(code, subject, detail);
}

/** For callers to whom one failure is the failure of all. @throws the first error among the outcomes */
export function throwFirst<T extends { readonly error: ClientError | undefined }>(
  outcomes: readonly T[],
): readonly T[] {
  for (const outcome of outcomes) if (outcome.error !== undefined) throw outcome.error;
  return outcomes;
}
