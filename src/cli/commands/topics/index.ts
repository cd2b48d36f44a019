import type { Command } from 'commander';
import { addCommand, type Launch } from '../../command.js';
import { alterTopic } from './alter.js';
import { topicConfigs } from './configs.js';
import { createTopics } from './create.js';
import { deleteTopics } from './delete.js';
import { describeTopics } from './describe.js';
import { listTopics } from './list.js';

export function addTopics(program: Command, launch: Launch): void {
  const topics = program.command('topics').description('create, list, describe, alter and delete topics');
  addCommand(topics, createTopics, launch);
  addCommand(topics, listTopics, launch);
  addCommand(topics, describeTopics, launch);
  addCommand(topics, deleteTopics, launch);
  addCommand(topics, alterTopic, launch);
  addCommand(topics, topicConfigs, launch);
}
