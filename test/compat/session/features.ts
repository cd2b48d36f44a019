import type { RequestStep } from './step.js';

const UPGRADE = 1;
const SAFE = 2;
const UNSAFE = 3;

const update = (
  name: string,
  version: number,
  updates: readonly (readonly [string, number, number])[],
  more: object = {},
): RequestStep => ({
  name: `features: ${name}`,
  api: 'UpdateFeatures',
  version,
  body: {
    timeoutMs: 10_000,
    featureUpdates: updates.map(([feature, maxVersionLevel, upgradeType]) => ({
      feature,
      maxVersionLevel,
      ...(version === 0 ? { allowDowngrade: upgradeType !== UPGRADE } : { upgradeType }),
    })),
    ...more,
  },
});
const show = (name: string): RequestStep => ({
  name: `versions: ${name}`,
  api: 'ApiVersions',
  version: 4,
  body: { clientSoftwareName: 'session', clientSoftwareVersion: '1.0' },
});

/** Levels of features: what may be raised and lowered, and what ApiVersions says of it. */
export const features: readonly RequestStep[] = [
  show('at first'),
  update('nothing v0', 0, []),
  update('nothing v1', 1, []),
  update('nothing v2', 2, []),
  ...[0, 1, 2].map((version) => update(`unknown v${version}`, version, [['no.such', 1, UPGRADE]])),
  ...[0, 1, 2].map((version) => update(`level there is v${version}`, version, [['group.version', 1, UPGRADE]])),
  update('beyond what is supported', 1, [['group.version', 9, UPGRADE]]),
  update('beyond, v2', 2, [['share.version', 9, UPGRADE]]),
  update('negative level', 1, [['group.version', -1, UPGRADE]]),
  update('negative level, v2', 2, [['group.version', -2, SAFE]]),
  update('lower by upgrade', 1, [['group.version', 0, UPGRADE]]),
  update('lower by upgrade, v0', 0, [['group.version', 0, UPGRADE]]),
  update('lower metadata', 1, [['metadata.version', 29, SAFE]]),
  update('lower metadata far', 1, [['metadata.version', 22, SAFE]]),
  update('lower metadata below', 1, [['metadata.version', 6, UNSAFE]]),
  update('metadata to nothing', 1, [['metadata.version', 0, UNSAFE]]),
  update('raise metadata', 1, [['metadata.version', 31, UPGRADE]]),
  update('raise kraft', 1, [['kraft.version', 1, UPGRADE]]),
  update('raise kraft beyond', 1, [['kraft.version', 2, UPGRADE]]),
  update('lower kraft', 1, [['kraft.version', 0, SAFE]]),
  update('unknown type', 1, [['group.version', 0, 9]]),
  update('no type', 1, [['group.version', 0, 0]]),
  update('twice', 1, [
    ['group.version', 0, SAFE],
    ['group.version', 1, UPGRADE],
  ]),
  update('empty name', 1, [['', 1, UPGRADE]]),
  update('one good one bad v1', 1, [
    ['share.version', 0, SAFE],
    ['no.such', 1, UPGRADE],
  ]),
  update('one good one bad v2', 2, [
    ['share.version', 0, SAFE],
    ['no.such', 1, UPGRADE],
  ]),
  update('only judged', 1, [['share.version', 0, SAFE]], { validateOnly: true }),
  update('only judged, bad', 2, [['share.version', 5, UPGRADE]], { validateOnly: true }),
  show('after nothing was changed'),
  update('lower safely', 1, [['share.version', 0, SAFE]]),
  update('lower again', 1, [['share.version', 0, SAFE]]),
  update('raise', 2, [['share.version', 1, UPGRADE]]),
  update('raise by downgrade', 1, [['share.version', 1, SAFE]]),
  update('lower unsafely', 1, [['transaction.version', 1, UNSAFE]]),
  show('after lowering'),
  update('raise by unsafe', 1, [['transaction.version', 2, UNSAFE]]),
  update('raise back', 0, [['transaction.version', 2, UPGRADE]]),
  update('lower in v0', 0, [['streams.version', 0, SAFE]]),
  update('raise streams', 1, [['streams.version', 1, UPGRADE]]),
  show('at last'),
];
