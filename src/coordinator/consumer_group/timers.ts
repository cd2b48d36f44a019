import type { Turn } from '../group/turn.js';
import { sessionTimer } from '../group/turn.js';

const rebalanceTimer = (groupId: string, memberId: string): string => `rebalance\0${groupId}\0${memberId}`;
const joinTimer = (groupId: string, memberId: string): string => `consumer-join\0${groupId}\0${memberId}`;
const syncTimer = (groupId: string, memberId: string): string => `consumer-sync\0${groupId}\0${memberId}`;

function fence(turn: Turn, key: string, of: Of, delayMs: number, reason: string): void {
  const { groupId, memberId } = of;
  turn.startTimer(key, delayMs, { kind: 'consumer-fence', groupId, memberId, reason });
}

interface Of {
  readonly groupId: string;
  readonly memberId: string;
}

export function startSessionTimer(turn: Turn, of: Of, delayMs: number): void {
  fence(turn, sessionTimer(of.groupId, of.memberId), of, delayMs, 'its session expired');
}

/** How long a member may take to give up what it has to. */
export function startRebalanceTimer(turn: Turn, of: Of, memberEpoch: number, delayMs: number): void {
  const { groupId, memberId } = of;
  const command = { kind: 'consumer-rebalance-expired', groupId, memberId, memberEpoch } as const;
  turn.startTimer(rebalanceTimer(groupId, memberId), delayMs, command);
}

export function cancelRebalanceTimer(turn: Turn, { groupId, memberId }: Of): void {
  turn.cancelTimer(rebalanceTimer(groupId, memberId));
}

/** How long a member that speaks the classic protocol may take to join again; counts from when it was first told to. */
export function startJoinTimer(turn: Turn, of: Of, delayMs: number): void {
  const { groupId, memberId } = of;
  const reason = 'it did not join again in time';
  turn.startTimerIfAbsent(joinTimer(groupId, memberId), delayMs, { kind: 'consumer-fence', groupId, memberId, reason });
}

export function cancelJoinTimer(turn: Turn, { groupId, memberId }: Of): void {
  turn.cancelTimer(joinTimer(groupId, memberId));
}

/** How long a member that speaks the classic protocol may take to ask for its assignment. */
export function startSyncTimer(turn: Turn, of: Of, delayMs: number): void {
  fence(turn, syncTimer(of.groupId, of.memberId), of, delayMs, 'it did not ask for its assignment in time');
}

export function cancelSyncTimer(turn: Turn, { groupId, memberId }: Of): void {
  turn.cancelTimer(syncTimer(groupId, memberId));
}

export function cancelMemberTimers(turn: Turn, of: Of): void {
  turn.cancelTimer(sessionTimer(of.groupId, of.memberId));
  cancelRebalanceTimer(turn, of);
  cancelJoinTimer(turn, of);
  cancelSyncTimer(turn, of);
}
