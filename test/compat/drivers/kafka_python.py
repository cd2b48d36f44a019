"""kafka-python (pure Python)."""
import json
import sys

try:
    from kafka import KafkaConsumer, KafkaProducer
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


if sys.argv[1] == "probe":
    sys.exit(0)
{"produce": produce, "consume": consume}[sys.argv[1]](*sys.argv[2:])
