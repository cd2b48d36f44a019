import { type QuotaChange, type QuotaEntity, quotaEntityText, throwFirst } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { UsageError } from '../../exit_codes.js';
import { collected } from '../../values.js';
import { entityOf, withEntityOptions } from './entity.js';

export interface AlterQuotasOptions {
  readonly entity: QuotaEntity;
  readonly changes: readonly QuotaChange[];
  readonly validateOnly: boolean;
}

const keys = [
  'producer_byte_rate',
  'consumer_byte_rate',
  'request_percentage',
  'controller_mutation_rate',
  'connection_creation_rate',
];

export const alterQuotas: CliCommand<AlterQuotasOptions> = {
  name: 'alter',
  define: (command) =>
    withEntityOptions(
      command.description(
        'change quotas: producer_byte_rate, consumer_byte_rate, request_percentage, controller_mutation_rate; connection_creation_rate of addresses',
      ),
    )
      .option('--set <key=value>', 'set a quota; more than once', collected)
      .option('--unset <key>', 'take a quota away; more than once', collected)
      .option('--validate-only', 'check everything, change nothing'),
  read: (command) => {
    const options = command.opts<{
      readonly set?: readonly string[];
      readonly unset?: readonly string[];
      readonly validateOnly?: boolean;
    }>();
    const entity = entityOf(command);
    if (entity.size === 0)
      throw new UsageError('whose quotas? Name a --user, a --client-id, both, or an --ip, or their defaults');
    const changes = [
      ...(options.set ?? []).map(parseSetting),
      ...(options.unset ?? []).map((key): QuotaChange => ({ key: knownKey(key), value: null })),
    ];
    if (changes.length === 0) throw new UsageError('nothing to change: give --set or --unset');
    return { entity, changes, validateOnly: options.validateOnly ?? false };
  },
  run: async ({ entity, changes, validateOnly }, { admin, report }) => {
    throwFirst([await admin.alterClientQuotas(entity, changes, { validateOnly })]);
    await report.result({ entity: Object.fromEntries(entity), ok: true }, () =>
      report.line(
        `${validateOnly ? 'could change' : 'changed'} ${changes.length} quota(s) of ${quotaEntityText(entity)}`,
      ),
    );
  },
};

/** Brokers take away what is not there, whatever its name. @throws UsageError */
function knownKey(key: string): string {
  if (!keys.includes(key)) throw new UsageError(`there is no quota ${key}; there are ${keys.join(', ')}`);
  return key;
}

function parseSetting(text: string): QuotaChange {
  const [, key, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const number = Number(value);
  if (key === undefined || Number.isNaN(number))
    throw new UsageError(`--set takes a name and a number, as in producer_byte_rate=1048576; not ${text}`);
  return { key, value: number };
}
