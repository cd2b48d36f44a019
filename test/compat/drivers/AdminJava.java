// Kafka's own Admin client against the broker at args[0]: every call of the admin APIs, one line `name: result` each. A result is what a
// user of the client sees: values, or the class of the exception.
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.quota.*;
import org.apache.kafka.common.resource.*;

public class AdminJava {
  interface Call { Object run() throws Exception; }

  static void show(String name, Call call) {
    String text;
    try { text = String.valueOf(call.run()); }
    catch (ExecutionException e) { text = e.getCause().getClass().getSimpleName(); }
    catch (Exception e) { text = e.getClass().getSimpleName(); }
    System.out.println(name + ": " + text);
  }

  public static void main(String[] args) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0], "request.timeout.ms", "15000", "default.api.timeout.ms", "20000"))) {
      admin.createTopics(List.of(new NewTopic("java-admin", 2, (short) 1))).all().get();
      TopicPartition partition = new TopicPartition("java-admin", 0);
      leaders(admin, partition);
      quotas(admin);
      users(admin);
      acls(admin);
      features(admin);
      configs(admin);
      tokens(admin);
    }
  }

  static void leaders(Admin admin, TopicPartition partition) {
    show("electLeaders", () -> admin.electLeaders(ElectionType.PREFERRED, Set.of(partition)).partitions().get()
        .get(partition).map(e -> e.getClass().getSimpleName()).orElse("elected"));
    show("electLeaders all", () -> admin.electLeaders(ElectionType.PREFERRED, null).partitions().get().size());
    show("alterPartitionReassignments", () -> admin.alterPartitionReassignments(
        Map.of(partition, Optional.of(new NewPartitionReassignment(List.of(1))))).all().get());
    show("alterPartitionReassignments elsewhere", () -> admin.alterPartitionReassignments(
        Map.of(partition, Optional.of(new NewPartitionReassignment(List.of(9))))).all().get());
    show("alterPartitionReassignments cancel", () -> admin.alterPartitionReassignments(
        Map.of(partition, Optional.empty())).all().get());
    show("listPartitionReassignments", () -> admin.listPartitionReassignments().reassignments().get());
    show("describeMetadataQuorum", () -> {
      QuorumInfo info = admin.describeMetadataQuorum().quorumInfo().get();
      return info.leaderId() + " " + info.voters().size() + " " + info.observers().size();
    });
    show("addRaftVoter", () -> admin.addRaftVoter(2, Uuid.randomUuid(),
        Set.of(new RaftVoterEndpoint("CONTROLLER", "127.0.0.1", 9))).all().get());
    show("removeRaftVoter", () -> admin.removeRaftVoter(2, Uuid.randomUuid()).all().get());
    show("unregisterBroker", () -> admin.unregisterBroker(7).all().get());
  }

  static void quotas(Admin admin) {
    ClientQuotaEntity entity = new ClientQuotaEntity(Map.of("user", "java", "client-id", "app"));
    Map<String, String> rest = new HashMap<>();
    rest.put("user", null);
    show("alterClientQuotas", () -> admin.alterClientQuotas(List.of(
        new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op("producer_byte_rate", 1e9))),
        new ClientQuotaAlteration(new ClientQuotaEntity(rest), List.of(new ClientQuotaAlteration.Op("request_percentage", 5000.0))))).all().get());
    show("describeClientQuotas", () -> new TreeMap<>(admin.describeClientQuotas(ClientQuotaFilter.contains(
        List.of(ClientQuotaFilterComponent.ofEntity("user", "java")))).entities().get().values().iterator().next()));
    show("alterClientQuotas bad", () -> admin.alterClientQuotas(List.of(
        new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op("no_such", 1.0))))).all().get());
    show("alterClientQuotas remove", () -> admin.alterClientQuotas(List.of(
        new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op("producer_byte_rate", null))))).all().get());
    show("describeClientQuotas all", () -> admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get().size());
  }

  static void users(Admin admin) {
    show("alterUserScramCredentials", () -> admin.alterUserScramCredentials(List.of(
        new UserScramCredentialUpsertion("java", new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), "secret"))).all().get());
    show("describeUserScramCredentials", () -> admin.describeUserScramCredentials().all().get().get("java").credentialInfos());
    show("describeUserScramCredentials unknown", () -> admin.describeUserScramCredentials(List.of("nobody")).description("nobody").get());
    show("alterUserScramCredentials delete", () -> admin.alterUserScramCredentials(List.of(
        new UserScramCredentialDeletion("java", ScramMechanism.SCRAM_SHA_256))).all().get());
  }

  static void acls(Admin admin) {
    AclBinding binding = new AclBinding(new ResourcePattern(ResourceType.TOPIC, "java-", PatternType.PREFIXED),
        new AccessControlEntry("User:java", "*", AclOperation.READ, AclPermissionType.ALLOW));
    show("createAcls", () -> admin.createAcls(List.of(binding)).all().get());
    show("describeAcls", () -> admin.describeAcls(AclBindingFilter.ANY).values().get().contains(binding));
    show("deleteAcls", () -> admin.deleteAcls(List.of(binding.toFilter())).all().get().size());
    show("describeAcls after", () -> admin.describeAcls(AclBindingFilter.ANY).values().get().size());
    show("describeCluster operations", () -> new TreeSet<>(admin.describeCluster(
        new DescribeClusterOptions().includeAuthorizedOperations(true)).authorizedOperations().get()));
  }

  static void features(Admin admin) {
    show("describeFeatures", () -> admin.describeFeatures().featureMetadata().get().finalizedFeatures().get("metadata.version"));
    show("updateFeatures", () -> admin.updateFeatures(Map.of("metadata.version",
        new FeatureUpdate((short) 30, FeatureUpdate.UpgradeType.UPGRADE)), new UpdateFeaturesOptions()).all().get());
    show("updateFeatures bad", () -> admin.updateFeatures(Map.of("no.such",
        new FeatureUpdate((short) 1, FeatureUpdate.UpgradeType.UPGRADE)), new UpdateFeaturesOptions()).all().get());
  }

  static Object change(Admin admin, ConfigResource resource, String key, String value) throws Exception {
    return admin.incrementalAlterConfigs(Map.of(resource, List.of(
        new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET)))).all().get();
  }
  static String value(Admin admin, ConfigResource resource, String key) throws Exception {
    ConfigEntry entry = admin.describeConfigs(List.of(resource)).all().get().get(resource).get(key);
    return entry.value() + " " + entry.source();
  }

  static void configs(Admin admin) {
    ConfigResource metrics = new ConfigResource(ConfigResource.Type.CLIENT_METRICS, "java");
    ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, "java");
    ConfigResource logger = new ConfigResource(ConfigResource.Type.BROKER_LOGGER, "1");
    show("client metrics", () -> change(admin, metrics, "interval.ms", "60000"));
    show("client metrics value", () -> value(admin, metrics, "interval.ms"));
    show("group", () -> change(admin, group, "consumer.session.timeout.ms", "50000"));
    show("group value", () -> value(admin, group, "consumer.session.timeout.ms"));
    show("logger", () -> change(admin, logger, "root", "WARN"));
    show("logger value", () -> value(admin, logger, "root"));
    show("listConfigResources", () -> admin.listConfigResources(
        Set.of(ConfigResource.Type.CLIENT_METRICS, ConfigResource.Type.GROUP), new ListConfigResourcesOptions()).all().get()
        .stream().map(r -> r.type() + " " + r.name()).sorted().collect(Collectors.toList()));
  }

  static void tokens(Admin admin) {
    show("createDelegationToken", () -> admin.createDelegationToken().delegationToken().get());
    show("describeDelegationToken", () -> admin.describeDelegationToken().delegationTokens().get());
  }
}
