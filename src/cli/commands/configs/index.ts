import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { alterConfigs } from './alter.js';
import { describeConfigs } from './describe.js';
import { listConfigs } from './list.js';

export function addConfigs(program: Command, launch: Launch): void {
  const configs = program
    .command('configs')
    .description('show and change configs of topics, brokers, groups, client metrics and loggers');
  addCommand(configs, describeConfigs, launch);
  addCommand(configs, alterConfigs, launch);
  addCommand(configs, listConfigs, launch);
}
