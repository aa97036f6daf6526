// What the tree of a workflow says of a step that is done: what it is worth, and how many hops it received and passed on.

#include <algorithm>

#include "saga_check.h"

namespace forge::saga {
namespace {

bool is_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

std::string path_in(std::string rest) {
  const std::size_t slash = rest.rfind('/');
  if (slash != std::string::npos && is_digits(rest.substr(slash + 1))) rest.resize(slash);
  const std::size_t dot = rest.rfind('.');
  if (dot != std::string::npos && is_digits(rest.substr(dot + 1))) rest.resize(dot);
  return rest;
}

bool may_be_child(Kind kind) {
  return kind == Kind::kChild || kind == Kind::kDynamic;
}

std::int64_t count_of(const Value& value) {
  if (value.if_int() != nullptr) return *value.if_int();
  if (value.if_list() != nullptr) {
    std::int64_t sum = 0;
    for (const Value& one : *value.if_list()) sum += count_of(one);
    return sum;
  }
  const Value* results = value.if_object() == nullptr ? nullptr : value.if_object()->find("results");
  return results == nullptr ? 0 : count_of(*results);
}

// ---- The shape

// The child that completed for the step, or else the last one.
const Journal* Journal::child_of(const std::string& path) const {
  const Journal* found = nullptr;
  const std::string begin = id_ + "/";
  for (auto one = all_.lower_bound(begin); one != all_.end() && one->first.starts_with(begin); ++one) {
    const std::string rest = one->first.substr(begin.size());
    if (one->second.parent_ != id_ || rest.find('~') != std::string::npos || path_in(rest) != path) continue;
    const bool completed = !one->second.ends_.empty() && one->second.ends_[0] == "completed";
    if (found == nullptr || completed) found = &one->second;
  }
  return found;
}

const Block* Journal::branch_of(const Step& step) const {
  if (n_ > step.number) return &step.blocks[0];
  return step.blocks.size() > 1 ? &step.blocks[1] : nullptr;
}

std::size_t Journal::iterations_of(const std::string& path) const {
  std::size_t count = 0;
  while (done_.contains(path + "[" + std::to_string(count) + "].last")) ++count;
  return count;
}

bool Journal::is_whole(const Block& block, const std::string& frame) const {
  return std::all_of(block.begin(), block.end(),
                     [&](const Step& step) { return done_.contains(frame.empty() ? step.name : frame + "." + step.name); });
}

std::int64_t Journal::value_of_block(const Block& block, const std::string& frame) const {
  const std::string path = frame.empty() ? block.back().name : frame + "." + block.back().name;
  return value_of(path);
}

std::int64_t Journal::value_of(const std::string& path) const {
  const auto done = done_.find(path);
  if (done == done_.end() || done->second.skipped) return 0;
  if (done->second.continued) return kContinued;
  const Step& of = step(path);
  const std::string frame = frame_of(path), prefix = frame.empty() ? "" : frame + ".";
  std::int64_t sum = 0;
  switch (of.kind) {
    case Kind::kRun: {
      const std::optional<Place> place = place_of(workflow_, path);
      for (const std::size_t before : of.after) sum += value_of(prefix + (*place->block)[before].name);
      if (!of.takes_item) return 1 + sum;
      // The item of the innermost map or recurse around it.
      std::string item = frame;
      while (!item.empty() && !item.ends_with(']')) item = frame_of(item);
      const std::string owner = owner_of(item);
      const auto index = static_cast<std::size_t>(std::stoul(item.substr(owner.size() + 1)));
      if (step(owner).kind != Kind::kRecurse) return 1 + sum + step(owner).items[index];
      return 1 + sum + (index == 0 ? 0 : value_of(owner + "[" + std::to_string(index - 1) + "].last"));
    }
    case Kind::kMap:
    case Kind::kMapQuery:
      for (std::size_t i = 0; i < of.items.size(); ++i) {
        const std::string inside = path + "[" + std::to_string(i) + "]";
        if (is_whole(of.blocks[0], inside)) sum += value_of_block(of.blocks[0], inside);
      }
      return sum;
    case Kind::kSwitch:
      return branch_of(of) == nullptr ? 0 : value_of_block(*branch_of(of), path);
    case Kind::kGroup:
    case Kind::kAround:
      return value_of_block(of.blocks[static_cast<std::size_t>(of.number)], path);
    case Kind::kRecurse:
      return value_of(path + "[" + std::to_string(iterations_of(path) - 1) + "].last");
    case Kind::kChild:
    case Kind::kDynamic:
      return child_of(path) == nullptr ? 0 : child_of(path)->value();
    default:
      return done->second.signalled;
  }
}

std::int64_t Journal::value() const {
  return value_of_block(workflow_.steps, "");
}

std::int64_t Journal::hops_passed() const {
  return passed_by_block("", workflow_.steps);
}

// The fewest of what it waited for.
std::int64_t Journal::received(const std::string& path) const {
  if (const auto known = received_.find(path); known != received_.end()) return known->second;
  const std::optional<Place> place = place_of(workflow_, path);
  const std::string frame = frame_of(path), prefix = frame.empty() ? "" : frame + ".";
  std::int64_t hops = received_by_block(frame, *place->block);
  for (const std::size_t before : (*place->block)[place->index].after) {
    hops = std::min(hops, passed(prefix + (*place->block)[before].name));
  }
  return received_[path] = hops;
}

std::int64_t Journal::received_by_block(const std::string& frame, const Block& block) const {
  if (frame.empty()) return hops_given_;
  const std::string owner = owner_of(frame);
  const Step& of = step(owner);
  const std::int64_t first = received(owner) - 1;
  if (of.kind == Kind::kRecurse) {
    const auto index = std::stoul(frame.substr(owner.size() + 1));
    return index == 0 ? first : passed_by_block(owner + "[" + std::to_string(index - 1) + "]", block);
  }
  if (of.kind != Kind::kGroup && of.kind != Kind::kAround) return first;
  std::int64_t hops = first;
  for (const Block& stage : of.blocks) {
    if (&stage == &block) break;
    hops = std::min(hops, passed_by_block(frame, stage));
  }
  return hops;
}

std::int64_t Journal::passed_by_block(const std::string& frame, const Block& block) const {
  std::int64_t hops = received_by_block(frame, block);
  for (const Step& one : block) hops = std::min(hops, passed(frame.empty() ? one.name : frame + "." + one.name));
  return hops;
}

std::int64_t Journal::passed(const std::string& path) const {
  if (const auto known = passed_.find(path); known != passed_.end()) return known->second;
  const Step& of = step(path);
  const auto done = done_.find(path);
  std::int64_t hops = received(path);
  const bool free = done == done_.end() || done->second.skipped || of.kind == Kind::kDebug;
  if (!free) --hops;
  if (free || done->second.continued) return hops;
  if (of.kind == Kind::kMap || of.kind == Kind::kMapQuery) {
    for (std::size_t i = 0; i < of.items.size(); ++i) {
      const std::string inside = path + "[" + std::to_string(i) + "]";
      if (is_whole(of.blocks[0], inside)) hops = std::min(hops, passed_by_block(inside, of.blocks[0]));
    }
  } else if (of.kind == Kind::kSwitch && branch_of(of) != nullptr) {
    hops = passed_by_block(path, *branch_of(of));
  } else if (of.kind == Kind::kGroup || of.kind == Kind::kAround) {
    for (const Block& stage : of.blocks) hops = std::min(hops, passed_by_block(path, stage));
  } else if (of.kind == Kind::kRecurse && iterations_of(path) > 0) {
    hops = passed_by_block(path + "[" + std::to_string(iterations_of(path) - 1) + "]", of.blocks[0]);
  } else if (may_be_child(of.kind) && child_of(path) != nullptr) {
    hops = std::min(hops, child_of(path)->hops_passed());
  }
  return passed_[path] = hops;
}

}  // namespace forge::saga
