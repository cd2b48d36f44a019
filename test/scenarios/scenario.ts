import { parseDuration } from '../../src/common/duration.js';
import { ZERO_UUID } from '../../src/common/ids.js';
import type { DeleteGroupsResponse } from '../../src/protocol/api/delete_groups.js';
import type { DescribeGroupsResponse } from '../../src/protocol/api/describe_groups.js';
import type { HeartbeatResponse } from '../../src/protocol/api/heartbeat.js';
import type { JoinGroupResponse } from '../../src/protocol/api/join_group.js';
import type { LeaveGroupResponse } from '../../src/protocol/api/leave_group.js';
import type { ListGroupsResponse } from '../../src/protocol/api/list_groups.js';
import type { OffsetCommitResponse } from '../../src/protocol/api/offset_commit.js';
import type { OffsetDeleteResponse } from '../../src/protocol/api/offset_delete.js';
import type { OffsetFetchResponse } from '../../src/protocol/api/offset_fetch.js';
import type { SyncGroupResponse } from '../../src/protocol/api/sync_group.js';
import { ConsumerProtocolSubscription } from '../../src/protocol/data/consumer_protocol.js';
import { ErrorCode, errorName } from '../../src/protocol/errors.js';
import { Reader } from '../../src/protocol/reader.js';
import {
  GroupMetadataKey,
  GroupMetadataValue,
  OffsetCommitKey,
  OffsetCommitValue,
} from '../../src/protocol/records/group_classic.js';
import { Writer } from '../../src/protocol/writer.js';
import { type Body, type GroupDriver, recordsOf } from './drivers.js';

/**
 * Scenarios are conversations as text: a line `> command` and below it everything that happened because of it.
 *
 *   > join alice session=10s
 *   alice join: MEMBER_ID_REQUIRED member=m1
 *   record group g: Empty gen=0
 *
 * Replies show as they come, so one that a client has to wait for appears under the command that set it free. Member ids are
 * m1, m2, ... in the order in which they are first seen. `| ` lines at the top of a file set the coordinator's config.
 */
export interface Scenario {
  readonly config: Record<string, number>;
  readonly steps: ReadonlyArray<{ readonly before: string; readonly command: string; readonly expected: string }>;
  readonly trailer: string;
}

export function parseScenario(text: string): Scenario {
  const config: Record<string, number> = {};
  const steps: Array<{ before: string; command: string; expected: string }> = [];
  let before = '';
  let expected: string[] | undefined;
  const finish = (): void => {
    const last = steps.at(-1);
    if (last !== undefined && expected !== undefined) last.expected = expected.join('\n');
    expected = undefined;
  };
  for (const line of text.split('\n')) {
    if (line.startsWith('> ')) {
      finish();
      steps.push({ before, command: line.slice(2), expected: '' });
      before = '';
      expected = [];
    } else if (expected !== undefined && line !== '' && !line.startsWith('#')) expected.push(line);
    else {
      finish();
      const setting = /^\| (\w+)=(\S+)$/.exec(line);
      if (setting !== null) config[setting[1] ?? ''] = Number(setting[2]);
      before += `${line}\n`;
    }
  }
  finish();
  return { config, steps, trailer: before };
}

export function printScenario(scenario: Scenario, actual: readonly string[]): string {
  const blocks = scenario.steps.map(({ before, command }, i) => {
    const output = actual[i] ?? '';
    return `${before}> ${command}\n${output === '' ? '' : `${output}\n`}`;
  });
  return blocks.join('') + scenario.trailer.replace(/\n$/, '');
}

type FetchedOffset = Pick<
  OffsetFetchResponse['groups'][number]['topics'][number]['partitions'][number],
  'committedOffset' | 'committedLeaderEpoch' | 'metadata' | 'errorCode'
>;

interface Client {
  memberId: string;
  generation: number;
  group: string;
}

