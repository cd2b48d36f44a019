import { ApiKey } from '../../src/protocol/api_keys.js';
import { WireClient } from '../support/wire_client.js';

const any = { resourceTypeFilter: 1, patternTypeFilter: 1, operation: 1, permissionType: 1 };
const own = (resourceType: number, resourceName: string, configurationKeys: readonly string[]) => ({
  resourceType,
  resourceName,
  configurationKeys,
});

/** What a broker says of access rules, quotas, users, configs and features; in order of their text, not that of hash tables. */
export async function describedAccess(port: number): Promise<Record<string, unknown>> {
  const client = await WireClient.connect(port);
  try {
    const acls = await client.send<{ readonly resources: ReadonlyArray<{ readonly acls: readonly unknown[] }> }>(
      ApiKey.DescribeAcls,
      3,
      { ...any, resourceNameFilter: null, principalFilter: null, hostFilter: null },
    );
    const quotas = await client.send<{ readonly entries: ReadonlyArray<Record<string, readonly unknown[]>> }>(
      ApiKey.DescribeClientQuotas,
      1,
      { components: [], strict: false },
    );
    const users = await client.send<{
      readonly results: ReadonlyArray<{ readonly credentialInfos: readonly unknown[] }>;
    }>(ApiKey.DescribeUserScramCredentials, 0, { users: null });
    const configs = await client.send<{ readonly results: ReadonlyArray<{ readonly configs: readonly unknown[] }> }>(
      ApiKey.DescribeConfigs,
      4,
      {
        resources: [
          own(4, '', ['log.retention.ms']),
          own(4, '1', ['message.max.bytes', 'log.retention.ms']),
          own(32, 'group ä', ['consumer.session.timeout.ms', 'share.auto.offset.reset']),
          own(16, 'all', ['metrics', 'interval.ms', 'match']),
        ],
        includeSynonyms: true,
      },
    );
    const features = await client.send<{
      readonly finalizedFeatures: ReadonlyArray<{ readonly name: string; readonly maxVersionLevel: number }>;
    }>(ApiKey.ApiVersions, 3, { clientSoftwareName: 'test', clientSoftwareVersion: '1' });
    return {
      acls: sorted(acls.resources.map((resource) => ({ ...resource, acls: sorted(resource.acls) }))),
      quotas: sorted(
        quotas.entries.map(({ entity = [], values = [] }) => ({ entity: sorted(entity), values: sorted(values) })),
      ),
      users: users.results.map((user) => ({ ...user, credentialInfos: sorted(user.credentialInfos) })),
      configs: configs.results.map((result) => ({ ...result, configs: sorted(result.configs) })),
      features: sorted(
        features.finalizedFeatures
          // Not offered, see DIFFERENCES.md.
          .filter(({ name }) => name !== 'eligible.leader.replicas.version' && name !== 'kraft.version')
          .map(({ name, maxVersionLevel }) => ({ name, maxVersionLevel })),
      ),
    };
  } finally {
    client.close();
  }
}

function sorted(items: readonly unknown[]): unknown[] {
  return [...items].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
