import { ApiKey } from '../../protocol/api_keys.js';
import { OPERATION, type Operation, RESOURCE, type ResourceType } from '../../security/acls.js';
import type { Body, Rule } from './guard.js';

const cluster = (operation: Operation): Rule => ({ kind: 'cluster', operation });
const group = (operation: Operation, field = 'groupId'): Rule => ({
  kind: 'field',
  field,
  type: RESOURCE.GROUP,
  operation,
});
const transactionalId = (operation: Operation): Rule => ({
  kind: 'field',
  field: 'transactionalId',
  type: RESOURCE.TRANSACTIONAL_ID,
  operation,
});
const each = (
  type: ResourceType,
  operation: Operation,
  list: string,
  answers: string,
  name: string | undefined,
  more: { readonly element?: Body; readonly partition?: Body } = {},
): Rule => ({ kind: 'each', list, answers, name, type, operation, ...more });

const { READ, WRITE, DELETE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS } = OPERATION;
const { TOPIC, GROUP, TRANSACTIONAL_ID } = RESOURCE;

/** What Kafka's brokers and controllers ask the authorizer, by API. APIs with more to it are in special.ts, Fetch asks by itself. */
export const accessRules: ReadonlyMap<number, readonly Rule[]> = new Map([
  [
    ApiKey.Produce,
    [
      transactionalId(WRITE),
      each(TOPIC, WRITE, 'topicData', 'responses', 'name', { partition: { baseOffset: -1, errorMessage: null } }),
    ],
  ],
  [ApiKey.ListOffsets, [each(TOPIC, DESCRIBE, 'topics', 'topics', 'name', { partition: { timestamp: -1 } })]],
  [ApiKey.DeleteRecords, [each(TOPIC, DELETE, 'topics', 'topics', 'name', { partition: { lowWatermark: -1 } })]],
  [ApiKey.CreatePartitions, [each(TOPIC, ALTER, 'topics', 'results', 'name', { element: { errorMessage: null } })]],
  [ApiKey.OffsetCommit, [group(READ), each(TOPIC, READ, 'topics', 'topics', 'name')]],
  [ApiKey.OffsetDelete, [group(DELETE), each(TOPIC, READ, 'topics', 'topics', 'name')]],
  [ApiKey.JoinGroup, [group(READ)]],
  [ApiKey.SyncGroup, [group(READ)]],
  [ApiKey.Heartbeat, [group(READ)]],
  [ApiKey.LeaveGroup, [group(READ)]],
  [ApiKey.DeleteGroups, [each(GROUP, DELETE, 'groupsNames', 'results', undefined)]],
  [ApiKey.ShareFetch, [group(READ)]],
  [ApiKey.ShareAcknowledge, [group(READ)]],
  [ApiKey.InitializeShareGroupState, [cluster(CLUSTER_ACTION)]],
  [ApiKey.ReadShareGroupState, [cluster(CLUSTER_ACTION)]],
  [ApiKey.WriteShareGroupState, [cluster(CLUSTER_ACTION)]],
  [ApiKey.DeleteShareGroupState, [cluster(CLUSTER_ACTION)]],
  [ApiKey.ReadShareGroupStateSummary, [cluster(CLUSTER_ACTION)]],
  [ApiKey.AddOffsetsToTxn, [transactionalId(WRITE), group(READ)]],
  [ApiKey.EndTxn, [transactionalId(WRITE)]],
  [ApiKey.WriteTxnMarkers, [cluster(CLUSTER_ACTION)]],
  [ApiKey.TxnOffsetCommit, [transactionalId(WRITE), group(READ), each(TOPIC, READ, 'topics', 'topics', 'name')]],
  [ApiKey.DescribeTransactions, [each(TRANSACTIONAL_ID, DESCRIBE, 'transactionalIds', 'transactionStates', undefined)]],
  [ApiKey.DescribeProducers, [each(TOPIC, READ, 'topics', 'topics', 'name')]],
  [ApiKey.AlterReplicaLogDirs, [cluster(ALTER)]],
  [ApiKey.DescribeLogDirs, [cluster(DESCRIBE)]],
  [ApiKey.DescribeAcls, [cluster(DESCRIBE)]],
  [ApiKey.CreateAcls, [cluster(ALTER)]],
  [ApiKey.DeleteAcls, [cluster(ALTER)]],
  [ApiKey.ElectLeaders, [cluster(ALTER)]],
  [ApiKey.AlterPartitionReassignments, [cluster(ALTER)]],
  [ApiKey.ListPartitionReassignments, [cluster(DESCRIBE)]],
  [ApiKey.DescribeQuorum, [cluster(DESCRIBE)]],
  [ApiKey.UpdateFeatures, [cluster(ALTER)]],
  [ApiKey.UnregisterBroker, [cluster(ALTER)]],
  [ApiKey.AddRaftVoter, [cluster(ALTER)]],
  [ApiKey.RemoveRaftVoter, [cluster(ALTER)]],
  [ApiKey.AlterClientQuotas, [cluster(ALTER_CONFIGS)]],
  [ApiKey.DescribeUserScramCredentials, [cluster(DESCRIBE)]],
  [ApiKey.ListConfigResources, [cluster(DESCRIBE_CONFIGS)]],
]);
