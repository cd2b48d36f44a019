// @confluentinc/kafka-javascript (a recent librdkafka), where `test/compat/install-clients` put it.
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const prefix = join(process.env.MILLRACE_COMPAT_HOME ?? join(homedir(), '.cache/millrace-compat'), 'npm/');
let rdkafka;
try {
  rdkafka = createRequire(prefix)('@confluentinc/kafka-javascript');
} catch {
  process.exit(77);
}

const [command, bootstrap, topic, ...rest] = process.argv.slice(2);
if (command === 'probe') process.exit(0);
const give = (error) => {
  console.error(String(error));
  process.exit(1);
};

if (command === 'produce') {
  const [codec, count] = rest;
  const producer = new rdkafka.Producer({
    'bootstrap.servers': bootstrap,
    'compression.codec': codec,
    'enable.idempotence': true,
    dr_cb: true,
  });
  let delivered = 0;
  producer.setPollInterval(20);
  producer.on('event.error', give);
  producer.on('delivery-report', (error) => {
    if (error) give(error);
    delivered += 1;
    if (delivered === Number(count)) producer.disconnect(() => process.exit(0));
  });
  producer.on('ready', () => {
    for (let i = 0; i < Number(count); i += 1) {
      const key = i % 5 === 0 ? null : `key-${i}`;
      const value = Buffer.from(`value-${i}-${'x'.repeat(64)}`);
      producer.produce(topic, i % 3, value, key, null, null, [{ app: 'compat' }, { empty: '' }]);
    }
  });
  producer.connect();
} else if (command === 'member') {
  const [group] = rest;
  const consumer = new rdkafka.KafkaConsumer(
    {
      'bootstrap.servers': bootstrap,
      'group.id': group,
      'enable.auto.commit': false,
      'partition.assignment.strategy': 'range,roundrobin',
      'session.timeout.ms': 10_000,
      'heartbeat.interval.ms': 300,
    },
    { 'auto.offset.reset': 'earliest' },
  );
  let assigned;
  let read = 0;
  let looking;
  const look = () => {
    const now = JSON.stringify(
      consumer
        .assignments()
        .map(({ partition }) => partition)
        .sort(),
    );
    if (now === assigned) return;
    assigned = now;
    console.log(`{"assigned":${now}}`);
  };
  consumer.on('event.error', () => {});
  consumer.on('ready', () => {
    consumer.subscribe([topic]);
    consumer.consume();
    looking = setInterval(look, 50);
  });
  consumer.on('data', ({ partition, offset }) => {
    look();
    read += 1;
    console.log(JSON.stringify({ p: partition, o: offset }));
  });
  process.on('SIGTERM', () => {
    clearInterval(looking);
    if (read > 0 && assigned !== '[]') consumer.commitSync();
    consumer.disconnect(() => process.exit(0));
  });
  consumer.connect();
} else if (command === 'admin') {
  const [group] = rest;
  const { KafkaJS } = rdkafka;
  const admin = new KafkaJS.Kafka({ kafkaJS: { brokers: [bootstrap], logLevel: KafkaJS.logLevel.NOTHING } }).admin();
  const native = rdkafka.AdminClient.create({ 'bootstrap.servers': bootstrap });
  await admin.connect();
  const until = async (look) => {
    for (let i = 0; i < 100; i += 1) {
      if (await look()) return true;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return false;
  };
  const partitions = async () => (await admin.fetchTopicMetadata({ topics: [topic] }))[0].partitions.length;
  const groups = async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId);
  const seen = {};
  const configEntries = [{ name: 'retention.ms', value: '7654321' }];
  await admin.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 1, configEntries }] });
  seen.created = await until(async () => (await partitions()) === 3);
  seen.listed = (await admin.listTopics()).includes(topic);
  await new Promise((resolve, reject) =>
    native.createPartitions(topic, 5, 10_000, (error) => (error ? reject(error) : resolve())),
  );
  await until(async () => (await partitions()) === 5);
  seen.partitions = await partitions();
  seen.group = (await groups()).includes(group);
  const [committed] = await admin.fetchOffsets({ groupId: group, topics: [`${topic}-committed`] });
  seen.committed = Number(committed.partitions.find(({ partition }) => partition === 0).offset);
  await admin.deleteGroups([group]);
  seen.groupDeleted = !(await groups()).includes(group);
  await admin.deleteTopics({ topics: [topic] });
  seen.deleted = await until(async () => !(await admin.listTopics()).includes(topic));
  native.disconnect();
  await admin.disconnect();
  console.log(JSON.stringify(seen));
} else {
  const [count, group] = rest;
  const consumer = new rdkafka.KafkaConsumer(
    { 'bootstrap.servers': bootstrap, 'group.id': group, 'enable.auto.commit': false },
    { 'auto.offset.reset': 'earliest' },
  );
  let seen = 0;
  setTimeout(() => process.exit(1), 30_000);
  consumer.on('event.error', () => {});
  consumer.on('ready', () => {
    consumer.subscribe(topic.split(','));
    consumer.consume();
  });
  consumer.on('data', (message) => {
    if (seen >= Number(count)) return;
    seen += 1;
    const h = (message.headers ?? []).flatMap((entry) =>
      Object.entries(entry).map(([name, value]) => [name, value?.toString() ?? '']),
    );
    const k = message.key === null || message.key === undefined ? null : message.key.toString();
    console.log(
      JSON.stringify({ t: message.topic, p: message.partition, o: message.offset, k, v: message.value.toString(), h }),
    );
    if (seen === Number(count)) {
      consumer.commitSync();
      // What was printed is out before the process is.
      consumer.disconnect(() => process.stdout.write('', () => process.exit(0)));
    }
  });
  consumer.connect();
}
