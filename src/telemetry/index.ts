export * from './histogram.js';
export * from './json_logger.js';
export * from './logger.js';
export * from './memory_logger.js';
export * from './metrics.js';
export * from './metrics_endpoint.js';
export * from './process_metrics.js';
export * from './text_logger.js';
