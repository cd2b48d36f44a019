// transactions <bootstrap> <topic> <group> <count>, see ../README.md
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const prefix = join(process.env.MILLRACE_COMPAT_HOME ?? join(homedir(), '.cache/millrace-compat'), 'npm/');
const { Kafka } = createRequire(prefix)('@confluentinc/kafka-javascript').KafkaJS;

const [bootstrap, topic, group, count] = process.argv.slice(2);
const kafka = new Kafka({ kafkaJS: { brokers: [bootstrap], logLevel: 0 } });
const consumer = kafka.consumer({ kafkaJS: { groupId: group, autoCommit: false, fromBeginning: true } });
await consumer.connect();
const producer = kafka.producer({ kafkaJS: { transactionalId: `${topic}-id` } });
await producer.connect();
for (let n = 0; n < Number(count); n += 1) {
  const transaction = await producer.transaction();
  const messages = [0, 1, 2].map((partition) => ({ partition, value: `${n}-${partition}` }));
  await transaction.send({ topic, messages });
  const offsets = { topics: [{ topic, partitions: [{ partition: 0, offset: String(n + 1) }] }] };
  await transaction.sendOffsets({ consumer, ...offsets });
  if (n % 3 === 2) await transaction.abort();
  else await transaction.commit();
}
await producer.disconnect();
await consumer.disconnect();
process.exit(0);
