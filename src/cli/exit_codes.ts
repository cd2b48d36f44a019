/** What the process tells its caller. */
export const ExitCode = {
  ok: 0,
  /** The cluster refused, or something failed. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** A topic, partition, group, broker, user or transaction that was named does not exist. */
  notFound: 3,
  /** The cluster could not be reached, or did not answer in time. */
  unreachable: 4,
  /** Stopped by a signal before it was done. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export const exitCodeHelp = `
Exit status:
  0  done
  1  the cluster refused, or something failed
  2  wrong usage
  3  a topic, partition, group, broker, user or transaction that was named does not exist
  4  the cluster could not be reached, or did not answer in time
  130  stopped by a signal before it was done`;

/** Arguments that make no sense together; shown with the way to the command's help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something that was named does not exist. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

/** Stopped by a signal. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** Some of several things failed; each has been reported. */
export class PartialFailure extends Error {
  override readonly name = 'PartialFailure';
  constructor(readonly exitCode: ExitCode) {
    super('not everything succeeded');
  }
}
