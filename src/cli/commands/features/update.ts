import type { FeatureChange } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { UsageError } from '../../exit_codes.js';

export interface ChangeFeaturesOptions {
  readonly changes: readonly FeatureChange[];
  readonly dryRun: boolean;
}

/** Both verbs name features and their new levels; a downgrade may say that it is unsafe. */
export function changeFeatures(verb: 'upgrade' | 'downgrade'): CliCommand<ChangeFeaturesOptions> {
  return {
    name: verb,
    define: (command) => {
      command
        .description(`${verb} features, all or none`)
        .argument('<feature=level...>', 'as in transaction.version=2')
        .option('--dry-run', 'check everything, change nothing');
      if (verb === 'downgrade') command.option('--unsafe', 'even if something may be lost');
      return command;
    },
    read: (command) => {
      const { unsafe, dryRun } = command.opts<{ readonly unsafe?: boolean; readonly dryRun?: boolean }>();
      const type = verb === 'upgrade' ? 'upgrade' : unsafe === true ? 'unsafe-downgrade' : 'safe-downgrade';
      const changes = command.args.map((text): FeatureChange => {
        const [, name, level] = /^([^=]+)=(\d+)$/.exec(text) ?? [];
        if (name === undefined) throw new UsageError(`"${text}" is no feature with a level, as in metadata.version=30`);
        return { name, level: Number(level), type };
      });
      return { changes, dryRun: dryRun ?? false };
    },
    run: async ({ changes, dryRun }, { admin, report }) => {
      await admin.updateFeatures(changes, { validateOnly: dryRun });
      await report.result({ ok: true, changes }, async () => {
        for (const { name, level } of changes) await report.line(`${name} ${dryRun ? 'can be' : 'is'} set to ${level}`);
      });
    },
  };
}
