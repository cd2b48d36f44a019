import type { Command } from 'commander';
import { linesOf } from '../../bench/lines.js';
import { runLoad } from '../../bench/load/load.js';
import type { LoadEvent, LoadPlan } from '../../bench/load/plan.js';
import type { Surroundings } from '../../command.js';
import { InterruptedError, UsageError } from '../../exit_codes.js';
import { failureOf } from '../../failures.js';
import type { BenchCommand } from './bench_command.js';

/**
 * The loading half of the other bench commands, a process of its own so that measuring does not disturb it. Standard input: the plan
 * as one line of JSON, then `start`. Standard output: a {@link LoadEvent} a line. What fails is an event too: the process goes on until its input ends.
 */
export const load: BenchCommand<Record<string, never>> = {
  name: 'load',
  define: (command: Command): Command =>
    command.description('load a broker by a plan from standard input; the other bench commands run it'),
  read: (): Record<string, never> => ({}),
  run: async (_: Record<string, never>, { io }: Surroundings): Promise<void> => {
    const lines = linesOf(io.input)[Symbol.asyncIterator]();
    const plan = planOf((await lines.next()).value);
    // Events in the middle of the load are not waited for.
    const say = (event: LoadEvent): Promise<void> => io.output.write(`${JSON.stringify(event)}\n`);
    const started = signal();
    // Whoever started this process ended, or wants no more of it.
    const ended = started.promise.then(async (): Promise<never> => {
      await lines.next().catch(() => undefined);
      throw new InterruptedError('the input ended before the load did');
    });
    const loaded = runLoad(plan, io.environment, {
      ready: async () => {
        await say({ event: 'ready' });
        const { value } = await lines.next();
        if (value !== 'start') throw new InterruptedError('not started');
        started.resolve();
      },
      measuring: () => void say({ event: 'measuring' }).catch(() => undefined),
      measured: () => void say({ event: 'measured' }).catch(() => undefined),
    });
    try {
      await say({ event: 'result', result: await Promise.race([ended, loaded]) });
    } catch (error) {
      const { exitCode, message } = failureOf(error);
      await say({ event: 'failed', exitCode, message: message ?? 'the output was closed' });
    }
  },
};

function signal(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function planOf(line: unknown): LoadPlan {
  try {
    if (typeof line === 'string') return JSON.parse(line) as LoadPlan;
  } catch (error) {
    throw new UsageError('the plan is no JSON', { cause: error });
  }
  throw new UsageError('a plan is expected on standard input');
}
