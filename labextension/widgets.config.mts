import { defineConfig } from 'vite';

/** The views of the notebook's widgets: a module each, with all it needs, for anywidget to load. */
export default defineConfig({
  build: {
    outDir: '../esap_jupyter/widgets/static',
    emptyOutDir: true,
    target: 'es2022',
    lib: { entry: 'src/widgets/table.ts', formats: ['es'], fileName: () => 'table.js', cssFileName: 'table' },
    // A library's blanks are kept unless asked for here; this one goes through a socket.
    rolldownOptions: { output: { minify: true } }
  }
});
