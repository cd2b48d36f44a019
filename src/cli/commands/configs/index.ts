import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { alterConfigs } from './alter.js';
import { describeConfigs } from './describe.js';

export function addConfigs(program: Command, launch: Launch): void {
  const configs = program.command('configs').description('show and change configs of topics, brokers and groups');
  addCommand(configs, describeConfigs, launch);
  addCommand(configs, alterConfigs, launch);
}
