import { CreateCore1795340000000 } from './1795340000000-create-core.js';
import { CreateInteractions1795350000000 } from './1795350000000-create-interactions.js';
import { AddPostVersion1795360000000 } from './1795360000000-add-post-version.js';
import { CreatePostCountChanges1795370000000 } from './1795370000000-create-post-count-changes.js';
import { AddLargeAuthors1795390000000 } from './1795390000000-add-large-authors.js';
import { CreateRedisWatch1795410000000 } from './1795410000000-create-redis-watch.js';
import { AddOutboxLanes1795420000000 } from './1795420000000-add-outbox-lanes.js';
import { CreateMedia1795430000000 } from './1795430000000-create-media.js';
import { AddOutboxTraceparent1795440000000 } from './1795440000000-add-outbox-traceparent.js';

/** In the order in which they run. */
export const MIGRATIONS = [
  CreateCore1795340000000,
  CreateInteractions1795350000000,
  AddPostVersion1795360000000,
  CreatePostCountChanges1795370000000,
  AddLargeAuthors1795390000000,
  CreateRedisWatch1795410000000,
  AddOutboxLanes1795420000000,
  CreateMedia1795430000000,
  AddOutboxTraceparent1795440000000,
];
