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
      consumer.disconnect(() => process.exit(0));
    }
  });
  consumer.connect();
}
