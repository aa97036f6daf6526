#include "transaction_order.h"

namespace forge::internal {

std::string TransactionOrder::problem(const Envelope& next) const {
  const auto place = [&] {
    return "it is number " + std::to_string(next.place) + " of " + std::to_string(next.count) + " of its transaction";
  };
  if (next.place >= next.count) return place();
  if (!last_) return next.seq == 1 && next.place != 0 ? place() : std::string();
  const auto before = [&] { return "event " + std::to_string(last_->seq); };
  if (next.place == 0) {
    if (last_->place + 1 != last_->count) return "it begins a transaction before that of " + before() + " is whole";
    if (next.recorded_at <= last_->recorded_at)
      return "it is recorded at " + format_time(next.recorded_at) + ", not after " + before();
    return {};
  }
  const bool goes_on = next.place == last_->place + 1 && next.count == last_->count && next.transaction == last_->transaction &&
                       next.recorded_at == last_->recorded_at;
  return goes_on ? std::string() : place() + ", which does not follow " + before();
}

void TransactionOrder::take(const Envelope& event) {
  last_ = Last{event.seq, event.recorded_at, event.transaction, event.place, event.count};
}

}  // namespace forge::internal
