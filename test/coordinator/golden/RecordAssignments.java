import com.dynatrace.hash4j.hashing.*;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.api.assignor.*;
import org.apache.kafka.coordinator.group.assignor.*;
import org.apache.kafka.coordinator.group.modern.*;
import java.util.*;

/** Golden vectors: XXH3 of what Kafka hashes, and assignments of Kafka's own assignors. */
public class RecordAssignments {
  static Random rnd = new Random(848);
  record Sub(Optional<String> rackId, Optional<String> instanceId, Set<Uuid> topics, Map<Uuid, Set<Integer>> owned) {}

  public static void main(String[] args) {
    StringBuilder out = new StringBuilder("{\n \"hashes\": [\n");
    int[] lengths = {0,1,3,4,8,9,16,17,24,32,33,64,65,96,97,128,129,160,240,241,512,1023,1024,1025,2048,5000};
    for (int i = 0; i < lengths.length; i++) {
      byte[] b = new byte[lengths[i]];
      for (int j = 0; j < b.length; j++) b[j] = (byte) (j * 31 + 7);
      long h = Hashing.xxh3_64().hashBytesToLong(b);
      out.append("  [" + lengths[i] + ", \"" + Long.toUnsignedString(h) + "\"]" + (i + 1 < lengths.length ? ",\n" : "\n"));
    }
    long stream = Hashing.xxh3_64().hashStream().putByte((byte) 0).putLong(0x0123456789abcdefL).putLong(-2L).putString("topic-ä")
      .putInt(2).putInt(0).putInt(2).putString("r1").putInt(1).putInt(2).putString("r2").getAsLong();
    out.append(" ],\n \"stream\": \"" + stream + "\",\n \"assignments\": [\n");
    int cases = Integer.parseInt(args[0]);
    for (int c = 0; c < cases; c++) out.append(one(c)).append(c + 1 < cases ? ",\n" : "\n");
    out.append(" ]\n}");
    System.out.println(out);
  }

  static String q(String s) { return s == null ? "null" : "\"" + s + "\""; }

  static String one(int c) {
    boolean uniform = c % 3 != 2;
    int topicCount = 1 + rnd.nextInt(4);
    Map<Uuid, Integer> topics = new LinkedHashMap<>();
    for (int t = 0; t < topicCount; t++) topics.put(new Uuid(rnd.nextLong() >>> 1, rnd.nextLong()), 1 + rnd.nextInt(12));
    boolean homogeneous = rnd.nextBoolean();
    int memberCount = 1 + rnd.nextInt(c % 10 == 0 ? 40 : 7);
    List<String> ids = new ArrayList<>();
    for (int m = 0; m < memberCount; m++) ids.add(new Uuid(rnd.nextLong() >>> 1, rnd.nextLong()).toString());
    List<Uuid> topicList = new ArrayList<>(topics.keySet());
    Map<String, Sub> subs = new LinkedHashMap<>();
    Map<Uuid, Map<Integer, String>> owners = new HashMap<>();
    int staticOnes = rnd.nextInt(3) == 0 ? rnd.nextInt(memberCount + 1) : 0;
    int m = 0;
    for (String id : ids) {
      Set<Uuid> subscribed = new LinkedHashSet<>();
      for (Uuid t : topicList) if (homogeneous || rnd.nextInt(3) > 0) subscribed.add(t);
      subs.put(id, new Sub(Optional.empty(), m < staticOnes ? Optional.of("i" + (99 - m)) : Optional.empty(), subscribed, new HashMap<>()));
      m++;
    }
    int ownedShare = rnd.nextInt(3);
    for (Uuid t : topicList) for (int p = 0; p < topics.get(t); p++) {
      if (rnd.nextInt(3) >= ownedShare) continue;
      String id = ids.get(rnd.nextInt(Math.max(1, memberCount / (1 + rnd.nextInt(2)))));
      subs.get(id).owned().computeIfAbsent(t, k -> new HashSet<>()).add(p);
      owners.computeIfAbsent(t, k -> new HashMap<>()).put(p, id);
    }
    Map<String, MemberSubscriptionAndAssignmentImpl> specs = new HashMap<>();
    // As the coordinator does it: members come out of its own table first.
    org.apache.kafka.timeline.TimelineHashMap<String, Sub> table =
      new org.apache.kafka.timeline.TimelineHashMap<>(new org.apache.kafka.timeline.SnapshotRegistry(new org.apache.kafka.common.utils.LogContext()), 0);
    subs.forEach(table::put);
    table.forEach((id, s) -> specs.put(id, new MemberSubscriptionAndAssignmentImpl(s.rackId(), s.instanceId(), s.topics(), new Assignment(s.owned()))));
    GroupSpec spec = new GroupSpecImpl(Collections.unmodifiableMap(specs), homogeneous ? SubscriptionType.HOMOGENEOUS : SubscriptionType.HETEROGENEOUS, owners, Optional.empty());
    SubscribedTopicDescriber describer = new SubscribedTopicDescriber() {
      public int numPartitions(Uuid id) { return topics.getOrDefault(id, -1); }
      public Set<String> racksForPartition(Uuid id, int p) { return Set.of(); }
      public Set<Integer> assignablePartitions(Uuid id) { throw new UnsupportedOperationException(); }
    };
    ConsumerGroupPartitionAssignor assignor = uniform ? new UniformAssignor() : new RangeAssignor();
    GroupAssignment result = assignor.assign(spec, describer);
    StringBuilder b = new StringBuilder("  {\"assignor\": " + q(assignor.name()) + ", \"homogeneous\": " + homogeneous + ", \"topics\": {");
    int i = 0;
    for (var e : topics.entrySet()) b.append(i++ == 0 ? "" : ", ").append(q(e.getKey().toString()) + ": " + e.getValue());
    b.append("},\n   \"members\": [");
    i = 0;
    for (var e : subs.entrySet()) {
      b.append(i++ == 0 ? "" : ",\n    ").append("{\"id\": " + q(e.getKey()) + ", \"instance\": " + q(e.getValue().instanceId().orElse(null)) + ", \"topics\": [");
      int j = 0;
      for (Uuid t : e.getValue().topics()) b.append(j++ == 0 ? "" : ", ").append(q(t.toString()));
      b.append("], \"owned\": " + assignment(e.getValue().owned()));
      MemberAssignment a = result.members().get(e.getKey());
      b.append(", \"gets\": " + (a == null ? "{}" : assignment(a.partitions())) + "}");
    }
    return b.append("]}").toString();
  }

  static String assignment(Map<Uuid, Set<Integer>> partitions) {
    StringBuilder b = new StringBuilder("{");
    int i = 0;
    for (var e : partitions.entrySet()) {
      if (e.getValue().isEmpty()) continue;
      b.append(i++ == 0 ? "" : ", ").append(q(e.getKey().toString()) + ": " + new ArrayList<>(e.getValue()));
    }
    return b.append("}").toString();
  }
}
