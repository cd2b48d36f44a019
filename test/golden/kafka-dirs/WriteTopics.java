import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.*;

/** Fills a Kafka broker with what the golden directories hold: `java -cp LIBS WriteTopics.java HOST:PORT first|second|small`. */
public class WriteTopics {
  static String servers;
  static final long T0 = 1_700_000_000_000L;
  static final long DAY = 86_400_000L;

  static Map<String, Object> config(Object... pairs) {
    Map<String, Object> map = new HashMap<>();
    map.put("bootstrap.servers", servers);
    for (int i = 0; i < pairs.length; i += 2) map.put((String) pairs[i], pairs[i + 1]);
    return map;
  }

  static Producer<String, String> producer(Object... pairs) {
    return new KafkaProducer<>(config(pairs), new StringSerializer(), new StringSerializer());
  }

  static ProducerRecord<String, String> record(String topic, int partition, long timestamp, String key, String value) {
    return new ProducerRecord<>(topic, partition, timestamp, key, value);
  }

  static NewTopic topic(String name, int partitions, String... configs) {
    Map<String, String> map = new HashMap<>();
    for (int i = 0; i < configs.length; i += 2) map.put(configs[i], configs[i + 1]);
    map.put("message.timestamp.before.max.ms", String.valueOf(Long.MAX_VALUE));
    return new NewTopic(name, partitions, (short) 1).configs(map);
  }

  /** One batch of `count` records. */
  static void batch(Producer<String, String> producer, String topic, int partition, long timestamp, int count, String prefix) throws Exception {
    for (int i = 0; i < count; i++) {
      ProducerRecord<String, String> record = record(topic, partition, timestamp + i, i % 3 == 0 ? null : prefix + "-key-" + i, i % 7 == 6 ? null : prefix + "-value-" + i + "-" + "x".repeat(20));
      if (i % 2 == 0) record.headers().add("kind", prefix.getBytes(StandardCharsets.UTF_8)).add("kind", null).add("empty", new byte[0]);
      producer.send(record);
    }
    producer.flush();
  }

  static void first(Admin admin) throws Exception {
    admin.createTopics(List.of(
      topic("codecs", 1, "retention.ms", "-1", "index.interval.bytes", "256"),
      topic("segments", 2, "retention.ms", "-1", "segment.ms", "3600000", "index.interval.bytes", "128"),
      topic("compacted", 1, "cleanup.policy", "compact", "min.cleanable.dirty.ratio", "0.01", "segment.ms", "1000", "delete.retention.ms", "86400000", "min.compaction.lag.ms", "0"),
      topic("transactions", 1, "retention.ms", "-1", "segment.ms", "3600000"),
      topic("append-time", 1, "retention.ms", "-1", "message.timestamp.type", "LogAppendTime"),
      topic("shortened", 1, "retention.ms", "-1"),
      topic("empty", 1, "cleanup.policy", "compact,delete", "max.message.bytes", "2000000"),
      topic("deleted", 1)
    )).all().get();
    for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd"))
      try (Producer<String, String> p = producer("compression.type", codec, "linger.ms", 1000, "enable.idempotence", false)) { batch(p, "codecs", 0, T0, 10, codec); }
    try (Producer<String, String> p = producer("linger.ms", 1000)) {
      for (int day = 0; day < 4; day++)
        for (int partition = 0; partition < 2; partition++)
          for (int i = 0; i < 3; i++) batch(p, "segments", partition, T0 + day * DAY + i * 1000, 5, "day" + day + "p" + partition);
      batch(p, "append-time", 0, T0, 4, "now");
      for (int i = 0; i < 5; i++) batch(p, "shortened", 0, T0 + i, 4, "part" + i);
      batch(p, "deleted", 0, T0, 4, "gone");
    }
    admin.deleteRecords(Map.of(new TopicPartition("shortened", 0), RecordsToDelete.beforeOffset(7))).all().get();
    admin.deleteTopics(List.of("deleted")).all().get();
    try (Producer<String, String> p = producer("linger.ms", 1000)) {
      for (int round = 0; round < 4; round++) {
        for (int key = 0; key < 6; key++)
          p.send(record("compacted", 0, T0 + round * 10_000 + key, "key" + key, key == 4 && round == 3 ? null : "round" + round + "-" + "y".repeat(10)));
        p.flush();
      }
      p.send(record("compacted", 0, T0 + 100_000, "last", "stays in the active segment"));
    }
    transactions("tx-a", T0, 3);
    try (Consumer<String, String> c = new KafkaConsumer<>(config("group.id", "readers", "auto.offset.reset", "earliest", "enable.auto.commit", false), new StringDeserializer(), new StringDeserializer())) {
      c.subscribe(List.of("codecs"));
      int seen = 0;
      while (seen < 50) seen += c.poll(java.time.Duration.ofSeconds(1)).count();
      c.commitSync(Map.of(new TopicPartition("codecs", 0), new OffsetAndMetadata(37, "halfway")));
    }
    Thread.sleep(3000);
  }

  static void transactions(String id, long timestamp, int rounds) throws Exception {
    try (Producer<String, String> p = producer("transactional.id", id, "linger.ms", 1000)) {
      p.initTransactions();
      for (int round = 0; round < rounds; round++) {
        p.beginTransaction();
        batch(p, "transactions", 0, timestamp + round * DAY, 3, id + round);
        if (round % 2 == 1) p.abortTransaction(); else p.commitTransaction();
      }
    }
  }

  /** After a restart: a higher leader epoch, another producer, and a transaction that stays open. */
  static void second(Admin admin) throws Exception {
    try (Producer<String, String> p = producer("linger.ms", 1000, "compression.type", "lz4")) {
      batch(p, "segments", 0, T0 + 5 * DAY, 5, "later");
      batch(p, "codecs", 0, T0 + DAY, 10, "later");
      batch(p, "append-time", 0, T0, 2, "later");
    }
    transactions("tx-b", T0 + 4 * DAY, 2);
    Producer<String, String> p = producer("transactional.id", "tx-open", "linger.ms", 1000, "transaction.timeout.ms", 900_000);
    p.initTransactions();
    p.beginTransaction();
    batch(p, "transactions", 0, T0 + 6 * DAY, 4, "open");
    Runtime.getRuntime().halt(0);
  }

  /** For a broker that is killed then. */
  static void small(Admin admin) throws Exception {
    admin.createTopics(List.of(topic("killed", 1, "retention.ms", "-1", "segment.ms", "3600000", "index.interval.bytes", "128"))).all().get();
    try (Producer<String, String> p = producer("linger.ms", 1000, "compression.type", "gzip")) {
      for (int day = 0; day < 3; day++) for (int i = 0; i < 4; i++) batch(p, "killed", 0, T0 + day * DAY + i * 1000, 6, "day" + day);
    }
  }

  public static void main(String[] args) throws Exception {
    servers = args[0];
    try (Admin admin = Admin.create(config())) {
      switch (args[1]) {
        case "first" -> first(admin);
        case "second" -> second(admin);
        case "small" -> small(admin);
        default -> throw new IllegalArgumentException(args[1]);
      }
    }
  }
}
