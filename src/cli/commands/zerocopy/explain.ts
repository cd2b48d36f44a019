import type { CliCommand } from '../../command.js';
import { MetricsUnavailableError, metricsSources, scrape } from '../../metrics_source.js';
import type { Cell } from '../../report.js';
import type { Session } from '../../session.js';
import { httpUrl } from '../../values.js';
import { type BrokerZeroCopy, type ClientShare, percent, type ZeroCopyShare, zeroCopyOf } from '../../zero_copy.js';

export interface ExplainZeroCopyOptions {
  readonly topic: string;
  readonly metricsUrl: string | undefined;
}

/** Clients shown to people; JSON has all. */
const shownClients = 10;

export const explainZeroCopy: CliCommand<ExplainZeroCopyOptions> = {
  name: 'explain',
  define: (command) =>
    command
      .description('what share of the bytes sent was copied, why, and what to do about it')
      .argument('<topic>', 'name')
      .option('--metrics-url <url>', 'where the broker shows its metrics (default: asked of the broker)', httpUrl),
  read: (command) => ({
    topic: command.args[0] ?? '',
    metricsUrl: command.opts<{ readonly metricsUrl?: string }>().metricsUrl,
  }),
  run: async ({ topic, metricsUrl }, session) => {
    const brokers: BrokerZeroCopy[] = [];
    for (const { brokerId, url, sendfileMinBytes } of await metricsSources(session, topic, metricsUrl)) {
      const samples = await scrape(session, url);
      const found = zeroCopyOf(samples, topic, { brokerId, metricsUrl: url, sendfileMinBytes });
      if (found === undefined)
        throw new MetricsUnavailableError(`${url} has no millrace_fetch_ metrics: it is no Millrace broker`);
      brokers.push(found);
    }
    await session.report.result({ topic, brokers }, async () => {
      for (const broker of brokers) await print(session, topic, broker);
    });
  },
};

async function print({ report }: Session, topic: string, found: BrokerZeroCopy): Promise<void> {
  const name = found.brokerId === null ? 'broker' : `broker ${found.brokerId}`;
  await report.line(
    `topic ${topic} on ${name} since its start: ${percent(found.topic.copiedShare)} of ${found.topic.bytes} bytes copied`,
  );
  const clients = found.clients.slice(0, shownClients);
  await report.table(
    ['SENT', 'BYTES', 'BY SENDFILE', 'COPIED: SMALL', 'COPIED: COLD', 'BYTES/REGION', 'CALLS/ANSWER'],
    [
      row(`topic ${topic}`, found.topic),
      row(name, found.broker),
      ...clients.map((client) => row(clientName(client), client)),
    ],
  );
  if (clients.length < found.clients.length)
    await report.line(`and ${found.clients.length - clients.length} clients with fewer copied bytes`);
  for (const sentence of found.advice) await report.line(`- ${sentence}`);
}

function clientName({ clientId }: ClientShare): string {
  return clientId === '' ? 'client without id' : `client ${clientId}`;
}

function row(name: string, share: ZeroCopyShare): readonly Cell[] {
  const { bytes, bytesSendfile, bytesCopied, bytesPerRegion, callsPerAnswer: calls } = share;
  const part = (of: number): string => (bytes === 0 ? '-' : percent(of / bytes));
  return [
    name,
    bytes,
    part(bytesSendfile),
    part(bytesCopied.small),
    part(bytesCopied.cold),
    bytesPerRegion,
    calls === null
      ? null
      : `${calls.total} (sendmsg ${calls.sendmsg}, sendfile ${calls.sendfile}, pread ${calls.pread})`,
  ];
}
