import type { Command } from 'commander';
import { nodeFileTools } from '../../../env/index.js';
import type { OfflinePorts } from '../../../offline/offline_directory.js';
import { createNativeLocks } from '../../../storage/native_locks.js';
import type { LaunchAlone, Surroundings } from '../../command.js';

/** A command on log directories that no broker serves. */
export interface LogCommand<O> {
  readonly name: string;
  readonly define: (command: Command) => Command;
  /** @throws UsageError when options make no sense together */
  readonly read: (command: Command) => O;
  readonly run: (options: O, surroundings: Surroundings, ports: OfflinePorts) => Promise<void>;
}

export function addLogCommand<O>(parent: Command, spec: LogCommand<O>, launchAlone: LaunchAlone): void {
  const command = spec.define(parent.command(spec.name));
  command.option('--json', 'print one JSON document');
  command.action(async () => {
    const options = spec.read(command);
    if (command.opts<{ readonly json?: boolean }>().json === true) command.setOptionValue('format', 'json');
    await launchAlone(command, (surroundings) =>
      spec.run(options, surroundings, {
        files: surroundings.io.files,
        tools: nodeFileTools,
        locks: createNativeLocks(),
        clock: surroundings.io.environment.clock,
        timers: surroundings.io.environment.timers,
      }),
    );
  });
}
