// Transactions with a follow-up: decided once for what it sees, and then, as a whole, for good.

#include <exception>

#include "decider.h"
#include "decider_parts.h"
#include "forge/events/key.h"
#include "forge/store/follow_up.h"
#include "own_actions.h"
#include "record_walk.h"
#include "view_state.h"

namespace forge::internal {
namespace {

Status follow_up_failed(std::string why) {
  return Status(ErrorId::kHandlerFailed, "the transaction's follow-up failed").why(std::move(why));
}

Result<std::optional<ActionRequest>> next_action(const FollowUp& follow_up, const TransactionSoFar& so_far) {
  try {
    return follow_up(so_far);
  } catch (const std::exception& thrown) {
    return follow_up_failed(thrown.what());
  } catch (...) {
    return follow_up_failed("it threw something that is no std::exception");
  }
}

}  // namespace

// What the decider knows, as a view has it: the database, and the records in flight above it.
class Decider::SoFar final : public TransactionSoFar {
 public:
  SoFar(const Decider& decider, const Staging& staging) : decider_(decider), staging_(staging) {}

  const std::vector<Event>& events() const override { return staging_.events; }
  Time now() const override { return staging_.now; }

  Result<Record> get(std::string_view resource, std::string_view key) const override {
    const View::State state = look();
    FORGE_ASSIGN(const View::State::Target target, state.target(resource, key));
    std::string current_key;
    append_current_key(target.resource->number, target.key, current_key);
    const Overlay::Entry* const staged = decider_.overlay_.find(Table::kCurrent, current_key);
    if (staged == nullptr) return state.record_at(target, state.seq, nullptr);
    std::uint64_t touched = 0;
    FORGE_ASSIGN(
        std::optional<RecordState> found,
        RecordReader(decider_.database_, decider_.catalog_, state.seq).find(*target.resource, target.key, *staged->value, touched));
    if (!found) return no_record(*target.resource, target.key);
    return state.record_of(*target.resource, target.key, *std::move(found));
  }

  Status query(std::string_view name, const Args& args, const QueryOptions& options,
               const std::function<bool(const Record&)>& visit) const override {
    const View::State state = look();
    const Action* const action = state.domain->find_action(name);
    RecordsInFlight in_flight;
    if (action != nullptr && action->query) FORGE_TRY(collect(*action->resource, in_flight));
    return answer_query(state, name, args, options, &in_flight, visit, nullptr);
  }

 private:
  View::State look() const {
    View::State state;
    state.database = &decider_.database_;
    state.catalog = &decider_.catalog_;
    state.clock = &decider_.clock_;
    state.domain = decider_.catalog_.current();
    state.seq = staging_.next_seq;
    return state;
  }

  Status collect(const Resource& resource, RecordsInFlight& out) const {
    std::string prefix;
    append_current_key(resource.number, {}, prefix);
    RecordReader reader(decider_.database_, decider_.catalog_, staging_.next_seq);
    std::uint64_t touched = 0;
    Status read;
    decider_.overlay_.each(Table::kCurrent, prefix, [&](const Overlay::Entry& entry) {
      const std::string_view key = entry.key.substr(prefix.size());
      Result<std::optional<RecordState>> found = reader.find(resource, key, *entry.value, touched);
      if (found.ok()) {
        out.emplace(key, *std::move(found));
      } else if (read.ok()) {
        read = found.status();
      }
    });
    return read;
  }

  const Decider& decider_;
  const Staging& staging_;
};

// Adds to the transaction what its follow-up makes of it. What is staged meanwhile is to be rolled back.
Status Decider::follow(PreparedTransaction& transaction, Staging& staging) {
  staging.is_followed = true;
  const SoFar so_far(*this, staging);
  for (std::size_t at = 0;; ++at) {
    if (at == transaction.actions().size()) {
      FORGE_ASSIGN(std::optional<ActionRequest> next, next_action(transaction.options().follow_up, so_far));
      if (!next) return transaction.check_complete();
      FORGE_TRY(check_own_action(*next, last_seq_));
      FORGE_TRY(transaction.add(*std::move(next), limits_));
    }
    FORGE_TRY(act(transaction.actions()[at], staging));
    FORGE_TRY(check_size(staging));
    transaction.set_key(at, subject_->key);
  }
}

}  // namespace forge::internal