/** Runs the commands one after the other; gives the output of each. */
export class ScenarioRunner {
  private readonly clients = new Map<string, Client>();
  private readonly memberNames = new Map<string, string>();
  private lines: string[] = [];
  private seenBatches = 0;
  private readonly waiting = new Set<string>();

  constructor(
    private readonly driver: GroupDriver,
    /** Put before group names, so that scenarios do not meet on a broker they share. */
    private readonly prefix = '',
  ) {}

  async run(command: string): Promise<string> {
    this.lines = [];
    const [verb = '', ...words] = command.split(/\s+/);
    const options = new Map<string, string>();
    const names: string[] = [];
    for (const word of words) {
      const at = word.indexOf('=');
      if (at < 0) names.push(word);
      else options.set(word.slice(0, at), word.slice(at + 1));
    }
    await this.perform(verb, names, options);
    await this.driver.settle();
    this.showRecords();
    return this.lines.join('\n');
  }

  private async perform(verb: string, names: string[], options: Map<string, string>): Promise<void> {
    const [first = ''] = names;
    switch (verb) {
      case 'join':
        return this.send(first, 'JoinGroup', this.join(first, options), options, 9);
      case 'sync':
        return this.send(first, 'SyncGroup', this.sync(first, options), options, 5);
      case 'heartbeat':
        return this.send(first, 'Heartbeat', this.member(first, options), options, 4);
      case 'leave':
        return this.send(first, 'LeaveGroup', this.leave(first, options), options, 5);
      case 'commit':
        return this.send(first, 'OffsetCommit', this.commit(first, names.slice(1), options), options, 9);
      case 'fetch':
        return this.send(first, 'OffsetFetch', this.fetch(names, options), options, 9);
      case 'delete-offsets':
        return this.send('admin', 'OffsetDelete', this.deleteOffsets(names), options, 0);
      case 'list':
        return this.send('admin', 'ListGroups', this.list(options), options, 5);
      case 'describe': {
        const groups = names.map((name) => this.prefix + name);
        return this.send('admin', 'DescribeGroups', { groups }, options, 6);
      }
      case 'delete-groups':
        return this.send(
          'admin',
          'DeleteGroups',
          { groupsNames: names.map((name) => (name === '-' ? '' : this.prefix + name)) },
          options,
          2,
        );
      case 'advance':
        return this.driver.advance(parseDuration(first));
      case 'add-topic':
        return this.driver.topics.add(first, Number(options.get('partitions') ?? 1));
      case 'remove-topic':
        return this.driver.topics.remove(first);
      default:
        return this.performInside(verb, first);
    }
  }

  private async performInside(verb: string, argument: string): Promise<void> {
    const { inside } = this.driver;
    if (inside === undefined) throw new Error(`${verb} needs our own coordinator`);
    switch (verb) {
      case 'restart':
        return inside.restart();
      case 'stop':
        return inside.coordinator.stopPartition(0);
      case 'hold-commits':
        inside.log.held = true;
        return;
      case 'release-commits':
        return inside.log.release();
      case 'fail-appends':
        inside.log.failWith = ErrorCode[argument as keyof typeof ErrorCode];
        return;
      case 'heal-appends':
        inside.log.failWith = undefined;
        return;
      case 'limit-batch':
        inside.log.maxBatchBytes = Number(argument);
        return;
      case 'timers':
        this.lines.push(`timers: ${inside.coordinator.statistics().timers}`);
        return;
      default:
        throw new Error(`no command ${verb}`);
    }
  }

  private async send(
    client: string,
    api: string,
    body: Body,
    options: Map<string, string>,
    latest: number,
  ): Promise<void> {
    const version = Number(options.get('v') ?? latest);
    const verb = verbs[api] ?? api;
    const label = `${client} ${verb}`;
    this.waiting.add(label);
    const answered = this.driver.call(client, api, version, body).then((response) => {
      this.waiting.delete(label);
      this.remember(client, api, response, body);
      const shown = this.show(api, response);
      this.lines.push(...(shown.length === 0 ? [`${label}: nothing`] : shown.map((line) => `${label}: ${line}`)));
    });
    answered.catch((error: unknown) => this.lines.push(`${label}: failed: ${String(error)}`));
    await this.driver.settle();
    if (this.waiting.has(label)) this.lines.unshift(`(${client} waits)`);
  }

