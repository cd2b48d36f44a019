import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;

/** Apache Kafka's own Java client; its jars come from real-kafka's cache. */
public final class KafkaJava {
  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "produce" -> produce(args[1], args[2], args[3], Integer.parseInt(args[4]));
      case "consume" -> consume(args[1], args[2], Integer.parseInt(args[3]), args[4]);
      case "member" -> member(args[1], args[2], args[3]);
      case "admin" -> admin(args[1], args[2], args[3]);
      default -> System.exit(64);
    }
  }

  private static void produce(String bootstrap, String topic, String codec, int count) throws Exception {
    Map<String, Object> config = new HashMap<>();
    config.put("bootstrap.servers", bootstrap);
    config.put("compression.type", codec);
    config.put("linger.ms", 5);
    config.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    config.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(config)) {
      List<java.util.concurrent.Future<RecordMetadata>> sent = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        ProducerRecord<String, String> record =
            new ProducerRecord<>(topic, i % 3, i % 5 == 0 ? null : "key-" + i, "value-" + i + "-" + "x".repeat(64));
        record.headers().add("app", "compat".getBytes(StandardCharsets.UTF_8));
        record.headers().add("empty", new byte[0]);
        sent.add(producer.send(record));
      }
      producer.flush();
      for (var future : sent) future.get();
    }
  }

  private static void consume(String bootstrap, String topic, int count, String group) {
    Map<String, Object> config = new HashMap<>();
    config.put("bootstrap.servers", bootstrap);
    config.put("group.id", group);
    config.put("auto.offset.reset", "earliest");
    config.put("enable.auto.commit", "false");
    config.put("group.protocol", System.getProperty("group.protocol", "classic"));
    config.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    config.put("value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config)) {
      consumer.subscribe(Arrays.asList(topic.split(",")));
      int seen = 0;
      long deadline = System.currentTimeMillis() + 30_000;
      while (seen < count && System.currentTimeMillis() < deadline) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
          seen++;
          StringBuilder headers = new StringBuilder();
          for (Header header : record.headers()) {
            if (headers.length() > 0) headers.append(',');
            headers.append("[\"").append(header.key()).append("\",\"").append(new String(header.value(), StandardCharsets.UTF_8)).append("\"]");
          }
          System.out.println(
              "{\"t\":\"" + record.topic() + "\",\"p\":" + record.partition() + ",\"o\":" + record.offset() + ",\"k\":" + (record.key() == null ? "null" : "\"" + record.key() + "\"")
                  + ",\"v\":\"" + record.value() + "\",\"h\":[" + headers + "]}");
        }
      }
      consumer.commitSync();
    }
  }

  private static void member(String bootstrap, String topic, String group) throws Exception {
    Map<String, Object> config = new HashMap<>();
    config.put("bootstrap.servers", bootstrap);
    config.put("group.id", group);
    config.put("auto.offset.reset", "earliest");
    config.put("enable.auto.commit", "false");
    config.put("session.timeout.ms", 10_000);
    config.put("heartbeat.interval.ms", 300);
    config.put(
        "partition.assignment.strategy", List.of(RangeAssignor.class.getName(), RoundRobinAssignor.class.getName()));
    config.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    config.put("value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config);
    Thread main = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  consumer.wakeup();
                  try {
                    main.join(20_000);
                  } catch (InterruptedException e) {
                    return;
                  }
                  // Otherwise the status would be that of the signal.
                  System.out.flush();
                  Runtime.getRuntime().halt(main.isAlive() ? 1 : 0);
                }));
    List<Integer> assigned = null;
    try {
      consumer.subscribe(List.of(topic));
      while (true) {
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(50));
        List<Integer> now = consumer.assignment().stream().map(TopicPartition::partition).sorted().toList();
        if (!now.equals(assigned)) System.out.println("{\"assigned\":" + now + "}");
        assigned = now;
        for (ConsumerRecord<String, String> record : records)
          System.out.println("{\"p\":" + record.partition() + ",\"o\":" + record.offset() + "}");
      }
    } catch (WakeupException stop) {
      consumer.commitSync();
    } finally {
      consumer.close();
    }
  }

  private static void admin(String bootstrap, String topic, String group) throws Exception {
    StringBuilder seen = new StringBuilder();
    try (Admin admin = Admin.create(Map.<String, Object>of("bootstrap.servers", bootstrap))) {
      NewTopic wanted = new NewTopic(topic, 3, (short) 1).configs(Map.of("retention.ms", "7654321"));
      seen.append("{\"created\":").append(admin.createTopics(List.of(wanted)).numPartitions(topic).get() == 3);
      seen.append(",\"listed\":").append(admin.listTopics().names().get().contains(topic));
      admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(5))).all().get();
      int partitions = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
      seen.append(",\"partitions\":").append(partitions);
      String before = retention(admin, topic);
      ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
      AlterConfigOp set = new AlterConfigOp(new ConfigEntry("retention.ms", "1111111"), AlterConfigOp.OpType.SET);
      admin.incrementalAlterConfigs(Map.of(resource, List.of(set))).all().get();
      seen.append(",\"retention\":[\"" + before + "\",\"" + retention(admin, topic) + "\"]");
      seen.append(",\"group\":").append(isListed(admin, group));
      long committed =
          admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get()
              .get(new TopicPartition(topic + "-committed", 0)).offset();
      seen.append(",\"committed\":").append(committed);
      admin.deleteConsumerGroups(List.of(group)).all().get();
      seen.append(",\"groupDeleted\":").append(!isListed(admin, group));
      admin.deleteTopics(List.of(topic)).all().get();
      seen.append(",\"deleted\":").append(!admin.listTopics().names().get().contains(topic)).append('}');
    }
    System.out.println(seen);
  }

  private static String retention(Admin admin, String topic) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    return admin.describeConfigs(List.of(resource)).all().get().get(resource).get("retention.ms").value();
  }

  private static boolean isListed(Admin admin, String group) throws Exception {
    return admin.listGroups().all().get().stream().anyMatch(listing -> listing.groupId().equals(group));
  }
}
