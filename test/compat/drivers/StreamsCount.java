import java.time.Duration;
import java.util.*;
import java.util.stream.Collectors;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.state.Stores;

/**
 * Counts words with Kafka Streams in a streams group (KIP-1071): lines are cut into words, written to a repartition topic by word, and
 * counted in a store with a changelog. Every new count of a word is a record of the output topic, `word count`.
 *
 * <pre>StreamsCount BOOTSTRAP APPLICATION INPUT OUTPUT at_least_once|exactly_once_v2 STATE_DIRECTORY</pre>
 *
 * Prints <code>{"tasks":["0_0",...]}</code>, the active ones, whenever they changed. SIGTERM closes it, and it ends with 0.
 */
public final class StreamsCount {
  public static void main(String[] args) throws Exception {
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(args[2], Consumed.with(Serdes.String(), Serdes.String()))
        .flatMapValues(line -> Arrays.asList(line.split(" ")))
        .selectKey((key, word) -> word)
        .repartition(Repartitioned.<String, String>as("words").withKeySerde(Serdes.String()).withValueSerde(Serdes.String()))
        .groupByKey()
        .count(
            Materialized.<String, Long>as(Stores.inMemoryKeyValueStore("counts"))
                .withKeySerde(Serdes.String())
                .withValueSerde(Serdes.Long()))
        .toStream()
        .mapValues((word, count) -> word + " " + count)
        .to(args[3], Produced.with(Serdes.String(), Serdes.String()));
    Properties config = new Properties();
    config.put("bootstrap.servers", args[0]);
    config.put("application.id", args[1]);
    config.put("group.protocol", "streams");
    config.put("processing.guarantee", args[4]);
    config.put("commit.interval.ms", 100);
    config.put("statestore.cache.max.bytes", 0);
    config.put("state.dir", args[5]);
    config.put("producer.transaction.timeout.ms", 4000);
    config.put("producer.linger.ms", 5);
    config.put("consumer.auto.offset.reset", "earliest");
    config.put("metadata.max.age.ms", 1000);
    config.put("reconnect.backoff.max.ms", 200);
    KafkaStreams streams = new KafkaStreams(builder.build(), config);
    boolean[] stops = {false};
    Thread main = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  stops[0] = true;
                  try {
                    main.join(30_000);
                  } catch (InterruptedException e) {
                    return;
                  }
                  System.out.flush();
                  Runtime.getRuntime().halt(main.isAlive() ? 1 : 0);
                }));
    streams.start();
    String before = "";
    while (!stops[0]) {
      Thread.sleep(50);
      if (streams.state() == KafkaStreams.State.ERROR) Runtime.getRuntime().halt(2);
      String tasks =
          streams.metadataForLocalThreads().stream()
              .flatMap(thread -> thread.activeTasks().stream())
              .map(task -> "\"" + task.taskId() + "\"")
              .sorted()
              .collect(Collectors.joining(","));
      if (!tasks.equals(before)) System.out.println("{\"tasks\":[" + tasks + "]}");
      before = tasks;
    }
    if (!streams.close(Duration.ofSeconds(25))) Runtime.getRuntime().halt(3);
  }
}
