import { AddOffsetsToTxnRequest, AddOffsetsToTxnResponse } from './api/add_offsets_to_txn.js';
import { AddPartitionsToTxnRequest, AddPartitionsToTxnResponse } from './api/add_partitions_to_txn.js';
import { AddRaftVoterRequest, AddRaftVoterResponse } from './api/add_raft_voter.js';
import { AllocateProducerIdsRequest, AllocateProducerIdsResponse } from './api/allocate_producer_ids.js';
import { AlterClientQuotasRequest, AlterClientQuotasResponse } from './api/alter_client_quotas.js';
import { AlterConfigsRequest, AlterConfigsResponse } from './api/alter_configs.js';
import { AlterPartitionRequest, AlterPartitionResponse } from './api/alter_partition.js';
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from './api/alter_partition_reassignments.js';
import { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse } from './api/alter_replica_log_dirs.js';
import { AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse } from './api/alter_share_group_offsets.js';
import {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from './api/alter_user_scram_credentials.js';
import { ApiVersionsRequest, ApiVersionsResponse } from './api/api_versions.js';
import { AssignReplicasToDirsRequest, AssignReplicasToDirsResponse } from './api/assign_replicas_to_dirs.js';
import { BeginQuorumEpochRequest, BeginQuorumEpochResponse } from './api/begin_quorum_epoch.js';
import { BrokerHeartbeatRequest, BrokerHeartbeatResponse } from './api/broker_heartbeat.js';
import { BrokerRegistrationRequest, BrokerRegistrationResponse } from './api/broker_registration.js';
import { ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse } from './api/consumer_group_describe.js';
import { ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse } from './api/consumer_group_heartbeat.js';
import { ControllerRegistrationRequest, ControllerRegistrationResponse } from './api/controller_registration.js';
import { CreateAclsRequest, CreateAclsResponse } from './api/create_acls.js';
import { CreateDelegationTokenRequest, CreateDelegationTokenResponse } from './api/create_delegation_token.js';
import { CreatePartitionsRequest, CreatePartitionsResponse } from './api/create_partitions.js';
import { CreateTopicsRequest, CreateTopicsResponse } from './api/create_topics.js';
import { DeleteAclsRequest, DeleteAclsResponse } from './api/delete_acls.js';
import { DeleteGroupsRequest, DeleteGroupsResponse } from './api/delete_groups.js';
import { DeleteRecordsRequest, DeleteRecordsResponse } from './api/delete_records.js';
import { DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse } from './api/delete_share_group_offsets.js';
import { DeleteShareGroupStateRequest, DeleteShareGroupStateResponse } from './api/delete_share_group_state.js';
import { DeleteTopicsRequest, DeleteTopicsResponse } from './api/delete_topics.js';
import { DescribeAclsRequest, DescribeAclsResponse } from './api/describe_acls.js';
import { DescribeClientQuotasRequest, DescribeClientQuotasResponse } from './api/describe_client_quotas.js';
import { DescribeClusterRequest, DescribeClusterResponse } from './api/describe_cluster.js';
import { DescribeConfigsRequest, DescribeConfigsResponse } from './api/describe_configs.js';
import { DescribeDelegationTokenRequest, DescribeDelegationTokenResponse } from './api/describe_delegation_token.js';
import { DescribeGroupsRequest, DescribeGroupsResponse } from './api/describe_groups.js';
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from './api/describe_log_dirs.js';
import { DescribeProducersRequest, DescribeProducersResponse } from './api/describe_producers.js';
import { DescribeQuorumRequest, DescribeQuorumResponse } from './api/describe_quorum.js';
import {
  DescribeShareGroupOffsetsRequest,
  DescribeShareGroupOffsetsResponse,
} from './api/describe_share_group_offsets.js';
import { DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse } from './api/describe_topic_partitions.js';
import { DescribeTransactionsRequest, DescribeTransactionsResponse } from './api/describe_transactions.js';
import {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from './api/describe_user_scram_credentials.js';
import { ElectLeadersRequest, ElectLeadersResponse } from './api/elect_leaders.js';
import { EndQuorumEpochRequest, EndQuorumEpochResponse } from './api/end_quorum_epoch.js';
import { EndTxnRequest, EndTxnResponse } from './api/end_txn.js';
import { EnvelopeRequest, EnvelopeResponse } from './api/envelope.js';
import { ExpireDelegationTokenRequest, ExpireDelegationTokenResponse } from './api/expire_delegation_token.js';
import { FetchRequest, FetchResponse } from './api/fetch.js';
import { FetchSnapshotRequest, FetchSnapshotResponse } from './api/fetch_snapshot.js';
import { FindCoordinatorRequest, FindCoordinatorResponse } from './api/find_coordinator.js';
import {
  GetTelemetrySubscriptionsRequest,
  GetTelemetrySubscriptionsResponse,
} from './api/get_telemetry_subscriptions.js';
import { HeartbeatRequest, HeartbeatResponse } from './api/heartbeat.js';
import { IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse } from './api/incremental_alter_configs.js';
import { InitProducerIdRequest, InitProducerIdResponse } from './api/init_producer_id.js';
import {
  InitializeShareGroupStateRequest,
  InitializeShareGroupStateResponse,
} from './api/initialize_share_group_state.js';
import { JoinGroupRequest, JoinGroupResponse } from './api/join_group.js';
import { LeaveGroupRequest, LeaveGroupResponse } from './api/leave_group.js';
import { ListConfigResourcesRequest, ListConfigResourcesResponse } from './api/list_config_resources.js';
import { ListGroupsRequest, ListGroupsResponse } from './api/list_groups.js';
import { ListOffsetsRequest, ListOffsetsResponse } from './api/list_offsets.js';
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from './api/list_partition_reassignments.js';
import { ListTransactionsRequest, ListTransactionsResponse } from './api/list_transactions.js';
import { MetadataRequest, MetadataResponse } from './api/metadata.js';
import { OffsetCommitRequest, OffsetCommitResponse } from './api/offset_commit.js';
import { OffsetDeleteRequest, OffsetDeleteResponse } from './api/offset_delete.js';
import { OffsetFetchRequest, OffsetFetchResponse } from './api/offset_fetch.js';
import { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse } from './api/offset_for_leader_epoch.js';
import { ProduceRequest, ProduceResponse } from './api/produce.js';
import { PushTelemetryRequest, PushTelemetryResponse } from './api/push_telemetry.js';
import { ReadShareGroupStateRequest, ReadShareGroupStateResponse } from './api/read_share_group_state.js';
import {
  ReadShareGroupStateSummaryRequest,
  ReadShareGroupStateSummaryResponse,
} from './api/read_share_group_state_summary.js';
import { RemoveRaftVoterRequest, RemoveRaftVoterResponse } from './api/remove_raft_voter.js';
import * as removed from './api/removed.js';
import { RenewDelegationTokenRequest, RenewDelegationTokenResponse } from './api/renew_delegation_token.js';
import { SaslAuthenticateRequest, SaslAuthenticateResponse } from './api/sasl_authenticate.js';
import { SaslHandshakeRequest, SaslHandshakeResponse } from './api/sasl_handshake.js';
import { ShareAcknowledgeRequest, ShareAcknowledgeResponse } from './api/share_acknowledge.js';
import { ShareFetchRequest, ShareFetchResponse } from './api/share_fetch.js';
import { ShareGroupDescribeRequest, ShareGroupDescribeResponse } from './api/share_group_describe.js';
import { ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse } from './api/share_group_heartbeat.js';
import { StreamsGroupDescribeRequest, StreamsGroupDescribeResponse } from './api/streams_group_describe.js';
import { StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse } from './api/streams_group_heartbeat.js';
import { SyncGroupRequest, SyncGroupResponse } from './api/sync_group.js';
import { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from './api/txn_offset_commit.js';
import { UnregisterBrokerRequest, UnregisterBrokerResponse } from './api/unregister_broker.js';
import { UpdateFeaturesRequest, UpdateFeaturesResponse } from './api/update_features.js';
import { UpdateRaftVoterRequest, UpdateRaftVoterResponse } from './api/update_raft_voter.js';
import { VoteRequest, VoteResponse } from './api/vote.js';
import { WriteShareGroupStateRequest, WriteShareGroupStateResponse } from './api/write_share_group_state.js';
import { WriteTxnMarkersRequest, WriteTxnMarkersResponse } from './api/write_txn_markers.js';
import { ApiKey } from './api_keys.js';
import type { AnyMessage, Message } from './message.js';
import type { Fields } from './schema.js';

/** One API: its key, both messages and what headers they travel with. */
export interface Api {
  readonly key: number;
  readonly name: string;
  readonly request: AnyMessage;
  readonly response: AnyMessage;
  /** Whether clients may use it (it is for controllers only otherwise). */
  readonly forClients: boolean;
}

export interface ApiVersionRange {
  readonly min: number;
  readonly max: number;
}

function api<A extends Fields, B extends Fields>(request: Message<A>, response: Message<B>, forClients: boolean): Api {
  return { key: request.key, name: request.name.replace(/Request$/, ''), request, response, forClients };
}

const all: readonly Api[] = [
  api(ProduceRequest, ProduceResponse, true),
  api(FetchRequest, FetchResponse, true),
  api(ListOffsetsRequest, ListOffsetsResponse, true),
  api(MetadataRequest, MetadataResponse, true),
  api(OffsetCommitRequest, OffsetCommitResponse, true),
  api(OffsetFetchRequest, OffsetFetchResponse, true),
  api(FindCoordinatorRequest, FindCoordinatorResponse, true),
  api(JoinGroupRequest, JoinGroupResponse, true),
  api(HeartbeatRequest, HeartbeatResponse, true),
  api(LeaveGroupRequest, LeaveGroupResponse, true),
  api(SyncGroupRequest, SyncGroupResponse, true),
  api(DescribeGroupsRequest, DescribeGroupsResponse, true),
  api(ListGroupsRequest, ListGroupsResponse, true),
  api(SaslHandshakeRequest, SaslHandshakeResponse, true),
  api(ApiVersionsRequest, ApiVersionsResponse, true),
  api(CreateTopicsRequest, CreateTopicsResponse, true),
  api(DeleteTopicsRequest, DeleteTopicsResponse, true),
  api(DeleteRecordsRequest, DeleteRecordsResponse, true),
  api(InitProducerIdRequest, InitProducerIdResponse, true),
  api(OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, true),
  api(AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, true),
  api(AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, true),
  api(EndTxnRequest, EndTxnResponse, true),
  api(WriteTxnMarkersRequest, WriteTxnMarkersResponse, true),
  api(TxnOffsetCommitRequest, TxnOffsetCommitResponse, true),
  api(DescribeAclsRequest, DescribeAclsResponse, true),
  api(CreateAclsRequest, CreateAclsResponse, true),
  api(DeleteAclsRequest, DeleteAclsResponse, true),
  api(DescribeConfigsRequest, DescribeConfigsResponse, true),
  api(AlterConfigsRequest, AlterConfigsResponse, true),
  api(AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse, true),
  api(DescribeLogDirsRequest, DescribeLogDirsResponse, true),
  api(SaslAuthenticateRequest, SaslAuthenticateResponse, true),
  api(CreatePartitionsRequest, CreatePartitionsResponse, true),
  api(CreateDelegationTokenRequest, CreateDelegationTokenResponse, true),
  api(RenewDelegationTokenRequest, RenewDelegationTokenResponse, true),
  api(ExpireDelegationTokenRequest, ExpireDelegationTokenResponse, true),
  api(DescribeDelegationTokenRequest, DescribeDelegationTokenResponse, true),
  api(DeleteGroupsRequest, DeleteGroupsResponse, true),
  api(ElectLeadersRequest, ElectLeadersResponse, true),
  api(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, true),
  api(AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, true),
  api(ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, true),
  api(OffsetDeleteRequest, OffsetDeleteResponse, true),
  api(DescribeClientQuotasRequest, DescribeClientQuotasResponse, true),
  api(AlterClientQuotasRequest, AlterClientQuotasResponse, true),
  api(DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse, true),
  api(AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse, true),
  api(VoteRequest, VoteResponse, false),
  api(BeginQuorumEpochRequest, BeginQuorumEpochResponse, false),
  api(EndQuorumEpochRequest, EndQuorumEpochResponse, false),
  api(DescribeQuorumRequest, DescribeQuorumResponse, true),
  api(AlterPartitionRequest, AlterPartitionResponse, false),
  api(UpdateFeaturesRequest, UpdateFeaturesResponse, true),
  api(EnvelopeRequest, EnvelopeResponse, false),
  api(FetchSnapshotRequest, FetchSnapshotResponse, false),
  api(DescribeClusterRequest, DescribeClusterResponse, true),
  api(DescribeProducersRequest, DescribeProducersResponse, true),
  api(BrokerRegistrationRequest, BrokerRegistrationResponse, false),
  api(BrokerHeartbeatRequest, BrokerHeartbeatResponse, false),
  api(UnregisterBrokerRequest, UnregisterBrokerResponse, true),
  api(DescribeTransactionsRequest, DescribeTransactionsResponse, true),
  api(ListTransactionsRequest, ListTransactionsResponse, true),
  api(AllocateProducerIdsRequest, AllocateProducerIdsResponse, false),
  api(ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, true),
  api(ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, true),
  api(ControllerRegistrationRequest, ControllerRegistrationResponse, false),
  api(GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse, true),
  api(PushTelemetryRequest, PushTelemetryResponse, true),
  api(AssignReplicasToDirsRequest, AssignReplicasToDirsResponse, false),
  api(ListConfigResourcesRequest, ListConfigResourcesResponse, true),
  api(DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, true),
  api(ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse, true),
  api(ShareGroupDescribeRequest, ShareGroupDescribeResponse, true),
  api(ShareFetchRequest, ShareFetchResponse, true),
  api(ShareAcknowledgeRequest, ShareAcknowledgeResponse, true),
  api(AddRaftVoterRequest, AddRaftVoterResponse, true),
  api(RemoveRaftVoterRequest, RemoveRaftVoterResponse, true),
  api(UpdateRaftVoterRequest, UpdateRaftVoterResponse, false),
  api(InitializeShareGroupStateRequest, InitializeShareGroupStateResponse, true),
  api(ReadShareGroupStateRequest, ReadShareGroupStateResponse, true),
  api(WriteShareGroupStateRequest, WriteShareGroupStateResponse, true),
  api(DeleteShareGroupStateRequest, DeleteShareGroupStateResponse, true),
  api(ReadShareGroupStateSummaryRequest, ReadShareGroupStateSummaryResponse, true),
  api(StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse, true),
  api(StreamsGroupDescribeRequest, StreamsGroupDescribeResponse, true),
  api(DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse, true),
  api(AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse, true),
  api(DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse, true),
];

const byKey: ReadonlyArray<Api | undefined> = Array.from({ length: 128 }, (_, key) =>
  all.find((entry) => entry.key === key),
);

/** Every API that has versions, by key. */
export function allApis(): readonly Api[] {
  return all;
}

/** Undefined for keys that Kafka 4.3.1 does not define or has removed. */
export function apiByKey(key: number): Api | undefined {
  return key >= 0 ? byKey[key] : undefined;
}

/** Name of an API that Kafka 4.0 removed (keys 4 to 7); undefined for every other key. */
export function removedApiName(key: number): string | undefined {
  return Object.values(removed)
    .find((one) => one.key === key)
    ?.name.replace(/Request$/, '');
}

/** What a 4.3.1 broker advertises to clients for this API; undefined when it is not for them. */
export function advertisedRange(entry: Api): ApiVersionRange | undefined {
  if (!entry.forClients) return undefined;
  const { minVersion, maxVersion, latestVersionUnstable } = entry.request;
  // Produce is advertised from 0: librdkafka before 2.11.1 asks for version 0 before it compresses at all. 0-2 are refused.
  const min = entry.key === ApiKey.Produce ? 0 : minVersion;
  return { min, max: latestVersionUnstable ? maxVersion - 1 : maxVersion };
}

/** Request header: 2 (tagged fields) with flexible versions, otherwise 1. */
export function requestHeaderVersion(entry: Api, version: number): number {
  return entry.request.isFlexible(version) ? 2 : 1;
}

/** Response header: 1 with flexible versions, otherwise 0; ApiVersions always 0, so that any client can read it. */
export function responseHeaderVersion(entry: Api, version: number): number {
  return entry.key !== ApiKey.ApiVersions && entry.response.isFlexible(version) ? 1 : 0;
}
