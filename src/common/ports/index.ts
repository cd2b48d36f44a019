export * from './dialer.js';
export * from './egress.js';
export * from './file_system.js';
export * from './http.js';
export * from './log_store.js';
export * from './random.js';
export * from './server_transport.js';
export * from './time.js';
