import { readFileSync } from 'node:fs';
import { SETTINGS } from './env.schema.js';

describe('.env.example', () => {
  const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

  it.each(Object.entries(SETTINGS))('documents %s with its description and default', (name, setting) => {
    expect(text).toContain(`# ${setting.description}\n#${name}=${setting.fallback}\n`);
  });

  it('names no variable that the service does not know', () => {
    const [ofService] = text.split('# --- Read by');
    const named = [...ofService!.matchAll(/^#([A-Z0-9_]+)=/gm)].map((match) => match[1]);
    expect(new Set(named)).toEqual(new Set(Object.keys(SETTINGS)));
  });
});
