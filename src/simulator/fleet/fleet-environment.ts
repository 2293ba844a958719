type Environment = Readonly<Record<string, string | undefined>>;

/** What every process of a machine has in its environment: a text of its own by which it is found. */
const MACHINE_MARK = "SPOTPROOF_REHEARSAL_MACHINE";

/** Names of the user's environment that a machine does not get: they would lead a job to a real cloud or a real run. */
const NOT_HANDED_ON = /^(AWS_|SPOTPROOF_|GCE_METADATA_)/;

/**
 * The environment of a program on a machine: the user's without what leads elsewhere, then each of `added` in turn.
 * `tmpFolder` is where the program is to put temporary files, `workFolder` where it starts, as it sees them.
 */
export function machineEnvironment(
  ofUser: Environment,
  own: { readonly mark: string; readonly tmpFolder: string; readonly workFolder: string },
  ...added: readonly Environment[]
): Record<string, string> {
  const places = { TMPDIR: own.tmpFolder, TMP: own.tmpFolder, TEMP: own.tmpFolder, PWD: own.workFolder };
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(ofUser)) {
    if (value !== undefined && name !== "OLDPWD" && !NOT_HANDED_ON.test(name)) environment[name] = value;
  }
  for (const one of [places, ...added, { [MACHINE_MARK]: own.mark }]) {
    for (const [name, value] of Object.entries(one)) {
      if (value === undefined) delete environment[name];
      else environment[name] = value;
    }
  }
  return environment;
}
