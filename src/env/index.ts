export * from './command_line.js';
export * from './dialer.js';
export * from './file_system.js';
export * from './http_servers.js';
export * from './process.js';
export * from './random.js';
export * from './system_time.js';
export * from './virtual_time.js';
