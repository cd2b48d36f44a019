import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '../../support/prng.js';
import type { TransactionEvent } from '../../support/transaction_history.js';
import { isConnectionLoss } from '../chaos/wire_producer.js';
import { Fenced, TransactionalClient, TransactionGivenUp } from './transactional_client.js';

export interface TransferOptions {
  readonly port: number;
  readonly topic: string;
  readonly accounts: number;
  readonly version: 1 | 2;
}

export interface TransferCounts {
  committed: number;
  aborted: number;
  unknown: number;
  abandoned: number;
  fenced: number;
}

/**
 * Moves amounts between accounts, one partition each: a transaction takes from one what it gives to others, so that what is committed
 * always sums up to nothing. Some transactions are aborted, some are left open by a producer whose successor takes over; such a zombie tries to
 * commit all the same, and must be told that it is fenced.
 */
export class Transfers {
  private stopping = false;
  private count = 0;
  private client: TransactionalClient | undefined;
  private readonly running: Promise<void>;
  failure: Error | undefined;

  constructor(
    private readonly name: string,
    private readonly options: TransferOptions,
    private readonly random: Prng,
    private readonly events: TransactionEvent[],
    private readonly counts: TransferCounts,
  ) {
    this.running = this.run().catch((error: unknown) => {
      this.failure = error instanceof Error ? error : new Error(String(error));
    });
  }

  async finish(): Promise<void> {
    this.stopping = true;
    await this.running;
    this.client?.close();
    if (this.failure !== undefined) throw this.failure;
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        this.client ??= await this.begun();
        await this.transfer(this.client);
      } catch (error) {
        if (!(error instanceof TransactionGivenUp) && !isConnectionLoss(error)) throw error;
        this.client?.close();
        this.client = undefined;
      }
      await sleep(this.random.below(8));
    }
  }

  private async begun(): Promise<TransactionalClient> {
    const { port, version } = this.options;
    const client = new TransactionalClient(port, this.name, version);
    try {
      await client.begin();
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  private async transfer(client: TransactionalClient): Promise<void> {
    const { random, events, counts } = this;
    const { accounts, topic } = this.options;
    const transaction = `${this.name}/${this.count++}`;
    const from = random.below(accounts);
    const amounts = new Map<number, number>([[from, 0]]);
    for (let i = 0; i <= random.below(3); i += 1) {
      const to = random.below(accounts);
      const amount = 1 + random.below(100);
      amounts.set(to, (amounts.get(to) ?? 0) + amount);
      amounts.set(from, (amounts.get(from) ?? 0) - amount);
    }
    for (const [partition, amount] of amounts) {
      const value = `${transaction}/${partition} ${amount}`;
      events.push({ kind: 'write', producer: this.name, transaction, partition, value });
      await client.write(topic, partition, [value]);
    }
    const dice = random.below(100);
    if (dice < 10) {
      this.client = undefined;
      counts.abandoned += 1;
      return this.leaveToSuccessor(client, transaction);
    }
    const commit = dice >= 25;
    events.push({ kind: 'end', transaction, commit });
    counts.unknown += 1;
    await client.end(commit);
    counts.unknown -= 1;
    counts[commit ? 'committed' : 'aborted'] += 1;
    events.push({ kind: 'ended', transaction });
  }

  /** The old one wakes up after the new one has begun. */
  private async leaveToSuccessor(zombie: TransactionalClient, transaction: string): Promise<void> {
    try {
      this.client = await this.begun();
      await zombie.end(true);
    } catch (error) {
      if (!(error instanceof Fenced)) throw error;
      this.counts.fenced += 1;
      return;
    } finally {
      zombie.close();
    }
    throw new Error(`the zombie of ${transaction} could commit`);
  }
}
