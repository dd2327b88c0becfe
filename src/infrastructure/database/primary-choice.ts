/** A promotion as the servers keep it: the highest term tells which server has been the primary since. */
export interface PrimaryTerm {
  term: number;
  serverUuid: string;
}

/** What a server that answered says of itself. */
export interface ServerView {
  serverUuid: string;
  writable: boolean;
  replicates: boolean;
  /** Latest promotion that it knows of; none before the first. */
  term: PrimaryTerm | undefined;
}

/**
 * Pure: which server to write to.
 *
 * Writable alone is not enough: a primary that was given up comes back as writable as it went. So the latest promotion
 * that anybody knows of decides, and while its server is away nobody is written to.
 *
 * @param views of the servers that answered
 * @param configured counts until there has been a promotion
 * @param known latest promotion this process has seen: who has answered before may be silent now
 * @returns the primary, or `undefined` when there is none to be seen
 */
export function choosePrimary<Server>(
  views: ReadonlyMap<Server, ServerView>,
  configured: Server,
  known?: PrimaryTerm,
): { primary: Server | undefined; term: PrimaryTerm | undefined } {
  let latest = known;
  for (const { term } of views.values()) if (term && (!latest || term.term > latest.term)) latest = term;
  if (!latest) return { primary: views.has(configured) ? configured : undefined, term: undefined };
  for (const [server, view] of views) {
    const elected = view.serverUuid === latest.serverUuid;
    if (elected && view.writable && !view.replicates) return { primary: server, term: latest };
  }
  return { primary: undefined, term: latest };
}
