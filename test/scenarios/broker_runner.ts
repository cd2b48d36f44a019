import { parseDuration } from '../../src/common/duration.js';
import { ZERO_UUID } from '../../src/common/ids.js';
import { ErrorCode, errorName } from '../../src/protocol/errors.js';
import { type Body, Connections, coordinatorsThere } from '../compat/coordinators/connection.js';
import { topicIds } from '../compat/coordinators/topics.js';
import { type Command, type Commands, parseCommand } from './broker_command.js';
import { consumerCommands } from './commands/consumer.js';
import { shareCommands } from './commands/share.js';
import { transactionCommands } from './commands/transactions.js';

/** A whole broker that scenarios are played to: ours in virtual time, or any other at a port in real time. */
export interface ScenarioBroker {
  readonly port: number;
  advance(durationMs: number): Promise<void>;
  /** A topic was made: time for all parts of the broker to know it. */
  settle(): Promise<void>;
  /** Stops it and starts it again, on a port that may be another one. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** What commands work with. */
export class Stage {
  on: Connections;
  /** What is known of each member, producer and session, by name. */
  readonly actors = new Map<string, Body>();
  /** Of topics, by name. */
  private ids: ReadonlyMap<string, string> = new Map();

  constructor(
    readonly broker: ScenarioBroker,
    /** Put before the names of groups and transactional ids, so that scenarios do not meet on a broker they share. */
    readonly prefix: string,
  ) {
    this.on = new Connections(broker.port);
  }

  actor(name: string): Body {
    const known = this.actors.get(name) ?? {};
    this.actors.set(name, known);
    return known;
  }

  topic(name: string): string {
    return this.prefix + name;
  }

  async learnTopics(): Promise<void> {
    this.ids = await topicIds(this.on);
  }

  async topicId(name: string): Promise<string> {
    await this.learnTopics();
    return this.ids.get(this.topic(name)) ?? ZERO_UUID;
  }

  nameOf(topicId: unknown): string {
    return this.short([...this.ids].find(([, id]) => id === topicId)?.[0] ?? '?');
  }

  short(name: string): string {
    return name.startsWith(this.prefix) ? name.slice(this.prefix.length) : name;
  }
}

const errorOf = (answer: Body): string => errorName(Number(answer.errorCode));

/** `NONE` shows as nothing: an answer without an error says something else. */
export function withError(answer: Body, ...said: ReadonlyArray<string | undefined>): string {
  const error = answer.errorCode === ErrorCode.NONE || answer.errorCode === undefined ? [] : [errorOf(answer)];
  return [...error, ...said.filter((one) => one !== undefined && one !== '')].join(' ') || 'done';
}

const general: Commands = {
  topic: async ({ first, options }, stage) => {
    const name = stage.topic(first);
    const topic = { name, numPartitions: Number(options.get('partitions') ?? 1), replicationFactor: 1, configs: [] };
    await stage.on.until('admin', 'CreateTopics', 7, { topics: [topic], timeoutMs: 5000 });
    await stage.on.until('admin', 'Metadata', 12, { topics: [{ name }] });
    await stage.broker.settle();
    return [];
  },
  'delete-topic': async ({ first }, stage) => {
    await stage.on.until('admin', 'DeleteTopics', 5, { topicNames: [stage.topic(first)], timeoutMs: 5000 });
    return [];
  },
  config: async ({ first, options }, stage) => {
    const configs = [...options].map(([name, value]) => ({ name, value, configOperation: 0 }));
    const resources = [{ resourceType: 32, resourceName: stage.topic(first), configs }];
    await stage.on.until('admin', 'IncrementalAlterConfigs', 1, { resources, validateOnly: false });
    return [];
  },
  advance: async ({ first }, stage) => {
    await stage.broker.advance(parseDuration(first));
    return [];
  },
  restart: async (_command, stage) => {
    await stage.on.close();
    await stage.broker.restart();
    stage.on = new Connections(stage.broker.port);
    await coordinatorsThere(stage.on);
    return [];
  },
  list: async (_command, stage) => {
    const answer = await stage.on.until('admin', 'ListGroups', 5, { statesFilter: [], typesFilter: [] });
    const groups = answer.groups as Array<{ groupId: string; groupType: string; groupState: string }>;
    const own = groups.filter(({ groupId }) => groupId.startsWith(stage.prefix));
    return own.map(({ groupId, groupType, groupState }) => `${stage.short(groupId)} ${groupType} ${groupState}`).sort();
  },
};

const all: Commands = { ...general, ...consumerCommands, ...shareCommands, ...transactionCommands };

/** `command settled`: again and again until it says what is wanted, for what a broker does in the background. */
async function settled(run: () => Promise<string[]>, wanted: (said: string) => boolean): Promise<string[]> {
  for (let left = 10_000; ; left -= 20) {
    const said = await run();
    if (wanted(said.join('\n')) || left <= 0) return said;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Runs one command; what it says, line by line. */
export async function runCommand(text: string, stage: Stage): Promise<string> {
  const command: Command = parseCommand(text);
  const run = all[command.verb];
  if (run === undefined) throw new Error(`no command ${command.verb}`);
  await stage.learnTopics();
  if (!command.names.includes('settled')) return (await run(command, stage)).join('\n');
  return (
    await settled(
      () => run(command, stage),
      (said) => /[/_x]\d/.test(said),
    )
  ).join('\n');
}
