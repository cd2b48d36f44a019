import { Argument, type Command } from 'commander';
import type { ByteOutput } from '../../env/index.js';
import { completionNodes, completionScript, type Shell } from '../completion.js';

const shells: readonly Shell[] = ['bash', 'zsh', 'fish'];

/** Needs the whole program, with every command in it. */
export function addCompletion(program: Command, output: ByteOutput): void {
  program
    .command('completion')
    .description('print a script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>', 'which one').choices(shells))
    .addHelpText('after', '\nExample: source <(millrace completion bash)')
    .action(async (name: string) => {
      const shell = shells.find((one) => one === name) ?? 'bash';
      await output.write(completionScript(shell, completionNodes(program)));
    });
}
