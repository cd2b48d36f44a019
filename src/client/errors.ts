import { errorName, isRetriable } from '../protocol/errors.js';

/** Every failure of the client is one of these; `retriable` says whether the same call may succeed later. */
export class ClientError extends Error {
  override readonly name: string = 'ClientError';
  readonly retriable: boolean = false;
}

/** A broker answered with an error code. */
export class ProtocolError extends ClientError {
  override readonly name = 'ProtocolError';
  override readonly retriable: boolean;
  readonly errorName: string;

  constructor(
    readonly code: number,
    /** What was asked for, e.g. `topic orders`. */
    readonly subject: string,
    detail: string | null = null,
  ) {
    super(`${subject}: ${errorName(code)}${detail === null || detail === '' ? '' : ` (${detail})`}`);
    this.retriable = isRetriable(code);
    this.errorName = errorName(code);
  }
}

/** The connection could not be made, or ended before the answer came. Whether the request took effect is not known. */
export class ConnectionError extends ClientError {
  override readonly name = 'ConnectionError';
  override readonly retriable = true;
}

/** No answer in time. Whether the request took effect is not known. */
export class RequestTimeoutError extends ClientError {
  override readonly name = 'RequestTimeoutError';
  override readonly retriable = true;
}

/** Retries went on until the time for the whole operation was over; the cause is the last failure. */
export class OperationTimeoutError extends ClientError {
  override readonly name = 'OperationTimeoutError';
}

/** The broker has no version of the API that this client speaks, or not the one a feature needs. */
export class UnsupportedVersionError extends ClientError {
  override readonly name = 'UnsupportedVersionError';
}

/** Bytes that are no valid answer. The connection is closed. */
export class MalformedResponseError extends ClientError {
  override readonly name = 'MalformedResponseError';
}

/** The client was closed. */
export class ClientClosedError extends ClientError {
  override readonly name = 'ClientClosedError';
}

/** Arguments that cannot work, found before anything was sent. */
export class InvalidArgumentError extends ClientError {
  override readonly name = 'InvalidArgumentError';
}

/** @throws ProtocolError unless `code` is 0 */
export function throwIfError(code: number, subject: string, detail: string | null = null): void {
  if (code !== 0) throw new ProtocolError(code, subject, detail);
}

export function isRetriableError(error: unknown): boolean {
  return error instanceof ClientError && error.retriable;
}

export function hasCode(error: unknown, ...codes: readonly number[]): boolean {
  return error instanceof ProtocolError && codes.includes(error.code);
}
