#include "signal_consumers.h"

#include <exception>
#include <utility>
#include <vector>

#include "sent_signal.h"

namespace forge::internal {
namespace {

Signal signal_in(const Event& event, const std::string& name) {
  Signal signal{.name = name, .key = {}, .value = value_of_signal(event), .seq = event.seq};
  const Value key = key_in_signal(name, event.key).value_or(Value());
  if (key.if_text() != nullptr) signal.key = *key.if_text();
  signal.sent_at = event.recorded_at;
  signal.actor = event.actor;
  signal.correlation = event.correlation;
  return signal;
}

// What it throws ends here: an exception would end the subscription.
void consume_safely(const std::function<void(const Signal&)>& consume, const Signal& signal, const LogSink& log) {
  const auto tell = [&](const std::string& why) {
    if (log)
      log(LogLevel::kError, "a consumer of the signal '" + signal.name + "' threw on event " + std::to_string(signal.seq) + why);
  };
  try {
    consume(signal);
  } catch (const std::exception& thrown) {
    tell(": " + std::string(thrown.what()));
  } catch (...) {
    tell("");
  }
}

}  // namespace

Status SignalConsumers::begin() {
  const MutexLock lock(mutex_);
  FORGE_ASSIGN(const std::vector<ConsumedSignal> noted, consumed_signals(store_));
  return noted.empty() ? Status() : note();
}

Result<std::uint64_t> SignalConsumers::add(ConsumedSignal wanted, std::function<void(const Signal&)> consume) {
  if (wanted.name.empty() || (wanted.key && wanted.key->empty())) {
    return Status(ErrorId::kKeyInvalid, "a consumer asks for a signal without a name or with an empty key")
        .state("nothing was registered")
        .remedy("name the signal; without a key, all keys are meant");
  }
  SubscribeOptions options;
  options.filter = {.resource = "_signal", .types = {kSignalSent}};
  if (wanted.key) options.filter.key = wanted.name + "/" + *wanted.key;
  const MutexLock lock(mutex_);
  if (closed_) return Status(ErrorId::kCancelled, "the runner has stopped").state("nothing was registered");
  FORGE_ASSIGN(Subscription made,
               store_.subscribe(std::move(options), [wanted, consume = std::move(consume), log = log_](const Event& event) {
                 if (is_consumed(wanted, event.key)) consume_safely(consume, signal_in(event, wanted.name), log);
               }));
  const std::uint64_t id = next_++;
  Entry& entry = entries_[id];
  entry.wanted = std::move(wanted);
  entry.subscription = std::move(made);
  Status noted = note();
  if (noted.ok()) return id;
  entries_.erase(id);
  return noted;
}

void SignalConsumers::remove(std::uint64_t id) {
  Subscription ending;
  {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    ending = std::move(found->second.subscription);
    entries_.erase(found);
    note_or_log();
  }
  ending.cancel();
}

void SignalConsumers::close() {
  std::vector<Subscription> ending;
  {
    const MutexLock lock(mutex_);
    closed_ = true;
    for (auto& [id, entry] : entries_) ending.push_back(std::move(entry.subscription));
    entries_.clear();
    if (!ending.empty()) note_or_log();
  }
  for (Subscription& one : ending) one.cancel();
}

Status SignalConsumers::note() {
  std::vector<ConsumedSignal> wanted;
  for (const auto& [id, entry] : entries_) wanted.push_back(entry.wanted);
  return note_consumed_signals(store_, wanted);
}

// A signal that may be refused is then taken for received until the next runner starts.
void SignalConsumers::note_or_log() {
  const Status noted = note();
  if (!noted.ok() && log_) log_(LogLevel::kWarning, "a consumer of signals that has ended stays noted: " + noted.message());
}

}  // namespace forge::internal
