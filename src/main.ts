import 'reflect-metadata';
import { AppModule } from './app.module.js';
import { failStart, runProcess } from './bootstrap.js';
import { serveOpenApi } from './infrastructure/openapi/openapi.js';
import { loadConfig } from './config/load-config.js';

const config = loadConfig();
runProcess(AppModule.forRoot(config), config, 'api', config.http.apiPort, (app) =>
  serveOpenApi(app, config.http.publicUrl),
).catch(failStart);
