import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  plugins: [react()],
  resolve: {
    alias: [{ find: /^#kubernetes$/, replacement: join(import.meta.dirname, 'src', 'shared', 'kubernetes.ts') }],
  },
  build: {
    target: 'es2022',
    assetsDir: 'assets',
    assetsInlineLimit: 0, // the Content-Security-Policy allows no data: scripts or styles
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: {
      // Contracts are declarations: a file of which nothing is used is left out.
      treeshake: { moduleSideEffects: (id) => !/\/libs\/.*\.ts$/.test(id) },
    },
  },
});
