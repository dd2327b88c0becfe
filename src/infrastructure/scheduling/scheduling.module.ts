import { Module } from '@nestjs/common';
import { JobTurns } from './job-turns.js';

/** For modules with jobs that one process at a time should do. */
@Module({ providers: [JobTurns], exports: [JobTurns] })
export class SchedulingModule {}
