import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { addAclsCommand } from './add.js';
import { listAcls } from './list.js';
import { removeAcls } from './remove.js';

export function addAcls(program: Command, launch: Launch): void {
  const acls = program.command('acls').description('show, add and remove access rules');
  addCommand(acls, listAcls, launch);
  addCommand(acls, addAclsCommand, launch);
  addCommand(acls, removeAcls, launch);
}
