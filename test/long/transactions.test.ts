import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createTopic } from '../integration/produce_fetch.js';
import { BrokerProcess } from '../support/broker_process.js';
import { finalReader } from '../support/history.js';
import { Prng } from '../support/prng.js';
import { checkTransactions, type TransactionEvent } from '../support/transaction_history.js';
import { WireClient } from '../support/wire_client.js';
import { CommittedReader, pollCommitted } from './transactions/committed_reader.js';
import { TransactionalClient } from './transactions/transactional_client.js';
import { type TransferCounts, Transfers } from './transactions/transfers.js';

const kills = Number(process.env.MILLRACE_TRANSACTION_KILLS ?? 20);
const seed = Number(process.env.MILLRACE_CHAOS_SEED ?? 1);
const topic = 'accounts';
const accounts = 4;
const producers = ['a', 'b', 'c'] as const;
const settings = {
  'offsets.topic.num.partitions': '2',
  'transaction.state.log.num.partitions': '2',
  'log.segment.bytes': '1048576',
};

/** What was committed to each account, and whether it sums up to nothing. */
function balance(events: readonly TransactionEvent[]): number {
  let sum = 0;
  for (const event of events)
    if (event.kind === 'poll' && event.consumer === finalReader) sum += Number(event.value.split(' ')[1]);
  return sum;
}

it(`moves amounts between accounts exactly once through ${kills} kills of the broker and zombies`, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-transfers-'));
  const random = new Prng(seed);
  const events: TransactionEvent[] = [];
  const counts: TransferCounts = { committed: 0, aborted: 0, unknown: 0, abandoned: 0, fenced: 0 };
  let broker = await BrokerProcess.start(directory, settings);
  const { port } = broker;
  try {
    const client = await WireClient.connect(port);
    await createTopic(client, topic, accounts);
    client.close();
    const loads = producers.map(
      (name, index) =>
        new Transfers(
          name,
          { port, topic, accounts, version: name === 'c' ? 1 : 2 },
          new Prng(seed + 1 + index),
          events,
          counts,
        ),
    );
    const reader = new CommittedReader('reader', port, topic, accounts, events);
    for (let kill = 0; kill < kills; kill += 1) {
      await sleep(30 + random.below(300));
      for (const { failure } of loads) if (failure !== undefined) throw failure;
      await broker.end('SIGKILL');
      broker = await BrokerProcess.start(directory, settings, port);
    }
    await sleep(300);
    for (const load of loads) await load.finish();
    await reader.finish();
    await readAll(port, events);
    console.log(
      `seed ${seed}: ${kills} kills, ${counts.committed} transactions committed, ${counts.aborted} aborted, ${counts.unknown} of unknown outcome, ${counts.abandoned} left to a successor, ${counts.fenced} zombies fenced`,
    );
    expect(checkTransactions(events).slice(0, 20)).toEqual([]);
    expect(balance(events)).toBe(0);
    expect(counts.committed).toBeGreaterThan(kills);
    expect(counts.fenced).toBeGreaterThan(0);
  } finally {
    await broker.end('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
});

/** To the end of every partition; what is still open is ended first, by successors of the producers. */
async function readAll(port: number, events: TransactionEvent[]): Promise<void> {
  for (const name of producers) {
    const successor = new TransactionalClient(port, name, 2);
    await successor.begin();
    successor.close();
  }
  const client = await WireClient.connect(port);
  const positions = Array.from({ length: accounts }, () => 0);
  while (!(await pollCommitted(client, finalReader, topic, positions, events)));
  client.close();
}
