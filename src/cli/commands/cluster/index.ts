import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { describeCluster } from './describe.js';

export function addCluster(program: Command, launch: Launch): void {
  const cluster = program.command('cluster').description('describe the cluster');
  addCommand(cluster, describeCluster, launch);
}
