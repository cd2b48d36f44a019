import { ConsumerMember, StreamsMember, settle } from './beats.js';
import { commit, formGroup } from './classic.js';
import type { Connections } from './connection.js';

const to = (...names: string[]): object => ({ subscribedTopicNames: names });

/** Groups of the consumer protocol: stable, by pattern, in the middle of a rebalance, empty, migrated. */
export async function buildConsumerGroups(on: Connections): Promise<void> {
  const member = (group: string, id: string, wants: object) => new ConsumerMember(on, group, id, wants);
  const s1 = member('modern-stable', 's1', { ...to('a'), rackId: 'rack' });
  const s2 = member('modern-stable', 's2', { ...to('a', 'b'), instanceId: 'instance', serverAssignor: 'range' });
  await settle(s1, s2);
  await commit(on, 'modern-stable', {
    generation: s1.memberEpoch,
    memberId: 's1',
    offsets: [
      ['a', 0, 11, 'epoch'],
      ['a', 1, 12, ''],
    ],
  });

  await settle(member('modern-pattern', 'p1', { subscribedTopicRegex: 'many-.*' }));
  await settle(
    member('modern-pattern', 'p2', { subscribedTopicRegex: 'many-[2-9]', ...to('b') }),
    member('modern-pattern', 'p1', { subscribedTopicRegex: 'many-.*' }),
  );

  // The second one waits for what the first one has not given up.
  const r1 = member('modern-reconciling', 'r1', to('a'));
  await settle(r1);
  const r2 = member('modern-reconciling', 'r2', to('a'));
  await settle(r2);

  const gone = member('modern-empty', 'e1', to('a', 'b'));
  await settle(gone);
  await commit(on, 'modern-empty', { generation: gone.memberEpoch, memberId: 'e1', offsets: [['b', 0, 2, '']] });
  await gone.leave(-1);

  const away = member('modern-away', 'w1', { ...to('a'), instanceId: 'away' });
  await settle(away, member('modern-away', 'w2', to('a')));
  await away.leave(-2);

  await formGroup(on, 'modern-migrated', { client: 'four' }, { client: 'five', instance: 'five' });
  await settle(member('modern-migrated', 'm1', to('a', 'b')));
}

const topology = (source: string) => ({
  epoch: 0,
  subtopologies: [
    {
      subtopologyId: '0',
      sourceTopics: [source],
      sourceTopicRegex: [],
      stateChangelogTopics: [],
      repartitionSinkTopics: ['words-repartition'],
      repartitionSourceTopics: [],
      copartitionGroups: [],
    },
    {
      subtopologyId: '1',
      sourceTopics: [],
      sourceTopicRegex: [],
      stateChangelogTopics: [
        {
          name: 'counts-changelog',
          partitions: 0,
          replicationFactor: 1,
          topicConfigs: [{ key: 'cleanup.policy', value: 'compact' }],
        },
      ],
      repartitionSinkTopics: [],
      repartitionSourceTopics: [{ name: 'words-repartition', partitions: 0, replicationFactor: 1, topicConfigs: [] }],
      copartitionGroups: [],
    },
  ],
});

/** Groups of the streams protocol: stable, without its source topic, empty. */
export async function buildStreamsGroups(on: Connections): Promise<void> {
  const member = (group: string, id: string, source: string, more: object = {}) =>
    new StreamsMember(on, group, id, { topology: topology(source), processId: `process of ${id}`, ...more });
  const tagged = { clientTags: [{ key: 'zone', value: 'z' }], userEndpoint: { host: 'localhost', port: 1234 } };
  const t1 = member('streams-stable', 't1', 'a', tagged);
  const t2 = member('streams-stable', 't2', 'a', { instanceId: null, rackId: 'rack' });
  await settle(t1, t2);
  await settle(member('streams-waiting', 'n1', 'nowhere'));
  const gone = member('streams-empty', 'g1', 'a');
  await settle(gone);
  await gone.leave();
}
