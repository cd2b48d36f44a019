import type { Uuid } from '../../common/ids.js';
import type { ShareCoordinator } from '../../coordinator/share_coordinator.js';
import type { SharePartitionId } from '../../coordinator/share_state/partition_id.js';
import type {
  DeleteShareGroupStateRequest,
  DeleteShareGroupStateResponseInput,
} from '../../protocol/api/delete_share_group_state.js';
import type {
  InitializeShareGroupStateRequest,
  InitializeShareGroupStateResponseInput,
} from '../../protocol/api/initialize_share_group_state.js';
import type {
  ReadShareGroupStateRequest,
  ReadShareGroupStateResponseInput,
} from '../../protocol/api/read_share_group_state.js';
import type {
  ReadShareGroupStateSummaryRequest,
  ReadShareGroupStateSummaryResponseInput,
} from '../../protocol/api/read_share_group_state_summary.js';
import type {
  WriteShareGroupStateRequest,
  WriteShareGroupStateResponseInput,
} from '../../protocol/api/write_share_group_state.js';
import type { Handler } from '../handler.js';

interface Deps {
  readonly shareCoordinator: ShareCoordinator;
}

interface Asked<P> {
  readonly groupId: string;
  readonly topics: ReadonlyArray<{ readonly topicId: Uuid; readonly partitions: readonly P[] }>;
}

/** Every partition by itself. Requests that name no group, or a topic without partitions, have empty answers, as in Kafka. */
async function eachPartition<P extends { readonly partition: number }, R>(
  { groupId, topics }: Asked<P>,
  ask: (id: SharePartitionId, asked: P) => Promise<R>,
) {
  if (groupId === '' || topics.some(({ partitions }) => partitions.length === 0)) return { results: [] };
  const byTopic = new Map<Uuid, Array<Promise<R & { readonly partition: number }>>>();
  for (const { topicId, partitions } of topics) {
    const answers = byTopic.get(topicId) ?? [];
    byTopic.set(topicId, answers);
    for (const asked of partitions) {
      const { partition } = asked;
      answers.push(ask({ groupId, topicId, partition }, asked).then((answer) => ({ ...answer, partition })));
    }
  }
  const results = [...byTopic].map(async ([topicId, answers]) => ({ topicId, partitions: await Promise.all(answers) }));
  return { results: await Promise.all(results) };
}

/** InitializeShareGroupState (KIP-932): the group coordinator begins a share partition. */
export function initializeShareGroupStateHandler({
  shareCoordinator,
}: Deps): Handler<InitializeShareGroupStateRequest, InitializeShareGroupStateResponseInput> {
  return (request) =>
    eachPartition(request, (id, { stateEpoch, startOffset }) =>
      shareCoordinator.initialize(id, stateEpoch, startOffset),
    );
}

/** ReadShareGroupState (KIP-932): the leader of a partition begins to serve the group. */
export function readShareGroupStateHandler({
  shareCoordinator,
}: Deps): Handler<ReadShareGroupStateRequest, ReadShareGroupStateResponseInput> {
  return (request) => eachPartition(request, (id, { leaderEpoch }) => shareCoordinator.read(id, leaderEpoch));
}

/** WriteShareGroupState (KIP-932, KIP-1226): what members acknowledged. Answered once committed. */
export function writeShareGroupStateHandler({
  shareCoordinator,
}: Deps): Handler<WriteShareGroupStateRequest, WriteShareGroupStateResponseInput> {
  return (request) => eachPartition(request, (id, write) => shareCoordinator.write(id, write));
}

/** DeleteShareGroupState (KIP-932). Deleting what is not there is fine. */
export function deleteShareGroupStateHandler({
  shareCoordinator,
}: Deps): Handler<DeleteShareGroupStateRequest, DeleteShareGroupStateResponseInput> {
  return (request) => eachPartition(request, (id) => shareCoordinator.delete(id));
}

/** ReadShareGroupStateSummary (KIP-932, KIP-1226): only how far the group is. */
export function readShareGroupStateSummaryHandler({
  shareCoordinator,
}: Deps): Handler<ReadShareGroupStateSummaryRequest, ReadShareGroupStateSummaryResponseInput> {
  return (request) => eachPartition(request, (id) => shareCoordinator.readSummary(id));
}
