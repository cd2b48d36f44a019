import {
  ConnectionError,
  hasCode,
  isUnknownGroup,
  isUnknownTopic,
  OperationTimeoutError,
  ProtocolError,
  RequestTimeoutError,
} from '../client/index.js';
import { FileSystemError } from '../common/ports/index.js';
import { type ByteOutput, OutputClosedError } from '../env/index.js';
import { ExitCode, InterruptedError, NotFoundError, PartialFailure, UsageError } from './exit_codes.js';
import type { OutputFormat } from './report.js';

/** How an error ends the process, and what is said about it; no message when all has been said. */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly message: string | undefined;
  /** Kafka's name of the error code. */
  readonly errorName?: string;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof OutputClosedError) return { exitCode: ExitCode.ok, message: undefined };
  if (error instanceof PartialFailure) return { exitCode: error.exitCode, message: undefined };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) return { exitCode: ExitCode.usage, message };
  if (error instanceof InterruptedError) return { exitCode: ExitCode.interrupted, message };
  if (error instanceof NotFoundError) return { exitCode: ExitCode.notFound, message };
  if (error instanceof FileSystemError) return { exitCode: ExitCode.failed, message: fileMessage(error) };
  if (error instanceof ProtocolError)
    return { exitCode: exitCodeOf(error), message: sentenceOf(error), errorName: error.errorName };
  if (error instanceof OperationTimeoutError && error.cause instanceof ProtocolError)
    return { ...failureOf(error.cause), message };
  if (isUnreachable(error)) return { exitCode: ExitCode.unreachable, message };
  return { exitCode: ExitCode.failed, message };
}

/** Says on standard error what went wrong, in the format of the results. Returns the exit status. */
export async function reportFailure(error: unknown, format: OutputFormat, errors: ByteOutput): Promise<ExitCode> {
  const { exitCode, message, errorName } = failureOf(error);
  if (message !== undefined) {
    const document = { error: { message, ...(errorName === undefined ? {} : { code: errorName }) } };
    const text = format === 'json' ? JSON.stringify(document) : `millrace: ${message}`;
    await errors.write(`${text}\n`).catch(() => undefined);
  }
  return exitCode;
}

function isUnreachable(error: unknown): boolean {
  return (
    error instanceof ConnectionError || error instanceof RequestTimeoutError || error instanceof OperationTimeoutError
  );
}

function fileMessage(error: FileSystemError): string {
  if (error.operation === 'write') return `${error.path} cannot be written: ${error.code}`;
  return error.code === 'ENOENT'
    ? `the file ${error.path} does not exist`
    : `${error.path} cannot be read: ${error.code}`;
}

export function exitCodeOf(error: unknown): ExitCode {
  return isMissing(error) ? ExitCode.notFound : ExitCode.failed;
}

const topicExists = 36;
const logDirNotFound = 57;
const nonEmptyGroup = 68;
const subscribedToTopic = 86;
const resourceNotFound = 91;
const transactionalIdNotFound = 105;

function isMissing(error: unknown): boolean {
  if (isUnknownTopic(error) || isUnknownGroup(error)) return true;
  return (
    error instanceof ProtocolError && [resourceNotFound, transactionalIdNotFound].some((one) => hasCode(error, one))
  );
}

/** Kafka's code in words, where they say more. */
export function sentenceOf(error: ProtocolError): string {
  if (isMissing(error)) return `${error.subject} does not exist`;
  if (hasCode(error, logDirNotFound)) return `${error.subject}: the broker has no such log directory`;
  if (hasCode(error, topicExists)) return `${error.subject} exists already`;
  if (hasCode(error, nonEmptyGroup)) return `${error.subject} has members; stop them first`;
  if (hasCode(error, subscribedToTopic)) return `${error.subject}: members of the group read it; stop them first`;
  return error.message;
}

export function messageOf(error: Error): string {
  return error instanceof ProtocolError ? sentenceOf(error) : error.message;
}
