import type { EgressAccounts, EgressTotals } from '../common/ports/index.js';
import type { Labels, Metrics, Sample } from '../telemetry/index.js';

interface Group {
  /** Of the metrics' names. */
  readonly prefix: string;
  readonly of: string;
  all(): Iterable<readonly [labels: Labels, totals: EgressTotals]>;
}

/** Neither a topic nor likely a client is called so. */
const other = '(other)';

/**
 * How records left: for the broker, by topic and by client id. The broker's numbers are the sum over the clients, and over the
 * topics as well. What has sent nothing has no lines.
 */
export function registerEgress(metrics: Metrics, egress: EgressAccounts): void {
  const groups: readonly Group[] = [
    { prefix: 'millrace_fetch', of: '', all: () => [[{}, sum(allClients(egress))]] },
    { prefix: 'millrace_topic_fetch', of: ', by topic', all: () => labelled('topic', allTopics(egress)) },
    { prefix: 'millrace_client_fetch', of: ', by client id', all: () => labelled('client_id', allClients(egress)) },
  ];
  for (const group of groups) registerGroup(metrics, group);
}

function registerGroup(metrics: Metrics, { prefix, of, all }: Group): void {
  const each = (samples: (totals: EgressTotals) => readonly Sample[]) => (): Sample[] => {
    const found: Sample[] = [];
    for (const [labels, totals] of all())
      for (const sample of samples(totals))
        found.push({ value: sample.value, labels: { ...labels, ...sample.labels } });
    return found;
  };
  const single = (field: 'answers' | 'regions' | 'coldStops' | 'bytesLoaded') =>
    each((totals) => [{ value: totals[field] }]);
  metrics.counter(`${prefix}_bytes_total`, `Record bytes by the way they left${of}.`, each(byPath));
  metrics.counter(`${prefix}_calls_total`, `System calls that sent records${of}.`, each(byCall));
  metrics.counter(`${prefix}_answers_total`, `Responses with records${of}.`, single('answers'));
  metrics.counter(`${prefix}_regions_total`, `File regions sent whole${of}.`, single('regions'));
  metrics.counter(
    `${prefix}_cold_stops_total`,
    `Times a response waited for a thread to read records from the medium${of}.`,
    single('coldStops'),
  );
  metrics.counter(
    `${prefix}_loaded_bytes_total`,
    `Record bytes these threads were asked to read${of}.`,
    single('bytesLoaded'),
  );
}

/** Reasons that have no way out yet are left out. */
function byPath({ bytesSendfile, bytesCopied }: EgressTotals): Sample[] {
  return [
    { value: bytesSendfile, labels: { path: 'sendfile', reason: '' } },
    ...Object.entries(bytesCopied)
      .filter(([reason, value]) => value > 0 || reason === 'small' || reason === 'cold')
      .map(([reason, value]) => ({ value, labels: { path: 'copied', reason } })),
  ];
}

function byCall({ sendCalls, sendfileCalls, preadCalls }: EgressTotals): Sample[] {
  return [
    { value: sendCalls, labels: { call: 'sendmsg' } },
    { value: sendfileCalls, labels: { call: 'sendfile' } },
    { value: preadCalls, labels: { call: 'pread' } },
  ];
}

function* allTopics(egress: EgressAccounts): Iterable<readonly [string, EgressTotals]> {
  yield* egress.topics();
  yield [other, egress.otherTopics()];
}

function* allClients(egress: EgressAccounts): Iterable<readonly [string, EgressTotals]> {
  yield* egress.clients();
  yield [other, egress.otherClients()];
}

function* labelled(
  label: string,
  found: Iterable<readonly [string, EgressTotals]>,
): Iterable<readonly [Labels, EgressTotals]> {
  for (const [name, totals] of found) if (hasSent(totals)) yield [{ [label]: name }, totals];
}

function hasSent({ bytesSendfile, sendCalls, preadCalls, coldStops }: EgressTotals): boolean {
  return bytesSendfile + sendCalls + preadCalls + coldStops > 0;
}

function sum(found: Iterable<readonly [string, EgressTotals]>): EgressTotals {
  const total = {
    bytesSendfile: 0,
    bytesCopied: { small: 0, cold: 0, tls: 0, 'down-level': 0 },
    answers: 0,
    regions: 0,
    sendCalls: 0,
    sendfileCalls: 0,
    preadCalls: 0,
    coldStops: 0,
    bytesLoaded: 0,
    repeats: 0,
    bytesRepeated: 0,
  };
  for (const [, totals] of found) {
    total.bytesSendfile += totals.bytesSendfile;
    for (const reason of ['small', 'cold', 'tls', 'down-level'] as const)
      total.bytesCopied[reason] += totals.bytesCopied[reason];
    total.answers += totals.answers;
    total.regions += totals.regions;
    total.sendCalls += totals.sendCalls;
    total.sendfileCalls += totals.sendfileCalls;
    total.preadCalls += totals.preadCalls;
    total.coldStops += totals.coldStops;
    total.bytesLoaded += totals.bytesLoaded;
    total.repeats += totals.repeats;
    total.bytesRepeated += totals.bytesRepeated;
  }
  return total;
}
