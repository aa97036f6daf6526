// Maps: how items begin, come from elsewhere, are found to be bad, and end.
//
// Items of a file come in portions. The fact of a portion says how far the file was read, how many rows there were, which of them
// were bad, and, where everything inside is decided without anything outside (PlannedStep::is_pure), what the items came to. So the
// journal has one entry for thousands of rows, and none of the rows. Items that are no more than read begin here like any others.
//
// Pages are asked for again where that failed, and told apart by the number of the fetch.
//
// Bad items that are to be set aside wait until the runner is told to fetch again: it writes them, and then the fact says how long
// the file is that has them. What stands behind that length when a fetch is done again was written by one that was not recorded.

#include <algorithm>
#include <iterator>

#include "decider.h"

namespace forge::internal {
namespace {

constexpr std::size_t kFailuresKept = 1000;  // of a map over a file, in its result
constexpr std::uint64_t kItemsOfShare = 1000;
constexpr std::size_t kUnwrittenMax = 1000;

const Value* given_in(const Object& object, const char* name) {
  const Value* found = object.find(name);
  return found == nullptr || found->is_null() ? nullptr : found;
}

std::uint64_t count_of(const Object& object, const char* name) {
  const Value* found = given_in(object, name);
  return found == nullptr || found->if_int() == nullptr ? 0 : static_cast<std::uint64_t>(*found->if_int());
}

const List& list_of(const Object& object, const char* name) {
  static const List kEmpty;
  const Value* found = given_in(object, name);
  return found == nullptr || found->if_list() == nullptr ? kEmpty : *found->if_list();
}

void keep_failures(Loop& loop, const List& failures) {
  for (const Value& failure : failures) {
    if (loop.failures.size() == kFailuresKept) return;
    loop.failures.push_back(failure);
  }
}

// The next item, or batch of items, and where they stand.
Value take_batch(Loop& loop, std::size_t batch_max, std::vector<ItemPlace>& places) {
  const std::size_t count = std::min(batch_max, loop.items.size() - loop.taken);
  const auto first = static_cast<std::ptrdiff_t>(loop.taken);
  const auto last = first + static_cast<std::ptrdiff_t>(count);
  if (!loop.places.empty()) places.assign(loop.places.begin() + first, loop.places.begin() + last);
  loop.taken += count;
  if (batch_max == 1) return std::move(loop.items[static_cast<std::size_t>(first)]);
  return List(std::make_move_iterator(loop.items.begin() + first), std::make_move_iterator(loop.items.begin() + last));
}

// The list of what the items came to; where one of them lies in the log, its parts.
StepResult gathered(std::vector<StepResult> results) {
  const bool here = std::all_of(results.begin(), results.end(), [](const StepResult& result) { return result.is_here(); });
  if (!here) return {.parts = std::move(results)};
  List list;
  for (StepResult& result : results) list.push_back(std::move(result.value));
  return {.value = std::move(list)};
}

}  // namespace

bool RunDecider::is_file(HopId hop) const {
  return planned(hop).declared->body.AsMapStep()->source == fb::MapSource::File;
}

// Opens items up to the window. With chunks, the next ones begin when all of the last have ended.
void RunDecider::continue_map(HopId hop) {
  const fb::MapStepT& map = *planned(hop).declared->body.AsMapStep();
  Loop& loop = state_.loops.at(hop);
  const std::size_t window = std::max(map.window, 1U);
  const std::size_t batch_max = std::max(map.batch, 1U);
  const bool chunk_runs = map.chunks && loop.running > 0;
  while (!chunk_runs && loop.running < window && loop.taken < loop.items.size()) {
    std::vector<ItemPlace> places;
    const StepResult item{.value = take_batch(loop, batch_max, places)};
    ++loop.running;
    if (keeps_results(hop)) loop.results.emplace_back();
    const FrameId opened = open_frame(planned(hop).blocks[0], hop, loop.next++, slot(hop).hops - 1, &item);
    if (!state_.loops.contains(hop)) return;
    const auto frame = state_.frames.find(opened);
    if (frame != state_.frames.end()) frame->second.places = std::move(places);
  }
  if (loop.taken < loop.items.size()) return;
  loop.items.clear();
  loop.places.clear();
  loop.taken = 0;
  if (state_.pending.contains(hop)) return;
  if (!loop.complete) return fetch(hop);
  if (loop.running > 0) return;
  loop.unwritten.empty() ? finish_map(hop) : fetch(hop);
}

void RunDecider::fetch(HopId hop) {
  RunScope scope = scope_at(hop);
  Loop& loop = state_.loops.at(hop);
  scope.set_cursor(loop.cursor);
  Result<Value> source = given_to(planned(hop).body, scope);
  // Items of earlier pages may still run.
  if (!source.ok()) return fail_step(hop, error_of(source.status()));
  Object given = *source->if_object();
  const bool flush = loop.complete || (!is_file(hop) && loop.unwritten.size() >= kUnwrittenMax);
  if (flush || is_file(hop)) {
    if (!loop.position.is_null()) given.add(kFetchPosition, loop.position);
    if (!loop.quarantine_bytes.is_null()) given.add(kFetchQuarantine, loop.quarantine_bytes);
    if (!loop.unwritten.empty()) given.add(kFetchFailures, loop.unwritten);
    if (flush) given.add(kFetchFlush, true);
  } else if (fetches_pages(hop)) {
    given.add("cursor", loop.cursor);
  }
  state_.pending.insert(hop);
  Command& made = command(Command::Kind::kFetch, hop);
  made.value = std::move(given);
  if (!fetches_pages(hop)) return;
  made.attempt = ++loop.fetches;
  ++loop.tries;
}

bool RunDecider::fetches_pages(HopId hop) const {
  const fb::MapStepT* map = planned(hop).declared->body.AsMapStep();
  return map != nullptr && map->source == fb::MapSource::Pages;
}

// A page is asked for again as the map's `retry` says; without one, or when that is over, the map fails.
void RunDecider::fetch_failed(HopId hop) {
  const auto found = state_.loops.find(hop);
  if (found == state_.loops.end() || !state_.pending.contains(hop)) return;
  const Loop& loop = found->second;
  if (fetches_pages(hop) && fact_.attempt != loop.fetches) return;
  if (!is_failed(hop.frame) && fetches_pages(hop) && may_retry(hop, loop.tries, fact_.error.code))
    return retry_later(hop, loop.tries);
  state_.pending.erase(hop);
  fail_step(hop, fact_.error);
}

// Of a run that is over, nobody waits for pages.
void RunDecider::stop_fetches() {
  for (const auto& [hop, loop] : state_.loops) {
    if (!loop.complete && state_.pending.contains(hop) && fetches_pages(hop))
      command(Command::Kind::kStop, hop).attempt = loop.fetches;
  }
}

// What is an object says how far the map is; of one that is not over a file, only what was set aside.
void RunDecider::take_items(HopId hop) {
  const auto found = state_.loops.find(hop);
  if (found == state_.loops.end() || (fetches_pages(hop) && fact_.attempt != found->second.fetches)) return;
  if (state_.pending.erase(hop) == 0 || is_failed(hop.frame)) return;
  Loop& loop = found->second;
  loop.tries = 0;
  const Object* portion = fact_.value.if_object();
  if (portion != nullptr) take_portion(loop, *portion);
  if (const List* items = fact_.value.if_list()) {
    loop.items.insert(loop.items.end(), items->begin(), items->end());
    loop.empty_pages = items->empty() ? loop.empty_pages + 1 : 0;
  }
  for (const MapItem& item : fact_.items) {
    loop.items.push_back(item.value);
    loop.places.push_back(item.place);
  }
  if (portion == nullptr || is_file(hop)) {
    loop.complete = loop.complete || fact_.last;
    loop.cursor = fact_.cursor;
  }
  stop_when_too_bad(hop);
  continue_map(hop);
}

void RunDecider::take_portion(Loop& loop, const Object& portion) {
  if (const Value* position = given_in(portion, "position")) loop.position = *position;
  if (const Value* part = given_in(portion, "part")) loop.part = part->if_double() == nullptr ? 0 : *part->if_double();
  if (const Value* bytes = given_in(portion, "quarantine_bytes")) loop.quarantine_bytes = *bytes;
  const auto written = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(count_of(portion, "written"), loop.unwritten.size()));
  loop.unwritten.erase(loop.unwritten.begin(), loop.unwritten.begin() + written);
  loop.found += count_of(portion, "count");
  loop.bad += count_of(portion, "bad");
  keep_failures(loop, list_of(portion, "failures"));
  const List& results = list_of(portion, "results");
  for (const Value& result : results) loop.results.push_back({.value = result});
  loop.next = std::max(loop.next, loop.results.size());
  if (given_in(portion, "passed") != nullptr) {
    loop.passed = std::min(loop.passed, static_cast<std::uint32_t>(count_of(portion, "passed")));
  }
}

