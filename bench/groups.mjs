// node bench/groups.mjs [offsets] [groups]: how long one partition of __consumer_offsets takes to load (a million offsets and 10,000
// groups by default, half of them of the consumer protocol with two members), and how many heartbeats 1,000 members need. Needs dist.

import { BrokerConfig } from '../dist/config/index.js';
import { groupMachine } from '../dist/coordinator/group/machine.js';
import { encodeGroupRecord } from '../dist/coordinator/group/records.js';
import { newGroupState } from '../dist/coordinator/group/state.js';
import { groupCoordinatorConfig } from '../dist/coordinator/group_config.js';
import { CoordinatorShard } from '../dist/coordinator/runtime/shard.js';
import { emptyImage } from '../dist/metadata/image.js';
import { encodeBatch } from '../dist/records/index.js';

const offsets = Number(process.argv[2] ?? 1_000_000);
const groups = Number(process.argv[3] ?? 10_000);
const topicId = 'aaaaaaaaaaaaaaaaaaaaaQ';
const config = groupCoordinatorConfig(BrokerConfig.defaults);
const rules = {
  initialRebalanceDelayMs: 0,
  maxSize: config.groupMaxSize,
  offsetMetadataMaxBytes: config.offsetMetadataMaxBytes,
  // Nothing expires meanwhile.
  offsetsRetentionMs: 1e12,
  offsetsRetentionCheckIntervalMs: 1e12,
  consumer: config.consumer,
  share: config.share,
  streams: config.streams,
};

function* records() {
  for (let g = 0; g < groups; g += 1) {
    const groupId = `group-${g}`;
    if (g % 2 === 0) {
      const value = {
        protocolType: 'consumer',
        generation: 3,
        protocol: null,
        leader: null,
        currentStateTimestamp: 1,
        members: [],
      };
      yield { kind: 'group', groupId, value };
    } else {
      yield { kind: 'consumer-group', groupId, value: { epoch: 5, metadataHash: 77n } };
      for (const memberId of ['a', 'b']) {
        const member = { instanceId: null, rackId: null, clientId: 'c', clientHost: '/h', subscribedTopicNames: ['t'] };
        const value = {
          ...member,
          subscribedTopicRegex: '',
          rebalanceTimeoutMs: 1,
          serverAssignor: null,
          classicMemberMetadata: null,
        };
        yield { kind: 'consumer-member', groupId, memberId, value };
        const partitions = memberId === 'a' ? [0, 1] : [2, 3];
        yield {
          kind: 'consumer-member-target',
          groupId,
          memberId,
          value: { topicPartitions: [{ topicId, partitions }] },
        };
        const assigned = [{ topicId, partitions, assignmentEpochs: [5, 5] }];
        const current = {
          memberEpoch: 5,
          previousMemberEpoch: 4,
          state: 0,
          assignedPartitions: assigned,
          partitionsPendingRevocation: [],
        };
        yield { kind: 'consumer-member-current', groupId, memberId, value: current };
      }
      yield { kind: 'consumer-target', groupId, value: { assignmentEpoch: 5, assignmentTimestamp: 1 } };
    }
    for (let i = 0; i < offsets / groups; i += 1) {
      const committed = {
        offset: i,
        leaderEpoch: 0,
        metadata: '',
        commitTimestampMs: 1,
        expireTimestampMs: -1,
        topicId,
      };
      yield { kind: 'offset', groupId, topic: `topic-${i % 10}`, partition: i, committed, producerId: -1 };
    }
  }
}

const batches = [];
let end = 0;
let open = [];
const flush = () => {
  if (open.length === 0) return;
  batches.push({ baseOffset: end, bytes: encodeBatch({ records: open, baseOffset: end }) });
  end += open.length;
  open = [];
};
for (const record of records()) {
  const encoded = encodeGroupRecord(record);
  open.push({ key: Buffer.from(encoded.key), value: encoded.value && Buffer.from(encoded.value), timestampMs: 1 });
  if (open.length >= 200) flush();
}
flush();

const log = {
  logStartOffset: 0,
  logEndOffset: end,
  highWatermark: end,
  maxBatchBytes: 1 << 20,
  append: () => ({ baseOffset: end, lastOffset: end }),
  onHighWatermark: () => () => undefined,
  onTruncation: () => () => undefined,
  read(from, maxBytes) {
    let [low, high] = [0, batches.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((batches[middle + 1]?.baseOffset ?? end) <= from) low = middle + 1;
      else high = middle;
    }
    const parts = [];
    for (let size = 0; low < batches.length && (size === 0 || size < maxBytes); low += 1) {
      parts.push(batches[low].bytes);
      size += batches[low].bytes.length;
    }
    return Buffer.concat(parts);
  },
};
const timers = { soon: (run) => setImmediate(run), after: () => ({ cancel: () => undefined }) };
const clock = { wallMs: () => 1_700_000_000_000, monotonicMs: () => performance.now() };
const logger = { info: () => undefined, warn: console.warn, error: console.error };
const machine = groupMachine(rules, () => emptyImage);
const shard = new CoordinatorShard(machine, log, {
  name: 'p',
  clock,
  timers,
  logger,
  appendLingerMs: -1,
  commitTimeoutMs: 5_000,
  loadBufferBytes: 256 * 1024,
});
const startedMs = performance.now();
await shard.load();
const tookMs = performance.now() - startedMs;
const { current } = shard;
console.log(
  `${end} records, ${current.offsets.size} offsets in ${current.groups.size} groups: loaded in ${(tookMs / 1000).toFixed(2)} s`,
);
shard.close();

// 1,000 members of one group join, then heartbeat in rounds a second apart.
const topic = { id: topicId, name: 't', configs: new Map(), internal: false };
const partitions = Array.from({ length: 4_000 }, (_, partition) => ({
  partition,
  leader: 1,
  leaderEpoch: 0,
  replicas: [1],
  isr: [1],
  offlineReplicas: [],
}));
const image = { ...emptyImage, version: 1, topicsByName: new Map([['t', { ...topic, partitions }]]) };
const full = { ...image, topicsById: new Map([[topicId, image.topicsByName.get('t')]]) };
const crowd = groupMachine(rules, () => full);
const state = newGroupState();
let nowMs = 1_700_000_000_000;
const decide = (command) => {
  const decision = crowd.decide(state, command, nowMs);
  for (const record of decision.records) crowd.apply(state, record);
  return decision.replies[0]?.reply;
};
decide(crowd.loadedCommand());
const members = Array.from({ length: 1_000 }, (_, i) => ({ memberId: `member-${i}`, epoch: 0, owned: [] }));
for (let round = 1; ; round += 1) {
  const began = performance.now();
  for (const member of members) {
    const joins = member.epoch === 0;
    const request = {
      groupId: 'g',
      memberId: member.memberId,
      memberEpoch: member.epoch,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: joins ? 60_000 : -1,
      subscribedTopicNames: joins ? ['t'] : null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: member.owned,
    };
    const reply = decide({
      kind: 'consumer-heartbeat',
      token: 1,
      clientId: 'c',
      clientHost: '/h',
      newMemberId: '',
      request,
    });
    member.epoch = reply.response.memberEpoch;
    if (reply.response.assignment) member.owned = reply.response.assignment.topicPartitions;
  }
  nowMs += 5_000;
  const group = state.groups.get('g');
  console.log(`1,000 members, heartbeat ${round}: ${group.state}, ${(performance.now() - began).toFixed(0)} ms`);
  if (group.state === 'Stable' && group.head.groupEpoch === group.head.assignmentEpoch && round > 1) break;
  if (round > 10) process.exit(1);
}
