#include "forge/workflows/definition.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "buffer.h"
#include "datum.h"
#include "decision.h"
#include "definition_parts.h"
#include "definition_reader.h"
#include "definition_writer.h"
#include "input_types.h"
#include "surroundings_check.h"
#include "toml_reader.h"

namespace forge {

namespace internal {
namespace {

// The position at the end of an error's place, "checkout.toml:14:30".
std::pair<int, int> position_of(const Status& error) {
  const std::string& place = error.text().place;
  const std::size_t column = place.rfind(':');
  const std::size_t line = column == 0 || column == std::string::npos ? std::string::npos : place.rfind(':', column - 1);
  std::pair<int, int> position;
  if (line == std::string::npos) return position;
  std::from_chars(place.data() + line + 1, place.data() + column, position.first);
  std::from_chars(place.data() + column + 1, place.data() + place.size(), position.second);
  return position;
}

}  // namespace

WorkflowDefinition::Outcome define(const Declared& declared, Places places, const WorkflowSurroundings* around) {
  WorkflowDefinition::Outcome outcome;
  const Findings findings{places, outcome.errors};
  auto parts = std::make_unique<DefinitionParts>();
  parts->model = read_definition(declared, findings);
  parts->plan = make_plan(parts->model, findings);
  if (around != nullptr) check_surroundings(parts->model, *around, findings, {places, outcome.warnings});
  for (std::vector<Status>* list : {&outcome.errors, &outcome.warnings}) {
    std::stable_sort(list->begin(), list->end(), [](const Status& a, const Status& b) { return position_of(a) < position_of(b); });
  }
  if (!outcome.errors.empty()) return outcome;
  parts->bytes = pack<fb::WorkflowDefinition>(parts->model, fb::WorkflowDefinitionIdentifier());
  parts->hash = Hasher().sha256(parts->bytes);
  outcome.definition = std::make_shared<const WorkflowDefinition>(std::move(parts));
  return outcome;
}

}  // namespace internal

std::string HopCount::to_string() const {
  const std::string range = least == most ? std::to_string(most) : std::to_string(least) + " to " + std::to_string(most);
  return range + " of " + std::to_string(ttl_hops) + " hops";
}

WorkflowDefinition::WorkflowDefinition(std::unique_ptr<const internal::DefinitionParts> parts) : parts_(std::move(parts)) {}
WorkflowDefinition::~WorkflowDefinition() = default;

Result<std::shared_ptr<const WorkflowDefinition>> WorkflowDefinition::from_bytes(std::span<const std::uint8_t> bytes) {
  auto parts = std::make_unique<internal::DefinitionParts>();
  if (!internal::unpack<fb::WorkflowDefinition>(bytes, fb::WorkflowDefinitionIdentifier(), parts->model)) {
    return Status(ErrorId::kDataCorrupt, "a stored workflow definition is damaged").why("its bytes are no definition");
  }
  internal::Places places;
  places.name_workflow(parts->model.name);
  std::vector<Status> errors;
  parts->plan = internal::make_plan(parts->model, {places, errors});
  for (const internal::PlannedStep& step : parts->plan.steps) {
    if (step.declared->body.value != nullptr) continue;
    return Status(ErrorId::kWorkflowUnsupported, "step '" + step.path + "' is of a kind that this version does not know")
        .remedy("use a forge of the version that declared it");
  }
  if (!errors.empty()) return errors[0];
  parts->bytes.assign(bytes.begin(), bytes.end());
  parts->hash = Hasher().sha256(bytes);
  return std::make_shared<const WorkflowDefinition>(std::move(parts));
}

const std::string& WorkflowDefinition::name() const {
  return parts_->model.name;
}
const Hash& WorkflowDefinition::hash() const {
  return parts_->hash;
}
std::span<const std::uint8_t> WorkflowDefinition::bytes() const {
  return parts_->bytes;
}
HopCount WorkflowDefinition::hops() const {
  return parts_->plan.hops;
}
const internal::Plan& WorkflowDefinition::plan() const {
  return parts_->plan;
}

std::string WorkflowDefinition::description() const {
  return parts_->model.description;
}

Object WorkflowDefinition::declaration() const {
  return internal::declaration_of(parts_->model);
}

std::vector<std::string> WorkflowDefinition::steps() const {
  std::vector<std::string> paths;
  for (const internal::PlannedStep& step : parts_->plan.steps) paths.push_back(step.path);
  return paths;
}

std::vector<WorkflowStepInfo> WorkflowDefinition::described_steps() const {
  std::vector<WorkflowStepInfo> described;
  for (const internal::PlannedStep& step : parts_->plan.steps) {
    WorkflowStepInfo info{.path = step.path,
                          .kind = internal::kind_of_body(step.declared->body),
                          .does = internal::words_of_body(*step.declared),
                          .after = {}};
    for (const internal::StepIndex need : step.needs) info.after.push_back(parts_->plan.steps[need].path);
    described.push_back(std::move(info));
  }
  return described;
}

std::vector<WorkflowInput> WorkflowDefinition::inputs() const {
  std::vector<WorkflowInput> declared;
  for (const auto& input : parts_->model.inputs) {
    WorkflowInput one{.name = input->name,
                      .type = std::string(internal::name_of(input->type)),
                      .required = input->default_ == nullptr,
                      .description = input->description,
                      .secret = input->secret};
    if (!one.required) {
      const Result<Value> standard = internal::to_value(*input->default_);
      if (standard.ok()) one.default_value = *standard;
    }
    declared.push_back(std::move(one));
  }
  return declared;
}

std::string WorkflowDefinition::stimulus() const {
  if (const fb::ScheduleT* schedule = parts_->model.schedule.get()) {
    return schedule->cron.empty() ? "every " + std::to_string(schedule->every / 1'000'000) + "s" : "schedule " + schedule->cron;
  }
  const fb::HookT* hook = parts_->model.on.get();
  if (hook == nullptr) return "";
  std::string words = hook->signal.empty() ? "event " + hook->event : "signal " + hook->signal;
  if (!hook->signal_key.empty()) words += "/" + hook->signal_key;
  return words + (hook->where.empty() ? "" : "  where " + hook->where);
}

Result<Object> WorkflowDefinition::take_inputs(const Object& given) const {
  Object taken;
  std::vector<std::string> known;
  std::string wrong;
  const auto add = [&wrong](const std::string& text) { wrong += (wrong.empty() ? "" : "; ") + text; };
  for (const auto& input : parts_->model.inputs) {
    known.push_back(input->name);
    const Value* value = given.find(input->name);
    if (value == nullptr && input->default_ == nullptr) {
      add("'" + input->name + "' is missing");
    } else if (value == nullptr) {
      FORGE_ASSIGN(Value standard, internal::to_value(*input->default_));
      taken.add(input->name, std::move(standard));
    } else if (!internal::fits(*value, input->type)) {
      const std::string given_text = input->secret ? "of another type" : internal::shown_briefly(*value);
      add("'" + input->name + "' is " + given_text + ", wanted is " + std::string(internal::name_of(input->type)));
    } else {
      taken.add(input->name, *value);
    }
  }
  for (const auto& [name, value] : given.members()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      add("'" + name + "' is unknown: " + internal::nearest_or_list(name, known));
    } else if (given.find(name) != &value) {
      add("'" + name + "' is there twice");
    }
  }
  if (wrong.empty()) return taken;
  return Status(ErrorId::kRunInput, "the input does not fit workflow '" + name() + "'")
      .why(wrong)
      .state("no run was started")
      .remedy("see what it takes: forgectl workflow show " + name());
}

WorkflowDefinition::Outcome parse_workflow(std::string_view toml, const std::string& file) {
  auto declared = internal::read_toml(toml, file);
  if (!declared.ok()) return {nullptr, {declared.status()}, {}};
  return internal::define(*declared, internal::Places(file));
}

WorkflowDefinition::Outcome parse_workflow(std::string_view toml, const std::string& file, const WorkflowSurroundings& around) {
  auto declared = internal::read_toml(toml, file);
  if (!declared.ok()) return {nullptr, {declared.status()}, {}};
  return internal::define(*declared, internal::Places(file), &around);
}

}  // namespace forge
