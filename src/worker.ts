import 'reflect-metadata';
import { failStart, runProcess } from './bootstrap.js';
import { loadConfig } from './config/load-config.js';
import { WorkerModule } from './worker.module.js';

const config = loadConfig();
runProcess(WorkerModule.forRoot(config), config, 'worker', config.http.workerPort).catch(failStart);
