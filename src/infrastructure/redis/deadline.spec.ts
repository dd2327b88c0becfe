import { createServer, connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { inTime } from './deadline.js';

describe(inTime.name, () => {
  it('takes an answer that had arrived while this process was busy for longer than the deadline', async () => {
    const server = createServer((socket) => socket.write('pong'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      const answer = once(socket, 'data');
      const waiting = inTime(answer, 20);
      for (const end = performance.now() + 200; performance.now() < end;);
      expect(String((await waiting)?.value[0])).toBe('pong');
    } finally {
      socket.destroy();
      server.close();
    }
  });

  it('says that nothing came in time, and passes what failed in time', async () => {
    expect(await inTime(new Promise(() => undefined), 5)).toBeUndefined();
    await expect(inTime(Promise.reject(new Error('refused')), 1_000)).rejects.toThrow('refused');
  });
});
