#!/usr/bin/env node
import { Command } from 'commander';
import { registerStart } from './commands/start.js';

const program = new Command('millrace').description('A commit log that speaks the Kafka protocol.').showHelpAfterError();
registerStart(program);
await program.parseAsync();
