import { AsyncLocalStorage } from 'node:async_hooks';

/** The repository method on whose behalf a statement is sent, such as `PostsRepository.byIds`. */
export const statementSource = new AsyncLocalStorage<string>();
