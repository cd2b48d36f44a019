import { copyFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';

// The command line in few scripts, loaded by `bundle/launcher.js`, which says why. Dependencies stay outside.
export default defineConfig({
  input: { cli: 'dist/cli/main.js' },
  platform: 'node',
  external: [/^node:/, /^[a-z@]/],
  output: {
    dir: 'dist/bin',
    format: 'cjs',
    dynamicImportInCjs: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    cleanDir: true,
  },
  plugins: [{ name: 'launcher', writeBundle: () => copyFileSync('bundle/launcher.js', 'dist/bin/main.js') }],
});
