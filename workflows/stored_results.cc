#include "stored_results.h"

#include <numeric>
#include <utility>

namespace forge::internal {
namespace {

std::size_t bytes_of_result(const StepResult& result) {
  return std::accumulate(result.parts.begin(), result.parts.end(), bytes_of(result.value),
                         [](std::size_t sum, const StepResult& part) { return sum + bytes_of_result(part); });
}

}  // namespace

std::size_t bytes_of(const Value& value) {
  std::size_t bytes = sizeof(Value);
  if (const std::string* text = value.if_text()) bytes += text->size();
  if (const Bytes* raw = value.if_bytes()) bytes += raw->size();
  if (const List* list = value.if_list()) {
    for (const Value& one : *list) bytes += bytes_of(one);
  }
  if (const Object* object = value.if_object()) {
    for (const auto& [name, member] : object->members()) bytes += name.size() + sizeof(std::string) + bytes_of(member);
  }
  return bytes;
}

std::size_t result_bytes(const RunState& state) {
  std::size_t bytes = bytes_of_result(state.halt_value);
  for (const auto& [id, frame] : state.frames) {
    bytes += bytes_of_result(frame.item);
    for (const Slot& slot : frame.slots) bytes += bytes_of_result(slot.result);
  }
  for (const auto& [hop, loop] : state.loops) {
    for (const StepResult& result : loop.results) bytes += bytes_of_result(result);
  }
  return bytes;
}

void StoredResults::begin(Seq seq, const Value& value) {
  seq_ = seq;
  value_ = &value;
}

StepResult StoredResults::held(const Value& value) const {
  if (!read_ || seq_ == 0 || bytes_of(value) <= kResultBytesHeld) return {.value = value};
  return {.seq = seq_};
}

const Value* StoredResults::find(const HopId& hop, const StepResult& result) {
  if (result.is_here()) return &result.value;
  if (result.seq != 0 && result.seq == seq_) return value_;
  if (const auto known = made_.find(hop); known != made_.end()) return &known->second;
  Result<Value> made = make(result);
  if (made.ok()) return &made_.emplace(hop, *std::move(made)).first->second;
  if (error_.ok()) error_ = made.status();
  return nullptr;
}

Status StoredResults::let_go() {
  seq_ = 0;
  value_ = nullptr;
  made_.clear();
  return std::exchange(error_, {});
}

Result<Value> StoredResults::make(const StepResult& result) const {
  if (result.is_here()) return result.value;
  if (result.seq != 0) return result.seq == seq_ ? Result<Value>(*value_) : read_(result.seq);
  List parts;
  for (const StepResult& part : result.parts) {
    FORGE_ASSIGN(Value made, make(part));
    parts.push_back(std::move(made));
  }
  const Object* around = result.value.if_object();
  if (around == nullptr) return Value(std::move(parts));
  Object whole;
  for (const auto& [name, member] : around->members()) {
    whole.add(name, name == kMapResults ? Value(std::exchange(parts, {})) : member);
  }
  return Value(std::move(whole));
}

}  // namespace forge::internal
