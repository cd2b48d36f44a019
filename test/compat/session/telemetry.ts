import { gzipSync } from 'node:zlib';
import { CONFIG_RESOURCE } from '../../../src/config/index.js';
import type { Answers, Body, RequestStep } from './step.js';

/** Ids that clients gave themselves, so that the ids of their subscriptions are the same twice. */
const clients = {
  a: 'bbbbbbbbbbbbbbbbbbbbbQ',
  b: 'cccccccccccccccccccccg',
  c: 'dddddddddddddddddddddw',
  d: 'eeeeeeeeeeeeeeeeeeeeeQ',
} as const;
type Client = keyof typeof clients;

const get = (name: string, client: Client): RequestStep => ({
  name: `telemetry: get ${name}`,
  api: 'GetTelemetrySubscriptions',
  version: 0,
  body: { clientInstanceId: clients[client] },
});

/** A push with the subscription that an earlier step was told, 7 where there is none. */
const push = (name: string, client: Client, told: string | undefined, more: Body = {}): RequestStep => ({
  name: `telemetry: push ${name}`,
  api: 'PushTelemetry',
  version: 0,
  body: (answers: Answers) => ({
    clientInstanceId: clients[client],
    subscriptionId:
      told === undefined ? 7 : (answers.get(`telemetry: get ${told}`) as { subscriptionId: number }).subscriptionId,
    terminating: false,
    compressionType: 0,
    metrics: Buffer.alloc(0),
    ...more,
  }),
});

/** Every change has all clients begin anew. */
const subscribe = (
  name: string,
  resourceName: string,
  configs: Readonly<Record<string, string | null>>,
): RequestStep => ({
  name: `telemetry: subscribe ${name}`,
  api: 'IncrementalAlterConfigs',
  version: 1,
  body: {
    resources: [
      {
        resourceType: CONFIG_RESOURCE.CLIENT_METRICS,
        resourceName,
        configs: Object.entries(configs).map(([config, value]) => ({
          name: config,
          configOperation: value === null ? 1 : 0,
          value,
        })),
      },
    ],
    validateOnly: false,
  },
});

const nobody = { 'interval.ms': '1000', metrics: 'org.apache.nobody', match: '' };
const reserved = ['AAAAAAAAAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAAAAAAAQ'];

/** KIP-714 on a broker that nobody receives metrics at: not advertised, but answered. */
export const telemetry: readonly RequestStep[] = [
  get('with nothing subscribed', 'a'),
  get('again', 'a'),
  push('of nothing', 'a', 'with nothing subscribed'),
  push('again', 'a', 'with nothing subscribed'),
  get('after a push', 'a'),
  push('of somebody unknown', 'b', undefined),
  get('after an unknown subscription', 'b'),
  push('at once', 'b', 'after an unknown subscription'),
  ...reserved.map((clientInstanceId, index) =>
    push(`with reserved id ${index}`, 'a', 'with nothing subscribed', { clientInstanceId }),
  ),
  subscribe('to some', 'some', {
    'interval.ms': '200000',
    metrics: 'org.apache.kafka.producer.,org.apache.kafka.consumer.',
  }),
  push('with the old subscription', 'a', 'with nothing subscribed'),
  get('to some', 'a'),
  get('to some again', 'a'),
  get('to some, another', 'd'),
  push('compressed strangely', 'd', 'to some, another', { compressionType: 5 }),
  get('after a strange compression', 'd'),
  push('with a negative compression', 'b', 'after an unknown subscription', { compressionType: -1 }),
  subscribe('to more', 'more', { metrics: 'org.apache.kafka.admin.,a,b,c,d,e,f', 'interval.ms': '3600000' }),
  get('to more', 'a'),
  push('too large', 'a', 'to more', { metrics: Buffer.alloc(1_048_577) }),
  get('after too large', 'a'),
  get('to more, too', 'b'),
  push('that cannot be decompressed', 'b', 'to more, too', { compressionType: 1, metrics: Buffer.from('no gzip') }),
  get('to more, the third', 'c'),
  push('that is too large', 'c', 'to more, the third', {
    compressionType: 1,
    metrics: gzipSync(Buffer.alloc(1_048_577)),
  }),
  subscribe('for a client id', 'of-id', { ...nobody, metrics: 'of.id', match: 'client_id=wire-.*' }),
  subscribe('for a part of a client id', 'of-part', { ...nobody, metrics: 'of.part', match: 'client_id=wire' }),
  subscribe('for a software', 'of-software', {
    ...nobody,
    metrics: 'of.software',
    match: 'client_software_name=unknown,client_software_version=unknown',
  }),
  subscribe('for another software', 'of-java', {
    ...nobody,
    metrics: 'of.java',
    match: 'client_software_name=apache-.*',
  }),
  subscribe('for an address', 'at-address', {
    ...nobody,
    metrics: 'of.address',
    match: 'client_source_address=127\\.0\\.0\\.1,client_source_port=[0-9]+',
  }),
  subscribe('for an instance', 'of-instance', { ...nobody, metrics: 'of.a', match: `client_instance_id=${clients.a}` }),
  get('what matches a', 'a'),
  get('what matches b', 'b'),
  subscribe('to all', 'all', { metrics: '*', match: 'client_id=wire-client' }),
  get('all', 'a'),
  push('the last', 'a', 'all', { terminating: true }),
  push('after the last', 'a', 'all', { terminating: true }),
  push('without being the last', 'a', 'all'),
  subscribe('to all no more', 'all', { metrics: null, match: null }),
  push('after the change', 'a', 'all', { terminating: true }),
  get('after all', 'a'),
  push('once more', 'a', 'after all'),
  push('the last, too early', 'a', 'after all', { terminating: true }),
];

/** On a listener without SASL. */
export const sasl: readonly RequestStep[] = [
  ...[0, 1].map(
    (version): RequestStep => ({
      name: `sasl: handshake v${version}`,
      api: 'SaslHandshake',
      version,
      body: { mechanism: 'PLAIN' },
    }),
  ),
  { name: 'sasl: handshake without mechanism', api: 'SaslHandshake', version: 1, body: { mechanism: '' } },
  ...[0, 1, 2].map(
    (version): RequestStep => ({
      name: `sasl: authenticate v${version}`,
      api: 'SaslAuthenticate',
      version,
      body: { authBytes: Buffer.from('\0alice\0secret') },
    }),
  ),
];
