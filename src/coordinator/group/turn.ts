import type { ErrorCode } from '../../protocol/errors.js';
import type { ReplyToken, TimerEffect } from '../runtime/machine.js';
import type { ClassicGroup } from './classic_group.js';
import type { GroupCommand, GroupDecision, GroupReply, GroupRules } from './commands.js';
import { noBytes } from './member.js';
import type { GroupRecord } from './records.js';

/** Gathers one decision. */
export class Turn {
  readonly records: GroupRecord[] = [];
  readonly replies: Array<{ readonly token: ReplyToken; readonly reply: GroupReply }> = [];
  readonly timers: Array<TimerEffect<GroupCommand>> = [];
  readonly notes: string[] = [];

  constructor(
    readonly rules: GroupRules,
    readonly nowMs: number,
  ) {}

  reply(token: ReplyToken, reply: GroupReply): void {
    this.replies.push({ token, reply });
  }

  startTimer(key: string, delayMs: number, command: GroupCommand): void {
    this.timers.push({ key, delayMs, command });
  }

  startTimerIfAbsent(key: string, delayMs: number, command: GroupCommand): void {
    this.timers.push({ key, delayMs, command, ifAbsent: true });
  }

  cancelTimer(key: string): void {
    this.timers.push({ key, delayMs: undefined });
  }

  note(text: string): void {
    this.notes.push(text);
  }

  /** Adds what is different in `draft`. */
  change(draft: ClassicGroup | undefined): void {
    const patch = draft?.patch();
    if (patch !== undefined) this.records.push({ kind: 'patch', patch });
  }

  /** The decision so far; with what changed in `draft` after its records. */
  done(draft?: ClassicGroup): GroupDecision {
    this.change(draft);
    return this.decision(false);
  }

  /** Records that need not be in one batch. */
  doneDivisible(): GroupDecision {
    return this.decision(true);
  }

  private decision(divisible: boolean): GroupDecision {
    const { records, replies, timers, notes } = this;
    return { records, divisible, replies, timers, notes };
  }
}

// Timer names. Group and member ids hold no NUL that a client could gain anything by.
export const sessionTimer = (groupId: string, memberId: string): string => `session\0${groupId}\0${memberId}`;
export const joinTimer = (groupId: string): string => `join\0${groupId}`;
export const syncTimer = (groupId: string): string => `sync\0${groupId}`;
export const expiryTimer = 'expire-offsets';

/** A JoinGroup answer that says no. */
export function joinError(errorCode: ErrorCode, memberId: string): GroupReply & { readonly kind: 'join' } {
  return {
    kind: 'join',
    response: {
      errorCode,
      generationId: -1,
      protocolType: null,
      protocolName: null,
      leader: '',
      skipAssignment: false,
      memberId,
      members: [],
    },
  };
}

export function syncError(errorCode: ErrorCode): GroupReply & { readonly kind: 'sync' } {
  return { kind: 'sync', response: { errorCode, protocolType: null, protocolName: null, assignment: noBytes } };
}
