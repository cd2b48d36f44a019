// transactions <bootstrap> <topic> <group> <count>, see ../README.md
import kafkajs from 'kafkajs';

const { Kafka, logLevel } = kafkajs;
const [bootstrap, topic, group, count] = process.argv.slice(2);
const kafka = new Kafka({ clientId: 'compat-kafkajs', brokers: [bootstrap], logLevel: logLevel.NOTHING });
const producer = kafka.producer({ transactionalId: `${topic}-id`, idempotent: true, maxInFlightRequests: 1 });
await producer.connect();
for (let n = 0; n < Number(count); n += 1) {
  const transaction = await producer.transaction();
  const messages = [0, 1, 2].map((partition) => ({ partition, value: `${n}-${partition}` }));
  await transaction.send({ topic, messages, acks: -1 });
  const offsets = { topics: [{ topic, partitions: [{ partition: 0, offset: String(n + 1) }] }] };
  await transaction.sendOffsets({ consumerGroupId: group, ...offsets });
  if (n % 3 === 2) await transaction.abort();
  else await transaction.commit();
}
await producer.disconnect();
