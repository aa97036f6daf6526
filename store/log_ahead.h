#pragma once

// A LogScan in a thread of its own: while one batch of events is worked on, the next one is read and hashed. What it gives, and in
// which order it fails, is what the scan gives. Not safe for concurrent use.

#include <string>
#include <vector>

#include "log_scan.h"
#include "side_thread.h"

namespace forge::internal {

class LogAhead {
 public:
  // As LogScan; about so many bytes of events are read at a time.
  LogAhead(const Database& database, Seq first, Seq last, std::size_t batch_bytes = 256 << 10);
  // As LogScan::next; the row is borrowed until the next call.
  Result<bool> next(LogRow& out);

 private:
  struct Place {
    std::size_t at = 0, bytes = 0;
    Hash leaf{};
  };
  struct Batch {
    Seq first = 0;
    std::string bytes;
    std::vector<Place> places;
    bool is_last = false;
    Status failure;  // of the event behind them
  };

  Status turn();
  void read_ahead();
  void read(Batch& batch);

  const std::size_t batch_bytes_;
  LogScan scan_;  // the thread's
  Batch batch_;
  Batch ahead_;            // the thread's until it has nothing to do
  std::size_t given_ = 0;  // of batch_
  SideThread thread_;
};

}  // namespace forge::internal
