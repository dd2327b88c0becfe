import { AppConfig } from './app-config.js';
import { ConfigError, readEnv } from './read-env.js';

/** The configuration of this process; a wrong one ends it with one line on standard error that names the variable. */
export function loadConfig(): AppConfig {
  try {
    return new AppConfig(readEnv());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`configuration: ${error.message}\n`);
    process.exit(1);
  }
}
