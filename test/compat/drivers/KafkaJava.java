import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.header.Header;

/** Apache Kafka's own Java client; its jars come from real-kafka's cache. */
public final class KafkaJava {
  public static void main(String[] args) throws Exception {
    if (args[0].equals("produce")) produce(args[1], args[2], args[3], Integer.parseInt(args[4]));
    else consume(args[1], args[2], Integer.parseInt(args[3]), args[4]);
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
}
