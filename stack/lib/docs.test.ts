import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { root } from './paths.ts';

const LINK = /\]\(([^)\s]+)\)/g;
const HEADING = /^#+ (.+)$/gm;
/** A file or a directory of the repository, as texts name it; patterns and what is made by commands are left out. */
const PATH =
  /`((?:alertmanager|deploy|docs|grafana|mysql|object-store|prometheus|redis-cluster|src|stack|test)\/[\w./-]+)`/g;

const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'deploy/kubernetes/README.md', 'stack/README.md']
  .concat(
    ['docs', 'docs/decisions'].flatMap((directory) =>
      readdirSync(join(root, directory)).map((file) => `${directory}/${file}`),
    ),
  )
  .filter((page) => page.endsWith('.md') && existsSync(join(root, page)));

/** As the hosts of repositories make them from headings. */
const anchorsOf = (text: string): string[] =>
  Array.from(text.matchAll(HEADING), ([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Links of a page that lead nowhere. */
function dead(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return Array.from(text.matchAll(LINK), ([, link]) => link!).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path, anchor] = link.split('#') as [string, string?];
    const target = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(join(root, target), 'utf8')).includes(anchor);
  });
}

describe('the documents', () => {
  for (const page of pages) {
    it(`link to files and sections that are there: ${page}`, () => {
      assert.deepEqual(dead(page), []);
    });

    it(`name files that are there: ${page}`, () => {
      const named = Array.from(readFileSync(join(root, page), 'utf8').matchAll(PATH), ([, path]) => path!);
      assert.deepEqual(
        named.filter((path) => !existsSync(join(root, path))),
        [],
      );
    });
  }

  it('name every command of the stack', () => {
    const text = readFileSync(join(root, 'stack/README.md'), 'utf8');
    const commands = readdirSync(join(root, 'stack/commands')).map((file) => file.replace('.ts', ''));
    assert.deepEqual(
      commands.filter((command) => !text.includes(`\`${command}\``)),
      [],
    );
  });
});
