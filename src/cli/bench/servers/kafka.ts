import { packageRoot } from '../../../env/package_root.js';
import type { CliIo } from '../../io.js';
import { linesOf } from '../lines.js';
import type { BenchServer } from './server.js';

/** What can be done about a reference that is not there. */
export class MissingReferenceError extends Error {
  override readonly name = 'MissingReferenceError';
}

const defaultKafkaVersion = '4.3.1';

/**
 * Starts Apache Kafka through the script `real-kafka`: `REAL_KAFKA`, or ../shared/tools/real-kafka beside the checkout.
 *
 * @throws MissingReferenceError with a sentence for the user
 */
export async function startKafka(io: CliIo, options: { readonly port: number }): Promise<BenchServer> {
  const path = io.variables.REAL_KAFKA ?? `${packageRoot()}/../shared/tools/real-kafka`;
  if ((await io.files.readFile(path).catch(() => undefined)) === undefined)
    throw new MissingReferenceError(
      `Apache Kafka cannot be started: there is no script at ${path}; set REAL_KAFKA to where real-kafka is, or start a Kafka yourself and name it with --against host:port=Kafka`,
    );
  const version = io.variables.KAFKA_VERSION ?? defaultKafkaVersion;
  const name = `millrace-bench-${options.port}`;
  const program = io.programs.run(path, ['start', `name=${name}`, `port=${options.port}`]);
  const undo = io.onInterrupt(() => program.kill('SIGTERM'));
  program.endInput();
  let ready: RegExpExecArray | null = null;
  for await (const line of linesOf(program.output)) ready ??= /^ready (\d+) (\d+) /.exec(line);
  await program.ended;
  undo();
  const wipe = async (): Promise<void> => {
    const wiping = io.programs.run(path, ['wipe', name]);
    wiping.endInput();
    await wiping.ended;
  };
  if (ready === null) {
    await wipe();
    throw new MissingReferenceError(`Apache Kafka did not start: ${program.lastErrors.trim() || 'it said nothing'}`);
  }
  return {
    name: `Kafka ${version}`,
    version,
    bootstrapServers: [{ host: '127.0.0.1', port: Number(ready[1]) }],
    pid: Number(ready[2]),
    metrics: undefined,
    notes: [
      `System calls and copied bytes of Kafka ${version} are left out: it does not count them.`,
      `Kafka ${version} was just started, and a JVM is slow until it has compiled what it runs: --warmup-seconds 10 or more shows it warm.`,
    ],
    troubles: () => [],
    close: wipe,
  };
}
