#include "forge/store/rebuild.h"

#include <algorithm>

#include "copy.h"
#include "log_ahead.h"
#include "log_reader.h"

namespace forge {

using internal::StoreBuilder;

namespace internal {
namespace {

constexpr Seq kProgressEvery = 4096;

}  // namespace

BuildTarget build_target(const std::string& path, const CopyOptions& options, std::shared_ptr<rocksdb::Env> env) {
  return {.path = path,
          .env = std::move(env),
          .clock = options.clock != nullptr ? options.clock : &system_clock(),
          .ids = options.ids != nullptr ? options.ids : &system_ids(),
          .log = options.log};
}

bool goes_on(const std::function<bool(Seq, Seq)>& progress, Seq done, Seq total) {
  return !progress || (done % kProgressEvery != 0 && done != total) || progress(done, total);
}

Status tell_progress(const CopyOptions& options, Seq done, Seq total) {
  if (goes_on(options.progress, done, total)) return {};
  return Status(ErrorId::kCancelled, "stopped after event " + std::to_string(done)).state("the target is as it was");
}

Status copy_failure(Status failure, std::string_view state) {
  if (failure.id() == ErrorId::kDiskFull) {
    failure = std::move(failure).remedy("free some space there, or allow larger files, and make it again");
  }
  return failure.text().state.empty() ? std::move(failure).state(std::string(state)) : failure;
}

Copy copy_of(const BuiltStore& built) {
  return {.id = built.identity.id.to_string(),
          .origin = *built.identity.origin,
          .root = built.root,
          .records = built.records,
          .bytes = built.bytes};
}

Result<Seq> end_of_copy(const Store& origin, const Point& point) {
  const Result<Resolved> resolved = origin.resolve(point);
  if (!resolved.ok()) return Status(resolved.status()).state("nothing was written");
  const Resolved& end = *resolved;
  AlignedBytes bytes;
  if (end.seq == 0) {
    if (origin.head() == 0) return end.seq;
    FORGE_ASSIGN(const Envelope first, read_event(*StoreAccess::state(origin).database, 1, bytes));
    return nothing_there(first.recorded_at);
  }
  FORGE_ASSIGN(const Envelope event, read_event(*StoreAccess::state(origin).database, end.seq, bytes));
  if (event.place + 1 == event.count) return end.seq;
  return inside_transaction(event);
}

Status nothing_there(Time first) {
  return Status(ErrorId::kRecordNotFound, "there is nothing to copy: nothing was there as of that point")
      .why("the store begins with event 1 at " + format_time(first))
      .state("nothing was written")
      .remedy("ask for a later point; see: forgectl help time");
}

Status inside_transaction(const Envelope& event) {
  const Seq first = event.seq - event.place, last = first + event.count - 1;
  return Status(ErrorId::kPointInsideTransaction, "event " + std::to_string(event.seq) + " is inside a transaction")
      .why("its transaction is events " + std::to_string(first) + " to " + std::to_string(last))
      .state("nothing was written")
      .remedy("ask for event " + std::to_string(first - 1) + " or " + std::to_string(last));
}

namespace {

Result<Copy> copy_events(const Store& origin, const std::string& target, const CopyOptions& options,
                         std::shared_ptr<rocksdb::Env> env, TableLoader::Limits limits) {
  const Store::State& state = StoreAccess::state(origin);
  const internal::Pass pass(*state.gate);
  if (!pass) return internal::closed_error();
  FORGE_ASSIGN(const Seq end, end_of_copy(origin, options.as_of));
  BuildTarget build = build_target(target, options, std::move(env));
  build.limits = limits;
  FORGE_ASSIGN(const std::unique_ptr<StoreBuilder> builder,
               StoreBuilder::begin(std::move(build), {state.identity.id.to_string(), end}));
  {
    LogAhead log(*state.database, 1, end);
    LogRow row;
    for (;;) {
      FORGE_ASSIGN(const bool any, log.next(row));
      if (!any) break;
      FORGE_TRY(builder->add(row));
      FORGE_TRY(tell_progress(options, row.seq, end));
    }
  }
  // The tiles' own roots are not looked at on the way: the root that they give must be that of the events.
  FORGE_ASSIGN(const Hash expected, tree_root(*state.database, end));
  if (const Hash root = builder->root(); root != expected) {
    return Status(ErrorId::kEventAltered, "the log and its tree differ")
        .why("events 1 to " + std::to_string(end) + " have root " + to_hex(root) + ", the tree says " + to_hex(expected))
        .state("the target is as it was");
  }
  FORGE_ASSIGN(const BuiltStore built, builder->finish());
  return copy_of(built);
}

}  // namespace

Result<Copy> rebuild_over(const Store& origin, const std::string& target, const CopyOptions& options,
                          std::shared_ptr<rocksdb::Env> env, TableLoader::Limits limits) {
  Result<Copy> copy = copy_events(origin, target, options, std::move(env), limits);
  if (!copy.ok()) return copy_failure(copy.status(), kTargetAsItWas);
  return copy;
}

}  // namespace internal

Result<Copy> rebuild(const Store& origin, const std::string& target, const CopyOptions& options) {
  return internal::rebuild_over(origin, target, options, nullptr);
}

Status check_copy_target(const std::string& target) {
  return internal::target_files(target, rocksdb::FileSystem::Default()).status();
}

Result<CopyEstimate> estimate_rebuild(const Store& origin, const CopyOptions& options) {
  constexpr Seq kSampleMax = 20'000;
  const Store::State& state = StoreAccess::state(origin);
  const internal::Pass pass(*state.gate);
  if (!pass) return internal::closed_error();
  CopyEstimate out;
  FORGE_ASSIGN(out.events, internal::end_of_copy(origin, options.as_of));
  if (out.events == 0) return out;
  const std::shared_ptr<rocksdb::Env> memory(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  const internal::BuildTarget target = internal::build_target("/estimate", options, memory);
  const std::int64_t begun = target.clock->now().micros;
  FORGE_ASSIGN(const std::unique_ptr<StoreBuilder> builder, StoreBuilder::begin(target, {}));
  Seq sampled = 0;
  {
    internal::LogScan scan(*state.database, 1, out.events);
    internal::LogRow row;
    internal::AlignedBytes bytes;
    for (bool whole = false; !whole || sampled < kSampleMax; ++sampled) {
      FORGE_ASSIGN(const bool any, scan.next(row));
      if (!any) break;
      FORGE_ASSIGN(const Envelope event, internal::decode_event(row.seq, row.row, bytes));
      whole = event.place + 1 == event.count;
      FORGE_TRY(builder->add(row));
    }
  }
  FORGE_ASSIGN(const internal::BuiltStore built, builder->finish());
  const double times = static_cast<double>(out.events) / static_cast<double>(sampled);
  out.micros = static_cast<std::int64_t>(static_cast<double>(target.clock->now().micros - begun) * times);
  out.bytes = static_cast<std::uint64_t>(static_cast<double>(built.bytes) * times);
  return out;
}

}  // namespace forge
