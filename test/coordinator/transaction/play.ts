import type { ReplyToken } from '../../../src/coordinator/runtime/machine.js';
import type {
  Ending,
  TransactionCommand,
  TransactionDecision,
  TransactionReply,
  TransactionRules,
} from '../../../src/coordinator/transaction/commands.js';
import { type TransactionMachine, transactionMachine } from '../../../src/coordinator/transaction/machine.js';
import type { TransactionRecord } from '../../../src/coordinator/transaction/records.js';
import { applyTransactionRecord, newTransactionState } from '../../../src/coordinator/transaction/state.js';
import { ErrorCode } from '../../../src/protocol/errors.js';

export const testRules = { isPassive: false, idExpirationMs: 60_000, expiryIntervalMs: 10_000, abortIntervalMs: 1_000 };

/** Names an error code, as scenarios read best. */
export function nameOf(error: number): string {
  return Object.entries(ErrorCode).find(([, code]) => code === error)?.[0] ?? String(error);
}

type WithoutToken<C> = C extends unknown ? Omit<C, 'token'> : never;

/** A partition's transactions played by hand: what a shard does, with time and producer ids of the test's. */
export class Play {
  /** The cluster's. */
  transactionVersion = 2;
  readonly machine: TransactionMachine;
  state = newTransactionState();
  readonly applied: TransactionRecord[] = [];
  readonly timers = new Map<string, { readonly atMs: number; readonly command: TransactionCommand }>();
  /** Markers that were to be written, in the order of coming. */
  readonly endings: Ending[] = [];
  readonly wantIds: TransactionReply[] = [];
  nowMs = 1_000_000;
  nextProducerId = 1000;

  constructor(rules: Partial<TransactionRules> = {}) {
    this.machine = transactionMachine({ ...testRules, transactionVersion: () => this.transactionVersion, ...rules });
  }

  carryOut(decision: TransactionDecision): TransactionReply | undefined {
    for (const record of decision.records) {
      applyTransactionRecord(this.state, record);
      this.applied.push(record);
    }
    for (const { key, ...timer } of decision.timers) {
      if (timer.delayMs === undefined) this.timers.delete(key);
      else this.timers.set(key, { atMs: this.nowMs + timer.delayMs, command: timer.command });
    }
    let own: TransactionReply | undefined;
    for (const { token, reply } of decision.replies) {
      if (token === 1) own = reply;
      else if (reply.kind === 'write-markers') this.endings.push(...reply.endings);
      else this.wantIds.push(reply);
    }
    return own;
  }

  decide(command: TransactionCommand): TransactionDecision {
    return this.machine.decide(this.state, command, this.nowMs);
  }

  run(command: WithoutToken<TransactionCommand>): TransactionReply | undefined {
    return this.carryOut(this.decide({ ...command, token: 1 as ReplyToken } as TransactionCommand));
  }

  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const [next] = [...this.timers].sort(([, a], [, b]) => a.atMs - b.atMs);
      if (next === undefined || next[1].atMs > untilMs) break;
      this.timers.delete(next[0]);
      this.nowMs = Math.max(this.nowMs, next[1].atMs);
      this.carryOut(this.decide(next[1].command));
    }
    this.nowMs = untilMs;
  }

  /** `id epoch`, or the error. A producer id is given when one is asked for. */
  init(transactionalId: string, expected?: { producerId: number; producerEpoch: number }, timeoutMs = 5_000): string {
    const ask = (newProducerId: number | undefined) =>
      this.run({ kind: 'init', transactionalId, timeoutMs, expected, newProducerId });
    return this.producerOf(ask(undefined), () => ask(this.nextProducerId));
  }

  end(
    transactionalId: string,
    producerId: number,
    producerEpoch: number,
    commit: boolean,
    clientTransactionVersion = 0,
  ): string {
    const command = {
      kind: 'end',
      transactionalId,
      producerId,
      producerEpoch,
      commit,
      clientTransactionVersion,
    } as const;
    const ask = (newProducerId: number | undefined) => this.run({ ...command, newProducerId });
    return this.producerOf(ask(undefined), () => ask(this.nextProducerId));
  }

  private producerOf(reply: TransactionReply | undefined, again: () => TransactionReply | undefined): string {
    if (reply?.kind !== 'init' && reply?.kind !== 'end') throw new Error(`answered with ${reply?.kind}`);
    if (reply.needsId) {
      const answer = this.producerOf(again(), again);
      this.nextProducerId += 1;
      return answer;
    }
    return reply.errorCode === ErrorCode.NONE ? `${reply.producerId} ${reply.producerEpoch}` : nameOf(reply.errorCode);
  }

  add(
    transactionalId: string,
    producerId: number,
    producerEpoch: number,
    partitions: readonly number[],
    clientTransactionVersion = 0,
  ): string {
    const reply = this.run({
      kind: 'add-partitions',
      transactionalId,
      producerId,
      producerEpoch,
      clientTransactionVersion,
      partitions: [{ topic: 't', partitions }],
    });
    return reply?.kind === 'add-partitions' ? nameOf(reply.errorCode) : '?';
  }

  verify(transactionalId: string, producerId: number, producerEpoch: number, partitions: readonly number[]): string {
    const reply = this.run({
      kind: 'verify-partitions',
      transactionalId,
      producerId,
      producerEpoch,
      partitions: [{ topic: 't', partitions }],
    });
    return reply?.kind === 'verify-partitions'
      ? reply.results.map(({ errorCode }) => nameOf(errorCode)).join(' ')
      : '?';
  }

  /** All markers that were asked for are written. */
  markersWritten(): void {
    for (const { transactionalId, producerId, producerEpoch } of this.endings.splice(0))
      this.run({ kind: 'complete', transactionalId, producerId, producerEpoch });
  }

  /** `status id epoch [partitions]` */
  show(transactionalId: string): string {
    const known = this.state.transactions.get(transactionalId);
    if (known === undefined) return 'none';
    const partitions = known.partitions.flatMap((topic) => topic.partitions.map((index) => `${topic.topic}-${index}`));
    return `${known.status} ${known.producerId} ${known.producerEpoch} [${partitions.join(' ')}]`;
  }

  /** Puts a producer at an epoch that would take long to reach. */
  atEpoch(transactionalId: string, producerEpoch: number): void {
    const known = this.state.transactions.get(transactionalId);
    if (known === undefined) throw new Error(`no ${transactionalId}`);
    this.carryOut({
      records: [{ kind: 'transaction', transaction: { ...known, producerEpoch } }],
      divisible: false,
      replies: [],
      timers: [],
      notes: [],
    });
  }

  /** As a broker that takes the partition over. */
  reload(): void {
    this.state = newTransactionState();
    this.timers.clear();
    this.endings.length = 0;
    for (const record of this.applied) {
      const decoded = this.machine.decode(encoded(this, record), { producerId: -1 });
      if (decoded !== undefined) applyTransactionRecord(this.state, decoded);
    }
    this.carryOut(this.decide({ kind: 'loaded' }));
  }
}

function encoded(play: Play, record: TransactionRecord) {
  const bytes = play.machine.encode(record);
  if (bytes === undefined) throw new Error('every record is written');
  return bytes;
}
