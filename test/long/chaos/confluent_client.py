"""confluent-kafka (librdkafka) under faults: one line of JSON for everything sent, acknowledged and polled. Ends when stdin does."""
import json
import os
import random
import sys
import threading
import time

try:
    from confluent_kafka import Consumer, Producer, TopicPartition
except ImportError:
    sys.exit(77)

stopping = threading.Event()
lock = threading.Lock()


def say(**event):
    with lock:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()


def produce(bootstrap, topic, partitions, name, seed):
    draw = random.Random(seed)
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "client.id": name,
            "enable.idempotence": True,
            "linger.ms": 2,
            "message.timeout.ms": 0,
            "reconnect.backoff.ms": 20,
            "reconnect.backoff.max.ms": 200,
            "retry.backoff.ms": 50,
            "log_level": 7 if "CHAOS_DEBUG" in os.environ else 0,
            **({"debug": "eos,msg"} if "CHAOS_DEBUG" in os.environ else {}),
            "error_cb": lambda error: say(e="error", why=str(error)) if error.fatal() else None,
        }
    )

    def delivered(error, message):
        if error:
            say(e="failed", p=message.partition(), v=message.value().decode(), why=str(error))
        else:
            say(e="ack", p=message.partition(), v=message.value().decode(), o=message.offset())

    count = 0
    while not stopping.is_set():
        if len(producer) < 50:
            partition = draw.randrange(partitions)
            value = f"{name}-{count}".ljust(draw.randrange(100), ".")
            count += 1
            say(e="send", p=partition, v=value)
            producer.produce(topic, partition=partition, value=value, on_delivery=delivered)
        producer.poll(0.002)
    left = producer.flush(120)
    if left:
        raise RuntimeError(f"{left} messages were never acknowledged")


def consume(bootstrap, topic, partitions, name):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "client.id": name,
            "group.id": name,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 50,
            "reconnect.backoff.ms": 20,
            "reconnect.backoff.max.ms": 200,
            "log_level": 0,
        }
    )
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
    while not stopping.is_set():
        for message in consumer.consume(200, 0.05):
            if message.error() is None:
                say(e="poll", p=message.partition(), o=message.offset(), v=message.value().decode())
    consumer.close()


def main():
    mode, bootstrap, topic, partitions, name, seed = sys.argv[1:]

    def work():
        if mode == "produce":
            produce(bootstrap, topic, int(partitions), name, int(seed))
        else:
            consume(bootstrap, topic, int(partitions), name)
        say(e="done")

    thread = threading.Thread(target=work)
    thread.start()
    sys.stdin.read()
    stopping.set()
    thread.join()


main()
