import { defineConfig } from 'vite';

/**
 * The views of the notebook's widgets: a module each, with all it needs, for anywidget to load.
 * One is built at a time, named as the mode: modules that are built together would share a third one.
 */
export default defineConfig(({ mode }) => ({
  build: {
    outDir: '../esap_jupyter/widgets/static',
    emptyOutDir: false,
    target: 'es2022',
    lib: { entry: `src/widgets/${mode}.ts`, formats: ['es'], fileName: () => `${mode}.js`, cssFileName: mode },
    // A library's blanks are kept unless asked for here; this one goes through a socket.
    rolldownOptions: { output: { minify: true } }
  }
}));
