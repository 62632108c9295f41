/// <reference lib="dom" />

import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AnyJson } from '../../support/json.ts';
import { nodeRequire } from '../support/helper.ts';
import { type FlowNode, HOME, NodeRed } from '../support/node-red.ts';
import { SAMPLES, Stack } from '../support/stack.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const images = fileURLToPath(new URL('../../../docs/images/', import.meta.url));

/** Its types are installed with it, outside of this project. */
type Page = AnyJson;

/** A person at the editor: drag the node in, choose the cluster and a model of the live list, deploy, press the button. */
describe('the editor', () => {
  let stack: Stack;
  let nodeRed: NodeRed;
  let browser: { close(): Promise<void>; newPage(): Promise<Page>; pages(): Page[] };
  let page: Page;
  let profile: string;

  beforeAll(async () => {
    if (!existsSync(CHROMIUM)) throw new Error(`there is no ${CHROMIUM}: install Debian's chromium`);
    stack = await Stack.start(['east', 'west']);
    nodeRed = await NodeRed.create();
    await nodeRed.start();
    profile = await mkdtemp(path.join(tmpdir(), 'isobath-chromium-'));
    const { chromium } = nodeRequire(path.join(HOME, 'node_modules/playwright-core'));
    browser = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      args: ARGUMENTS,
      headless: true,
      viewport: { width: 1280, height: 800 },
      locale: 'en-US',
    });
    page = browser.pages()[0] ?? (await browser.newPage());
    page.setDefaultTimeout(20_000);
  });
  afterAll(async () => {
    await browser?.close();
    await nodeRed?.stop();
    await stack?.stop();
    if (profile) await rm(profile, { recursive: true, force: true });
  });

  /** When nothing moves any more, and without what passes by. */
  async function shot(name: string): Promise<void> {
    await page.evaluate(() => {
      for (const note of document.querySelectorAll('.red-ui-notification')) note.remove();
    });
    await page.waitForFunction(() => (window as AnyJson).$(':animated').length === 0);
    await page.screenshot({ path: path.join(images, `node-red-${name}.png`) });
  }
  const statusOf = (id: string) => `#${CSS(id)} .red-ui-flow-node-status-label`;

  async function open(language = 'en-US'): Promise<void> {
    await page.goto(nodeRed.url);
    await page.evaluate((lang: string) => {
      localStorage.setItem('editor-language', lang);
    }, language);
    await page.goto(nodeRed.url);
    await page.waitForSelector('.red-ui-palette-node[data-palette-type="isobath-infer"]');
  }

  it('has the nodes in its palette, with a colour and an icon', async () => {
    const picture = (await readFile(path.join(SAMPLES, 'pedestrian.png'))).toString('base64');
    const flow: FlowNode[] = [
      { id: 'tab', type: 'tab', label: 'Street' },
      {
        ...{
          id: 'ask',
          type: 'inject',
          z: 'tab',
          name: 'a picture',
          props: [{ p: 'payload' }],
          repeat: '',
          crontab: '',
          once: false,
          topic: '',
          wires: [[]],
        },
        ...{ payload: `data:image/png;base64,${picture}`, payloadType: 'str', x: 160, y: 140 },
      },
      {
        ...{ id: 'show', type: 'debug', z: 'tab', name: 'classes', active: true, tosidebar: true, wires: [] },
        ...{ complete: 'payload', targetType: 'msg', x: 580, y: 140 },
      },
    ];
    await nodeRed.deploy(flow);
    await open();
    for (const type of ['infer', 'fleet', 'plan']) {
      const node = page.locator(`.red-ui-palette-node[data-palette-type="isobath-${type}"]`);
      await node.scrollIntoViewIfNeeded();
      expect(await node.locator('.red-ui-palette-label').innerText()).toBe(type);
      const icon = await node
        .locator('.red-ui-palette-icon')
        .first()
        .evaluate((element: AnyJson) => element.style.backgroundImage);
      expect(icon).toContain(`isobath-${type}.svg`);
      const [, address] = icon.match(/url\("(.*)"\)/);
      expect((await fetch(new URL(address, `${nodeRed.url}/`))).status).toBe(200);
    }
  });

  it('takes the infer node, offers what the master serves, and runs it', async () => {
    const palette = page.locator('.red-ui-palette-node[data-palette-type="isobath-infer"]');
    await palette.scrollIntoViewIfNeeded();
    const chart = page.locator('#red-ui-workspace-chart');
    await palette.dragTo(chart, { targetPosition: { x: 320, y: 140 } });
    await page.waitForFunction(
      () => (window as AnyJson).RED.nodes.filterNodes({ type: 'isobath-infer' }).length === 1,
    );
    const id: string = await page.evaluate(
      () => (window as AnyJson).RED.nodes.filterNodes({ type: 'isobath-infer' })[0].id,
    );
    await page
      .locator(`#${CSS(id)} .red-ui-flow-node`)
      .first()
      .dblclick();
    await page.waitForSelector('#node-input-model');
    // a cluster that is typed in and not deployed yet
    await page.locator('#node-input-btn-cluster-add').click();
    await page.waitForSelector('#node-config-input-broker');
    await page.fill('#node-config-input-broker', 'nonsense');
    await page.locator('#node-config-input-broker').blur();
    await page.waitForSelector('#node-config-input-broker.input-error');
    await page.fill('#node-config-input-broker', stack.url);
    await page.locator('#node-config-input-broker').blur();
    await page.waitForSelector('#node-config-input-broker:not(.input-error)');
    await shot('cluster');
    await page.click('#node-config-dialog-ok');
    await page.waitForFunction(() =>
      /1 model/.test(document.querySelector('#node-input-model-state')?.textContent ?? ''),
    );
    await page.click('#node-input-model');
    await page.keyboard.type('st');
    const offered = page.locator('.isobath-model');
    await offered.first().waitFor();
    expect(await offered.first().innerText()).toMatch(/street.*ready.*classification.*east, west/s);
    await shot('model-list');
    await offered.first().click();
    expect(await page.inputValue('#node-input-model')).toBe('street');
    await page.click('#node-dialog-ok');
    await page.evaluate((infer: string) => {
      const { RED } = window as AnyJson;
      const [ask, node, show] = ['ask', infer, 'show'].map((one) => RED.nodes.node(one));
      RED.nodes.addLink({ source: ask, sourcePort: 0, target: node });
      RED.nodes.addLink({ source: node, sourcePort: 0, target: show });
      RED.nodes.dirty(true);
      RED.view.redraw(true);
    }, id);
    await page.click('#red-ui-header-button-deploy');
    await page.waitForFunction(
      (where: string) => /^ready/.test(document.querySelector(where)?.textContent ?? ''),
      statusOf(id),
    );
    await page.evaluate(() => (window as AnyJson).RED.sidebar.show('debug'));
    await page.locator('#ask .red-ui-flow-node-button-button').click();
    await page.waitForFunction(
      (where: string) => /ready · [\d.]+ ms/.test(document.querySelector(where)?.textContent ?? ''),
      statusOf(id),
    );
    const message = page.locator('.red-ui-debug-msg-payload').first();
    await message.waitFor();
    await message.locator('.red-ui-debug-msg-expandable').first().click();
    await message.locator('.red-ui-debug-msg-object-entry .red-ui-debug-msg-expandable').first().click();
    await page.evaluate(() => {
      const { RED } = window as AnyJson;
      RED.view.select({ nodes: [] });
      document.querySelector('#red-ui-workspace-chart')?.scrollTo(0, 0);
    });
    await shot('answer');
    expect(await page.locator('.red-ui-debug-msg').first().innerText()).toContain('array');
  });

  it('explains the node in its help, in three languages', async () => {
    for (const [language, words] of [
      ['en-US', 'Runs a picture or tensor through a model'],
      ['de', 'Schickt ein Bild oder einen Tensor'],
      ['zh-CN', '对图片或张量进行推理'],
    ] as const) {
      await open(language);
      const text = await page.evaluate(() => {
        const { RED } = window as AnyJson;
        RED.sidebar.help.show('isobath-infer');
        return RED.nodes.getNodeHelp('isobath-infer');
      });
      expect(text).toContain(words);
    }
    await open();
    await page.evaluate(() => (window as AnyJson).RED.sidebar.help.show('isobath-infer'));
    await page.waitForSelector('.red-ui-help h3, .red-ui-sidebar-help h3, #red-ui-sidebar-content h3');
    await shot('help');
  });
});

/** Ids of nodes may begin with a digit, which selectors escape. */
function CSS(id: string): string {
  return id.replace(/^\d/, (digit) => `\\3${digit} `);
}
