import type { Command } from 'commander';
import type { LaunchAlone } from '../../command.js';
import { dumpLogFiles } from './dump.js';
import { exportLogs } from './export.js';
import { importLogs } from './import.js';
import { addLogCommand } from './log_command.js';
import { repairLogs } from './repair.js';
import { logStats } from './stats.js';
import { verifyLogs } from './verify.js';

export function addLog(program: Command, launchAlone: LaunchAlone): void {
  const log = program
    .command('log')
    .description('look into, verify, repair and convert log directories that no broker is running on');
  addLogCommand(log, dumpLogFiles, launchAlone);
  addLogCommand(log, verifyLogs, launchAlone);
  addLogCommand(log, repairLogs, launchAlone);
  addLogCommand(log, logStats, launchAlone);
  addLogCommand(log, importLogs, launchAlone);
  addLogCommand(log, exportLogs, launchAlone);
}
