import type { Outcome } from '../client/index.js';
import { ExitCode, PartialFailure } from './exit_codes.js';
import { exitCodeOf, messageOf } from './failures.js';
import type { Session } from './session.js';

/**
 * Prints one line (or JSON object) for each of several things that were asked for.
 *
 * @throws PartialFailure when one of them failed: not found only if that is all that went wrong
 */
export async function reportOutcomes<T extends Outcome>(
  session: Session,
  outcomes: readonly T[],
  done: (outcome: T) => string,
  fields: (outcome: T) => Readonly<Record<string, unknown>> = () => ({}),
): Promise<void> {
  const { report } = session;
  await report.result(
    outcomes.map((outcome) => ({
      name: outcome.name,
      ...(outcome.error === undefined
        ? { ok: true, ...fields(outcome) }
        : { ok: false, error: messageOf(outcome.error) }),
    })),
    async () => {
      for (const outcome of outcomes) if (outcome.error === undefined) await report.line(done(outcome));
    },
  );
  const failed = outcomes.flatMap(({ error }) => (error === undefined ? [] : [error]));
  if (failed.length === 0) return;
  if (!report.isJson) for (const error of failed) await report.note(`millrace: ${messageOf(error)}`);
  const allMissing = failed.every((error) => exitCodeOf(error) === ExitCode.notFound);
  throw new PartialFailure(allMissing ? ExitCode.notFound : ExitCode.failed);
}