  private client(name: string): Client {
    const known = this.clients.get(name) ?? { memberId: '', generation: -1, group: 'g' };
    this.clients.set(name, known);
    return known;
  }

  private remember(name: string, api: string, response: Body, body: Body): void {
    if (api === 'LeaveGroup') this.client(name).memberId = '';
    if (api !== 'JoinGroup') return;
    const client = this.client(name);
    const error = response.errorCode;
    if (error === ErrorCode.NONE) client.generation = response.generationId as number;
    if (error === ErrorCode.NONE || error === ErrorCode.MEMBER_ID_REQUIRED) {
      client.memberId = response.memberId as string;
      client.group = (body.groupId as string).slice(this.prefix.length);
    }
  }

  private memberName(memberId: string): string {
    if (memberId === '') return '-';
    // Ids that the scenario made up itself.
    if (!/-[0-9a-f]{8}-/.test(memberId)) return memberId;
    const known = this.memberNames.get(memberId) ?? `m${this.memberNames.size + 1}`;
    this.memberNames.set(memberId, known);
    return known;
  }

  private memberId(name: string): string {
    if (name === '-') return '';
    for (const [memberId, known] of this.memberNames) if (known === name) return memberId;
    return name;
  }

  private group(options: Map<string, string>, client?: string): string {
    const fallback = client === undefined ? 'g' : this.client(client).group;
    const name = options.get('group') ?? fallback;
    return name === '-' ? '' : this.prefix + name;
  }

  private member(client: string, options: Map<string, string>): Body {
    const { memberId, generation } = this.client(client);
    const named = options.get('member');
    return {
      groupId: this.group(options, client),
      memberId: named === undefined ? memberId : this.memberId(named),
      generationId: Number(options.get('gen') ?? generation),
      ...(options.has('instance') ? { groupInstanceId: options.get('instance') } : {}),
    };
  }

  private join(client: string, options: Map<string, string>): Body {
    const protocols = (options.get('protocols') ?? 'range:t').split('|').filter((text) => text !== '');
    const { generationId: _, ...member } = this.member(client, options);
    return {
      ...member,
      sessionTimeoutMs: parseDuration(options.get('session') ?? '10s'),
      rebalanceTimeoutMs: parseDuration(options.get('rebalance') ?? '5s'),
      protocolType: options.get('type') ?? 'consumer',
      protocols: protocols.map((text) => {
        const [name = '', topics = ''] = text.split(':');
        return { name, metadata: subscription(topics.split(',').filter((topic) => topic !== '')) };
      }),
      ...(options.has('reason') ? { reason: options.get('reason') } : {}),
    };
  }

  private sync(client: string, options: Map<string, string>): Body {
    const assignments = (options.get('assign') ?? '').split(';').filter((text) => text !== '');
    const version = Number(options.get('v') ?? 5);
    return {
      ...this.member(client, options),
      ...(version >= 5
        ? {
            protocolType: options.get('type') ?? 'consumer',
            protocolName: options.get('protocol') === '-' ? null : (options.get('protocol') ?? 'range'),
          }
        : {}),
      assignments: assignments.map((text) => {
        const [member = '', assignment = ''] = text.split(':');
        return { memberId: this.memberId(member), assignment: Buffer.from(assignment) };
      }),
    };
  }

