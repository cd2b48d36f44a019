import { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse } from '../protocol/api/alter_replica_log_dirs.js';
import {
  AlterShareGroupOffsetsRequest,
  AlterShareGroupOffsetsResponse,
} from '../protocol/api/alter_share_group_offsets.js';
import {
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeResponse,
} from '../protocol/api/consumer_group_describe.js';
import { CreatePartitionsRequest, CreatePartitionsResponse } from '../protocol/api/create_partitions.js';
import { CreateTopicsRequest, CreateTopicsResponse } from '../protocol/api/create_topics.js';
import { DeleteGroupsRequest, DeleteGroupsResponse } from '../protocol/api/delete_groups.js';
import { DeleteRecordsRequest, DeleteRecordsResponse } from '../protocol/api/delete_records.js';
import {
  DeleteShareGroupOffsetsRequest,
  DeleteShareGroupOffsetsResponse,
} from '../protocol/api/delete_share_group_offsets.js';
import { DeleteTopicsRequest, DeleteTopicsResponse } from '../protocol/api/delete_topics.js';
import { DescribeClusterRequest, DescribeClusterResponse } from '../protocol/api/describe_cluster.js';
import { DescribeConfigsRequest, DescribeConfigsResponse } from '../protocol/api/describe_configs.js';
import { DescribeGroupsRequest, DescribeGroupsResponse } from '../protocol/api/describe_groups.js';
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from '../protocol/api/describe_log_dirs.js';
import { DescribeProducersRequest, DescribeProducersResponse } from '../protocol/api/describe_producers.js';
import {
  DescribeShareGroupOffsetsRequest,
  DescribeShareGroupOffsetsResponse,
} from '../protocol/api/describe_share_group_offsets.js';
import { DescribeTransactionsRequest, DescribeTransactionsResponse } from '../protocol/api/describe_transactions.js';
import { FetchRequest, FetchResponse } from '../protocol/api/fetch.js';
import { FindCoordinatorRequest, FindCoordinatorResponse } from '../protocol/api/find_coordinator.js';
import { HeartbeatRequest, HeartbeatResponse } from '../protocol/api/heartbeat.js';
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '../protocol/api/incremental_alter_configs.js';
import { InitProducerIdRequest, InitProducerIdResponse } from '../protocol/api/init_producer_id.js';
import { JoinGroupRequest, JoinGroupResponse } from '../protocol/api/join_group.js';
import { LeaveGroupRequest, LeaveGroupResponse } from '../protocol/api/leave_group.js';
import { ListGroupsRequest, ListGroupsResponse } from '../protocol/api/list_groups.js';
import { ListOffsetsRequest, ListOffsetsResponse } from '../protocol/api/list_offsets.js';
import { ListTransactionsRequest, ListTransactionsResponse } from '../protocol/api/list_transactions.js';
import { MetadataRequest, MetadataResponse } from '../protocol/api/metadata.js';
import { OffsetCommitRequest, OffsetCommitResponse } from '../protocol/api/offset_commit.js';
import { OffsetDeleteRequest, OffsetDeleteResponse } from '../protocol/api/offset_delete.js';
import { OffsetFetchRequest, OffsetFetchResponse } from '../protocol/api/offset_fetch.js';
import { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse } from '../protocol/api/offset_for_leader_epoch.js';
import { ProduceRequest, ProduceResponse } from '../protocol/api/produce.js';
import { ShareGroupDescribeRequest, ShareGroupDescribeResponse } from '../protocol/api/share_group_describe.js';
import { StreamsGroupDescribeRequest, StreamsGroupDescribeResponse } from '../protocol/api/streams_group_describe.js';
import { SyncGroupRequest, SyncGroupResponse } from '../protocol/api/sync_group.js';
import { WriteTxnMarkersRequest, WriteTxnMarkersResponse } from '../protocol/api/write_txn_markers.js';
import { apiCall } from './api_call.js';

/** The APIs this client calls. Limits on versions are those of the code that fills in the messages. */
export const calls = {
  // From 4 on a request says whether topics may be created.
  metadata: apiCall(MetadataRequest, MetadataResponse, { minVersion: 4 }),
  findCoordinator: apiCall(FindCoordinatorRequest, FindCoordinatorResponse, { minVersion: 1 }),
  describeCluster: apiCall(DescribeClusterRequest, DescribeClusterResponse),
  createTopics: apiCall(CreateTopicsRequest, CreateTopicsResponse),
  deleteTopics: apiCall(DeleteTopicsRequest, DeleteTopicsResponse),
  createPartitions: apiCall(CreatePartitionsRequest, CreatePartitionsResponse),
  deleteRecords: apiCall(DeleteRecordsRequest, DeleteRecordsResponse),
  describeConfigs: apiCall(DescribeConfigsRequest, DescribeConfigsResponse),
  incrementalAlterConfigs: apiCall(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse),
  alterReplicaLogDirs: apiCall(AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse),
  describeLogDirs: apiCall(DescribeLogDirsRequest, DescribeLogDirsResponse),
  listOffsets: apiCall(ListOffsetsRequest, ListOffsetsResponse),
  offsetForLeaderEpoch: apiCall(OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, { minVersion: 3 }),
  produce: apiCall(ProduceRequest, ProduceResponse),
  initProducerId: apiCall(InitProducerIdRequest, InitProducerIdResponse),
  fetch: apiCall(FetchRequest, FetchResponse),
  joinGroup: apiCall(JoinGroupRequest, JoinGroupResponse),
  syncGroup: apiCall(SyncGroupRequest, SyncGroupResponse),
  heartbeat: apiCall(HeartbeatRequest, HeartbeatResponse),
  leaveGroup: apiCall(LeaveGroupRequest, LeaveGroupResponse),
  // 10 names topics by id; groups outlive topics, so names are what their offsets are kept under here.
  offsetCommit: apiCall(OffsetCommitRequest, OffsetCommitResponse, { maxVersion: 9 }),
  offsetFetch: apiCall(OffsetFetchRequest, OffsetFetchResponse, { maxVersion: 9 }),
  offsetDelete: apiCall(OffsetDeleteRequest, OffsetDeleteResponse),
  listGroups: apiCall(ListGroupsRequest, ListGroupsResponse),
  describeConsumerGroups: apiCall(ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse),
  describeGroups: apiCall(DescribeGroupsRequest, DescribeGroupsResponse),
  describeStreamsGroups: apiCall(StreamsGroupDescribeRequest, StreamsGroupDescribeResponse),
  listTransactions: apiCall(ListTransactionsRequest, ListTransactionsResponse),
  describeTransactions: apiCall(DescribeTransactionsRequest, DescribeTransactionsResponse),
  describeProducers: apiCall(DescribeProducersRequest, DescribeProducersResponse),
  writeTxnMarkers: apiCall(WriteTxnMarkersRequest, WriteTxnMarkersResponse),
  deleteGroups: apiCall(DeleteGroupsRequest, DeleteGroupsResponse),
  shareGroupDescribe: apiCall(ShareGroupDescribeRequest, ShareGroupDescribeResponse),
  // 0 says nothing of the lag.
  describeShareGroupOffsets: apiCall(DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse, {
    minVersion: 1,
  }),
  alterShareGroupOffsets: apiCall(AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse),
  deleteShareGroupOffsets: apiCall(DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse),
} as const;
