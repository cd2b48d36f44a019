"""transactions <bootstrap> <topic> <group> <count>, see ../README.md"""
import sys

from confluent_kafka import Consumer, Producer, TopicPartition

bootstrap, topic, group, count = sys.argv[1:]
consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": f"{topic}-id", "linger.ms": 0})
producer.init_transactions(20)
failures = []
for n in range(int(count)):
    producer.begin_transaction()
    for partition in range(3):
        report = lambda error, _: failures.append(error) if error and n % 3 != 2 else None
        producer.produce(topic, f"{n}-{partition}", partition=partition, on_delivery=report)
    producer.send_offsets_to_transaction([TopicPartition(topic, 0, n + 1)], consumer.consumer_group_metadata(), 20)
    if n % 3 == 2:
        producer.flush(20)
        producer.abort_transaction(20)
    else:
        producer.commit_transaction(20)
consumer.close()
if failures:
    sys.exit(f"failed: {failures[:3]}")
