import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { alterQuotas } from './alter.js';
import { describeQuotas } from './describe.js';

export function addQuotas(program: Command, launch: Launch): void {
  const quotas = program.command('quotas').description('show and change quotas of users, clients and addresses');
  addCommand(quotas, describeQuotas, launch);
  addCommand(quotas, alterQuotas, launch);
}
