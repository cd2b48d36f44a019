import { expect } from 'vitest';
import type { IncrementalAlterConfigsResponse } from '../../src/protocol/api/incremental_alter_configs.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import type { WireClient } from './wire_client.js';

/** Sets configs of a topic, a group or another resource (its type is IncrementalAlterConfigs' number), and expects that it succeeds. */
export async function setConfigs(
  client: WireClient,
  resourceType: number,
  resourceName: string,
  configs: Readonly<Record<string, string>>,
): Promise<void> {
  const { responses } = await client.send<IncrementalAlterConfigsResponse>(ApiKey.IncrementalAlterConfigs, 1, {
    resources: [
      {
        resourceType,
        resourceName,
        configs: Object.entries(configs).map(([name, value]) => ({ name, configOperation: 0, value })),
      },
    ],
    validateOnly: false,
  });
  expect(responses).toMatchObject([{ errorCode: 0 }]);
}
