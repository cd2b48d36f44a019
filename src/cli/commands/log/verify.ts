import type { Command } from 'commander';
import { withOfflineDirectory } from '../../../offline/offline_directory.js';
import { findingLine } from '../../../offline/verify/findings.js';
import { type Verification, verifyDirectory } from '../../../offline/verify/verify_directory.js';
import { ExitCode, PartialFailure } from '../../exit_codes.js';
import type { LogCommand } from './log_command.js';

interface VerifyOptions {
  readonly paths: readonly string[];
}

export const verifyLogs: LogCommand<VerifyOptions> = {
  name: 'verify',
  define: (command: Command): Command =>
    command
      .description(
        'look at every byte of log directories and name everything that is inconsistent; status 1 when anything is',
      )
      .argument('<directory...>', 'log directories, or directories of single partitions'),
  read: (command) => ({ paths: command.args.map((path) => path.replace(/(.)\/+$/, '$1')) }),
  run: async ({ paths }, { report }, ports) => {
    const found: Verification[] = [];
    for (const path of paths)
      found.push(await withOfflineDirectory(ports, path, 'shared', (directory) => verifyDirectory(ports, directory)));
    const count = found.reduce((sum, { findings }) => sum + findings.length, 0);
    await report.result({ ok: count === 0, directories: found }, async () => {
      for (const { directory, partitions, findings, cleanShutdown } of found) {
        for (const finding of findings) await report.line(findingLine(finding));
        const sum = (of: 'batches' | 'records' | 'bytes') => partitions.reduce((total, one) => total + one[of], 0);
        const stop = cleanShutdown ? 'stopped in an orderly way' : 'not stopped in an orderly way';
        await report.line(
          `${directory}: ${partitions.length} partitions, ${sum('batches')} batches, ${sum('records')} records, ${sum('bytes')} bytes, ${stop}: ${findings.length === 0 ? 'nothing is wrong' : `${findings.length} findings`}`,
        );
      }
    });
    if (count > 0) throw new PartialFailure(ExitCode.failed);
  },
};
