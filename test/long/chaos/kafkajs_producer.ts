import { Kafka, KafkaJSError, logLevel } from 'kafkajs';
import type { Load, LoadContext } from './load.js';

/** kafkajs's idempotent producer; a send goes on until it is acknowledged, since nobody knows what becomes of one given up. */
export class KafkajsProducer implements Load {
  private stopping = false;
  private readonly running: Promise<void>;
  private sentCount = 0;

  constructor(
    private readonly name: string,
    private readonly context: LoadContext,
  ) {
    this.running = context.watch(this.run());
  }

  async finish(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  private async run(): Promise<void> {
    const { context, name } = this;
    const retry = { retries: 100_000, initialRetryTime: 50, maxRetryTime: 300 };
    const kafka = new Kafka({
      clientId: name,
      brokers: [`127.0.0.1:${context.port}`],
      logLevel: logLevel.NOTHING,
      connectionTimeout: 2000,
      requestTimeout: 10_000,
      retry,
    });
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false, retry });
    await this.untilDone(() => producer.connect());
    while (!this.stopping) {
      const partition = this.sentCount % context.partitions;
      const values = Array.from({ length: 1 + (this.sentCount % 3) }, () =>
        context.value(`${name}-${this.sentCount++}`),
      );
      for (const value of values) context.record({ kind: 'send', producer: name, partition, value });
      const messages = values.map((value) => ({ partition, value }));
      // kafkajs gives a sequence that failed to what is sent next: so that must be the same again.
      const [answer] = await this.untilDone(() => producer.send({ topic: context.topic, acks: -1, messages }));
      const base = Number(answer?.baseOffset ?? -1);
      values.forEach((value, index) => {
        context.record({ kind: 'ack', producer: name, partition, value, offset: base < 0 ? -1 : base + index });
      });
      await context.pause(10);
    }
    await producer.disconnect();
  }

  /** Connection errors that kafkajs does not try again by itself. */
  private async untilDone<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof KafkaJSError) || !/ECONN|closed|timed out|retries/i.test(error.message)) throw error;
        await this.context.pause(50);
      }
    }
  }
}
