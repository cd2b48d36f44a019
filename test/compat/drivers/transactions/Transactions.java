import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;

/** {@code Transactions <bootstrap> <topic> <group> <count>}, see ../README.md. */
public final class Transactions {
  public static void main(String[] args) throws Exception {
    String bootstrap = args[0];
    String topic = args[1];
    String group = args[2];
    Map<String, Object> config = new HashMap<>();
    config.put("bootstrap.servers", bootstrap);
    config.put("transactional.id", topic + "-id");
    config.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    config.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(config)) {
      producer.initTransactions();
      for (int n = 0; n < Integer.parseInt(args[3]); n++) {
        producer.beginTransaction();
        for (int partition = 0; partition < 3; partition++)
          producer.send(new ProducerRecord<>(topic, partition, null, n + "-" + partition));
        producer.sendOffsetsToTransaction(
            Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(n + 1)), new ConsumerGroupMetadata(group));
        producer.flush();
        if (n % 3 == 2) producer.abortTransaction();
        else producer.commitTransaction();
      }
    }
  }
}
