import type { Command } from 'commander';
import type { Surroundings } from '../../command.js';

/** A command that finds its own brokers, or needs none. */
export interface BenchCommand<O> {
  readonly name: string;
  readonly define: (command: Command) => Command;
  /** @throws UsageError when options make no sense together */
  readonly read: (command: Command) => O;
  readonly run: (options: O, surroundings: Surroundings) => Promise<void>;
}