  private leave(client: string, options: Map<string, string>): Body {
    const groupId = this.group(options, client);
    const { memberId } = this.member(client, options);
    if (Number(options.get('v') ?? 5) < 3) return { groupId, memberId };
    const named = options.get('members')?.split(',');
    const members = named?.map((text) => {
      const [member = '', instance] = text.split('@');
      return { memberId: this.memberId(member), groupInstanceId: instance ?? null };
    });
    const reason = options.get('reason');
    const self = {
      memberId,
      groupInstanceId: options.get('instance') ?? null,
      ...(reason === undefined ? {} : { reason }),
    };
    return { groupId, members: members ?? [self] };
  }

  /** `t/0=5`, `t/0=5@3:metadata`. */
  private commit(client: string, offsets: string[], options: Map<string, string>): Body {
    const version = Number(options.get('v') ?? 9);
    const { generationId, ...member } = this.member(client, options);
    const topics = new Map<string, Body[]>();
    for (const text of [
      ...offsets,
      ...[...options].filter(([key]) => key.includes('/')).map(([k, v]) => `${k}=${v}`),
    ]) {
      const [, topic = '', partition, offset, , epoch, , metadata] =
        /^([^/]+)\/(\d+)=(-?\d+)(@(\d+))?(:(.*))?$/.exec(text) ?? [];
      const entry = {
        partitionIndex: Number(partition),
        committedOffset: Number(offset),
        committedMetadata:
          metadata === undefined ? null : metadata.replace(/\*(\d+)$/, (_, n: string) => 'x'.repeat(Number(n))),
        ...(epoch === undefined ? {} : { committedLeaderEpoch: Number(epoch) }),
      };
      topics.set(topic, [...(topics.get(topic) ?? []), entry]);
    }
    const retention = options.get('retention');
    return {
      ...member,
      generationIdOrMemberEpoch: generationId,
      topics: [...topics].map(([name, partitions]) => ({ ...this.topic(name, version >= 10), partitions })),
      ...(retention === undefined ? {} : { retentionTimeMs: parseDuration(retention) }),
    };
  }

  private topic(name: string, byId: boolean): Body {
    return byId ? { topicId: this.driver.topics.idOf(name) } : { name };
  }

  private fetch([, ...wanted]: string[], options: Map<string, string>): Body {
    const version = Number(options.get('v') ?? 9);
    const topics = new Map<string, number[]>();
    for (const text of wanted) {
      const [topic = '', partition = '0'] = text.split('/');
      topics.set(topic, [...(topics.get(topic) ?? []), Number(partition)]);
    }
    const list = [...topics].map(([name, partitionIndexes]) => ({
      ...this.topic(name, version >= 10),
      partitionIndexes,
    }));
    const requested = wanted.length === 0 ? null : list;
    const stable = options.has('stable') ? { requireStable: true } : {};
    if (version < 8) return { groupId: this.group(options), topics: requested, ...stable };
    const groups = (options.get('groups') ?? options.get('group') ?? 'g').split(',');
    return {
      groups: groups.map((name) => ({ groupId: name === '-' ? '' : this.prefix + name, topics: requested })),
      ...stable,
    };
  }

  private deleteOffsets([group = '', ...wanted]: string[]): Body {
    const topics = new Map<string, Body[]>();
    for (const text of wanted) {
      const [topic = '', partition] = text.split('/');
      topics.set(topic, [...(topics.get(topic) ?? []), { partitionIndex: Number(partition) }]);
    }
    const groupId = group === '-' ? '' : this.prefix + group;
    return { groupId, topics: [...topics].map(([name, partitions]) => ({ name, partitions })) };
  }

  private list(options: Map<string, string>): Body {
    const version = Number(options.get('v') ?? 5);
    const filter = (name: string): string[] => (options.get(name) ?? '').split(',').filter((text) => text !== '');
    return {
      ...(version >= 4 ? { statesFilter: filter('states') } : {}),
      ...(version >= 5 ? { typesFilter: filter('types') } : {}),
    };
  }

