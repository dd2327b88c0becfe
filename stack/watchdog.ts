// Ends what a test run left when its runner was killed and could not do it itself.
//   node stack/watchdog.ts <instance directory>
// Its standard input is a pipe from the runner, which the kernel closes when the runner ends, however that happens.
import { sweep } from './lib/sweep.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: watchdog.ts <instance directory>');

process.stdin.resume();
process.stdin.on('error', () => process.stdin.destroy());
process.stdin.on('close', () => void sweep(directory));
