import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { electLeaders } from './elect.js';
import { executeReassignment } from './execute.js';
import { listReassignments } from './list.js';

export function addReassign(program: Command, launch: Launch): void {
  const reassign = program.command('reassign').description('move partitions between brokers, elect their leaders');
  addCommand(reassign, listReassignments, launch);
  addCommand(reassign, executeReassignment('execute'), launch);
  addCommand(reassign, executeReassignment('cancel'), launch);
  addCommand(reassign, electLeaders, launch);
}
