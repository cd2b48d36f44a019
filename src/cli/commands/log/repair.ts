import type { Command } from 'commander';
import { withOfflineDirectory } from '../../../offline/offline_directory.js';
import { repairDirectory, reportFile, requireSeparate } from '../../../offline/repair/repair_directory.js';
import { UsageError } from '../../exit_codes.js';
import type { LogCommand } from './log_command.js';

interface RepairOptions {
  readonly path: string;
  /** Undefined: in place. */
  readonly output: string | undefined;
}

export const repairLogs: LogCommand<RepairOptions> = {
  name: 'repair',
  define: (command: Command): Command =>
    command
      .description('make a sound copy of a damaged log directory; what is cut out is kept in .quarantine files')
      .argument('<directory>', 'a log directory, or the directory of one partition')
      .option('-o, --output <directory>', 'where the repaired copy goes; it must not exist, or be empty')
      .option('--in-place', 'change the directory itself'),
  read: (command) => {
    const { output, inPlace } = command.opts<{ readonly output?: string; readonly inPlace?: true }>();
    if ((output === undefined) === (inPlace === undefined))
      throw new UsageError(
        'say where the repaired copy goes with --output, or that the directory itself is changed with --in-place',
      );
    return { path: (command.args[0] ?? '').replace(/(.)\/+$/, '$1'), output };
  },
  run: ({ path, output }, { report }, ports) =>
    withOfflineDirectory(ports, path, output === undefined ? 'exclusive' : 'shared', async (directory) => {
      if (output !== undefined) requireSeparate(directory, output);
      const done = await repairDirectory(ports, directory, output);
      await report.result(done, async () => {
        for (const { file, offset, endOffset, position, endPosition, reason, quarantine } of done.losses)
          await report.line(
            `${file}: offsets ${offset} to ${endOffset === null ? 'the end' : endOffset - 1}, positions ${position} to ${endPosition} are lost: ${reason}; kept in ${quarantine}`,
          );
        for (const { file, offset, endOffset } of done.gaps)
          await report.line(`${file}: offsets ${offset} to ${endOffset - 1} are in no file; what follows them is kept`);
        for (const file of done.rebuilt) await report.line(`${file}: made anew`);
        for (const file of done.dropped)
          await report.line(`${file}: ${output === undefined ? 'put aside' : 'left out'}`);
        for (const text of done.remaining) await report.line(`not repaired: ${text}`);
        const where = output ?? directory.logDirectory;
        const changed = done.losses.length + done.gaps.length + done.rebuilt.length + done.dropped.length > 0;
        await report.line(
          changed ? `repaired: ${where}, see ${where}/${reportFile}` : `nothing was to be repaired: ${where}`,
        );
      });
    }),
};
