import { type QuotaFilter, quotaEntityText } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { entityOf, withEntityOptions } from './entity.js';

export interface DescribeQuotasOptions {
  readonly filter: QuotaFilter;
  readonly strict: boolean;
}

export const describeQuotas: CliCommand<DescribeQuotasOptions> = {
  name: 'describe',
  define: (command) =>
    withEntityOptions(command.description('show quotas; all of them when nobody is named')).option(
      '--strict',
      'only of exactly these, not of combinations with others',
    ),
  read: (command) => ({
    filter: entityOf(command),
    strict: command.opts<{ readonly strict?: boolean }>().strict ?? false,
  }),
  run: async ({ filter, strict }, { admin, report }) => {
    const quotas = await admin.describeClientQuotas(filter, strict);
    await report.result(
      quotas.map(({ entity, values }) => ({
        entity: Object.fromEntries(entity),
        quotas: Object.fromEntries(values),
      })),
      async () => {
        if (quotas.length === 0) await report.line('no quotas');
        else
          await report.table(
            ['QUOTA OF', 'KEY', 'VALUE'],
            quotas.flatMap(({ entity, values }) =>
              [...values].map(([key, value]) => [quotaEntityText(entity), key, value] as const),
            ),
          );
      },
    );
  },
};
