import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { primaryOf } from './mysql-topology.ts';

const view = (name: string, term: number, holder: string | null) => ({
  server: { name },
  uuid: `uuid of ${name}`,
  term,
  holder,
});
const nameOf = (views: Parameters<typeof primaryOf>[0]) => primaryOf(views)?.server.name;

describe('primaryOf', () => {
  it('is the server that began as the primary until one is promoted', () => {
    assert.equal(nameOf([view('mysql-replica-1', 0, null), view('mysql-primary', 0, null)]), 'mysql-primary');
    assert.equal(nameOf([view('mysql-replica-1', 0, null)]), undefined);
  });

  it('is the server of the highest term that anybody knows, whatever the others still believe', () => {
    const views = [
      view('mysql-primary', 2, 'uuid of mysql-primary'),
      view('mysql-replica-1', 3, 'uuid of mysql-replica-2'),
      view('mysql-replica-2', 3, 'uuid of mysql-replica-2'),
    ];
    assert.equal(nameOf(views), 'mysql-replica-2');
    assert.equal(nameOf(views.slice(0, 2)), undefined);
  });
});
