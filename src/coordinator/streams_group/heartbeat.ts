import type { StreamsGroupHeartbeatResponseInput } from '../../protocol/api/streams_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { GroupDecision } from '../group/commands.js';
import { streamsOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import { Turn } from '../group/turn.js';
import { noGroupOf, Refusal } from '../modern/refusal.js';
import type { StreamsHeartbeatCommand } from './commands.js';
import { type ConfiguredTopology, configure } from './configured.js';
import type { StreamsDraft } from './draft.js';
import { endpointPartitions } from './endpoints.js';
import { joinableStreamsGroup, memberFor } from './joinable.js';
import { type StreamsMember, sameStreamsMetadata } from './member.js';
import { type Status, StreamsStatus } from './problems.js';
import { reconcileMember, updateTarget } from './progress.js';
import { type StreamsSettings, streamsSettings } from './settings.js';
import { activeIdsOf, ownedIn, sameMemberTasks, type TaskIds, taskIdsOf } from './tasks.js';
import { fenceStreamsMember, startStreamsSession, streamsDelayTimer } from './timers.js';
import { type StreamsTopology, sameTopology, topologyOf } from './topology.js';

type Response = StreamsGroupHeartbeatResponseInput;
type Answer = { readonly response: Response; readonly wanted: ConfiguredTopology['wanted'] };

const refreshIntervalMs = 2_147_483_647;

/**
 * StreamsGroupHeartbeat, of a request whose fields were checked. Topology, internal topics, epoch, target assignment and the member's
 * own step follow in one decision, as far as they can.
 */
export function decideStreamsHeartbeat(state: GroupState, command: StreamsHeartbeatCommand, turn: Turn): GroupDecision {
  const answer = command.request.memberEpoch < 0 ? leave(state, command, turn) : heartbeat(state, command, turn);
  if (!(answer instanceof Refusal)) {
    turn.reply(command.token, { kind: 'streams-heartbeat', ...answer });
    return turn.done();
  }
  const refused = new Turn(turn.rules, turn.nowMs);
  refused.reply(command.token, { kind: 'streams-heartbeat', response: { ...answer }, wanted: [] });
  return refused.done();
}

function heartbeat(state: GroupState, command: StreamsHeartbeatCommand, turn: Turn): Answer | Refusal {
  const { request } = command;
  const { groupId, memberId } = request;
  const isKnown = streamsOf(state.groups.get(groupId)) !== undefined;
  const draft = joinableStreamsGroup(state, turn, groupId, request.memberEpoch === 0);
  if (draft instanceof Refusal) return draft;
  const member = memberFor(draft, request);
  if (member instanceof Refusal) return member;
  const settings = streamsSettings(state.image, groupId, turn.rules.streams);
  const statuses: Status[] = [];
  const wasEmpty = draft.group.isEmpty;
  const updated = withRequest(member, command);
  const metadataChanged = !sameStreamsMetadata(member.metadata, updated.metadata);
  if (metadataChanged) draft.emitMember(updated);
  const topology = updateTopology(draft, command);
  if (topology instanceof Refusal) return topology;
  addStaleStatus(draft, updated, statuses);
  const configured = configure(topology, state.image);
  if (configured instanceof Refusal) return configured;
  const invalid = checkTasks(configured, request);
  if (invalid !== undefined) return invalid;
  bumpEpoch(draft, topology, configured, metadataChanged, settings);
  if (wasEmpty) startDelay(draft, settings);
  const target = updateTarget(draft, memberId, configured, settings, statuses);
  const step = reconcileMember(draft, updated, { ...target, owned: ownedIn(request) });
  if (step instanceof Refusal) return step;
  startStreamsSession(turn, groupId, memberId, settings.sessionTimeoutMs);
  if (request.shutdownApplication) requestShutdown(draft, memberId);
  const shows = request.memberEpoch === 0 || !sameMemberTasks(member.assigned, step.assigned);
  if (shows && step.metadata.userEndpoint !== null) draft.change({ endpointEpoch: draft.group.head.endpointEpoch + 1 });
  return {
    response: {
      memberId,
      memberEpoch: step.memberEpoch,
      heartbeatIntervalMs: settings.heartbeatIntervalMs,
      ...(shows ? assignmentOf(step) : {}),
      ...endpointsFor(draft, step, request.endpointInformationEpoch, isKnown, configured),
      status: [...statuses, ...lastStatuses(draft, configured)],
    },
    wanted: configured.problem?.statusCode === StreamsStatus.missingInternalTopics ? configured.wanted : [],
  };
}

function assignmentOf({ assigned }: StreamsMember) {
  return {
    activeTasks: activeIdsOf(assigned.active),
    standbyTasks: taskIdsOf(assigned.standby),
    warmupTasks: taskIdsOf(assigned.warmup),
  };
}

function endpointsFor(
  draft: StreamsDraft,
  member: StreamsMember,
  memberEndpointEpoch: number,
  isKnown: boolean,
  configured: ConfiguredTopology,
) {
  const { endpointEpoch } = draft.group.head;
  const partitionsByUserEndpoint =
    endpointEpoch === memberEndpointEpoch ? undefined : endpointPartitions(draft, member, configured);
  return {
    ...(partitionsByUserEndpoint === undefined ? {} : { partitionsByUserEndpoint }),
    // A group that has just been made does not know its epoch yet.
    endpointInformationEpoch: isKnown ? endpointEpoch : 0,
  };
}

function lastStatuses(draft: StreamsDraft, configured: ConfiguredTopology): Status[] {
  const { shutdownBy } = draft.group.head;
  const shutdown =
    shutdownBy === undefined
      ? []
      : [
          {
            statusCode: StreamsStatus.shutdownApplication,
            statusDetail: `Streams group member ${shutdownBy} encountered a fatal error and requested a shutdown for the entire application.`,
          },
        ];
  return configured.problem === undefined ? shutdown : [configured.problem, ...shutdown];
}

function withRequest(member: StreamsMember, { request, clientId, clientHost }: StreamsHeartbeatCommand): StreamsMember {
  const { metadata } = member;
  const { rebalanceTimeoutMs, topology, userEndpoint, clientTags } = request;
  const compare = (a: { readonly key: string }, b: { readonly key: string }) => (a.key < b.key ? -1 : 1);
  return {
    ...member,
    metadata: {
      instanceId: metadata.instanceId,
      rackId: request.rackId ?? metadata.rackId,
      clientId,
      clientHost,
      rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? metadata.rebalanceTimeoutMs : rebalanceTimeoutMs,
      topologyEpoch: topology?.epoch ?? metadata.topologyEpoch,
      processId: request.processId ?? metadata.processId,
      userEndpoint:
        userEndpoint === null ? metadata.userEndpoint : { host: userEndpoint.host, port: userEndpoint.port },
      clientTags:
        clientTags === null ? metadata.clientTags : clientTags.map(({ key, value }) => ({ key, value })).sort(compare),
    },
  };
}

function updateTopology(draft: StreamsDraft, { request }: StreamsHeartbeatCommand): StreamsTopology | Refusal {
  const known = draft.group.head.topology;
  if (request.topology === null)
    return known ?? new Refusal(ErrorCode.UNKNOWN_SERVER_ERROR, 'The group has no topology, and the member sent none.');
  const value = { epoch: request.topology.epoch, subtopologies: request.topology.subtopologies };
  const sent = topologyOf(value);
  if (known === undefined) {
    draft.emit({ kind: 'streams-topology', groupId: draft.groupId, value });
    return draft.group.head.topology ?? sent;
  }
  if (known.epoch > sent.epoch || sameTopology(known, sent)) return known;
  return new Refusal(ErrorCode.INVALID_REQUEST, 'Topology updates are not supported yet.');
}

function addStaleStatus({ group }: StreamsDraft, member: StreamsMember, statuses: Status[]): void {
  const { topologyEpoch } = member.metadata;
  const groups = group.head.topology?.epoch;
  if (groups === undefined || topologyEpoch >= groups) return;
  statuses.push({
    statusCode: StreamsStatus.staleTopology,
    statusDetail: `The member's topology epoch ${topologyEpoch} is behind the group's topology epoch ${groups}.`,
  });
}

function checkTasks(configured: ConfiguredTopology, request: StreamsHeartbeatCommand['request']): Refusal | undefined {
  if (configured.problem !== undefined) return undefined;
  const all: Array<TaskIds | null> = [request.activeTasks, request.standbyTasks, request.warmupTasks];
  for (const { subtopologyId, partitions } of all.flatMap((ids) => ids ?? [])) {
    const tasks = configured.tasks?.get(subtopologyId);
    if (tasks === undefined)
      return new Refusal(ErrorCode.INVALID_REQUEST, `Subtopology ${subtopologyId} does not exist in the topology.`);
    const wrong = partitions.find((partition) => partition < 0 || partition >= tasks);
    if (wrong !== undefined)
      return new Refusal(
        ErrorCode.INVALID_REQUEST,
        `Task ${wrong} for subtopology ${subtopologyId} is invalid. Number of tasks for this subtopology: ${tasks}`,
      );
  }
  return undefined;
}

function bumpEpoch(
  draft: StreamsDraft,
  topology: StreamsTopology,
  configured: ConfiguredTopology,
  metadataChanged: boolean,
  settings: StreamsSettings,
): void {
  const { group, turn, state } = draft;
  const { head } = group;
  const validated = configured.problem === undefined ? topology.epoch : -1;
  const expired = group.hasMetadataExpired(turn.nowMs, state.topicsVersion);
  const hash = expired ? draft.hashOf(topology) : head.metadataHash;
  const sameConfigs = [...settings.assignmentConfigs].every(
    ([key, value]) => head.assignmentConfigs.get(key) === value,
  );
  const bumps =
    metadataChanged || hash !== head.metadataHash || validated !== head.validatedTopologyEpoch || !sameConfigs;
  if (bumps) draft.emitEpoch(hash, validated, settings.assignmentConfigs);
  if (!bumps && !expired) return;
  const { groupEpoch: epoch } = group.head;
  draft.change({ refresh: { deadlineMs: turn.nowMs + refreshIntervalMs, epoch, version: state.image.version } });
}

/** The first assignment of a group waits a while for more members to come. */
function startDelay(draft: StreamsDraft, settings: StreamsSettings): void {
  const { group, groupId, turn } = draft;
  if (settings.initialRebalanceDelayMs <= 0 || group.head.delayed) return;
  draft.change({ delayed: true });
  turn.startTimer(streamsDelayTimer(groupId), settings.initialRebalanceDelayMs, {
    kind: 'streams-delay-over',
    groupId,
  });
}

function requestShutdown(draft: StreamsDraft, memberId: string): void {
  if (draft.group.head.shutdownBy !== undefined) return;
  draft.change({ shutdownBy: memberId });
  draft.turn.note(`streams group ${draft.groupId}: ${memberId} wants the application to stop`);
}

function leave(state: GroupState, { request }: StreamsHeartbeatCommand, turn: Turn): Answer | Refusal {
  const { groupId, memberId, memberEpoch } = request;
  const known = state.groups.get(groupId);
  const group = streamsOf(known);
  if (group === undefined) return noGroupOf('streams', groupId, known !== undefined);
  if (group.member(memberId) === undefined)
    return new Refusal(ErrorCode.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of group ${groupId}.`);
  turn.note(`member ${memberId} left streams group ${groupId}`);
  const draft = fenceStreamsMember(state, group, memberId, turn);
  if (request.shutdownApplication && !draft.group.isEmpty) requestShutdown(draft, memberId);
  return { response: { memberId, memberEpoch, status: [] }, wanted: [] };
}
