import { noAcls } from './acls.js';
import { authorized } from './authorized.js';
import { features } from './features.js';
import { groupConfigSettings, groupConfigs } from './group_configs.js';
import { classicOnly, groupTopics } from './group_topics.js';
import { hints } from './hints.js';
import { session } from './index.js';
import { leaders } from './leaders.js';
import { little } from './little.js';
import { quorum } from './quorum.js';
import { quotas } from './quotas.js';
import { resources } from './resources.js';
import { scram } from './scram.js';
import type { Step } from './step.js';
import { streamsGroups } from './streams_groups.js';
import { sasl, telemetry } from './telemetry.js';
import { tokens } from './tokens.js';

/** Steps that one broker is asked in a row, and what both brokers are started with. Kafka's answers are in `golden`. */
export interface Conversation {
  readonly name: string;
  readonly golden: string;
  readonly steps: readonly Step[];
  readonly settings: Readonly<Record<string, string | number>>;
}

/** So that it takes seconds. */
const quick = {
  'offsets.topic.num.partitions': 1,
  'offsets.topic.replication.factor': 1,
  'transaction.state.log.num.partitions': 1,
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 100,
};

/** The first is played to Kafka with eligible leader replicas switched off (record-session), the others as Kafka is set up. */
export const conversations: readonly Conversation[] = [
  { name: 'main', golden: 'kafka-4.3.1.json', steps: session, settings: quick },
  {
    name: 'admin',
    golden: 'kafka-4.3.1-admin.json',
    steps: [...leaders, ...hints, ...quorum, ...tokens, ...scram, ...quotas, ...resources, ...noAcls, ...features],
    settings: quick,
  },
  {
    name: 'authorized',
    golden: 'kafka-4.3.1-authorized.json',
    steps: authorized,
    settings: {
      ...quick,
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'allow.everyone.if.no.acl.found': 'true',
    },
  },
  { name: 'telemetry', golden: 'kafka-4.3.1-telemetry.json', steps: [...sasl, ...telemetry], settings: quick },
  {
    name: 'group-topics',
    golden: 'kafka-4.3.1-group-topics.json',
    steps: groupTopics,
    settings: {
      ...quick,
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'allow.everyone.if.no.acl.found': 'true',
    },
  },
  {
    name: 'classic-only',
    golden: 'kafka-4.3.1-classic-only.json',
    steps: classicOnly,
    settings: { ...quick, 'group.coordinator.rebalance.protocols': 'classic' },
  },
  {
    name: 'group-configs',
    golden: 'kafka-4.3.1-group-configs.json',
    steps: groupConfigs,
    settings: { ...quick, ...groupConfigSettings },
  },
  { name: 'little', golden: 'kafka-4.3.1-little.json', steps: little, settings: quick },
  { name: 'streams', golden: 'kafka-4.3.1-streams.json', steps: streamsGroups, settings: quick },
];
