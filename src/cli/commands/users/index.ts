import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { deleteUser } from './delete.js';
import { describeUsers } from './describe.js';
import { setUser } from './set.js';

export function addUsers(program: Command, launch: Launch): void {
  const users = program.command('users').description('show and change the SCRAM credentials of users');
  addCommand(users, describeUsers, launch);
  addCommand(users, setUser, launch);
  addCommand(users, deleteUser, launch);
}
