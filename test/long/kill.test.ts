import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { createTopic, produce, readAll } from '../integration/produce_fetch.js';
import { BrokerProcess } from '../support/broker_process.js';
import { WireClient } from '../support/wire_client.js';

const rounds = 200;
const inFlight = 4;
const directory = mkdtempSync(join(tmpdir(), 'millrace-kill-'));
let broker: BrokerProcess | undefined;
afterAll(async () => {
  await broker?.end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

/** An idempotent producer by hand: what was not acknowledged is sent again, in order, with the same sequence numbers. */
class Sender {
  readonly acknowledged: string[] = [];
  private readonly unacknowledged: Array<{ readonly sequence: number; readonly value: string }> = [];
  private nextSequence = 0;

  constructor(private readonly producerId: number) {}

  /** Sends until the connection is lost, or `stop` says so and everything is acknowledged. */
  async run(client: WireClient, stop: () => boolean): Promise<void> {
    try {
      while (!stop() || this.unacknowledged.length > 0) {
        while (this.unacknowledged.length < inFlight && !stop())
          this.unacknowledged.push({ sequence: this.nextSequence, value: `value-${this.nextSequence++}` });
        const group = [...this.unacknowledged];
        const answers = await Promise.all(
          group.map(({ sequence, value }) =>
            produce(client, 'durable', [value], { producerId: this.producerId, baseSequence: sequence }),
          ),
        );
        answers.forEach(({ errorCode }, index) => {
          expect(errorCode, `sequence ${group[index]?.sequence}`).toBe(0);
        });
        for (const { value } of group) this.acknowledged.push(value);
        this.unacknowledged.splice(0, group.length);
      }
    } catch (error) {
      if (!(error instanceof Error && error.message === 'connection closed')) throw error;
    }
  }
}

it(`loses no acknowledged record in ${rounds} rounds of kill -9, and repeats none`, async () => {
  broker = await BrokerProcess.start(directory);
  const { port } = broker;
  let client = await WireClient.connect(port);
  await createTopic(client, 'durable', 1, { 'segment.bytes': '1048576' });
  const { producerId } = await client.send<{ producerId: number }>(ApiKey.InitProducerId, 4, {
    transactionalId: null,
    transactionTimeoutMs: 0,
  });
  const sender = new Sender(producerId);
  for (let round = 0; round < rounds; round += 1) {
    const sending = sender.run(client, () => false);
    // A different moment of the work each time.
    await new Promise((resolve) => setTimeout(resolve, 5 + ((round * 7919) % 60)));
    await broker.end('SIGKILL');
    await sending;
    client.close();
    broker = await BrokerProcess.start(directory, {}, port);
    client = await WireClient.connect(port);
  }
  await sender.run(client, () => true);
  const values = await readAll(client, 'durable');
  // Once, in order, all of them.
  expect(values).toEqual(Array.from({ length: values.length }, (_, index) => `value-${index}`));
  expect(values.length).toBeGreaterThanOrEqual(sender.acknowledged.length);
  expect(values.slice(0, sender.acknowledged.length)).toEqual(sender.acknowledged);
  expect(sender.acknowledged.length).toBeGreaterThan(rounds * inFlight);
  console.log(
    `${sender.acknowledged.length} records acknowledged in ${rounds} rounds of kill -9, every one read back once and in order`,
  );
  client.close();
});