  private show(api: string, response: unknown): string[] {
    switch (api) {
      case 'JoinGroup':
        return [this.showJoin(response as JoinGroupResponse)];
      case 'SyncGroup':
        return [this.showSync(response as SyncGroupResponse)];
      case 'Heartbeat':
        return [errorName((response as HeartbeatResponse).errorCode)];
      case 'LeaveGroup': {
        const { errorCode, members } = response as LeaveGroupResponse;
        return [
          [
            errorName(errorCode),
            ...members.map((member) => `${this.named(member)}=${errorName(member.errorCode)}`),
          ].join(' '),
        ];
      }
      case 'OffsetCommit': {
        const { topics } = response as OffsetCommitResponse;
        return [this.partitionErrors(topics).join(' ') || 'nothing'];
      }
      case 'OffsetDelete': {
        const { errorCode, topics } = response as OffsetDeleteResponse;
        const named = topics.map((topic) => ({ ...topic, topicId: ZERO_UUID }));
        return [[errorName(errorCode), ...this.partitionErrors(named)].join(' ')];
      }
      case 'OffsetFetch':
        return this.showFetch(response as OffsetFetchResponse);
      case 'ListGroups': {
        const { errorCode, groups } = response as ListGroupsResponse;
        const ours = groups.filter((group) => group.groupId.startsWith(this.prefix));
        const lines = ours.map((g) =>
          [this.strip(g.groupId), g.protocolType || '-', g.groupState || '?', g.groupType || '?'].join(' '),
        );
        return [errorName(errorCode), ...lines.sort()];
      }
      case 'DescribeGroups':
        return (response as DescribeGroupsResponse).groups.map((group) => this.showGroup(group)).sort();
      case 'DeleteGroups': {
        const { results } = response as DeleteGroupsResponse;
        return [
          results
            .map((result) => `${this.strip(result.groupId)}=${errorName(result.errorCode)}`)
            .sort()
            .join(' '),
        ];
      }
      default:
        return [JSON.stringify(response)];
    }
  }

  private strip(groupId: string): string {
    return groupId.slice(this.prefix.length) || '-';
  }

  private named(member: { readonly memberId: string; readonly groupInstanceId: string | null }): string {
    return this.memberName(member.memberId) + (member.groupInstanceId === null ? '' : `@${member.groupInstanceId}`);
  }

  private topicName({ name, topicId }: { readonly name: string; readonly topicId: string }): string {
    return name !== '' ? name : (['t', 'u', 'w'].find((known) => this.driver.topics.idOf(known) === topicId) ?? '?');
  }

  private showJoin(response: JoinGroupResponse): string {
    const error = errorName(response.errorCode);
    if (response.errorCode !== ErrorCode.NONE) return `${error} member=${this.memberName(response.memberId)}`;
    const members = response.members.map((member) => this.named(member)).sort();
    return [
      `${error} gen=${response.generationId} ${response.protocolType ?? '?'}/${response.protocolName ?? '?'}`,
      `member=${this.memberName(response.memberId)} leader=${this.memberName(response.leader)}`,
      ...(members.length > 0 ? [`members=${members.join(',')}`] : []),
      ...(response.skipAssignment ? ['skip-assignment'] : []),
    ].join(' ');
  }

  private showSync(response: SyncGroupResponse): string {
    const error = errorName(response.errorCode);
    if (response.errorCode !== ErrorCode.NONE) return error;
    const assignment = Buffer.from(response.assignment).toString() || '-';
    return `${error} ${response.protocolType ?? '?'}/${response.protocolName ?? '?'} assignment=${assignment}`;
  }

  private partitionErrors(topics: OffsetCommitResponse['topics']): string[] {
    return topics
      .flatMap((topic) =>
        topic.partitions.map((p) => `${this.topicName(topic)}/${p.partitionIndex}=${errorName(p.errorCode)}`),
      )
      .sort();
  }

