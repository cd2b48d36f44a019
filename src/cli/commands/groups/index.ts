import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { deleteGroups } from './delete.js';
import { deleteOffsets } from './delete_offsets.js';
import { describeGroups } from './describe.js';
import { listGroups } from './list.js';
import { resetOffsets } from './reset_offsets.js';

export function addGroups(program: Command, launch: Launch): void {
  const groups = program
    .command('groups')
    .description('list, describe and delete groups, move and forget their offsets');
  addCommand(groups, listGroups, launch);
  addCommand(groups, describeGroups, launch);
  addCommand(groups, deleteGroups, launch);
  addCommand(groups, resetOffsets, launch);
  addCommand(groups, deleteOffsets, launch);
}
