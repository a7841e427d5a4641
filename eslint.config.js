import tseslint from 'typescript-eslint';

/** A dated trap: without authTagLength Node accepts 4-byte GCM tags. */
const noShortTags = {
  selector:
    "CallExpression[callee.name='createDecipheriv'] :matches(ObjectExpression):not(:has(Property[key.name='authTagLength']))",
  message: 'createDecipheriv needs { authTagLength: 16 }, or short tags are accepted.',
};
const noBareDecipher = {
  selector: "CallExpression[callee.name='createDecipheriv'][arguments.length<4]",
  message: 'createDecipheriv needs { authTagLength: 16 } as its fourth argument.',
};

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'node_modules', 'vault', '**/*.js', '**/*.mjs'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 4],
      'no-restricted-syntax': ['error', noShortTags, noBareDecipher],
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/prefer-readonly': 'error',
    },
  },
  {
    files: ['test/**', 'bench/**', 'examples/**', 'demo/**', 'tools/**'],
    rules: {
      'max-lines-per-function': 'off',
      'no-console': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // AssemblyScript: its types are not those of TypeScript, and its compiler checks them.
    files: ['src/index/kernels/assembly/**'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
    rules: { 'prefer-const': 'off', 'max-params': 'off' },
  },
);