  private showFetch({ groups, errorCode, topics }: OffsetFetchResponse): string[] {
    const line = (error: number, found: OffsetFetchResponse['groups'][number]['topics']): string => {
      const partitions = found.flatMap((topic) =>
        topic.partitions.map((p) => `${this.topicName(topic)}/${p.partitionIndex}=${this.fetched(p)}`),
      );
      return [errorName(error), ...partitions.sort()].join(' ');
    };
    if (groups.length > 0)
      return groups.map((group) => `${this.strip(group.groupId)}: ${line(group.errorCode, group.topics)}`);
    return [
      line(
        errorCode,
        topics.map((topic) => ({ ...topic, topicId: ZERO_UUID })),
      ),
    ];
  }

  private showGroup(group: DescribeGroupsResponse['groups'][number]): string {
    const members = group.members.map((member) => {
      const assignment = Buffer.from(member.memberAssignment).toString() || '-';
      const about = `${member.clientId} ${member.clientHost} ${member.memberMetadata.length}B ${assignment}`;
      return `${this.memberName(member.memberId)}(${about})`;
    });
    return [
      `${this.strip(group.groupId)} ${errorName(group.errorCode)} ${group.groupState || '-'}`,
      `${group.protocolType || '-'}/${group.protocolData || '-'}`,
      ...members.sort(),
    ].join(' ');
  }

  private fetched(partition: FetchedOffset): string {
    const { committedOffset, committedLeaderEpoch, metadata, errorCode } = partition;
    const epoch = committedLeaderEpoch === -1 ? '' : `@${committedLeaderEpoch}`;
    const note = metadata === '' || metadata === null ? '' : `:${metadata}`;
    const error = errorCode === 0 ? '' : `(${errorName(errorCode)})`;
    return `${committedOffset}${epoch}${note}${error}`;
  }

  private showRecords(): void {
    const log = this.driver.inside?.log;
    if (log === undefined) return;
    const batches = recordsOf(log, this.seenBatches);
    this.seenBatches = log.batches.length;
    for (const batch of batches)
      for (const record of batch) this.lines.push(`record ${this.showRecord(record.key, record.value)}`);
  }

  private showRecord(key: Uint8Array, value: Uint8Array | null): string {
    const reader = new Reader(key);
    if (reader.int16() === GroupMetadataKey.key) {
      const { group } = GroupMetadataKey.decode(reader, 0);
      if (value === null) return `group ${group}: tombstone`;
      const values = new Reader(value);
      const version = values.int16();
      const { generation, protocolType, protocol, leader, members } = GroupMetadataValue.decode(values, version);
      const state = `gen=${generation} ${protocolType || '-'}/${protocol ?? '-'} leader=${this.memberName(leader ?? '')}`;
      const shown = members.map((m) => `${this.memberName(m.memberId)}:${Buffer.from(m.assignment).toString() || '-'}`);
      return [`group ${group}: v${version} ${state}`, ...shown].join(' ');
    }
    const { group, topic, partition } = OffsetCommitKey.decode(reader, 0);
    if (value === null) return `offset ${group} ${topic}/${partition}: tombstone`;
    const values = new Reader(value);
    const version = values.int16();
    const { offset, leaderEpoch, metadata } = OffsetCommitValue.decode(values, version);
    return `offset ${group} ${topic}/${partition}: v${version} ${this.fetched({ committedOffset: offset, committedLeaderEpoch: leaderEpoch, metadata, errorCode: 0 })}`;
  }
}

const verbs: Record<string, string> = {
  JoinGroup: 'join',
  SyncGroup: 'sync',
  Heartbeat: 'heartbeat',
  LeaveGroup: 'leave',
  OffsetCommit: 'commit',
  OffsetFetch: 'fetch',
  OffsetDelete: 'delete-offsets',
  ListGroups: 'list',
  DescribeGroups: 'describe',
  DeleteGroups: 'delete-groups',
};

function subscription(topics: string[]): Uint8Array {
  const writer = new Writer();
  writer.int16(0);
  ConsumerProtocolSubscription.encode(writer, 0, { topics });
  return Buffer.from(writer.bytes());
}
