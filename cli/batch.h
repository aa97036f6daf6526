#pragma once

// `do --batch`: transactions from a file or standard input, one a line, stored in order, many of them with one sync.
//
// Lines are submitted to a TransactionStream, which decides them in order and commits them in groups. A refused line stops the run:
// nothing after it is stored. With a quarantine file the refused line goes there and the run goes on. Idempotency keys make a run
// resumable: the same file again replays what is stored and goes on where it stopped.

#include "session.h"

namespace forge::cli {

// Runs the batch that the flags of `do` describe, and prints its acks, errors and summary. Returns the exit status.
Result<int> run_batch(Session& session);

}  // namespace forge::cli
