import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

// Asks Apache Kafka what it says of settings that do not go together, a row each:
//   java -cp "$(../shared/tools/real-kafka classpath)" test/golden/config/Contradictions.java test/golden/config/contradictions.tsv
// The first column of the file stays, the second is written anew.
public class Contradictions {
  public static void main(String[] args) throws Exception {
    Path file = Path.of(args[0]);
    List<String> rows = new ArrayList<>();
    for (String row : Files.readAllLines(file)) {
      String settings = row.split("\t")[0];
      rows.add(rows.isEmpty() ? row : settings + "\t" + answer(settings));
    }
    Files.write(file, rows);
  }

  private static String answer(String settings) {
    Map<String, String> properties = new HashMap<>(Map.of(
        "process.roles", "broker,controller", "node.id", "1", "controller.quorum.voters", "1@127.0.0.1:9093",
        "listeners", "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093", "controller.listener.names", "CONTROLLER"));
    for (String setting : settings.split(";")) {
      String[] parts = setting.split("=", 2);
      properties.put(parts[0], parts[1]);
    }
    try {
      new kafka.server.KafkaConfig(properties);
      return "ok";
    } catch (RuntimeException refused) {
      return refused.getMessage();
    }
  }
}
