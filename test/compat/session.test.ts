import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { apiByKey } from '../../src/protocol/registry.js';
import { WireClient } from '../support/wire_client.js';
import { differencesOf, type Found } from './session/compare.js';
import { type Conversation, conversations } from './session/conversations.js';
import { deliberate } from './session/differences.js';
import { play, type Transcript } from './session/play.js';
import { shareDifferences } from './share_session/differences.js';
import { shareSession } from './share_session/index.js';

// MILLRACE_SESSION_BROKER=port records the answers of the Apache Kafka at that port in the conversation named by
// MILLRACE_SESSION: see record-session.
const recordFrom = process.env.MILLRACE_SESSION_BROKER;
const recorded = process.env.MILLRACE_SESSION ?? 'main';

const goldenOf = ({ golden }: Conversation): string => join(import.meta.dirname, '../golden/session', golden);

/** Reasons that say they are seen in the session. */
function documentedRows(): string[] {
  const text = readFileSync(join(import.meta.dirname, 'DIFFERENCES.md'), 'utf8');
  return text.split('\n').flatMap((line) => {
    const [, row = '', seen = ''] = line.split('|').map((cell) => cell.trim());
    return seen === '●' ? [row] : [];
  });
}

/** `API version` for all that the broker at `port` advertises; what no codec knows (Produce below 3) is refused by name. */
async function offered(port: number): Promise<string[]> {
  const client = await WireClient.connect(port);
  const answer = await client.send<{
    readonly apiKeys: ReadonlyArray<{
      readonly apiKey: number;
      readonly minVersion: number;
      readonly maxVersion: number;
    }>;
  }>(ApiKey.ApiVersions, 0, {});
  client.close();
  return answer.apiKeys.flatMap(({ apiKey, minVersion, maxVersion }) => {
    const api = apiByKey(apiKey);
    const first = Math.max(minVersion, api?.request.minVersion ?? 0);
    return Array.from({ length: maxVersion - first + 1 }, (_, index) => `${api?.name} ${first + index}`);
  });
}

async function record(port: number): Promise<void> {
  const conversation = conversations.find(({ name }) => name === recorded);
  if (conversation === undefined) throw new Error(`no conversation is called ${recorded}`);
  const settleMs = 150;
  const transcript = await play(port, conversation.steps, settleMs);
  const lines = Object.entries(transcript).map(
    ([step, answer]) => `${JSON.stringify(step)}: ${JSON.stringify(answer)}`,
  );
  writeFileSync(goldenOf(conversation), `{\n${lines.join(',\n')}\n}\n`);
}

/** What differs between Kafka's recorded answers and those of a broker of ours. */
async function differences(conversation: Conversation): Promise<readonly Found[]> {
  const theirs = JSON.parse(readFileSync(goldenOf(conversation), 'utf8')) as Transcript;
  const broker = await startBroker({ config: conversation.settings });
  try {
    return differencesOf(theirs, await play(broker.port, conversation.steps));
  } finally {
    await broker.close();
  }
}

if (recordFrom !== undefined)
  it('records what Apache Kafka answers', { timeout: 600_000 }, () => record(Number(recordFrom)));
else
  describe('the same session with Apache Kafka 4.3.1 and with Millrace', () => {
    const used = new Set<number>();

    it.each(conversations)(
      '$name: gives the same answers but for the deliberate differences',
      {
        timeout: 120_000,
      },
      async (conversation) => {
        const found = await differences(conversation);
        const unexplained = found.filter(({ step, path, kafka }) => {
          const known = deliberate.findIndex(
            (one) => one.step.test(step) && one.path.test(path) && (one.kafka === undefined || one.kafka.test(kafka)),
          );
          if (known >= 0) used.add(known);
          return known < 0;
        });
        expect(unexplained).toEqual([]);
      },
    );

    it('needs each deliberate difference', () => {
      expect(deliberate.filter((_, index) => !used.has(index))).toEqual([]);
    });

    it('has a reason for each deliberate difference, and no other reasons', () => {
      const all = [...deliberate, ...shareDifferences];
      expect([...new Set(all.map(({ row }) => row))].sort()).toEqual(documentedRows().sort());
    });

    it('asks for each API that Kafka and Millrace both offer, in every version, 600 times in all', async () => {
      const steps = conversations.flatMap((conversation) => conversation.steps);
      const asked = new Set(
        [...steps, ...shareSession].flatMap((step) => ('raw' in step ? [] : [`${step.api} ${step.version}`])),
      );
      const broker = await startBroker();
      const missing = await offered(broker.port).finally(() => broker.close());
      expect(missing.filter((one) => !asked.has(one))).toEqual([]);
      expect(steps.length).toBeGreaterThanOrEqual(600);
    });
  });
