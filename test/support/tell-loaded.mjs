// Preloaded by processes of a test: says on stderr which module of OpenTelemetry's SDK is loaded. Its API is loaded by
// prom-client in any case, and does nothing by itself.
import { registerHooks } from 'node:module';

registerHooks({
  load(url, context, nextLoad) {
    const name = /node_modules\/(@opentelemetry\/(?!api\/)[a-z-]+)/.exec(url)?.[1];
    if (name) process.stderr.write(`loads ${name}\n`);
    return nextLoad(url, context);
  },
});
