import { CreateCore1795340000000 } from './1795340000000-create-core.js';

/** In the order in which they run. */
export const MIGRATIONS = [CreateCore1795340000000];
