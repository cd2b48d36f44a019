import { ZERO_UUID } from '../../common/ids.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { GroupDecision } from '../group/commands.js';
import { shareOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import { noGroupOf, Refusal } from '../modern/refusal.js';
import type { AlteredOffsets, DeletedOffsets, Initialization, ShareGroupCommand, ShareGroupReply } from './commands.js';
import { ShareDraft } from './draft.js';
import type { ShareGroup } from './group.js';
import { withDeleting, withInitializing } from './partition_states.js';

type Of<K extends ShareGroupCommand['kind']> = ShareGroupCommand & { readonly kind: K };
type Deleting = (ShareGroupReply & { readonly kind: 'share-delete-offsets' })['deleting'];

const notHosted = 'This server does not host this topic-partition.';
const nonEmpty = new Refusal(ErrorCode.NON_EMPTY_GROUP, 'The group is not empty.');

/** AlterShareGroupOffsets: makes the group when it is not there. */
export function decideAlterShareOffsets(
  state: GroupState,
  { token, groupId, topics }: Of<'share-alter-offsets'>,
  turn: Turn,
): GroupDecision {
  const found = state.groups.get(groupId);
  const known = shareOf(found);
  const refusal = checkAlterable(groupId, found !== undefined, known);
  if (refusal !== undefined) {
    turn.reply(token, { kind: 'share-alter-offsets', ...refusal, responses: [], initialization: undefined });
    return turn.done();
  }
  const draft = new ShareDraft(known, groupId, state, turn);
  const begun: Array<Initialization['topics'][number]> = [];
  const responses: AlteredOffsets[number][] = [];
  for (const { topicName, partitions } of topics) {
    const topic = state.image.topicsByName.get(topicName);
    const count = topic?.partitions.length ?? 0;
    responses.push({
      topicName,
      topicId: topic?.id ?? ZERO_UUID,
      partitions: partitions.map(({ partitionIndex }) =>
        partitionIndex < count
          ? { partitionIndex, errorCode: ErrorCode.NONE }
          : { partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: notHosted },
      ),
    });
    const known = partitions.filter(({ partitionIndex }) => partitionIndex < count);
    if (topic === undefined || known.length === 0) continue;
    const starts = known.map(({ partitionIndex: partition, startOffset }) => ({ partition, startOffset }));
    begun.push({ topicId: topic.id, partitions: starts });
  }
  let initialization: Initialization | undefined;
  if (begun.length > 0) {
    const all = begun.map(({ topicId, partitions }) => ({ topicId, partitions: partitions.map((p) => p.partition) }));
    draft.emitStates(withInitializing(draft.group.partitionStates, state.image, all));
    initialization = { stateEpoch: draft.group.head.groupEpoch, topics: begun };
    turn.note(`the offsets of share group ${groupId} are set in ${begun.length} topics`);
  }
  const done = { errorCode: ErrorCode.NONE, errorMessage: null };
  turn.reply(token, { kind: 'share-alter-offsets', ...done, responses, initialization });
  return turn.done();
}

function checkAlterable(groupId: string, exists: boolean, group: ShareGroup | undefined): Refusal | undefined {
  if (group !== undefined) return group.isEmpty ? undefined : nonEmpty;
  return exists ? noGroupOf('share', groupId, true) : undefined;
}

/** DeleteShareGroupOffsets: from here on the topics' states are on their way out. */
export function decideDeleteShareOffsets(
  state: GroupState,
  { token, groupId, topicNames }: Of<'share-delete-offsets'>,
  turn: Turn,
): GroupDecision {
  const known = state.groups.get(groupId);
  const group = shareOf(known);
  const refusal = group === undefined ? notFound(groupId, known !== undefined) : group.isEmpty ? undefined : nonEmpty;
  if (group === undefined || refusal !== undefined) {
    turn.reply(token, { kind: 'share-delete-offsets', ...(refusal ?? nonEmpty), responses: [], deleting: [] });
    return turn.done();
  }
  const states = group.partitionStates;
  const deleting: Array<Deleting[number]> = [];
  const responses: DeletedOffsets[number][] = [];
  for (const topicName of topicNames) {
    const topic = state.image.topicsByName.get(topicName);
    const partitions =
      topic === undefined
        ? undefined
        : (states.initialized.get(topic.id)?.partitions ??
          (states.deleting.has(topic.id) ? [...topic.partitions.keys()] : undefined));
    if (topic !== undefined && partitions !== undefined) {
      deleting.push({ topicName, topicId: topic.id, partitions });
      continue;
    }
    const errorMessage = topic === undefined ? notHosted : 'There is no offset information to delete.';
    responses.push({ topicName, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage });
  }
  if (deleting.length > 0) {
    const draft = new ShareDraft(group, groupId, state, turn);
    const topicIds = deleting.map(({ topicId }) => topicId);
    draft.emitStates(withDeleting(states, state.image, topicIds));
    turn.note(`the offsets of share group ${groupId} are deleted in ${deleting.length} topics`);
  }
  const done = { errorCode: ErrorCode.NONE, errorMessage: null };
  turn.reply(token, { kind: 'share-delete-offsets', ...done, responses, deleting });
  return turn.done();
}

function notFound(groupId: string, exists: boolean): Refusal {
  const what = exists ? 'is not a share group' : 'not found';
  return new Refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} ${what}.`);
}
