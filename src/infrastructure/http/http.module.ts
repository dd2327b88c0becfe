import { Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health.controller.js';
import { PageLinkInterceptor } from './page-link.interceptor.js';
import { ProblemDetailsFilter } from './problem-details.filter.js';
import { Readiness } from './readiness.js';
import { createValidationPipe } from './validation.pipe.js';

/** What every HTTP answer of ours has in common. */
@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [
    Readiness,
    { provide: APP_FILTER, useClass: ProblemDetailsFilter },
    { provide: APP_PIPE, useFactory: createValidationPipe },
    { provide: APP_INTERCEPTOR, useClass: PageLinkInterceptor },
  ],
})
export class HttpModule {}
