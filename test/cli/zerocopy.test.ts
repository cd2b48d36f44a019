import { describe, expect, test } from 'vitest';
import { explainZeroCopy } from '../../src/cli/commands/zerocopy/explain.js';
import { failureOf } from '../../src/cli/failures.js';
import { ProtocolError } from '../../src/client/index.js';
import { type HttpClient, HttpError } from '../../src/common/ports/index.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { parsed, session } from './support/fake_io.js';

interface Sent {
  readonly sendfile?: number;
  readonly small?: number;
  readonly cold?: number;
  readonly answers: number;
  readonly regions: number;
  readonly coldStops?: number;
  readonly loaded?: number;
}

/** Lines of one broker, topic or client. */
function lines(prefix: string, labels: string, sent: Sent): string[] {
  const all = (more: string) => [labels, more].filter((part) => part !== '').join(',');
  const { sendfile = 0, small = 0, cold = 0, answers, regions, coldStops = 0, loaded = 0 } = sent;
  return [
    `${prefix}_bytes_total{${all('path="sendfile",reason=""')}} ${sendfile}`,
    `${prefix}_bytes_total{${all('path="copied",reason="small"')}} ${small}`,
    `${prefix}_bytes_total{${all('path="copied",reason="cold"')}} ${cold}`,
    `${prefix}_calls_total{${all('call="sendmsg"')}} ${answers}`,
    `${prefix}_calls_total{${all('call="sendfile"')}} ${sendfile > 0 ? regions : 0}`,
    `${prefix}_calls_total{${all('call="pread"')}} ${small + cold > 0 ? regions : 0}`,
    `${prefix}_answers_total${labels === '' ? '' : `{${labels}}`} ${answers}`,
    `${prefix}_regions_total${labels === '' ? '' : `{${labels}}`} ${regions}`,
    `${prefix}_cold_stops_total${labels === '' ? '' : `{${labels}}`} ${coldStops}`,
    `${prefix}_loaded_bytes_total${labels === '' ? '' : `{${labels}}`} ${loaded}`,
  ];
}

const page = (...parts: ReadonlyArray<readonly string[]>): string =>
  ['# TYPE millrace_fetch_bytes_total counter', ...parts.flat(), 'other_metric 3', ''].join('\n');

const small: Sent = { small: 30_000, answers: 30, regions: 30 };
const smallPage = page(
  lines('millrace_fetch', '', { sendfile: 900_000, small: 100_000, answers: 70, regions: 80 }),
  lines('millrace_topic_fetch', 'topic="orders"', small),
  lines('millrace_topic_fetch', 'topic="files"', { sendfile: 900_000, answers: 9, regions: 9 }),
  lines('millrace_client_fetch', 'client_id="one"', { sendfile: 900_000, answers: 9, regions: 9 }),
  lines('millrace_client_fetch', 'client_id="quo\\"te"', { small: 80_000, answers: 50, regions: 60 }),
  lines('millrace_client_fetch', 'client_id=""', { small: 20_000, answers: 20, regions: 20 }),
);

function adminOf(configs: Readonly<Record<string, string>>, leaders: readonly number[] = [1]) {
  return {
    describeTopics: ([name = '']: readonly string[]) =>
      Promise.resolve([
        name === 'orders'
          ? { name, topic: { name, partitions: leaders.map((leaderId) => ({ leaderId })) }, error: undefined }
          : { name, topic: undefined, error: new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `topic ${name}`) },
      ]),
    describeCluster: () =>
      Promise.resolve({
        brokers: [1, 2].map((nodeId) => ({ nodeId, host: `host-${nodeId}`, port: 9092, rack: null })),
      }),
    describeConfigs: (resources: readonly unknown[]) =>
      Promise.resolve(
        resources.map(() => ({ entries: Object.entries(configs).map(([name, value]) => ({ name, value })) })),
      ),
  };
}

const on = {
  'millrace.metrics.port': '9404',
  'millrace.metrics.host': '0.0.0.0',
  'millrace.sendfile.min.bytes': '32768',
};

