import { ApiKey } from '../../../src/protocol/api_keys.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { produce } from '../../integration/produce_fetch.js';
import { WireClient } from '../../support/wire_client.js';
import type { Load, LoadContext } from './load.js';

const inFlight = 4;
const recordsPerBatch = 3;

interface Batch {
  readonly baseSequence: number;
  readonly values: readonly string[];
}

/**
 * An idempotent producer by hand, with several batches of a partition on the way at once: what was not acknowledged is sent again, in
 * order, with the same sequence numbers.
 */
export class WireProducer implements Load {
  private readonly unacknowledged: Batch[][];
  private readonly nextSequence: number[];
  private producerId = -1;
  private client: WireClient | undefined;
  private stopping = false;
  private readonly running: Promise<void>;
  private sentCount = 0;

  constructor(
    private readonly name: string,
    private readonly context: LoadContext,
  ) {
    this.unacknowledged = Array.from({ length: context.partitions }, () => []);
    this.nextSequence = Array.from({ length: context.partitions }, () => 0);
    this.running = context.watch(this.run());
  }

  async finish(): Promise<void> {
    this.stopping = true;
    await this.running;
    this.client?.close();
  }

  private get done(): boolean {
    return this.stopping && this.unacknowledged.every((batches) => batches.length === 0);
  }

  private async run(): Promise<void> {
    while (!this.done) {
      try {
        this.client ??= await WireClient.connect(this.context.port, this.name);
        if (this.producerId < 0) await this.begin(this.client);
        if (this.producerId >= 0) await this.sendAll(this.client);
      } catch (error) {
        if (!isConnectionLoss(error)) throw error;
        this.client?.close();
        this.client = undefined;
      }
      await this.context.pause(10);
    }
  }

  private async begin(client: WireClient): Promise<void> {
    const answer = await client.send<{ producerId: number; errorCode: number }>(ApiKey.InitProducerId, 4, {
      transactionalId: null,
      transactionTimeoutMs: 0,
    });
    if (answer.errorCode === ErrorCode.NONE) this.producerId = answer.producerId;
  }

  private async sendAll(client: WireClient): Promise<void> {
    if (!this.stopping)
      for (let partition = 0; partition < this.context.partitions; partition += 1) this.fill(partition);
    const sending = this.unacknowledged.map((batches, partition) =>
      Promise.all(
        batches.map(({ baseSequence, values }) =>
          produce(client, this.context.topic, values, { producerId: this.producerId, baseSequence, partition }),
        ),
      ),
    );
    const answers = await Promise.allSettled(sending);
    answers.forEach((answer, partition) => {
      if (answer.status === 'fulfilled') this.take(partition, answer.value);
    });
    const lost = answers.find((answer) => answer.status === 'rejected');
    if (lost !== undefined) throw lost.reason;
  }

  private fill(partition: number): void {
    const batches = this.unacknowledged[partition] ?? [];
    while (batches.length < inFlight) {
      const values = Array.from({ length: recordsPerBatch }, () => this.nextValue(partition));
      const baseSequence = this.nextSequence[partition] ?? 0;
      this.nextSequence[partition] = baseSequence + values.length;
      batches.push({ baseSequence, values });
    }
  }

  private nextValue(partition: number): string {
    const value = this.context.value(`${this.name}-${partition}-${this.sentCount++}`);
    this.context.record({ kind: 'send', producer: this.name, partition, value });
    return value;
  }

  /** The batches up to the first one that was refused are in the log. */
  private take(
    partition: number,
    answers: ReadonlyArray<{ readonly errorCode: number; readonly baseOffset: number }>,
  ): void {
    const batches = this.unacknowledged[partition] ?? [];
    const refused = answers.findIndex(({ errorCode }) => errorCode !== ErrorCode.NONE);
    const taken = refused < 0 ? answers.length : refused;
    for (const [index, { values }] of batches.slice(0, taken).entries())
      values.forEach((value, at) => {
        const offset = (answers[index]?.baseOffset ?? 0) + at;
        this.context.record({ kind: 'ack', producer: this.name, partition, value, offset });
      });
    batches.splice(0, taken);
    if (refused < 0) return;
    this.context.refused(answers[refused]?.errorCode ?? 0);
    for (const [index, { errorCode }] of answers.slice(refused).entries()) {
      // It was in the log before the kill, and so was the one before it, which came while the log was loading. All are sent again; had
      // it been written now, the history would find it out of order.
      if (errorCode === ErrorCode.NONE) continue;
      const follows = index > 0 && errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;
      if (!follows && !this.context.retriable.has(errorCode))
        throw new Error(
          `${this.name}: partition ${partition} answered ${errorCode}, batch ${refused + index} of ${answers.length}`,
        );
    }
  }
}

export function isConnectionLoss(error: unknown): boolean {
  return error instanceof Error && /connection closed|ECONNREFUSED|ECONNRESET|EPIPE/.test(error.message);
}
