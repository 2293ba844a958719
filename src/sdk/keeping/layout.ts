// Where the record of a program lies within a checkpoint. The same in every way in which it gets there.

/** The folder at the top of a checkpoint that holds the record. */
export const RECORD_FOLDER = "spotproof-state";
/** The file in it that says where everything else stands. */
export const POSITION_FILE = "position.json";

/** Where a file of the record lies in a checkpoint. */
export const pathOf = (file: string): string => `${RECORD_FOLDER}/${file}`;
