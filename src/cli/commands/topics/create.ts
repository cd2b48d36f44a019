import { hasCode } from '../../../client/index.js';
import { ErrorCode } from '../../../protocol/errors.js';
import type { CliCommand } from '../../command.js';
import { reportOutcomes } from '../../outcomes.js';
import { assignment, positiveInteger } from '../../values.js';

export interface CreateTopicsOptions {
  readonly names: readonly string[];
  /** Left out: the broker's defaults. */
  readonly partitions: number | undefined;
  readonly replicationFactor: number | undefined;
  readonly configs: Readonly<Record<string, string>>;
  readonly ifNotExists: boolean;
  readonly validateOnly: boolean;
}

interface Flags {
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly config?: Readonly<Record<string, string>>;
  readonly ifNotExists?: boolean;
  readonly validateOnly?: boolean;
}

export const createTopics: CliCommand<CreateTopicsOptions> = {
  name: 'create',
  define: (command) =>
    command
      .description('create topics')
      .argument('<topic...>', 'names')
      .option('-p, --partitions <count>', "partitions of each (default: the broker's num.partitions)", positiveInteger)
      .option('-r, --replication-factor <count>', "replicas of each partition (default: the broker's)", positiveInteger)
      .option('-c, --config <name=value>', 'a topic config, may be repeated', assignment)
      .option('--if-not-exists', 'leave topics that exist as they are')
      .option('--validate-only', 'check everything, create nothing'),
  read: (command) => {
    const flags = command.opts<Flags>();
    return {
      names: command.args,
      partitions: flags.partitions,
      replicationFactor: flags.replicationFactor,
      configs: flags.config ?? {},
      ifNotExists: flags.ifNotExists ?? false,
      validateOnly: flags.validateOnly ?? false,
    };
  },
  run: async (options, session) => {
    const { names, partitions, replicationFactor, configs, ifNotExists, validateOnly } = options;
    const topics = names.map((name) => ({
      name,
      configs,
      ...(partitions === undefined ? {} : { numPartitions: partitions }),
      ...(replicationFactor === undefined ? {} : { replicationFactor }),
    }));
    const outcomes = await session.admin.createTopics(topics, { validateOnly });
    const created = outcomes.filter((one) => one.error === undefined).map((one) => one.name);
    if (!validateOnly && created.length > 0) await session.admin.awaitTopics(created);
    const accepted = outcomes.map((one) =>
      ifNotExists && hasCode(one.error, ErrorCode.TOPIC_ALREADY_EXISTS)
        ? { ...one, error: undefined, existed: true }
        : { ...one, existed: false },
    );
    await reportOutcomes(
      session,
      accepted,
      (one) => {
        if (one.existed) return `topic ${one.name} exists already`;
        const size = one.numPartitions > 0 ? ` with ${one.numPartitions} partition(s)` : '';
        return `${validateOnly ? 'would create' : 'created'} topic ${one.name}${size}`;
      },
      (one) => ({
        created: !one.existed && !validateOnly,
        topicId: one.existed ? null : (one.topicId ?? null),
        partitions: one.existed ? null : one.numPartitions,
        replicationFactor: one.existed ? null : one.replicationFactor,
      }),
    );
  },
};