async function explain(
  pages: Readonly<Record<string, string>>,
  format: 'text' | 'json' = 'text',
  admin = adminOf(on),
  options: { readonly topic?: string; readonly metricsUrl?: string } = {},
): Promise<string> {
  const { session: one, io } = session(admin, format);
  const http: HttpClient = {
    get: (url) => {
      const body = pages[url];
      return body === undefined
        ? Promise.reject(new HttpError(url, 'ECONNREFUSED'))
        : Promise.resolve({ status: body === '' ? 404 : 200, contentType: 'text/plain', body });
    },
  };
  io.http = http;
  await explainZeroCopy.run({ topic: options.topic ?? 'orders', metricsUrl: options.metricsUrl }, one);
  return io.output.text;
}

const url = 'http://host-1:9404/metrics';

describe('millrace zerocopy explain', () => {
  test('the command line', async () => {
    expect(await parsed(explainZeroCopy, 'orders')).toEqual({ topic: 'orders', metricsUrl: undefined });
    expect(await parsed(explainZeroCopy, 'orders', '--metrics-url', url)).toEqual({ topic: 'orders', metricsUrl: url });
    await expect(parsed(explainZeroCopy, 'orders', '--metrics-url', 'host:9404')).rejects.toThrow(/a URL such as/);
    await expect(parsed(explainZeroCopy)).rejects.toThrow(/topic/);
  });

  test('a table for people, and what to do', async () => {
    const text = await explain({ [url]: smallPage });
    expect(text).toMatch(/^topic orders on broker 1 since its start: 100.0 % of 30000 bytes copied\n/);
    expect(text).toMatch(/^topic orders +30000 +0.0 % +100.0 % +0.0 % +1000 +2 \(sendmsg 1, sendfile 0, pread 1\)$/m);
    expect(text).toMatch(/^broker 1 +1000000 +90.0 % +10.0 % /m);
    expect(text).toMatch(/^client quo"te +80000 .*\nclient without id +20000 .*\nclient one +900000 /m);
    expect(text).toMatch(
      /^- clients fetch regions of 1000 bytes on average, below millrace.sendfile.min.bytes \(32768\)/m,
    );
    expect(text).toContain('raise fetch.min.bytes');
    expect(text).toMatch(/^- most copied bytes of all topics go to client quo"te \(80.0 %\)/m);
  });

  test('the fields of JSON', async () => {
    const document: unknown = JSON.parse(await explain({ [url]: smallPage }, 'json'));
    expect(document).toEqual({
      topic: 'orders',
      brokers: [
        {
          brokerId: 1,
          metricsUrl: url,
          sendfileMinBytes: 32768,
          broker: {
            bytes: 1_000_000,
            bytesSendfile: 900_000,
            bytesCopied: { small: 100_000, cold: 0, tls: 0, 'down-level': 0 },
            copiedShare: 0.1,
            answers: 70,
            regions: 80,
            bytesPerRegion: 12_500,
            callsPerAnswer: { sendmsg: 1, sendfile: 1.14, pread: 1.14, total: 3.29 },
            coldStops: 0,
            bytesLoaded: 0,
          },
          topic: {
            bytes: 30_000,
            bytesSendfile: 0,
            bytesCopied: { small: 30_000, cold: 0, tls: 0, 'down-level': 0 },
            copiedShare: 1,
            answers: 30,
            regions: 30,
            bytesPerRegion: 1000,
            callsPerAnswer: { sendmsg: 1, sendfile: 0, pread: 1, total: 2 },
            coldStops: 0,
            bytesLoaded: 0,
          },
          clients: [
            expect.objectContaining({ clientId: 'quo"te', copiedShare: 1 }),
            expect.objectContaining({ clientId: '' }),
            expect.objectContaining({ clientId: 'one', copiedShare: 0 }),
          ],
          advice: [
            expect.stringContaining('raise fetch.min.bytes') as string,
            expect.stringContaining('begin with that client') as string,
          ],
        },
      ],
    });
  });

  test('nothing to do, and nothing sent', async () => {
    const sent = page(
      lines('millrace_fetch', '', { sendfile: 990, small: 10, answers: 2, regions: 2 }),
      lines('millrace_topic_fetch', 'topic="orders"', { sendfile: 990, small: 10, answers: 2, regions: 2 }),
    );
    expect(await explain({ [url]: sent })).toContain('- nothing to do: next to nothing of orders is copied\n');
    const none = page(lines('millrace_fetch', '', { answers: 0, regions: 0 }));
    const text = await explain({ [url]: none });
    expect(text).toContain('- no records of orders were sent since the broker started\n');
    expect(JSON.parse(await explain({ [url]: none }, 'json'))).toMatchObject({
      brokers: [{ topic: { bytes: 0, copiedShare: 0, bytesPerRegion: null, callsPerAnswer: null }, clients: [] }],
    });
  });

  test('records that came from the disk', async () => {
    const cold: Sent = { sendfile: 800, cold: 200, answers: 5, regions: 5, coldStops: 4, loaded: 500 };
    const sent = page(lines('millrace_fetch', '', cold), lines('millrace_topic_fetch', 'topic="orders"', cold));
    const text = await explain({ [url]: sent });
    expect(text).toMatch(/^topic orders +1000 +80.0 % +0.0 % +20.0 % /m);
    expect(text).toContain('- 50.0 % had to be read from the disk first (4 waits)');
  });

  test('some small regions beside large ones', async () => {
    const mixed: Sent = { sendfile: 800_000, small: 200_000, answers: 10, regions: 10 };
    const sent = page(lines('millrace_fetch', '', mixed), lines('millrace_topic_fetch', 'topic="orders"', mixed));
    expect(await explain({ [url]: sent })).toContain('a part of them is below millrace.sendfile.min.bytes (32768)');
  });

  test('every broker that leads the topic', async () => {
    const admin = adminOf(on, [2, 1, 2, -1]);
    const pages = { [url]: smallPage, 'http://host-2:9404/metrics': smallPage };
    const document = JSON.parse(await explain(pages, 'json', admin)) as {
      brokers: ReadonlyArray<{ brokerId: number }>;
    };
    expect(document.brokers.map(({ brokerId }) => brokerId)).toEqual([1, 2]);
    expect(
      JSON.parse(await explain({ 'http://x/m': smallPage }, 'json', admin, { metricsUrl: 'http://x/m' })),
    ).toMatchObject({
      brokers: [{ brokerId: null, sendfileMinBytes: null, metricsUrl: 'http://x/m' }],
    });
  });

  test('the address of the metrics', async () => {
    const local = adminOf({ ...on, 'millrace.metrics.host': '::1' });
    expect(await explain({ 'http://[::1]:9404/metrics': smallPage }, 'text', local)).toContain('topic orders');
  });

  const failure = async (...args: Parameters<typeof explain>) =>
    failureOf(await explain(...args).catch((error: unknown) => error));

  test('what stands in the way is said in one sentence', async () => {
    const off = adminOf({ ...on, 'millrace.metrics.port': '-1' });
    expect(await failure({}, 'text', off)).toEqual({
      exitCode: 1,
      message:
        'broker 1 shows no metrics: restart it with --set millrace.metrics.port=9404, or any free port (it is -1, off, now)',
    });
    const any = adminOf({ ...on, 'millrace.metrics.port': '0' });
    expect((await failure({}, 'text', any)).message).toContain('name the address with --metrics-url');
    expect(await failure({})).toMatchObject({
      exitCode: 4,
      message: expect.stringContaining(`${url}: ECONNREFUSED`) as string,
    });
    expect((await failure({ [url]: 'process_resident_memory_bytes 1\n' })).message).toContain('is no Millrace broker');
    expect((await failure({ [url]: '' })).message).toContain('answers with status 404');
    expect(await failure({}, 'text', adminOf(on), { topic: 'nothing' })).toMatchObject({ exitCode: 3 });
    expect(await failure({}, 'text', adminOf(on, [-1]))).toMatchObject({ exitCode: 3 });
  });
});
