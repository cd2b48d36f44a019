import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { explainZeroCopy } from './explain.js';

export function addZeroCopy(program: Command, launch: Launch): void {
  const zerocopy = program
    .command('zerocopy')
    .description('explain how records left the broker: by sendfile, or copied and why');
  addCommand(zerocopy, explainZeroCopy, launch);
}
