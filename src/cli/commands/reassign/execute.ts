import type { PartitionMove } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { UsageError } from '../../exit_codes.js';
import { reportOutcomes } from '../../outcomes.js';

export interface ReassignOptions {
  readonly moves: readonly PartitionMove[];
}

/** `topic-0=1,2,3` moves partition 0 of a topic to these brokers, the preferred leader first; to cancel, `topic-0`. */
export function executeReassignment(verb: 'execute' | 'cancel'): CliCommand<ReassignOptions> {
  return {
    name: verb,
    define: (command) =>
      verb === 'execute'
        ? command
            .description('move partitions; the first replica is to lead')
            .argument('<topic-partition=brokers...>', 'as in orders-0=1,2')
        : command.description('stop moves that are under way').argument('<topic-partition...>', 'as in orders-0'),
    read: (command) => ({ moves: command.args.map((text) => (verb === 'execute' ? moveOf(text) : cancelOf(text))) }),
    run: async ({ moves }, session) => {
      const outcomes = await session.admin.alterReassignments(moves);
      await reportOutcomes(session, outcomes, ({ name }) =>
        verb === 'execute' ? `${name} is where it should be, or on its way` : `the move of ${name} is cancelled`,
      );
    },
  };
}

function moveOf(text: string): PartitionMove {
  const [, partition, brokers] = /^([^=]+)=(\d+(?:,\d+)*)$/.exec(text) ?? [];
  if (partition === undefined || brokers === undefined)
    throw new UsageError(`"${text}" is no partition with its brokers, as in orders-0=1,2`);
  return { ...partitionOf(partition), replicas: brokers.split(',').map(Number) };
}

function cancelOf(text: string): PartitionMove {
  return { ...partitionOf(text), replicas: null };
}

/** @throws UsageError */
export function partitionOf(text: string): { readonly topic: string; readonly partition: number } {
  const [, topic, partition] = /^(.+)-(\d+)$/.exec(text) ?? [];
  if (topic === undefined) throw new UsageError(`"${text}" is no partition, as in orders-0`);
  return { topic, partition: Number(partition) };
}
