import { pbkdf2Sync } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import { readKafkaMetadata } from '../../src/offline/kafka_metadata.js';
import { readJournal } from '../../src/offline/metadata_journal.js';
import type { AnyMessage } from '../../src/protocol/message.js';
import { DelegationTokenRecord, RemoveDelegationTokenRecord } from '../../src/protocol/records/metadata_topics.js';
import { Writer } from '../../src/protocol/writer.js';
import { encodeBatch } from '../../src/records/index.js';
import { scramCredential } from '../../src/security/scram.js';
import { describedAccess } from './described_access.js';
import { cli, copyOf, golden, ports, temporary } from './support.js';

// MILLRACE_RECORD_BROKER=port writes down what the Apache Kafka at that port says: see golden/kafka-dirs/record-secured.
const recordFrom = process.env.MILLRACE_RECORD_BROKER;
const recorded = join(golden, 'secured.json');
const secured = join(golden, 'secured');

if (recordFrom !== undefined)
  it('writes down what Apache Kafka says', async () => {
    writeFileSync(recorded, `${JSON.stringify(await describedAccess(Number(recordFrom)), null, 1)}\n`);
  });
else
  it('log import brings access rules, users, quotas, configs and features along', async () => {
    const data = join(temporary(), 'data');
    const done = await cli('log', 'import', secured, '--output', data, '--json');
    expect(done.err).toBe('');
    expect(JSON.parse(done.out)).toMatchObject({ notes: [] });
    const settings = {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
    };
    const broker = await startBroker({ dataDirectory: data, config: settings });
    try {
      expect(await describedAccess(broker.port)).toEqual(JSON.parse(readFileSync(recorded, 'utf8')));
    } finally {
      await broker.close();
    }
    // Secrets are told to nobody: what is kept of a password is looked at here.
    const kept = (await readKafkaMetadata(ports, secured))?.access.scramUsers.get('alice')?.get(2);
    const salt = Buffer.from(kept?.salt ?? '', 'base64');
    expect(kept).toEqual(scramCredential('sha512', 8192, salt, pbkdf2Sync('two', salt, 8192, 64, 'sha512')));
    const imported = await readJournal(ports, join(data, 'millrace-metadata.journal'));
    expect(imported?.access.scramUsers.get('alice')?.get(2)).toEqual(kept);
  });

const token = {
  owner: 'User:alice',
  requester: 'User:ANONYMOUS',
  renewers: ['User:bob'],
  issueTimestamp: 1_760_000_000_000,
  maxTimestamp: 1_760_600_000_000,
  expirationTimestamp: 1_760_080_000_000,
  tokenId: 'an id/of its own',
};

/** Adds records to the metadata log of a directory, as a controller would. */
async function addMetadata(directory: string, ...added: ReadonlyArray<readonly [AnyMessage, object]>): Promise<void> {
  const baseOffset = (await readKafkaMetadata(ports, directory))?.endOffset ?? 0;
  const records = added.map(([message, value]) => {
    const writer = new Writer(256);
    for (const number of [1, message.key, 0]) writer.unsignedVarint(number);
    message.encode(writer, 0, value);
    return { timestampMs: 1_760_000_000_000, value: Uint8Array.from(writer.bytes()) };
  });
  const path = join(directory, '__cluster_metadata-0/00000000000000000000.log');
  appendFileSync(path, encodeBatch({ records, baseOffset, leaderEpoch: 1 }));
}

it.skipIf(recordFrom !== undefined)(
  'delegation tokens go to Millrace and back to a Kafka that was never started',
  async () => {
    const kafka = copyOf('secured');
    await addMetadata(
      kafka,
      [DelegationTokenRecord, token],
      [DelegationTokenRecord, { ...token, tokenId: 'expired' }],
      [DelegationTokenRecord, { ...token, expirationTimestamp: 1_760_090_000_000 }],
      [RemoveDelegationTokenRecord, { tokenId: 'expired' }],
    );
    const renewed = { ...token, expirationTimestamp: 1_760_090_000_000 };
    const data = join(temporary(), 'data');
    expect(JSON.parse((await cli('log', 'import', kafka, '--output', data, '--json')).out)).toMatchObject({
      notes: [],
    });
    await (await startBroker({ dataDirectory: data })).close();
    const exported = join(temporary(), 'kafka');
    expect((await cli('log', 'export', data, '--output', exported)).err).toBe('');
    // What is there is bootstrap.checkpoint: Kafka fills its metadata log from it when it is started.
    const metadata = await readKafkaMetadata(ports, exported);
    expect([...(metadata?.access.delegationTokens.values() ?? [])]).toEqual([renewed]);
    const back = join(temporary(), 'data');
    expect(JSON.parse((await cli('log', 'import', exported, '--output', back, '--json')).out)).toMatchObject({
      notes: [],
    });
    const [first, second] = [data, back].map((directory) =>
      readJournal(ports, join(directory, 'millrace-metadata.journal')),
    );
    expect((await second)?.access).toEqual((await first)?.access);
    expect((await second)?.brokerConfigs).toEqual((await first)?.brokerConfigs);
  },
);

it.skipIf(recordFrom !== undefined)(
  'a directory that Kafka formatted and never started has the levels it was formatted with',
  async () => {
    const formatted = join(temporary(), 'formatted');
    mkdirSync(formatted);
    for (const name of ['meta.properties', 'bootstrap.checkpoint'])
      writeFileSync(join(formatted, name), readFileSync(join(secured, name)));
    const metadata = await readKafkaMetadata(ports, formatted);
    expect(metadata?.access.features.get('metadata.version')).toBe(30);
    expect(metadata?.access.features.get('transaction.version')).toBe(2);
    const data = join(temporary(), 'data');
    expect(JSON.parse((await cli('log', 'import', formatted, '--output', data, '--json')).out)).toMatchObject({
      notes: [],
    });
    // A log that a crash left empty is one that nothing was written to.
    mkdirSync(join(formatted, '__cluster_metadata-0'));
    writeFileSync(join(formatted, '__cluster_metadata-0/00000000000000000000.log'), '');
    expect((await readKafkaMetadata(ports, formatted))?.access).toEqual(metadata?.access);
  },
);