// No more items begin; once those that run have ended, the step fails. A fetch that is under way comes to its end first: it may be
// writing to the file of bad items.
void RunDecider::stop_when_too_bad(HopId hop) {
  Loop& loop = state_.loops.at(hop);
  loop.is_given_up = loop.is_given_up || too_many_bad(hop);
  if (!loop.is_given_up) return;
  if (!is_file(hop)) state_.pending.erase(hop);
  loop.items.clear();
  loop.places.clear();
  loop.taken = 0;
  loop.complete = true;
}

// A share is held against the items so far only at the end, of a file from 1,000 on; a number at once.
bool RunDecider::too_many_bad(HopId hop) const {
  const fb::MapStepT& map = *planned(hop).declared->body.AsMapStep();
  const Loop& loop = state_.loops.at(hop);
  if (loop.is_portion) return false;
  if (map.bad_max > 0 && loop.bad > map.bad_max) return true;
  const std::uint64_t items = is_file(hop) ? loop.found : loop.next;
  const bool ended = loop.complete && loop.running == 0 && loop.taken == loop.items.size();
  const bool known = ended || (is_file(hop) && items >= kItemsOfShare);
  return known && map.bad_max_ppm > 0 && loop.bad * 1'000'000 > items * std::uint64_t{map.bad_max_ppm};
}

