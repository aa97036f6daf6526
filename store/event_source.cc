#include "event_source.h"

#include <algorithm>

#include "forge/events/key.h"
#include "log_reader.h"

namespace forge::internal {
namespace {

constexpr std::size_t kEventsInRun = 256;
constexpr std::size_t kBytesInRun = 1 << 20;
// How much of the log is kept for all: what a reader may be behind without reading the disk. Resolved, it takes some four times
// as much memory.
constexpr std::size_t kRecentEvents = 8192;
constexpr std::size_t kRecentBytes = 4 << 20;

}  // namespace

Result<std::shared_ptr<const EventRun>> EventSource::read(Seq from, Seq to, const EventMatcher& matcher) {
  if (std::shared_ptr<const EventRun> run = find(from)) return run;
  if (is_behind(from)) return read_log(from, to, &matcher);
  const MutexLock making(next_run_);
  if (std::shared_ptr<const EventRun> run = find(from)) return run;
  if (is_behind(from)) return read_log(from, to, &matcher);
  FORGE_ASSIGN(std::shared_ptr<const EventRun> run, read_log(from, to, nullptr));
  keep(run);
  return run;
}

std::shared_ptr<const EventRun> EventSource::find(Seq from) const {
  const MutexLock lock(mutex_);
  const auto after = std::partition_point(runs_.begin(), runs_.end(), [&](const auto& run) { return run->last < from; });
  return after != runs_.end() && (*after)->first <= from ? *after : nullptr;
}

bool EventSource::is_behind(Seq from) const {
  const MutexLock lock(mutex_);
  return !runs_.empty() && from < runs_.front()->first;
}

// A run that does not follow the newest one begins anew: nobody was near the head for a while.
void EventSource::keep(std::shared_ptr<const EventRun> run) {
  const MutexLock lock(mutex_);
  if (!runs_.empty() && runs_.back()->last + 1 != run->first) {
    runs_.clear();
    bytes_ = 0;
  }
  bytes_ += run->bytes;
  const Seq last = run->last;
  runs_.push_back(std::move(run));
  while (runs_.size() > 1 && (bytes_ > kRecentBytes || last - runs_.front()->first >= kRecentEvents)) {
    bytes_ -= runs_.front()->bytes;
    runs_.pop_front();
  }
}

Result<std::shared_ptr<const EventRun>> EventSource::read_log(Seq from, Seq to, const EventMatcher* matcher) const {
  auto run = std::make_shared<EventRun>();
  run->first = from;
  run->last = from - 1;
  AlignedBytes bytes;
  std::shared_ptr<const Domain> domain;
  std::uint32_t version = 0;
  const auto row = database_.iterate(Table::kLog);
  for (row->Seek(log_key(from)); row->Valid() && run->last < to; row->Next()) {
    const Seq seq = read_u64(row->key().data());
    if (seq != run->last + 1 || run->events.size() == kEventsInRun || run->bytes >= kBytesInRun) break;
    FORGE_ASSIGN(const Envelope envelope, decode_event(seq, view_of(row->value()), bytes));
    if (domain == nullptr || version != envelope.schema_version) {
      FORGE_ASSIGN(domain, domain_of(catalog_, envelope));
      version = envelope.schema_version;
    }
    run->last = seq;
    run->bytes += row->value().size();
    if (matcher != nullptr && !matcher->matches(envelope, *domain)) continue;
    FORGE_ASSIGN(Event event, resolve_event(envelope, *domain));
    run->events.push_back(std::make_shared<const Event>(std::move(event)));
  }
  FORGE_TRY(Database::check(*row, "reading the log"));
  if (run->last >= from) return std::shared_ptr<const EventRun>(std::move(run));
  return Status(ErrorId::kDataCorrupt, "event " + std::to_string(from) + " is missing from the log");
}

Result<std::shared_ptr<const Event>> EventSource::event(Seq seq) const {
  AlignedBytes bytes;
  FORGE_ASSIGN(const Envelope envelope, read_event(database_, seq, bytes));
  FORGE_ASSIGN(const std::shared_ptr<const Domain> domain, domain_of(catalog_, envelope));
  FORGE_ASSIGN(Event event, resolve_event(envelope, *domain));
  return std::make_shared<const Event>(std::move(event));
}

}  // namespace forge::internal
