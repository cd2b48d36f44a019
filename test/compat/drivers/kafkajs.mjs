// kafkajs: low protocol versions, no flexible ones. It has gzip built in; other codecs need plug-ins.
import kafkajs from 'kafkajs';

const { CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs;

const [command, bootstrap, topic, ...rest] = process.argv.slice(2);
if (command === 'probe') process.exit(0);
const kafka = new Kafka({ clientId: 'compat-kafkajs', brokers: [bootstrap], logLevel: logLevel.NOTHING });

if (command === 'produce') {
  const [codec, count] = rest;
  if (codec !== 'none' && codec !== 'gzip') process.exit(78);
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const messages = Array.from({ length: Number(count) }, (_, i) => ({
    partition: i % 3,
    key: i % 5 === 0 ? null : `key-${i}`,
    value: `value-${i}-${'x'.repeat(64)}`,
    headers: { app: 'compat', empty: '' },
  }));
  const compression = codec === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None;
  await producer.send({ topic, messages, compression, acks: -1 });
  await producer.disconnect();
} else if (command === 'member') {
  const [groupId] = rest;
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: 10_000,
    heartbeatInterval: 300,
    maxWaitTimeInMs: 300,
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    const assigned = payload.memberAssignment[topic] ?? [];
    console.log(JSON.stringify({ assigned: [...assigned].sort() }));
  });
  process.on('SIGTERM', () => consumer.disconnect().then(() => process.exit(0)));
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      console.log(JSON.stringify({ p: partition, o: Number(message.offset) }));
    },
  });
} else if (command === 'admin') {
  const [group] = rest;
  const admin = kafka.admin();
  await admin.connect();
  const partitions = async () => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length;
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
  const retention = async () => {
    const { resources } = await admin.describeConfigs({ resources: [{ ...resource, configNames: ['retention.ms'] }] });
    return resources[0].configEntries[0].configValue;
  };
  const groups = async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId);
  const seen = {};
  const configEntries = [{ name: 'retention.ms', value: '7654321' }];
  seen.created = await admin.createTopics({
    topics: [{ topic, numPartitions: 3, replicationFactor: 1, configEntries }],
  });
  seen.listed = (await admin.listTopics()).includes(topic);
  await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] });
  seen.partitions = await partitions();
  const before = await retention();
  await admin.alterConfigs({
    resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '1111111' }] }],
  });
  seen.retention = [before, await retention()];
  seen.group = (await groups()).includes(group);
  const [committed] = await admin.fetchOffsets({ groupId: group, topics: [`${topic}-committed`] });
  seen.committed = Number(committed.partitions.find(({ partition }) => partition === 0).offset);
  await admin.deleteGroups([group]);
  seen.groupDeleted = !(await groups()).includes(group);
  await admin.deleteTopics({ topics: [topic] });
  seen.deleted = !(await admin.listTopics()).includes(topic);
  await admin.disconnect();
  console.log(JSON.stringify(seen));
} else {
  const [count, groupId] = rest;
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topics: topic.split(','), fromBeginning: true });
  let seen = 0;
  const timer = setTimeout(() => process.exit(1), 30_000);
  const finished = new Promise((resolve) => {
    void consumer.run({
      eachMessage: async ({ topic: t, partition: p, message }) => {
        if (seen >= Number(count)) return;
        seen += 1;
        const h = Object.entries(message.headers ?? {}).map(([name, value]) => [name, value?.toString() ?? '']);
        const k = message.key?.toString() ?? null;
        const record = { t, p, o: Number(message.offset), k, v: message.value.toString(), h };
        console.log(JSON.stringify(record));
        if (seen === Number(count)) resolve();
      },
    });
  });
  await finished;
  clearTimeout(timer);
  await consumer.disconnect();
}
