import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ReplyToken, UndoLog } from '../../../src/coordinator/runtime/machine.js';
import type { TransactionCommand, TransactionReply } from '../../../src/coordinator/transaction/commands.js';
import { decodeTransactionRecord, encodeTransactionRecord } from '../../../src/coordinator/transaction/records.js';
import {
  applyTransactionRecord,
  newTransactionState,
  type TransactionState,
} from '../../../src/coordinator/transaction/state.js';
import { isExhausted, isOpen, maxProducerEpoch } from '../../../src/coordinator/transaction/transaction.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { Play } from './play.js';

// Producers that use each other's ids, old epochs and both protocols at random, with markers written late or never.

const slot = fc.nat(2);
const version = fc.constantFrom(0, 2);
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('init' as const), slot, goesOn: fc.nat(2), stale: fc.nat(4) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('add' as const), slot, stale: fc.nat(6), partition: fc.nat(3), version }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('end' as const), slot, stale: fc.nat(6), commit: fc.boolean(), version }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('verify' as const), slot, stale: fc.nat(6) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('markers' as const), pick: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(10, 2_000, 70_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('exhaust' as const), slot }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reload' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const ids = ['a', 'b', 'c'];

function durable(state: TransactionState) {
  return [...state.transactions.values()]
    .map(({ lastProducerEpoch: _, ...kept }) => kept)
    .sort((a, b) => (a.transactionalId < b.transactionalId ? -1 : 1));
}

function snapshot(state: TransactionState) {
  return { transactions: [...state.transactions].sort(), open: [...state.open].sort() };
}

class History extends Play {
  /** What each client was told last. */
  readonly told = ids.map(() => ({ producerId: -1, producerEpoch: -1 }));
  readonly reached = new Set<string>();

  step(one: Step): void {
    switch (one.do) {
      case 'time':
        this.advance(one.ms);
        break;
      case 'reload':
        this.reload();
        break;
      case 'exhaust': {
        const known = this.state.transactions.get(ids[one.slot] as string);
        if (known !== undefined && !isOpen(known.status) && known.producerEpoch < 100) {
          this.atEpoch(known.transactionalId, maxProducerEpoch - 3);
          this.told[one.slot] = { producerId: known.producerId, producerEpoch: maxProducerEpoch - 3 };
        }
        break;
      }
      case 'markers': {
        const [ending] = this.endings.splice(one.pick % Math.max(1, this.endings.length), 1);
        if (ending === undefined) break;
        const { transactionalId, producerId, producerEpoch } = ending;
        this.run({ kind: 'complete', transactionalId, producerId, producerEpoch });
        break;
      }
      default:
        this.ask(one);
    }
    for (const reply of this.wantIds.splice(0)) {
      if (reply.kind !== 'abort-needs-id') continue;
      const { transactionalId, producerId, producerEpoch } = reply;
      this.nextProducerId += 1;
      this.run({ kind: 'abort', transactionalId, producerId, producerEpoch, newProducerId: this.nextProducerId });
    }
    this.check();
  }

  private ask(one: Extract<Step, { slot: number }>): void {
    const transactionalId = ids[one.slot] as string;
    const told = this.told[one.slot] as { producerId: number; producerEpoch: number };
    const stale = 'stale' in one && one.stale === 0 ? 1 : 0;
    const producer = { producerId: told.producerId, producerEpoch: told.producerEpoch - stale };
    let answer = '';
    switch (one.do) {
      case 'init':
        answer = this.init(transactionalId, one.goesOn === 0 && told.producerId >= 0 ? producer : undefined);
        break;
      case 'end':
        answer = this.end(transactionalId, producer.producerId, producer.producerEpoch, one.commit, one.version);
        break;
      case 'add':
        answer = this.add(transactionalId, producer.producerId, producer.producerEpoch, [one.partition], one.version);
        break;
      case 'verify':
        answer = this.verify(transactionalId, producer.producerId, producer.producerEpoch, [0]);
        break;
      default:
        return;
    }
    this.reached.add(`${one.do} ${/^\d/.test(answer) ? 'told' : answer}`);
    const [producerId, producerEpoch] = answer.split(' ').map(Number);
    if (/^\d/.test(answer)) this.told[one.slot] = { producerId: producerId ?? -1, producerEpoch: producerEpoch ?? -1 };
  }

