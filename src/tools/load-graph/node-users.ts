import type { Id } from '../../common/id.js';
import type { UsersImportWriter } from '../../modules/users/users-import.writer.js';
import { LoadError } from './load-error.js';

/** Nodes whose users are remembered: about 60 MB when full, which leaves the process well below 300 MB. */
const MAX_REMEMBERED = 500_000;

const usernameOf = (node: number): string => `u${node}`;

/** Finds the users that stand for the nodes of a graph, and creates those that are missing. */
export class NodeUsers {
  created = 0;
  existing = 0;
  private readonly remembered = new Map<number, Id>();

  constructor(
    private readonly users: Pick<UsersImportWriter, 'createMissing'>,
    /** The one that all of them get. */
    private readonly passwordHash: string,
    private readonly maxRemembered = MAX_REMEMBERED,
  ) {}

  /**
   * The ids of the users of these nodes.
   *
   * @throws LoadError when one cannot be created
   */
  async idsOf(nodes: ReadonlySet<number>): Promise<Map<number, Id>> {
    const ids = new Map<number, Id>();
    const unknown: number[] = [];
    for (const node of nodes) {
      const id = this.remembered.get(node);
      if (id === undefined) unknown.push(node);
      else ids.set(node, id);
    }
    if (unknown.length > 0) await this.look(unknown, ids);
    return ids;
  }

  private async look(nodes: number[], ids: Map<number, Id>): Promise<void> {
    // In one order, so that two loads at once wait for each other instead of deadlocking.
    const registrations = nodes.sort((a, b) => a - b).map((node) => this.registrationOf(node));
    const { idsByUsername, created } = await this.users.createMissing(registrations);
    for (const node of nodes) {
      const id = idsByUsername.get(usernameOf(node));
      if (id === undefined) throw cannotCreate(node);
      ids.set(node, id);
      this.remember(node, id);
    }
    this.created += created;
    this.existing += nodes.length - created;
  }

  private registrationOf(node: number) {
    const username = usernameOf(node);
    return { username, email: `${username}@example.test`, displayName: username, passwordHash: this.passwordHash };
  }

  /** Forgets the one remembered for longest when there are too many. */
  private remember(node: number, id: Id): void {
    if (this.remembered.size >= this.maxRemembered) this.remembered.delete(this.remembered.keys().next().value!);
    this.remembered.set(node, id);
  }
}

const cannotCreate = (node: number): LoadError => {
  const username = usernameOf(node);
  return new LoadError(
    `user ${username} cannot be created: another user has the e-mail address ${username}@example.test; change that one and load again`,
  );
};
