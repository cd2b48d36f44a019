// @platformatic/kafka: high protocol versions only.
import {
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
