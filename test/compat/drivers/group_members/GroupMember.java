import java.time.Duration;
import java.util.*;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.WakeupException;

/** A member of a consumer group with Apache Kafka's own Java client; README.md of the drivers says what it prints. */
public final class GroupMember {
  private static final Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();

  public static void main(String[] args) throws Exception {
    String subscription = args[1];
    boolean modern = args[3].equals("consumer");
    Map<String, Object> config = new HashMap<>();
    config.put("bootstrap.servers", args[0]);
    config.put("group.id", args[2]);
    config.put("group.protocol", args[3]);
    config.put("auto.offset.reset", "earliest");
    config.put("enable.auto.commit", "false");
    config.put("metadata.max.age.ms", 1000);
    config.put("reconnect.backoff.max.ms", 200);
    if (!args[4].equals("-")) config.put("group.instance.id", args[4]);
    if (!modern) {
      config.put("session.timeout.ms", 6000);
      config.put("heartbeat.interval.ms", 200);
      config.put("partition.assignment.strategy", CooperativeStickyAssignor.class.getName());
    }
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
                  System.out.flush();
                  Runtime.getRuntime().halt(main.isAlive() ? 1 : 0);
                }));
    ConsumerRebalanceListener commits =
        new ConsumerRebalanceListener() {
          @Override
          public void onPartitionsRevoked(Collection<TopicPartition> gone) {
            commit(consumer, gone);
            next.keySet().removeAll(gone);
          }

          @Override
          public void onPartitionsLost(Collection<TopicPartition> gone) {
            next.keySet().removeAll(gone);
          }

          @Override
          public void onPartitionsAssigned(Collection<TopicPartition> come) {}
        };
    Set<TopicPartition> assigned = null;
    boolean uncommitted = false;
    try {
      if (!subscription.startsWith("^")) consumer.subscribe(List.of(subscription.split(",")), commits);
      else if (modern) consumer.subscribe(new SubscriptionPattern(subscription), commits);
      else consumer.subscribe(Pattern.compile(subscription), commits);
      while (true) {
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(50));
        Set<TopicPartition> now = Set.copyOf(consumer.assignment());
        if (!now.equals(assigned))
          System.out.println("{\"assigned\":[" + String.join(",", now.stream().map(GroupMember::name).sorted().toList()) + "]}");
        assigned = now;
        for (ConsumerRecord<String, String> record : records) {
          TopicPartition partition = new TopicPartition(record.topic(), record.partition());
          System.out.println("{\"read\":" + name(partition) + ",\"offset\":" + record.offset() + "}");
          next.put(partition, new OffsetAndMetadata(record.offset() + 1));
        }
        uncommitted |= !records.isEmpty();
        try {
          if (uncommitted) commit(consumer, next.keySet());
          uncommitted = false;
        } catch (RebalanceInProgressException later) {
          // The next poll ends the rebalance.
        }
      }
    } catch (WakeupException stop) {
      // Closing hands the partitions back, which commits.
    } finally {
      consumer.close();
    }
  }

  private static void commit(KafkaConsumer<String, String> consumer, Collection<TopicPartition> of) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    for (TopicPartition partition : of) if (next.containsKey(partition)) offsets.put(partition, next.get(partition));
    if (offsets.isEmpty()) return;
    try {
      consumer.commitSync(offsets);
    } catch (WakeupException stop) {
      consumer.commitSync(offsets);
      throw stop;
    }
  }

  private static String name(TopicPartition partition) {
    return "\"" + partition.topic() + "/" + partition.partition() + "\"";
  }
}
