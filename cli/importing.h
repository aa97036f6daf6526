#pragma once

// `import`: the rows of a CSV file, each an action, many in one transaction.
//
// A batch of rows is one transaction, and with its events goes the import's checkpoint: so either both are stored or neither. A
// batch that is refused is divided until the rows that are to blame stand alone. With a quarantine file such a row is written there
// and synced before the checkpoint passes over it; the checkpoint says how long the file is then, and what stands behind that after
// a kill is cut off. So each row is stored once, or set aside once. Without a quarantine file the first bad row ends the import,
// and the same command goes on with it.

#include "session.h"

namespace forge::cli {

// Runs the import that the flags describe, and prints its errors and summary. Returns the exit status.
Result<int> run_import(Session& session);

}  // namespace forge::cli