void RunDecider::note_bad(Loop& loop, const RunFrame& item) {
  const fb::MapStepT& map = *planned(item.owner).declared->body.AsMapStep();
  const Value code = item.error.code;
  const Value message = item.error.message;
  const auto set_aside = [&](Object failure, const Value& value) {
    if (map.on_item_error != fb::ItemError::Quarantine) return;
    failure.add("item", value);
    loop.unwritten.emplace_back(std::move(failure));
  };
  if (!is_file(item.owner)) {
    ++loop.bad;
    Object failure{{"index", static_cast<std::int64_t>(item.index)}, {"code", code}, {"message", message}};
    loop.failures.emplace_back(failure);
    Object placed{
        {"index", static_cast<std::int64_t>(item.index)}, {"step", item.failed_step}, {"code", code}, {"message", message}};
    return set_aside(std::move(placed), item.item.value);
  }
  const List* batch = map.batch > 1 ? item.item.value.if_list() : nullptr;
  for (std::size_t i = 0; i < item.places.size(); ++i) {
    ++loop.bad;
    Object failure{{"row", item.places[i].row},
                   {"offset", item.places[i].offset},
                   {"step", item.failed_step},
                   {"code", code},
                   {"message", message}};
    if (loop.failures.size() < kFailuresKept || loop.is_portion) loop.failures.emplace_back(failure);
    set_aside(std::move(failure), batch == nullptr ? item.item.value : (*batch)[i]);
  }
}

void RunDecider::finish_map(HopId hop) {
  const fb::MapStepT& map = *planned(hop).declared->body.AsMapStep();
  const bool bad = state_.loops.at(hop).is_given_up || too_many_bad(hop);
  Loop loop = std::move(state_.loops.at(hop));
  state_.loops.erase(hop);
  const std::uint64_t items = is_file(hop) ? loop.found : loop.next;
  if (bad) {
    return fail_step(hop, {"bad_items", std::to_string(loop.bad) + " of " + std::to_string(items) + " items failed"});
  }
  if (loop.bad > 0) state_.warnings = true;
  if (!map.checkpoint.empty()) {
    state_.mark_name = map.checkpoint;
    state_.mark = loop.position;
  }
  StepResult result = gathered(std::move(loop.results));
  if (is_file(hop)) {
    Object told{{"items", items}, {"bad", loop.bad}, {"failures", std::move(loop.failures)}};
    if (planned(hop).is_read) told.add(kMapResults, std::move(result.value));
    result.value = std::move(told);
  } else if (map.on_item_error != fb::ItemError::Fail) {
    result.value = Object{{kMapResults, std::move(result.value)}, {"failures", std::move(loop.failures)}};
  }
  finish(hop, std::move(result), StepStatus::kDone, loop.passed);
}

}  // namespace forge::internal
