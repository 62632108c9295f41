/**
 * Makes what is published: the nodes (`nodes/`), and the client of Isobath that they speak with (`lib/`), compiled from the one source
 * in ../src and cut to what the client imports, so that no engine comes with it.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const here = path.dirname(fileURLToPath(import.meta.url));
const source = path.join(here, '..', 'src');
const ENTRY = 'client/index.ts';

const options = { target: ts.ScriptTarget.ES2023, rewriteRelativeImportExtensions: true };

/** The JavaScript of the entry and of all that it imports, by path. Types have left no trace. */
function clientFiles() {
  const compilerOptions = { ...options, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  const done = new Map();
  const waiting = [ENTRY];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (done.has(file)) continue;
    const text = readFileSync(path.join(source, file), 'utf8');
    const { outputText } = ts.transpileModule(text, { compilerOptions, fileName: file });
    done.set(file, outputText);
    for (const { fileName } of ts.preProcessFile(outputText, true, true).importedFiles) {
      if (!fileName.startsWith('.')) continue;
      waiting.push(path.posix.join(path.posix.dirname(file), fileName.replace(/\.js$/, '.ts')));
    }
  }
  return new Map([...done].map(([file, text]) => [file.replace(/\.ts$/, '.js'), text]));
}

/** CommonJS, with its `import()` left as it is: it loads the client. */
function nodeFiles() {
  const compilerOptions = { target: options.target, module: ts.ModuleKind.NodeNext, esModuleInterop: true };
  const files = readdirSync(path.join(here, 'src')).filter((file) => file.endsWith('.cts'));
  return new Map(
    files.map((file) => {
      const text = readFileSync(path.join(here, 'src', file), 'utf8');
      const { outputText } = ts.transpileModule(text, { compilerOptions, fileName: file });
      return [file.replace(/\.cts$/, '.cjs'), outputText];
    }),
  );
}

/** Node-RED wants a catalogue of each node; ours is one, for all of them. */
function localeFiles() {
  const nodes = Object.keys(
    JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8'))['node-red'].nodes,
  );
  const folder = path.join(here, 'locales');
  return readdirSync(folder).flatMap((language) => {
    const read = (file) => readFileSync(path.join(folder, language, file), 'utf8');
    return nodes.flatMap((node) => [
      [`${language}/${node}.json`, read('isobath.json')],
      [`${language}/${node}.html`, read(`${node}.html`)],
    ]);
  });
}

function write(file, text) {
  const target = path.join(here, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text);
}

for (const folder of ['nodes', 'lib']) rmSync(path.join(here, folder), { recursive: true, force: true });
for (const [file, text] of nodeFiles()) write(path.join('nodes', file), text);
for (const [folder, target] of [
  ['editor', 'nodes'],
  ['icons', 'nodes/icons'],
]) {
  cpSync(path.join(here, folder), path.join(here, target), { recursive: true });
}
for (const [file, text] of localeFiles()) write(path.join('nodes/locales', file), text);
for (const [file, text] of clientFiles()) write(path.join('lib', file), text);
write('lib/package.json', '{ "type": "module" }\n');
cpSync(path.join(here, '..', 'LICENSE'), path.join(here, 'LICENSE'));
