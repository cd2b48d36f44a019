"""kafka-python (pure Python); snappy, lz4 and zstd are there when python3-snappy, python3-lz4 and python3-zstandard are."""
import json
import signal
import sys
import time

try:
    from kafka import KafkaConsumer, KafkaProducer
    from kafka.codec import has_lz4, has_snappy, has_zstd
except ImportError:
    sys.exit(77)


def produce(bootstrap, topic, codec, count):
    compression = None if codec == "none" else codec
    producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=compression, acks="all", linger_ms=5)
    sent = [
        producer.send(
            topic,
            partition=i % 3,
            key=None if i % 5 == 0 else f"key-{i}".encode(),
            value=(f"value-{i}-" + "x" * 64).encode(),
            headers=[("app", b"compat"), ("empty", b"")],
        )
        for i in range(int(count))
    ]
    producer.flush(30)
    for future in sent:
        future.get(timeout=1)
    producer.close()


def consume(bootstrap, topic, count, group):
    consumer = KafkaConsumer(
        *topic.split(","),
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=30000,
    )
    seen = 0
    for record in consumer:
        seen += 1
        print(
            json.dumps(
                {
                    "t": record.topic,
                    "p": record.partition,
                    "o": record.offset,
                    "k": None if record.key is None else record.key.decode(),
                    "v": record.value.decode(),
                    "h": [[name, (value or b"").decode()] for name, value in record.headers],
                }
            )
        )
        if seen == int(count):
            break
    consumer.commit()
    consumer.close()


def member(bootstrap, topic, group):
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=10000,
        heartbeat_interval_ms=300,
    )
    assigned = None
    while not stop:
        polled = consumer.poll(timeout_ms=50)
        now = sorted(each.partition for each in consumer.assignment())
        if now != assigned:
            assigned = now
            print(json.dumps({"assigned": assigned}), flush=True)
        for records in polled.values():
            for record in records:
                print(json.dumps({"p": record.partition, "o": record.offset}), flush=True)
    consumer.commit()
    consumer.close(autocommit=False)


def admin(bootstrap, topic, group):
    from kafka import KafkaAdminClient, TopicPartition
    from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic

    client = KafkaAdminClient(bootstrap_servers=bootstrap)

    def partitions():
        return len(client.describe_topics([topic])[0]["partitions"])

    def retention():
        resources = [ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": None})]
        return client.describe_configs(resources)[0].resources[0][4][0][1]

    seen = {}
    client.create_topics([NewTopic(topic, 3, 1, topic_configs={"retention.ms": "7654321"})])
    seen["created"] = partitions() == 3
    seen["listed"] = topic in client.list_topics()
    client.create_partitions({topic: NewPartitions(5)})
    seen["partitions"] = partitions()
    before = retention()
    client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "1111111"})])
    seen["retention"] = [before, retention()]
    seen["group"] = group in [name for name, _ in client.list_consumer_groups()]
    offsets = client.list_consumer_group_offsets(group)
    seen["committed"] = offsets[TopicPartition(f"{topic}-committed", 0)].offset
    client.delete_consumer_groups([group])
    seen["groupDeleted"] = group not in [name for name, _ in client.list_consumer_groups()]
    client.delete_topics([topic])
    for _ in range(100):
        if topic not in client.list_topics():
            break
        time.sleep(0.1)
    seen["deleted"] = topic not in client.list_topics()
    client.close()
    print(json.dumps(seen))


if sys.argv[1] == "probe":
    there = [("snappy", has_snappy), ("lz4", has_lz4), ("zstd", has_zstd)]
    print(json.dumps({"codecs": ["none", "gzip"] + [name for name, has in there if has()]}))
    sys.exit(0)
{"produce": produce, "consume": consume, "member": member, "admin": admin}[sys.argv[1]](*sys.argv[2:])
