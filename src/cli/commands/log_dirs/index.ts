import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { describeLogDirs } from './describe.js';
import { moveReplicas } from './move.js';

export function addLogDirs(program: Command, launch: Launch): void {
  const logDirs = program.command('log-dirs').description('show log directories, move partitions between them');
  addCommand(logDirs, describeLogDirs, launch);
  addCommand(logDirs, moveReplicas, launch);
}
