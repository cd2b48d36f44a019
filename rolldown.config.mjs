import { defineConfig } from 'rolldown';

// The command line in few files: Node takes half a millisecond to load each of the hundreds of modules that `dist` has, which was a third of a
// broker's start. Dependencies stay outside.
export default defineConfig({
  input: { main: 'dist/cli/main.js' },
  platform: 'node',
  external: [/^node:/, /^[a-z@]/],
  output: { dir: 'dist/bin', format: 'esm', chunkFileNames: '[name]-[hash].js', cleanDir: true },
});
