#include "map_progress.h"

#include <algorithm>
#include <cmath>

namespace forge {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

// "4 s", "12 min", "30 h".
std::string time_left(std::int64_t micros) {
  const std::int64_t seconds = (micros + kSecondUs - 1) / kSecondUs;
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 120 * 60) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds / 3600) + " h";
}

std::string counted_items(std::uint64_t items) {
  return std::to_string(items) + (items == 1 ? " item" : " items");
}

}  // namespace

std::string text_of(const MapProgress& progress) {
  std::string text = counted_items(progress.items);
  if (progress.bad > 0) text += ", " + std::to_string(progress.bad) + " bad";
  if (progress.part) text += ", " + std::to_string(static_cast<int>(std::floor(*progress.part * 100))) + "%";
  if (progress.items_a_second) text += ", " + std::to_string(std::llround(*progress.items_a_second)) + "/s";
  if (progress.left_us) text += ", " + time_left(*progress.left_us) + " left";
  return text;
}

namespace internal {
namespace {

MapProgress rated(MapProgress made, Time begun, Time now) {
  const auto took = static_cast<double>(now.micros - begun.micros);
  if (took <= 0 || made.items == 0) return made;
  made.items_a_second = static_cast<double>(made.items) * 1e6 / took;
  if (made.part && *made.part > 0) made.left_us = static_cast<std::int64_t>(took * (1 - *made.part) / *made.part);
  return made;
}

const fb::MapStepT* map_of(const PlannedStep& step) {
  return step.declared->body.AsMapStep();
}

// What was read is done but for what has not begun and what is under way. How long pages go on, nobody knows.
MapProgress counted(const PlannedStep& step, const Loop& loop) {
  const fb::MapStepT& map = *map_of(step);
  const std::uint64_t waiting = loop.items.size() - loop.taken;
  const std::uint64_t open = waiting + loop.running * std::max(map.batch, 1U);
  const std::uint64_t found = map.source == fb::MapSource::File ? loop.found : (loop.next * std::max(map.batch, 1U)) + waiting;
  MapProgress made{.items = found - std::min(open, found), .bad = loop.bad};
  if (found == 0) return made;
  const double of_found = static_cast<double>(made.items) / static_cast<double>(found);
  if (map.source == fb::MapSource::File) made.part = loop.part * of_found;
  if (map.source == fb::MapSource::Query) made.part = of_found;
  return made;
}

}  // namespace

bool comes_from_elsewhere(const PlannedStep& step) {
  return map_of(step) != nullptr && map_of(step)->source != fb::MapSource::Values;
}

MapProgress progress_of(const PlannedStep& map, const Loop& loop, Time now) {
  return rated(counted(map, loop), loop.begun, now);
}

std::optional<MapProgress> progress_after(const RunFold& fold, const Fact& items, Time now) {
  const auto found = fold.state().loops.find(items.hop);
  const PlannedStep& step = fold.plan().steps[items.hop.step];
  if (found == fold.state().loops.end() || !comes_from_elsewhere(step)) return std::nullopt;
  MapProgress made = counted(step, found->second);
  const Object* portion = items.value.if_object();
  if (portion == nullptr || map_of(step)->source != fb::MapSource::File) return rated(made, found->second.begun, now);
  const auto number = [&](const char* name) {
    const Value* value = portion->find(name);
    return value == nullptr || value->if_int() == nullptr ? std::uint64_t{0} : static_cast<std::uint64_t>(*value->if_int());
  };
  const Value* part = portion->find("part");
  made.bad += number("bad");
  if (step.is_pure) made.items += number("count");
  const std::uint64_t read = found->second.found + number("count");
  const bool known = part != nullptr && part->if_double() != nullptr && read > 0;
  if (known) made.part = *part->if_double() * static_cast<double>(made.items) / static_cast<double>(read);
  return rated(made, found->second.begun, now);
}

}  // namespace internal
}  // namespace forge
