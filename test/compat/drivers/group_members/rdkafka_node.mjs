// A member of a consumer group with @confluentinc/kafka-javascript (librdkafka); README.md of the drivers says what it prints.
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const prefix = join(process.env.MILLRACE_COMPAT_HOME ?? join(homedir(), '.cache/millrace-compat'), 'npm/');
const rdkafka = createRequire(prefix)('@confluentinc/kafka-javascript');
const [bootstrap, subscription, group, protocol, instance] = process.argv.slice(2);
const classic = {
  'session.timeout.ms': 6000,
  'heartbeat.interval.ms': 200,
  'partition.assignment.strategy': 'cooperative-sticky',
};

const nameOf = ({ topic, partition }) => `${topic}/${partition}`;
/** Partition by name, with the offset of the record after the last one that was printed. */
const held = new Map();
let stops = false;
let leaves = false;

function commit(partitions) {
  const offsets = partitions.map((one) => held.get(nameOf(one))).filter((one) => one?.offset !== undefined);
  if (offsets.length === 0) return;
  try {
    consumer.commitSync(offsets);
  } catch (error) {
    console.error(String(error));
  }
}
const say = () => console.log(JSON.stringify({ assigned: [...held.keys()].sort() }));

function onRebalance(error, partitions) {
  if (error.code === rdkafka.CODES.ERRORS.ERR__ASSIGN_PARTITIONS) {
    for (const one of partitions) held.set(nameOf(one), { topic: one.topic, partition: one.partition });
    consumer.incrementalAssign(partitions);
  } else {
    // A client that disconnects takes no commits any more; the last records were committed before.
    if (!leaves && !consumer.assignmentLost()) commit(partitions);
    for (const one of partitions) held.delete(nameOf(one));
    consumer.incrementalUnassign(partitions);
  }
  say();
}

const consumer = new rdkafka.KafkaConsumer(
  {
    'bootstrap.servers': bootstrap,
    'group.id': group,
    'group.protocol': protocol,
    'enable.auto.commit': false,
    'enable.auto.offset.store': false,
    'topic.metadata.refresh.interval.ms': 1000,
    'reconnect.backoff.max.ms': 200,
    ...(instance === '-' ? {} : { 'group.instance.id': instance }),
    ...(protocol === 'classic' ? classic : {}),
    rebalance_cb: onRebalance,
  },
  { 'auto.offset.reset': 'earliest' },
);

/** A partition that went while a record of it was on its way is somebody else's: the record is not printed, nor committed. */
function onRecords(error, records) {
  if (error) console.error(String(error));
  for (const { topic, partition, offset } of records ?? []) {
    const name = nameOf({ topic, partition });
    if (!held.has(name)) continue;
    console.log(JSON.stringify({ read: name, offset }));
    held.set(name, { topic, partition, offset: offset + 1 });
  }
  if (records?.length > 0) commit([...held.values()]);
  if (stops) {
    leaves = true;
    consumer.disconnect(() => process.exit(0));
  } else setImmediate(() => consumer.consume(100, onRecords));
}

consumer.on('event.error', (error) => console.error(String(error)));
consumer.on('ready', () => {
  consumer.setDefaultConsumeTimeout(50);
  consumer.subscribe(subscription.startsWith('^') ? [new RegExp(subscription)] : subscription.split(','));
  consumer.consume(100, onRecords);
});
process.on('SIGTERM', () => {
  stops = true;
});
consumer.connect();
