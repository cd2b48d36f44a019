import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicIdPartition;

/**
 * A member of a share group, with Apache Kafka's own Java client.
 *
 * <pre>ShareMember BOOTSTRAP TOPIC GROUP implicit|explicit</pre>
 *
 * Prints <code>{"got":[partition,offset,deliveryCount]}</code> per record and <code>{"done":[partition,offset]}</code> when the
 * broker has confirmed what was said of it, <code>{"unknown":[partition,offset]}</code> when it did not answer. Explicit: at the first delivery every fifth offset is released and every seventh
 * rejected, the others and all later deliveries are accepted. Implicit: everything is accepted with the next poll. SIGTERM ends it
 * with 0 when its last acknowledgements are confirmed.
 */
public final class ShareMember {
  public static void main(String[] args) throws Exception {
    boolean explicit = args[3].equals("explicit");
    Map<String, Object> config = new HashMap<>();
    config.put("bootstrap.servers", args[0]);
    config.put("group.id", args[2]);
    config.put("share.acknowledgement.mode", args[3]);
    config.put("max.poll.records", 20);
    config.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    config.put("value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    KafkaShareConsumer<String, String> consumer = new KafkaShareConsumer<>(config);
    // What was released is not done: it comes again.
    Set<String> released = new HashSet<>();
    consumer.setAcknowledgementCommitCallback(
        (Map<TopicIdPartition, Set<Long>> offsets, Exception failure) -> {
          offsets.forEach(
              (partition, all) -> {
                for (long offset : all) {
                  String name = partition.partition() + "," + offset;
                  boolean again = released.remove(name);
                  if (failure == null && !again) System.out.println("{\"done\":[" + name + "]}");
                  if (failure != null) {
                    System.out.println("{\"unknown\":[" + name + "]}");
                    System.err.println(name + ": " + failure);
                  }
                }
              });
          System.out.flush();
        });
    Thread main = Thread.currentThread();
    boolean[] stops = {false};
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  stops[0] = true;
                  try {
                    main.join(20_000);
                  } catch (InterruptedException e) {
                    return;
                  }
                  System.out.flush();
                  Runtime.getRuntime().halt(main.isAlive() ? 1 : 0);
                }));
    consumer.subscribe(List.of(args[1]));
    while (!stops[0]) {
      ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
      for (ConsumerRecord<String, String> record : records) {
        int count = record.deliveryCount().orElse((short) 0);
        System.out.println("{\"got\":[" + record.partition() + "," + record.offset() + "," + count + "]}");
        if (!explicit) continue;
        boolean first = count <= 1;
        if (first && record.offset() % 5 == 0) {
          released.add(record.partition() + "," + record.offset());
          consumer.acknowledge(record, AcknowledgeType.RELEASE);
        } else if (first && record.offset() % 7 == 0) consumer.acknowledge(record, AcknowledgeType.REJECT);
        else consumer.acknowledge(record, AcknowledgeType.ACCEPT);
      }
      System.out.flush();
    }
    consumer.close(Duration.ofSeconds(10));
  }
}
