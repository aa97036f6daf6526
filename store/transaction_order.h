#pragma once

// Whether events follow each other as transactions do: whole, their places in a row, their times increasing.

#include <optional>
#include <string>

#include "forge/events/envelope.h"

namespace forge::internal {

class TransactionOrder {
 public:
  // What is wrong with `next` behind the events taken so far, as a clause; empty where nothing is.
  std::string problem(const Envelope& next) const;
  // The event just examined is the last one now.
  void take(const Envelope& event);
  // What the last event was is not known.
  void forget() { last_.reset(); }

  bool is_known() const { return last_.has_value(); }
  // The last event is the last of its transaction.
  bool is_whole() const { return !last_ || last_->place + 1 == last_->count; }
  std::uint16_t count() const { return last_->count; }

 private:
  struct Last {
    Seq seq = 0;
    Time recorded_at;
    Uuid transaction;
    std::uint16_t place = 0;
    std::uint16_t count = 0;
  };
  std::optional<Last> last_;
};

}  // namespace forge::internal