  /** What holds for every decision: see the test's name. */
  override decide(command: TransactionCommand) {
    const before = snapshot(this.state);
    const decision = super.decide(command);
    expect(snapshot(this.state), `deciding ${command.kind} leaves the state alone`).toEqual(before);
    expect(super.decide(command)).toEqual(decision);
    const own = decision.replies.find(({ token }) => token === (1 as ReplyToken))?.reply;
    // Taking the id from an open transaction aborts it, and asks the client to come again.
    const aborts = command.kind === 'init' && decision.records.length === 1;
    if (own !== undefined && isRefusal(own) && !aborts)
      expect(decision.records, `refusing ${command.kind} writes nothing`).toEqual([]);
    const undo: UndoLog = [];
    for (const record of decision.records) applyTransactionRecord(this.state, record, undo);
    for (const back of undo.reverse()) back();
    expect(snapshot(this.state), `undoing ${command.kind}`).toEqual(before);
    return decision;
  }

  private check(): void {
    for (const { transactionalId, status, producerEpoch, partitions, startMs } of this.state.transactions.values()) {
      expect(this.state.open.has(transactionalId)).toBe(isOpen(status));
      if (isOpen(status)) {
        expect(startMs).toBeGreaterThan(0);
        // Nothing stays open for ever.
        expect(this.timers.has('check-open')).toBe(true);
      } else expect(partitions).toEqual([]);
      expect(producerEpoch).toBeGreaterThanOrEqual(0);
      expect(producerEpoch).toBeLessThanOrEqual(maxProducerEpoch);
      if (!isOpen(status)) expect(producerEpoch).toBeLessThan(maxProducerEpoch);
      if (status === 'Ongoing') expect(isExhausted(producerEpoch - 1)).toBe(false);
    }
    if (this.state.transactions.size > 0) expect(this.timers.has('expire-ids')).toBe(true);
  }
}

function isRefusal(reply: TransactionReply): boolean {
  switch (reply.kind) {
    case 'init':
    case 'end':
      return reply.errorCode !== ErrorCode.NONE || reply.needsId;
    case 'add-partitions':
      return reply.errorCode !== ErrorCode.NONE;
    case 'verify-partitions':
    case 'describe':
    case 'list':
      return true;
    default:
      return false;
  }
}

it('deciding leaves the state alone, refusing writes nothing, epochs never go back, replay equals live', () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 100, size: 'max' }), (steps) => {
      const history = new History();
      const highest = new Map<string, { producerId: number; producerEpoch: number }>();
      for (const one of steps) {
        history.step(one);
        for (const known of history.state.transactions.values()) {
          const last = highest.get(known.transactionalId);
          if (last !== undefined && last.producerId === known.producerId)
            expect(known.producerEpoch).toBeGreaterThanOrEqual(last.producerEpoch);
          highest.set(known.transactionalId, known);
        }
      }
      const replayed = newTransactionState();
      for (const record of history.applied) {
        const decoded = decodeTransactionRecord(encodeTransactionRecord(record));
        if (decoded !== undefined) applyTransactionRecord(replayed, decoded);
      }
      expect(durable(replayed)).toEqual(durable(history.state));
      for (const answer of history.reached) reached.add(answer);
    }),
    { numRuns: 120, seed: 4711 },
  );
  for (const wanted of [
    'init told',
    'init CONCURRENT_TRANSACTIONS',
    'init PRODUCER_FENCED',
    'end told',
    'end INVALID_TXN_STATE',
    'end PRODUCER_FENCED',
    'end CONCURRENT_TRANSACTIONS',
    'end INVALID_PRODUCER_ID_MAPPING',
    'add NONE',
    'add PRODUCER_FENCED',
    'add CONCURRENT_TRANSACTIONS',
    'verify NONE',
    'verify TRANSACTION_ABORTABLE',
  ])
    expect([...reached]).toContain(wanted);
});
