"""transform <bootstrap> <input> <output> <group> <transactional-id>: copies records exactly once until SIGTERM, see ../README.md.

Exit status 3: fenced, or an error that ends the producer; to be started again.
"""
import signal
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition

bootstrap, source, target, group, transactional_id = sys.argv[1:]
BATCH = 20
stopping = False


def stop(*_):
    global stopping
    stopping = True


signal.signal(signal.SIGTERM, stop)
consumer = Consumer(
    {
        "bootstrap.servers": bootstrap,
        "group.id": group,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": 2000,
        "heartbeat.interval.ms": 200,
        "reconnect.backoff.max.ms": 200,
        "topic.metadata.refresh.interval.ms": 1000,
    }
)
producer = Producer(
    {
        "bootstrap.servers": bootstrap,
        "transactional.id": transactional_id,
        "transaction.timeout.ms": 30000,
        "reconnect.backoff.max.ms": 200,
        "linger.ms": 0,
    }
)
batch = []


def drop(*_):
    """What was read before a rebalance may be somebody else's by now."""
    batch.clear()


def patiently(work):
    while True:
        try:
            return work()
        except KafkaException as error:
            if not error.args[0].retriable():
                raise


def read():
    while len(batch) < BATCH and not stopping:
        message = consumer.poll(0.02 if batch else 0.2)
        if message is None:
            break
        if not message.error():
            batch.append(message)


def copy():
    producer.begin_transaction()
    ends = {}
    for message in batch:
        producer.produce(target, message.value(), partition=message.partition())
        ends[message.partition()] = message.offset() + 1
    offsets = [TopicPartition(source, partition, end) for partition, end in ends.items()]
    patiently(lambda: producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 10))
    patiently(lambda: producer.commit_transaction(10))


def rewind():
    patiently(lambda: producer.abort_transaction(10))
    assigned = consumer.assignment()
    for place in patiently(lambda: consumer.committed(assigned, timeout=10)):
        place.offset = place.offset if place.offset >= 0 else OFFSET_BEGINNING
        consumer.seek(place)


patiently(lambda: producer.init_transactions(10))
consumer.subscribe([source], on_assign=drop, on_revoke=drop, on_lost=drop)
copied = 0
while not stopping:
    read()
    if not batch:
        continue
    try:
        copy()
        copied += len(batch)
    except KafkaException as error:
        if error.args[0].fatal():
            sys.exit(3)
        try:
            rewind()
        except KafkaException:
            sys.exit(3)
    batch.clear()
consumer.close()
print(copied)
