import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { describeFeatures } from './describe.js';
import { changeFeatures } from './update.js';

export function addFeatures(program: Command, launch: Launch): void {
  const features = program.command('features').description('show and change the levels of what the cluster may use');
  addCommand(features, describeFeatures, launch);
  addCommand(features, changeFeatures('upgrade'), launch);
  addCommand(features, changeFeatures('downgrade'), launch);
}
