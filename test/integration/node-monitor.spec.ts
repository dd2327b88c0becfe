import type { Socket } from 'node:net';
import { DatabaseNodes } from '../../src/infrastructure/database/database-nodes.js';
import { NodeMonitor } from '../../src/infrastructure/database/node-monitor.js';
import { ServerProbe } from '../../src/infrastructure/database/server-probe.js';
import { testConfig } from '../support/test-config.js';

/** Longer than a server may take to answer. */
const HOLD_UP_MS = 1_500;

describe(ServerProbe.name, () => {
  it('does not take the loss of its own connection for the death of the server', async () => {
    const config = testConfig('nobody_reads_it');
    const probe = new ServerProbe(config.mysql.primary, config);
    try {
      expect(await probe.ask()).toBeDefined();
      const { connection } = probe as unknown as { connection: { connection: { stream: Socket } } };
      const { stream } = connection.connection;
      const lost = new Promise((resolve) => stream.once('close', resolve));
      stream.destroy(new Error('lost'));
      await lost;
      expect(await probe.ask()).toBeDefined();
    } finally {
      probe.close();
    }
  });
});

describe(NodeMonitor.name, () => {
  let nodes: DatabaseNodes;
  let monitor: NodeMonitor;

  beforeAll(async () => {
    const config = testConfig('nobody_reads_it');
    nodes = new DatabaseNodes(config, []);
    monitor = new NodeMonitor(nodes, config);
    await monitor.onModuleInit();
  });
  afterAll(async () => {
    await monitor?.onApplicationShutdown();
    await nodes?.onApplicationShutdown();
  });

  it('does not take a hold-up of this process for the silence of servers', async () => {
    expect([nodes.primaryUp, ...nodes.replicas.map(({ healthy }) => healthy)]).toEqual([true, true, true]);
    const asked = nodes.recheck();
    const until = performance.now() + HOLD_UP_MS;
    while (performance.now() < until); // the answers come meanwhile
    await asked;
    expect([nodes.primaryUp, ...nodes.replicas.map(({ healthy }) => healthy)]).toEqual([true, true, true]);
  });
});
