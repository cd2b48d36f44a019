"""confluent-kafka (librdkafka)."""
import json
import sys

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


if sys.argv[1] == "probe":
    sys.exit(0)
{"produce": produce, "consume": consume}[sys.argv[1]](*sys.argv[2:])
