/** What the examples do alike with their command line: help, and wrong options. */

/**
 * Runs an example with its options; its exit code is what `run` returns, or 2 when the command line
 * was not understood.
 */
export async function runExample<Options extends { readonly help: boolean }>(
  readOptions: (args: string[]) => Options,
  help: string,
  run: (options: Options) => Promise<number>,
): Promise<void> {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`);
    process.exitCode = 2;
    return;
  }
  if (options.help) console.log(help);
  else process.exitCode = await run(options);
}
