import { compileRegex, RegexError } from '../../common/re2/regex.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { GroupDecision } from '../group/commands.js';
import { consumerOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import { Refusal } from '../modern/refusal.js';
import type { ConsumerTimerCommand, TopicFilter } from './commands.js';
import { ConsumerDraft } from './draft.js';
import type { ConsumerGroup } from './group.js';
import { type ConsumerMember, regexOf } from './member.js';

/** Patterns of a group are not resolved more often than this. */
const minRefreshIntervalMs = 10_000;

/** `resolved`: what the pattern matches is known already, so the group's epoch grows at once. */
export type RegexUpdate = 'unchanged' | 'updated' | 'resolved';

/** What the group knew before the member's new subscription. */
export interface RegexStatus {
  readonly oldRegex: string | undefined;
  readonly newRegex: string | undefined;
  readonly changed: boolean;
  /** Members subscribed to each, the member itself among them. */
  readonly oldSubscribers: number;
  readonly newSubscribers: number;
  readonly anySubscribed: boolean;
  readonly resolvedCount: number;
  readonly lastResolvedMs: number;
  readonly lastVersion: number;
}

export function regexStatus(group: ConsumerGroup, member: ConsumerMember, updated: ConsumerMember): RegexStatus {
  const [oldRegex, newRegex] = [regexOf(member), regexOf(updated)];
  const { resolvedCount, lastResolvedMs, lastVersion } = lastResolvedOf(group);
  return {
    oldRegex,
    newRegex,
    changed: member.subscribedTopicRegex !== updated.subscribedTopicRegex,
    oldSubscribers: oldRegex === undefined ? 0 : group.regexSubscribers(oldRegex),
    newSubscribers: newRegex === undefined ? 0 : group.regexSubscribers(newRegex),
    anySubscribed: group.subscribedRegexCount > 0,
    resolvedCount,
    lastResolvedMs,
    lastVersion,
  };
}

/**
 * Forgets a pattern that nobody is subscribed to any more, and has patterns resolved when there is a new one, when topics were
 * created, or when it is long ago. The draft has the member's new subscription already.
 */
export function updateRegexes(
  draft: ConsumerDraft,
  before: RegexStatus,
  mayDescribe: TopicFilter | undefined,
): RegexUpdate | Refusal {
  const { group, groupId, state, turn } = draft;
  const { oldRegex, newRegex } = before;
  let update: RegexUpdate = 'unchanged';
  let needed = false;
  if (before.changed) {
    update = 'updated';
    if (oldRegex !== undefined && before.oldSubscribers === 1)
      draft.emit({ kind: 'consumer-regex', groupId, regex: oldRegex, value: undefined });
    if (newRegex === undefined) update = oldRegex === undefined ? 'updated' : 'resolved';
    else if (before.newSubscribers > 0) update = group.resolvedRegex(newRegex) === undefined ? 'updated' : 'resolved';
    else {
      const refusal = refuseInvalid(newRegex);
      if (refusal !== undefined) return refusal;
      needed = true;
    }
  }
  if ((!needed && !before.anySubscribed) || group.isResolving) return update;
  if (turn.nowMs <= before.lastResolvedMs + minRefreshIntervalMs) return update;
  const regexes = needed || isOld(before, group, state, turn) ? [...group.subscribedRegexes()] : [];
  if (regexes.length > 0) {
    setResolving(draft, true);
    turn.startTimer(`regex\0${groupId}`, 0, { kind: 'consumer-resolve', groupId, regexes, mayDescribe });
  }
  return update;
}

type LastResolved = Pick<RegexStatus, 'resolvedCount' | 'lastResolvedMs' | 'lastVersion'>;

/** Whether what is known of the group's patterns is no longer all, or all true. */
function isOld(last: LastResolved, group: ConsumerGroup, state: GroupState, { nowMs, rules }: Turn): boolean {
  return (
    group.subscribedRegexCount !== last.resolvedCount ||
    last.lastVersion < state.topicsCreatedVersion ||
    nowMs > last.lastResolvedMs + rules.consumer.regexRefreshIntervalMs
  );
}

/** Whether a heartbeat that changes no subscription would have patterns resolved. */
export function areRegexesDue(group: ConsumerGroup, state: GroupState, turn: Turn): boolean {
  if (group.subscribedRegexCount === 0 || group.isResolving) return false;
  const last = lastResolvedOf(group);
  return turn.nowMs > last.lastResolvedMs + minRefreshIntervalMs && isOld(last, group, state, turn);
}

function lastResolvedOf(group: ConsumerGroup): LastResolved {
  const last = group.lastResolved;
  return {
    resolvedCount: group.resolvedRegexCount,
    lastResolvedMs: last?.timestampMs ?? Number.NEGATIVE_INFINITY,
    lastVersion: last?.version ?? 0,
  };
}

function setResolving({ group, groupId, turn }: ConsumerDraft, resolving: boolean): void {
  turn.records.push({ kind: 'resolving', groupId, resolving });
  group.changeVolatile({ resolving });
}

function refuseInvalid(regex: string): Refusal | undefined {
  try {
    compileRegex(regex);
    return undefined;
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    return new Refusal(
      ErrorCode.INVALID_REGULAR_EXPRESSION,
      `SubscribedTopicRegex \`${regex}\` is not a valid regular expression: ${error.description}.`,
    );
  }
}

/** Looks for the topics that the patterns match. Costs patterns × topics × the length of both. */
export function decideResolve(
  state: GroupState,
  { groupId, regexes, mayDescribe }: ConsumerTimerCommand & { kind: 'consumer-resolve' },
  turn: Turn,
): GroupDecision {
  const known = consumerOf(state.groups.get(groupId));
  if (known === undefined) return turn.done();
  const draft = new ConsumerDraft(known.draft(), state, turn);
  setResolving(draft, false);
  let bumps = false;
  for (const regex of regexes) {
    if (draft.group.regexSubscribers(regex) === 0) continue;
    const topics = matchingTopics(regex, state).filter((topic) => mayDescribe?.(topic) !== false);
    const before = draft.group.resolvedRegex(regex)?.topics ?? new Set<string>();
    if (before.size !== topics.length || topics.some((topic) => !before.has(topic))) bumps = true;
    const value = { topics, version: state.image.version, timestamp: turn.nowMs };
    draft.emit({ kind: 'consumer-regex', groupId, regex, value });
  }
  const hash = draft.hash();
  if (bumps || hash !== draft.group.head.metadataHash) {
    draft.emitEpoch(draft.group.head.groupEpoch + 1, hash);
    draft.refreshed();
  }
  return turn.done();
}

function matchingTopics(regex: string, state: GroupState): string[] {
  try {
    const compiled = compileRegex(regex);
    return [...state.image.topicsByName.keys()].filter((name) => compiled.matches(name)).sort();
  } catch (error) {
    // Patterns were checked when they came; one in a record may be of a version that knows more.
    if (error instanceof RegexError) return [];
    throw error;
  }
}
