#pragma once

// Results that are too large to be held in memory while a run goes on, which may be for days. The log has them in any case: in the
// fact by which their step was done, or the event that this names. So the state of a run only says where (StepResult::seq), and
// they are read again when a decision refers to them. Nothing of it is in the journal, and the decisions are the same.
//
// Small results stay in memory, and so does what is made of several of them: a template, a collect, the list of a map whose items
// are each small.

#include <cstddef>
#include <functional>
#include <map>
#include <optional>

#include "forge/events/status.h"
#include "run.h"

namespace forge::internal {

// A result with more than about so many bytes lies in the log alone.
inline constexpr std::size_t kResultBytesHeld = 64 << 10;

// What `value` takes in memory, about.
std::size_t bytes_of(const Value& value);
// The same of all results that `state` holds, with the items of its frames.
std::size_t result_bytes(const RunState& state);

// Not safe for concurrent use.
class StoredResults {
 public:
  // The value that the fact at `seq` has. Errors: those of reading.
  using Read = std::function<Result<Value>(Seq seq)>;

  StoredResults() = default;
  explicit StoredResults(Read read) : read_(std::move(read)) {}

  void read_by(Read read) { read_ = std::move(read); }

  // A decision begins about the fact at `seq`, whose value is borrowed until let_go().
  void begin(Seq seq, const Value& value);
  // The value of that fact as the state is to hold it.
  StepResult held(const Value& value) const;
  // What a result of that hop is; lives until let_go(). Null where it cannot be read.
  const Value* find(const HopId& hop, const StepResult& result);
  // The decision is over, and what was read is not held any longer. Errors: the first one of reading since the last call; then what
  // was decided is not to be used.
  Status let_go();

 private:
  Result<Value> make(const StepResult& result) const;

  Read read_;  // empty: everything is held in memory
  Seq seq_ = 0;
  const Value* value_ = nullptr;
  std::map<HopId, Value> made_;
  Status error_;
};

}  // namespace forge::internal
