#pragma once

// The span of one transaction while it is under way. For one thread at a time.

#include <chrono>

#include "contained.h"
#include "forge/events/status.h"
#include "forge/store/observe.h"
#include "forge/store/transaction.h"

namespace forge::internal {

class TransactionTrace {
 public:
  // `sink` and `log` outlive it.
  TransactionTrace(const TraceSink& sink, const LogSink& log, Time begun, std::size_t actions, const ActOptions& options)
      : sink_(&sink), log_(&log) {
    span_.begun = begun;
    span_.actions = actions;
    span_.actor = options.actor.id;
    span_.idempotency_key = options.idempotency_key;
    span_.correlation = options.correlation;
    span_.dry_run = options.dry_run;
  }

  void end(const Result<TransactionReceipt>& result) {
    span_.duration = std::chrono::steady_clock::now() - started_;
    span_.outcome = result.status();
    if (result.ok()) {
      span_.transaction = result->transaction;
      span_.first_seq = result->first_seq;
      span_.last_seq = result->last_seq;
      span_.replayed = result->replayed;
    }
    call_contained([this] { (*sink_)(span_); }, "the trace function", *log_);
  }

 private:
  const TraceSink* sink_;
  const LogSink* log_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  TransactionSpan span_;
};

}  // namespace forge::internal
