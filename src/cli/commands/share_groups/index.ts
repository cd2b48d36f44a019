import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { deleteShareGroups } from './delete.js';
import { deleteShareOffsets } from './delete_offsets.js';
import { describeShareGroups } from './describe.js';
import { listShareGroups } from './list.js';
import { resetShareOffsets } from './reset_offsets.js';

export function addShareGroups(program: Command, launch: Launch): void {
  const groups = program
    .command('share-groups')
    .description('list, describe and delete share groups, move and forget what they have read');
  addCommand(groups, listShareGroups, launch);
  addCommand(groups, describeShareGroups, launch);
  addCommand(groups, deleteShareGroups, launch);
  addCommand(groups, resetShareOffsets, launch);
  addCommand(groups, deleteShareOffsets, launch);
}
