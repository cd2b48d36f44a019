export * from './json_logger.js';
export * from './logger.js';
export * from './memory_logger.js';
export * from './text_logger.js';
