// @platformatic/kafka: high protocol versions only.
import {
  Admin,
  ConfigResourceTypes,
  Consumer,
  MessagesStreamModes,
  ProduceAcks,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';

const [command, bootstrap, topic, ...rest] = process.argv.slice(2);
if (command === 'probe') process.exit(0);
const base = { clientId: 'compat-platformatic', bootstrapBrokers: [bootstrap] };

if (command === 'produce') {
  const [codec, count] = rest;
  const producer = new Producer({ ...base, serializers: stringSerializers, compression: codec, idempotent: true });
  const messages = Array.from({ length: Number(count) }, (_, i) => ({
    topic,
    partition: i % 3,
    ...(i % 5 === 0 ? {} : { key: `key-${i}` }),
    value: `value-${i}-${'x'.repeat(64)}`,
    headers: new Map([
      ['app', 'compat'],
      ['empty', ''],
    ]),
  }));
  await producer.send({ messages, acks: ProduceAcks.ALL });
  await producer.close();
} else if (command === 'member') {
  const [groupId] = rest;
  const consumer = new Consumer({
    ...base,
    groupId,
    deserializers: stringDeserializers,
    autocommit: true,
    sessionTimeout: 10_000,
    rebalanceTimeout: 10_000,
    heartbeatInterval: 300,
  });
  consumer.on('consumer:group:join', ({ assignments }) => {
    const assigned = (assignments ?? []).filter((one) => one.topic === topic).flatMap((one) => one.partitions);
    console.log(JSON.stringify({ assigned: assigned.sort() }));
  });
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'committed',
    fallbackMode: 'earliest',
    maxWaitTime: 300,
  });
  process.on('SIGTERM', async () => {
    await stream.close();
    await consumer.close();
    process.exit(0);
  });
  stream.on('data', ({ partition, offset }) => console.log(JSON.stringify({ p: partition, o: Number(offset) })));
} else if (command === 'admin') {
  const [group] = rest;
  const admin = new Admin(base);
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic };
  const retention = async () => {
    const [described] = await admin.describeConfigs({
      resources: [{ ...resource, configurationKeys: ['retention.ms'] }],
    });
    return described.configs[0].value;
  };
  const seen = {};
  const configs = [{ name: 'retention.ms', value: '7654321' }];
  const [created] = await admin.createTopics({ topics: [topic], partitions: 3, replicas: 1, configs });
  seen.created = created.partitions === 3;
  seen.listed = (await admin.listTopics()).includes(topic);
  await admin.createPartitions({ topics: [{ name: topic, count: 5, assignments: null }] });
  seen.partitions = (await admin.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic).partitions.length;
  const before = await retention();
  await admin.incrementalAlterConfigs({
    resources: [{ ...resource, configs: [{ name: 'retention.ms', configOperation: 0, value: '1111111' }] }],
  });
  seen.retention = [before, await retention()];
  seen.group = (await admin.listGroups()).has(group);
  const [offsets] = await admin.listConsumerGroupOffsets({ groups: [group] });
  const committed = offsets.topics.find(({ name }) => name === `${topic}-committed`);
  seen.committed = Number(committed.partitions.find(({ partitionIndex }) => partitionIndex === 0).committedOffset);
  await admin.deleteGroups({ groups: [group] });
  seen.groupDeleted = !(await admin.listGroups()).has(group);
  await admin.deleteTopics({ topics: [topic] });
  seen.deleted = !(await admin.listTopics()).includes(topic);
  await admin.close();
  console.log(JSON.stringify(seen));
} else {
  const [count, groupId] = rest;
  const consumer = new Consumer({ ...base, groupId, deserializers: stringDeserializers, autocommit: true });
  const stream = await consumer.consume({
    topics: topic.split(','),
    mode: MessagesStreamModes.EARLIEST,
    maxWaitTime: 500,
  });
  const timer = setTimeout(() => process.exit(1), 30_000);
  let seen = 0;
  for await (const message of stream) {
    seen += 1;
    const h = [...message.headers].map(([name, value]) => [name, value ?? '']);
    const { topic: t, partition: p, offset, key, value: v } = message;
    console.log(JSON.stringify({ t, p, o: Number(offset), k: key ?? null, v, h }));
    if (seen === Number(count)) break;
  }
  clearTimeout(timer);
  await stream.close();
  await consumer.close();
}
