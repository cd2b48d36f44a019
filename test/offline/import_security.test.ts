import { pbkdf2Sync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import { readKafkaMetadata } from '../../src/offline/kafka_metadata.js';
import { readJournal } from '../../src/offline/metadata_journal.js';
import { scramCredential } from '../../src/security/scram.js';
import { describedAccess } from './described_access.js';
import { cli, golden, ports, temporary } from './support.js';

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
