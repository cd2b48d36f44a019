// kafkajs: low protocol versions, no flexible ones. It has gzip built in; other codecs need plug-ins.
import { CompressionTypes, Kafka, logLevel } from 'kafkajs';

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
