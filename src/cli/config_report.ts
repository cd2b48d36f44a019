import type { ConfigDescription, ConfigResource, ConfigSource } from '../client/index.js';
import { checkBrokerOf } from './named_broker.js';
import type { Session } from './session.js';

export interface ShowConfigsOptions {
  readonly resource: ConfigResource;
  /** Only these; empty: all. */
  readonly names: readonly string[];
  /** Only what was set on this very resource. */
  readonly changedOnly: boolean;
}

/** Where a value comes from that was set on the resource itself. */
function ownSource({ type, name }: ConfigResource): ConfigSource {
  return type === 'broker' && name === '' ? 'dynamic-default-broker' : `dynamic-${type}`;
}

/** Prints the configs of one resource. @throws ProtocolError */
export async function showConfigs(options: ShowConfigsOptions, { admin, report }: Session): Promise<void> {
  const { resource, names, changedOnly } = options;
  await checkBrokerOf(admin, resource);
  const descriptions: ReadonlyArray<ConfigDescription | undefined> = await admin.describeConfigs(
    [resource],
    names.length === 0 ? {} : { names },
  );
  const description = descriptions[0];
  if (description?.error !== undefined) throw description.error;
  const entries = [...(description?.entries ?? [])]
    .filter((entry) => !changedOnly || entry.source === ownSource(resource))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  await report.result(
    entries.map(({ name, value, source, isReadOnly, isSensitive }) => ({
      name,
      value,
      source,
      isReadOnly,
      isSensitive,
    })),
    () =>
      report.table(
        ['NAME', 'VALUE', 'SOURCE'],
        entries.map((entry) => [entry.name, entry.isSensitive ? '(hidden)' : entry.value, entry.source]),
      ),
  );
}
