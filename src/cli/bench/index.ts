export * from './chart.js';
export * from './histogram.js';
export * from './html.js';
export * from './metrics.js';
export * from './report.js';
export * from './tables.js';
