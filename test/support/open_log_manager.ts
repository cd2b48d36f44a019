import { NodeFileSystem, seededRandom, VirtualTime } from '../../src/env/index.js';
import { LogManager } from '../../src/storage/log_manager.js';
import { createNativeLogStore } from '../../src/storage/native_log.js';
import { MemoryLogger } from '../../src/telemetry/index.js';
import { logManagerSettings } from './log_manager_settings.js';

/** Logs on the real disk in virtual time that begins at `startWallMs`. */
export function openLogManager(directory: string, startWallMs: number): Promise<LogManager> {
  const time = new VirtualTime({ startWallMs });
  const files = new NodeFileSystem();
  const ports = { clock: time, timers: time, random: seededRandom(1), files, store: createNativeLogStore() };
  return LogManager.open({ ...ports, logger: new MemoryLogger() }, logManagerSettings(directory));
}
