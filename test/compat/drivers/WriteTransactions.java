import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.producer.*;

/**
 * Writes transactions that overlap, commit and abort, and idempotent records between them, to one partition:
 *
 * <pre>WriteTransactions BOOTSTRAP TOPIC PHASE [open]</pre>
 *
 * The same phase makes the same choices. With `open` one transaction has no end.
 */
public final class WriteTransactions {
  private static KafkaProducer<byte[], byte[]> producer(String bootstrap, String transactionalId) {
    Map<String, Object> config = new HashMap<>();
    config.put("bootstrap.servers", bootstrap);
    config.put("linger.ms", 0);
    config.put("transaction.timeout.ms", 600_000);
    if (transactionalId != null) config.put("transactional.id", transactionalId);
    config.put("key.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer");
    config.put("value.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer");
    KafkaProducer<byte[], byte[]> made = new KafkaProducer<>(config);
    if (transactionalId != null) made.initTransactions();
    return made;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  public static void main(String[] args) throws Exception {
    String bootstrap = args[0];
    String topic = args[1];
    int phase = Integer.parseInt(args[2]);
    boolean open = args.length > 3;
    Random random = new Random(phase * 7919L);
    List<KafkaProducer<byte[], byte[]>> transactional = new ArrayList<>();
    for (int i = 0; i < 3; i++) transactional.add(producer(bootstrap, topic + "-" + phase + "-" + i));
    KafkaProducer<byte[], byte[]> plain = producer(bootstrap, null);
    boolean[] begun = new boolean[3];
    for (int step = 0; step < 160; step++) {
      int who = random.nextInt(4);
      KafkaProducer<byte[], byte[]> producer = who == 3 ? plain : transactional.get(who);
      if (who < 3 && begun[who] && random.nextInt(3) == 0) {
        if (random.nextBoolean()) producer.commitTransaction();
        else producer.abortTransaction();
        begun[who] = false;
        continue;
      }
      if (who < 3 && !begun[who]) {
        producer.beginTransaction();
        begun[who] = true;
      }
      int count = 1 + random.nextInt(3);
      for (int i = 0; i < count; i++) {
        byte[] value = random.nextInt(6) == 0 ? null : bytes(phase + "." + step + "." + i + " by " + who + " " + "x".repeat(random.nextInt(40)));
        producer.send(new ProducerRecord<>(topic, 0, bytes("key-" + random.nextInt(30)), value));
      }
      producer.flush();
    }
    for (int i = 0; i < 3; i++) {
      if (!begun[i]) continue;
      if (i % 2 == 0) transactional.get(i).abortTransaction();
      else transactional.get(i).commitTransaction();
    }
    if (open) {
      transactional.get(0).beginTransaction();
      transactional.get(0).send(new ProducerRecord<>(topic, 0, bytes("undecided"), bytes("1")));
      transactional.get(0).flush();
      transactional.get(1).beginTransaction();
      transactional.get(1).send(new ProducerRecord<>(topic, 0, bytes("aborted above"), bytes("2")));
      transactional.get(1).flush();
      transactional.get(1).abortTransaction();
    }
    plain.send(new ProducerRecord<>(topic, 0, bytes("last"), bytes("of phase " + phase)));
    plain.flush();
    // Closing would abort what is open.
    System.out.println("written");
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }
}
