// How maps get the rows of their files, and set aside the items that failed.

#include <chrono>

#include "fetch_work.h"
#include "forge/events/json.h"
#include "run_engine.h"

namespace forge::internal {
namespace {

// Where the first fetch of a map begins: behind what an earlier run has done, where the map has a named checkpoint.
Result<Value> place_of_checkpoint(const Store& store, const fb::MapStepT& map) {
  if (map.checkpoint.empty()) return Value();
  FORGE_ASSIGN(const std::optional<std::string> noted, store.checkpoint(checkpoint_of_map(map.checkpoint)));
  if (!noted) return Value();
  Result<Value> place = parse_json(*noted, map.checkpoint);
  if (place.ok() && ItemPosition::from_value(*place)) return place;
  return Status(ErrorId::kDataCorrupt, "the checkpoint '" + map.checkpoint + "' is not that of a map");
}

}  // namespace

bool RunEngine::fetches_files(const Work& work) {
  if (work.purpose != Purpose::kFetch) return false;
  return work.step->body.AsMapStep()->source == fb::MapSource::File || work.fetch.find(kFetchFlush) != nullptr;
}

void RunEngine::fetch(LiveRun& live, const Work& work, const std::shared_ptr<Attempt>& attempt) {
  const fb::MapStepT& map = *work.step->body.AsMapStep();
  const PlannedStep& planned = live.run.fold->plan().steps[work.hop.step];
  auto job = std::make_shared<FetchJob>();
  job->files = live.run.fold->files().of(work.hop);
  job->map = &map;
  job->given = work.fetch;
  job->keeps_results = planned.is_read;
  if (work.fetch.find(kFetchFlush) == nullptr) {
    const std::string* path = work.values.empty() ? nullptr : work.values[0].if_text();
    if (path == nullptr || path->empty()) {
      return answer(live, work, {.outcome = failure_of(Status(ErrorId::kArgumentType, "the name of its file is no text"))});
    }
    job->path = *path;
    if (planned.is_pure) {
      job->portion = std::make_unique<PortionMap>(live.run.fold->shared_definition(), live.run.fold->state(), work.hop,
                                                  [view = store_.view()](Seq seq) { return value_of_fact(view, seq); });
    }
  }
  live.attempts[work.hop] = attempt;
  loop_.start([this, id = live.run.head.id, work, attempt, job, definition = live.run.fold->shared_definition()] {
    const auto begin = std::chrono::steady_clock::now();
    Result<Value> place = place_of_checkpoint(store_, *job->map);
    WorkOutcome outcome{.outcome = failure_of(place.status())};
    if (place.ok()) {
      job->begin = *std::move(place);
      outcome = fetch_items(*job);
    }
    const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count();
    loop_.post([this, id, work, attempt, outcome = std::move(outcome), took]() mutable {
      take_outcome(id, attempt, work, std::move(outcome), took);
    });
  });
}

}  // namespace forge::internal
