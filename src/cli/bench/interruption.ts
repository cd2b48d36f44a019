import { InterruptedError } from '../exit_codes.js';
import type { CliIo } from '../io.js';

/** Whether a signal asked to stop; what runs then ends in an orderly way, so that brokers and topics of the bench go too. */
export interface Interruption {
  /** @throws InterruptedError once a signal came */
  check(): void;
  end(): void;
}

export function watchInterruption(io: CliIo): Interruption {
  let interrupted = false;
  const undo = io.onInterrupt(() => {
    interrupted = true;
  });
  return {
    end: undo,
    check: () => {
      if (interrupted) throw new InterruptedError('stopped before the measurement was done');
    },
  };
}
