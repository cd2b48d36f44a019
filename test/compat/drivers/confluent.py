"""confluent-kafka (librdkafka 2.0.2 in Debian 12)."""
import json
import signal
import sys
import time

try:
    from confluent_kafka import Consumer, Producer, KafkaException
except ImportError:
    sys.exit(77)


def produce(bootstrap, topic, codec, count):
    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "enable.idempotence": True, "linger.ms": 5})
    failures = []
    for i in range(int(count)):
        producer.produce(
            topic,
            partition=i % 3,
            key=None if i % 5 == 0 else f"key-{i}",
            value=f"value-{i}-" + "x" * 64,
            headers=[("app", b"compat"), ("empty", b"")],
            on_delivery=lambda error, _: failures.append(error) if error else None,
        )
        producer.poll(0)
    left = producer.flush(30)
    if failures or left:
        sys.exit(f"failed: {failures[:3]} left: {left}")


def consume(bootstrap, topic, count, group):
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    )
    consumer.subscribe(topic.split(","))
    seen = 0
    silent = 0
    while seen < int(count) and silent < 300:
        message = consumer.poll(0.1)
        if message is None:
            silent += 1
            continue
        if message.error():
            raise KafkaException(message.error())
        silent = 0
        seen += 1
        headers = [[name, (value or b"").decode()] for name, value in message.headers() or []]
        key = message.key()
        print(
            json.dumps(
                {
                    "t": message.topic(),
                    "p": message.partition(),
                    "o": message.offset(),
                    "k": None if key is None else key.decode(),
                    "v": message.value().decode(),
                    "h": headers,
                }
            )
        )
    consumer.commit(asynchronous=False)
    consumer.close()


def member(bootstrap, topic, group):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "partition.assignment.strategy": "range,roundrobin",
            "session.timeout.ms": 10000,
            "heartbeat.interval.ms": 300,
        }
    )
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    assigned = None
    read = 0
    consumer.subscribe([topic])
    while not stop:
        message = consumer.poll(0.05)
        now = sorted(each.partition for each in consumer.assignment())
        if now != assigned:
            assigned = now
            print(json.dumps({"assigned": assigned}), flush=True)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        read += 1
        print(json.dumps({"p": message.partition(), "o": message.offset()}), flush=True)
    if read and assigned:
        consumer.commit(asynchronous=False)
    consumer.close()


def admin(bootstrap, topic, group):
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

    client = AdminClient({"bootstrap.servers": bootstrap})
    resource = ConfigResource("topic", topic)

    def done(futures):
        return [future.result(20) for future in futures.values()]

    def until(look):
        for _ in range(100):
            if look():
                return True
            time.sleep(0.1)
        return False

    def retention():
        return done(client.describe_configs([resource]))[0]["retention.ms"].value

    seen = {}
    done(client.create_topics([NewTopic(topic, 3, 1, config={"retention.ms": "7654321"})]))
    seen["created"] = until(lambda: len(client.list_topics(topic).topics[topic].partitions) == 3)
    seen["listed"] = topic in client.list_topics().topics
    done(client.create_partitions([NewPartitions(topic, 5)]))
    until(lambda: len(client.list_topics(topic).topics[topic].partitions) == 5)
    seen["partitions"] = len(client.list_topics(topic).topics[topic].partitions)
    before = retention()
    resource.set_config("retention.ms", "1111111")
    done(client.alter_configs([resource]))
    seen["retention"] = [before, retention()]
    seen["group"] = group in [each.id for each in client.list_groups(timeout=10)]
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
    seen["committed"] = reader.committed([TopicPartition(f"{topic}-committed", 0)], timeout=10)[0].offset
    reader.close()
    done(client.delete_topics([topic]))
    seen["deleted"] = until(lambda: topic not in client.list_topics().topics)
    print(json.dumps(seen))


if sys.argv[1] == "probe":
    sys.exit(0)
{"produce": produce, "consume": consume, "member": member, "admin": admin}[sys.argv[1]](*sys.argv[2:])
