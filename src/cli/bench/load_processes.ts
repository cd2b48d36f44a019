import { ClientError, ConnectionError } from '../../client/index.js';
import type { RunningProgram } from '../../common/ports/index.js';
import { ExitCode } from '../exit_codes.js';
import type { CliIo } from '../io.js';
import { linesOf } from './lines.js';
import type { LoadEvent, LoadPlan, LoadResult } from './load/plan.js';
import { stopProgram } from './servers/own_broker.js';

export interface LoadMoments {
  /** Before anything is started; what it throws is the end. */
  readonly begin: () => void;
  /** Every process is connected; the load begins when the promise is kept. */
  readonly ready: () => Promise<void>;
  /** The first process has begun to measure. */
  readonly measuring: () => void;
  /** Every process has ended its measured time. */
  readonly measured: () => void;
}

/** Runs the plans, a process each, all at once. @throws ClientError what one of them failed with */
export async function runLoadProcesses(
  io: CliIo,
  plans: readonly LoadPlan[],
  moments: LoadMoments,
): Promise<readonly LoadResult[]> {
  moments.begin();
  const programs = plans.map(() => io.programs.self(['bench', 'load']));
  const undo = io.onInterrupt(() => {
    for (const program of programs) program.kill('SIGTERM');
  });
  let ready = 0;
  let measuring = 0;
  let measured = 0;
  const onEvent = async (event: LoadEvent): Promise<void> => {
    if (event.event === 'ready') {
      ready += 1;
      if (ready < programs.length) return;
      await moments.ready();
      for (const program of programs) program.write('start\n');
    } else if (event.event === 'measuring') {
      measuring += 1;
      if (measuring === 1) moments.measuring();
    } else if (event.event === 'measured') {
      measured += 1;
      if (measured === programs.length) moments.measured();
    }
  };
  try {
    programs.forEach((program, index) => {
      program.write(`${JSON.stringify(plans[index])}\n`);
    });
    return await Promise.all(programs.map((program) => resultOf(program, onEvent)));
  } finally {
    undo();
    for (const program of programs) program.endInput();
    await Promise.all(programs.map((program) => stopProgram(io, program)));
  }
}

async function resultOf(program: RunningProgram, onEvent: (event: LoadEvent) => Promise<void>): Promise<LoadResult> {
  for await (const line of linesOf(program.output)) {
    const event = JSON.parse(line) as LoadEvent;
    if (event.event === 'result') return event.result;
    if (event.event === 'failed')
      throw event.exitCode === ExitCode.unreachable
        ? new ConnectionError(event.message)
        : new ClientError(event.message);
    await onEvent(event);
  }
  throw new ClientError(`a loading process ended without a result: ${program.lastErrors.trim() || 'it said nothing'}`);
}
