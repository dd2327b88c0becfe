import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import type { Mutant } from './mutants.js';

const ROOT = join(import.meta.dirname, '../..');
const BUILDS = join(ROOT, '.stack/mutants');

/** Copies the build and puts one mistake into the copy. @returns its directory. @throws Error when the text is not there once */
export function buildMutant({ name, file, from, to }: Mutant): string {
  const source = readFileSync(join(ROOT, 'src', file), 'utf8');
  if (source.split(from).length !== 2) throw new Error(`mutant "${name}" does not fit ${file} any more`);
  const build = join(BUILDS, name.replaceAll(/\W+/g, '-'));
  rmSync(build, { recursive: true, force: true });
  cpSync(join(ROOT, 'dist'), build, { recursive: true });
  const mutated = source.replace(from, () => to);
  writeFileSync(join(build, file.replace(/\.ts$/, '.js')), file.endsWith('.ts') ? translate(mutated) : mutated);
  return build;
}

/** As the compiler does it, without its checks: a mutant need not have sound types. */
function translate(source: string): string {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => readFileSync(path, 'utf8'));
  const { options } = ts.convertCompilerOptionsFromJson((config as { compilerOptions: object }).compilerOptions, ROOT);
  return ts.transpileModule(source, {
    compilerOptions: { ...options, module: ts.ModuleKind.ESNext, sourceMap: false },
  }).outputText;
}
