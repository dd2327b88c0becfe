import type { Address } from '../../config/setting-types.js';
import { DatabaseNode, type NodeOptions } from './database-node.js';

export type ServerRole = 'primary' | 'replica';

/** One MySQL server with its two pools: either role can come to any server, so each has both. Unused pools hold nothing. */
export class DatabaseServer {
  /** `host:port`; it stays when roles move. */
  readonly name: string;
  readonly writes: DatabaseNode;
  readonly reads: DatabaseNode;

  constructor(
    readonly address: Address,
    public role: ServerRole,
    options: Omit<NodeOptions, 'name' | 'address' | 'access'>,
  ) {
    this.name = `${address.host}:${address.port}`;
    this.writes = new DatabaseNode({ ...options, name: this.name, address, access: 'write' });
    this.reads = new DatabaseNode({ ...options, name: this.name, address, access: 'read' });
  }

  get pools(): readonly DatabaseNode[] {
    return [this.writes, this.reads];
  }

  /** Ends every connection, so that statements which a frozen server will never answer fail now. */
  dropConnections(): void {
    for (const pool of this.pools) pool.dropConnections();
  }
}
