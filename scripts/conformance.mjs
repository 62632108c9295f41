// Runs the conformance suite of the engines, the single-operator cases of ONNX included, on every engine that loads here,
// and prints the table that docs/engines.md keeps. `npm run conformance`; with --write, the table in the page is renewed.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { engineConformance } from '../dist/engine/conformance.js';
import { onnxConformance } from '../dist/engine/conformance-onnx.js';
import { ENGINE_NAMES, engineNamed } from '../dist/engine/engines.js';

const PAGE = fileURLToPath(new URL('../docs/engines.md', import.meta.url));
const BEGIN = '<!-- conformance -->\n';
const END = '<!-- /conformance -->';
const folder =
  process.env['ISOBATH_TEST_DATA'] ?? fileURLToPath(new URL('../../shared/data', import.meta.url));
const cases = `${folder}/onnx-node`;

if (!existsSync(cases)) {
  console.error(
    `There are no cases of ONNX in ${cases}. Set ISOBATH_TEST_DATA to a folder that holds onnx-node/.`,
  );
  process.exit(1);
}

/** @typedef {{ own: number, passed: Set<string>, refused: Map<string, string>, failed: string[] }} Results */
/** @type {Map<string, Results>} */
const results = new Map();
for (const name of ENGINE_NAMES) {
  const make = () => engineNamed(name, { threads: 1 });
  const engine = make();
  try {
    await engine.start();
  } catch (error) {
    console.error(`SKIPPED: ${name}: ${/** @type {Error} */ (error).message}`);
    continue;
  }
  /** @type {Results} */
  const result = { own: 0, passed: new Set(), refused: new Map(), failed: [] };
  for (const each of engineConformance(make)) {
    await each.run().then(
      () => {
        result.own += 1;
      },
      (error) => result.failed.push(`${each.name}: ${error.message}`),
    );
  }
  for (const each of onnxConformance(engine, cases)) {
    await each.run().then(
      () => result.passed.add(each.name),
      (error) => {
        if (error.code === 'ISO_ERR_ENGINE_COMPILE') result.refused.set(each.name, reasonOf(error.message));
        else result.failed.push(`${each.name}: ${error.message}`);
      },
    );
  }
  await engine.stop();
  results.set(name, result);
  for (const failure of result.failed) console.error(`FAILED: ${name}: ${failure}`);
}

/** Without the engine, the program and the node. @param {string} message */
function reasonOf(message) {
  return message.replace(/^.*?: (\S+ \S+: )?/, '').replace(/\.$/, '');
}

const engines = [...results.keys()];
const all = [
  ...new Set([...results.values()].flatMap(({ passed, refused }) => [...passed, ...refused.keys()])),
].sort();
const rows = all.filter((name) => engines.some((engine) => !results.get(engine)?.passed.has(name)));
/** @param {string[]} cells */
const line = (cells) => `| ${cells.join(' | ')} |`;
const table = [
  line(['case', ...engines]),
  line(['---', ...engines.map(() => '---')]),
  line(['the suite of Isobath', ...engines.map((engine) => `${results.get(engine)?.own} passed`)]),
  line([
    `all ${all.length} of ONNX`,
    ...engines.map((engine) => `${results.get(engine)?.passed.size} passed`),
  ]),
  ...rows.map((name) =>
    line([
      `\`${name}\``,
      ...engines.map((engine) =>
        results.get(engine)?.passed.has(name)
          ? 'passed'
          : `refused: ${results.get(engine)?.refused.get(name)}`,
      ),
    ]),
  ),
  '',
].join('\n');
console.log(table);

if (process.argv.includes('--write')) {
  if (engines.length < ENGINE_NAMES.length) {
    console.error('The page is kept as it is: not every engine loads here.');
    process.exitCode = 1;
  } else {
    const page = readFileSync(PAGE, 'utf8');
    const [before, rest = ''] = page.split(BEGIN);
    writeFileSync(PAGE, `${before}${BEGIN}\n${table}\n${END}${rest.split(END)[1] ?? ''}`);
  }
}
if ([...results.values()].some(({ failed }) => failed.length > 0)) process.exitCode = 1;
