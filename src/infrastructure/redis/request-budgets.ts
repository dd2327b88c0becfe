import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/app-config.js';
import { requestContext } from '../context/request-context.js';
import { TimeBudget } from '../resilience/time-budget.js';

/** How long a request may wait for Redis in all. Beyond it there is the fallback: Redis may not slow down what it is to speed up. */
@Injectable()
export class RequestBudgets {
  constructor(private readonly config: AppConfig) {}

  /** That of the request which is being served; a whole one for each call outside of requests. */
  get current(): TimeBudget {
    const context = requestContext.getStore();
    if (!context) return new TimeBudget(this.config.redis.requestBudgetMs);
    return (context.redisBudget ??= new TimeBudget(this.config.redis.requestBudgetMs));
  }
}
