import { ZERO_UUID } from '../../common/ids.js';
import type { Clock } from '../../common/ports/index.js';
import { type ControllerError, failure } from '../../controller/assignments.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { AddRaftVoterRequest, AddRaftVoterResponseInput } from '../../protocol/api/add_raft_voter.js';
import type { DescribeQuorumRequest, DescribeQuorumResponseInput } from '../../protocol/api/describe_quorum.js';
import type { RemoveRaftVoterRequest, RemoveRaftVoterResponseInput } from '../../protocol/api/remove_raft_voter.js';
import type { UnregisterBrokerRequest, UnregisterBrokerResponseInput } from '../../protocol/api/unregister_broker.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

export interface QuorumDeps {
  readonly nodeId: number;
  readonly clock: Clock;
  readonly metadata: MetadataCache;
}

const lowestVersionWithNodes = 2;
const metadataTopic = '__cluster_metadata';

/** DescribeQuorum (KIP-836, KIP-853): this node is the quorum, and the journal's revision its offset. */
export function describeQuorumHandler(deps: QuorumDeps): Handler<DescribeQuorumRequest, DescribeQuorumResponseInput> {
  return ({ topics }, { apiVersion }) => {
    const [topic] = topics;
    const single = topics.length === 1 && topic?.partitions.length === 1;
    const known = single && topic?.topicName === metadataTopic && topic.partitions[0]?.partitionIndex === 0;
    if (!known)
      return {
        errorCode: ErrorCode.NONE,
        errorMessage: '',
        topics: topics.map(({ topicName, partitions }) => ({
          topicName,
          partitions: partitions.map(({ partitionIndex }) => ({
            ...nothingKnown,
            partitionIndex,
            errorMessage: single ? 'This server does not host this topic-partition.' : '',
          })),
        })),
      };
    const nowMs = deps.clock.wallMs();
    const { nodeId, metadata } = deps;
    const { revision, controllerEpoch, brokers } = metadata.current();
    const self = {
      replicaId: nodeId,
      replicaDirectoryId: ZERO_UUID,
      logEndOffset: revision,
      lastFetchTimestamp: nowMs,
      lastCaughtUpTimestamp: nowMs,
    };
    const partition = {
      partitionIndex: 0,
      errorCode: ErrorCode.NONE,
      errorMessage: '',
      leaderId: nodeId,
      leaderEpoch: controllerEpoch,
      highWatermark: revision,
      currentVoters: [self],
      observers: [],
    };
    const endpoints = [...(brokers.get(nodeId)?.endpoints ?? [])];
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: '',
      topics: [{ topicName: metadataTopic, partitions: [partition] }],
      nodes:
        apiVersion >= lowestVersionWithNodes
          ? [{ nodeId, listeners: endpoints.map(([name, { host, port }]) => ({ name, host, port })) }]
          : [],
    };
  };
}

const nothingKnown = {
  errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  leaderId: 0,
  leaderEpoch: 0,
  highWatermark: 0,
  currentVoters: [],
  observers: [],
};

const noVoters = (action: string): ControllerError =>
  failure(
    ErrorCode.UNSUPPORTED_VERSION,
    `Cluster doesn't support ${action} voter because the kraft.version feature is 0`,
  );

function otherCluster(clusterId: string | null, own: string): ControllerError | undefined {
  return clusterId === null || clusterId === own
    ? undefined
    : failure(ErrorCode.INCONSISTENT_CLUSTER_ID, `The given id "${clusterId}" doesn't match the cluster id "${own}"`);
}

/** AddRaftVoter (KIP-853): the quorum is this node, and stays so. INCONSISTENT_CLUSTER_ID, INVALID_REQUEST, UNSUPPORTED_VERSION. */
export function addRaftVoterHandler(deps: {
  readonly metadata: MetadataCache;
  /** The first of `controller.listener.names`. */
  readonly controllerListener: () => string;
}): Handler<AddRaftVoterRequest, AddRaftVoterResponseInput> {
  return ({ clusterId, voterId, voterDirectoryId, listeners }) => {
    const refused = otherCluster(clusterId, deps.metadata.current().clusterId);
    if (refused !== undefined) return refused;
    if (voterId < 0 || voterDirectoryId === ZERO_UUID)
      return failure(ErrorCode.INVALID_REQUEST, "Add voter request didn't include a valid voter");
    const wanted = deps.controllerListener();
    if (!listeners.some(({ name }) => name === wanted)) {
      const given = listeners.map(({ name, host, port }) => `ListenerName(${name})=${host}:${port}`).join(', ');
      return failure(
        ErrorCode.INVALID_REQUEST,
        `Add voter request didn't include the endpoint (Endpoints(endpoints={${given}})) for the default listener ListenerName(${wanted})`,
      );
    }
    return noVoters('adding');
  };
}

/** RemoveRaftVoter (KIP-853). INCONSISTENT_CLUSTER_ID, INVALID_REQUEST, UNSUPPORTED_VERSION. */
export function removeRaftVoterHandler(deps: {
  readonly metadata: MetadataCache;
}): Handler<RemoveRaftVoterRequest, RemoveRaftVoterResponseInput> {
  return ({ clusterId, voterId, voterDirectoryId }) => {
    const refused = otherCluster(clusterId, deps.metadata.current().clusterId);
    if (refused !== undefined) return refused;
    if (voterId < 0 || voterDirectoryId === ZERO_UUID)
      return failure(ErrorCode.INVALID_REQUEST, "Remove voter request didn't include a valid voter");
    return noVoters('removing');
  };
}

/** UnregisterBroker (KIP-631). BROKER_ID_NOT_REGISTERED; INVALID_REQUEST for this broker itself, which is running. */
export function unregisterBrokerHandler(deps: {
  readonly metadata: MetadataCache;
}): Handler<UnregisterBrokerRequest, UnregisterBrokerResponseInput> {
  return ({ brokerId }) =>
    deps.metadata.current().brokers.has(brokerId)
      ? failure(
          ErrorCode.INVALID_REQUEST,
          `Broker ${brokerId} is running and the only one; its registration ends when it stops.`,
        )
      : failure(ErrorCode.BROKER_ID_NOT_REGISTERED, `Broker ID ${brokerId} is not currently registered`);
}
