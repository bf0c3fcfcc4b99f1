const js = require('@eslint/js');
const hooks = require('eslint-plugin-react-hooks');
const typescript = require('typescript-eslint');

module.exports = typescript.config(
  { ignores: ['lib/', 'node_modules/', 'src/api/schema.ts', 'style/', '*.config.*'] },
  js.configs.recommended,
  typescript.configs.strictTypeChecked,
  typescript.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: __dirname } },
    plugins: { 'react-hooks': hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      // Numbers read well in a template.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A handler that only starts something says so with `void`.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A slot of a Lumino signal is connected together with its `this`.
      '@typescript-eslint/unbound-method': 'off',
      // JupyterLab's plugins and Lumino's signals are typed with `void`.
      '@typescript-eslint/no-invalid-void-type': 'off'
    }
  }
);
