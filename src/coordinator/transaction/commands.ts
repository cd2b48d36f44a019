import type { ErrorCode } from '../../protocol/errors.js';
import type { Decision, ReplyToken } from '../runtime/machine.js';
import type { TransactionRecord } from './records.js';
import type { TopicPartitions, Transaction, TransactionStatus } from './transaction.js';

/** What the transactions of a partition can be asked, by clients, by timers, and by the broker itself. */
export type TransactionCommand = ClientCommand | TimerCommand | BrokerCommand;

export type ClientCommand =
  | InitCommand
  | AddPartitionsCommand
  | VerifyPartitionsCommand
  | EndCommand
  | CompleteCommand
  | DescribeCommand
  | ListCommand;

/** A producer as it names itself. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface InitCommand {
  readonly kind: 'init';
  readonly token: ReplyToken;
  readonly transactionalId: string;
  readonly timeoutMs: number;
  /** What the producer had, when it goes on with a higher epoch (KIP-360); undefined: it begins. */
  readonly expected: ProducerIdentity | undefined;
  /** Never given out; undefined: the decision says whether one is needed. */
  readonly newProducerId: number | undefined;
}

interface FromProducer extends ProducerIdentity {
  readonly token: ReplyToken;
  readonly transactionalId: string;
}

export interface AddPartitionsCommand extends FromProducer {
  readonly kind: 'add-partitions';
  readonly partitions: readonly TopicPartitions[];
  readonly clientTransactionVersion: number;
}

export interface VerifyPartitionsCommand extends FromProducer {
  readonly kind: 'verify-partitions';
  readonly partitions: readonly TopicPartitions[];
}

export interface EndCommand extends FromProducer {
  readonly kind: 'end';
  readonly commit: boolean;
  readonly clientTransactionVersion: number;
  readonly newProducerId: number | undefined;
}

/** The markers of an {@link Ending} are written. */
export interface CompleteCommand extends FromProducer {
  readonly kind: 'complete';
}

export interface DescribeCommand {
  readonly kind: 'describe';
  readonly token: ReplyToken;
  readonly transactionalIds: readonly string[];
}

export interface ListFilter {
  /** Empty: all. */
  readonly producerIds: ReadonlySet<number>;
  /** Undefined: all. */
  readonly statuses: ReadonlySet<string> | undefined;
  /** Begun longer ago than that; below 0: all. */
  readonly durationMs: number;
  readonly matches: (transactionalId: string) => boolean;
}

export interface ListCommand {
  readonly kind: 'list';
  readonly token: ReplyToken;
  readonly filter: ListFilter;
}

export type TimerCommand = { readonly kind: 'check-open' } | { readonly kind: 'expire-ids' };

export type BrokerCommand =
  | { readonly kind: 'loaded' }
  /** Of a producer whose epochs are used up, see {@link TransactionReply} `abort-needs-id`. */
  | ({ readonly kind: 'abort'; readonly transactionalId: string; readonly newProducerId: number } & ProducerIdentity);

/** A transaction whose end is decided and committed: what the markers say, and where they go. */
export interface Ending extends ProducerIdentity {
  readonly transactionalId: string;
  readonly commit: boolean;
  readonly transactionVersion: number;
  readonly partitions: readonly TopicPartitions[];
}

export interface ListedTransaction {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly status: TransactionStatus;
}

export type TransactionReply =
  | InitReply
  | { readonly kind: 'add-partitions'; readonly errorCode: ErrorCode }
  | {
      readonly kind: 'verify-partitions';
      readonly results: ReadonlyArray<{
        readonly topic: string;
        readonly partition: number;
        readonly errorCode: ErrorCode;
      }>;
    }
  | EndReply
  | { readonly kind: 'complete' }
  | {
      readonly kind: 'describe';
      readonly transactions: ReadonlyArray<{
        readonly transactionalId: string;
        readonly found: Transaction | undefined;
      }>;
    }
  | { readonly kind: 'list'; readonly transactions: readonly ListedTransaction[] }
  /** To the broker: these markers are to be written now. */
  | { readonly kind: 'write-markers'; readonly endings: readonly Ending[] }
  /** To the broker: the transaction ran out of time, and its producer needs a new id. */
  | ({ readonly kind: 'abort-needs-id'; readonly transactionalId: string } & ProducerIdentity);

export interface InitReply extends ProducerIdentity {
  readonly kind: 'init';
  readonly errorCode: ErrorCode;
  /** To be asked again with a new producer id; nothing was done. */
  readonly needsId: boolean;
}

export interface EndReply extends ProducerIdentity {
  readonly kind: 'end';
  readonly errorCode: ErrorCode;
  /** As of {@link InitReply}. */
  readonly needsId: boolean;
}

export type TransactionDecision = Decision<TransactionCommand, TransactionRecord, TransactionReply>;

/** The settings that decisions depend on. */
export interface TransactionRules {
  /** The cluster's `transaction.version` as it is now: what the coordinator's own aborts go by. */
  readonly transactionVersion: () => number;
  /** Nothing is begun by the coordinator itself: no markers, no timeouts, nothing is forgotten. For a directory that is only shown. */
  readonly isPassive: boolean;
  /** `transactional.id.expiration.ms` */
  readonly idExpirationMs: number;
  /** `transaction.remove.expired.transaction.cleanup.interval.ms` */
  readonly expiryIntervalMs: number;
  /** `transaction.abort.timed.out.transaction.cleanup.interval.ms` */
  readonly abortIntervalMs: number;
}
