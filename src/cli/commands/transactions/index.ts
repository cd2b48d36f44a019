import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { abortTransaction } from './abort.js';
import { describeTransactions } from './describe.js';
import { describeProducers } from './describe_producers.js';
import { findHanging } from './find_hanging.js';
import { listTransactions } from './list.js';

export function addTransactions(program: Command, launch: Launch): void {
  const transactions = program
    .command('transactions')
    .description('list and describe transactions, find and abort those that hang');
  addCommand(transactions, listTransactions, launch);
  addCommand(transactions, describeTransactions, launch);
  addCommand(transactions, describeProducers, launch);
  addCommand(transactions, findHanging, launch);
  addCommand(transactions, abortTransaction, launch);
}
