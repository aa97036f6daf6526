#include "surroundings_check.h"

#include <algorithm>
#include <map>
#include <memory_resource>

#include "body_parts.h"
#include "call_cycle.h"
#include "datum.h"
#include "decision.h"
#include "forge/events/codec.h"
#include "forge/events/domain.h"
#include "forge/events/dynamic_expression.h"
#include "forge/events/event.h"
#include "input_types.h"
#include "value_path.h"

namespace forge::internal {
namespace {

using GivenArgs = std::vector<std::unique_ptr<fb::NamedT>>;

// What a step gives to whatever it does.
struct GivenToBody {
  const GivenArgs& args;
  std::string args_place;  // below which each stands by its name
  std::string where_missing;
  bool are_made;  // by a function, of these
};

std::optional<Value> literal_in(const fb::NamedT& given) {
  if (given.value->kind != fb::BindingKind::Literal || given.value->literal == nullptr) return std::nullopt;
  Result<Value> value = to_value(*given.value->literal);
  return value.ok() ? std::optional(*std::move(value)) : std::nullopt;
}

bool is_given(const GivenArgs& args, std::string_view name) {
  return std::any_of(args.begin(), args.end(), [&](const auto& one) { return one->name == name; });
}

// References to fields of records that steps read, one by one or by a query, and of the items of maps that go over these. What
// such a step comes to is known, unless a clause puts something else in its place, or another step has the same name: those are
// left to the run.
class FieldCheck {
 public:
  FieldCheck(const fb::WorkflowDefinitionT& definition, const Domain& domain, const Findings& errors)
      : domain_(domain), errors_(errors) {
    if (definition.body == nullptr) return;
    gather(*definition.body);
    check_block(*definition.body, "step");
  }

 private:
  // Records of a resource; null: it is not known what there is.
  struct Records {
    const Resource* resource = nullptr;
    bool is_list = false;
  };

  void gather(const fb::BlockT& block) {
    for (const auto& step : block.steps) {
      const bool is_sure = std::none_of(step->compensate.begin(), step->compensate.end(),
                                        [](const auto& clause) { return clause->outcome == fb::ClauseOutcome::Continue; });
      const fb::ReadStepT* read = step->body.AsReadStep();
      const Records records = is_sure && read != nullptr ? records_of(*read) : Records();
      if (!read_.emplace(step->name, records).second) read_[step->name] = {};
      for (const auto& [inner, below, is_url] : inner_blocks(step->body)) {
        if (inner != nullptr) gather(*inner);
      }
    }
  }

  Records records_of(const fb::ReadStepT& read) const {
    return read.query.empty() ? Records{domain_.find_resource(read.resource)} : records_of_query(read.query);
  }

  Records records_of_query(const std::string& name) const {
    const Action* query = domain_.find_action(name);
    return query != nullptr && query->kind == ActionKind::kReads ? Records{query->resource, true} : Records();
  }

  // What stands for ${item} inside the step; a batch is a list of items.
  Records item_inside(const fb::StepT& step, const Records& outside) const {
    if (step.body.type == fb::Body::RecurseStep) return {};
    const fb::MapStepT* map = step.body.AsMapStep();
    if (map == nullptr) return outside;
    Records over = map->query.empty() ? Records() : records_of_query(map->query);
    if (map->source == fb::MapSource::Values && map->over != nullptr && map->over->kind == fb::BindingKind::Reference) {
      const auto found = read_.find(map->over->text);
      if (found != read_.end()) over = found->second;
    }
    return over.is_list ? Records{over.resource, map->batch > 1} : Records();
  }

  void check_block(const fb::BlockT& block, const std::string& place) {
    for (const auto& step : block.steps) check_step(*step, place + "." + step->name);
  }

  void check_step(const fb::StepT& step, const std::string& place) {
    const Records outside = item_;
    // What a recurse or a collect calls an item is its own.
    const bool has_own_item = step.body.type == fb::Body::RecurseStep || step.body.type == fb::Body::CollectStep;
    if (has_own_item) item_ = {};
    check_body(step, place);
    item_ = outside;
    check_condition(step.where, place + ".where");
    if (step.concurrency_key != nullptr) check_value(*step.concurrency_key, place + ".concurrency_key");
    for (std::size_t i = 0; i < step.guards.size(); ++i) {
      const std::string at = place + ".guards." + std::to_string(i);
      check_condition(step.guards[i]->when, at + ".when");
      if (step.guards[i]->message != nullptr) check_value(*step.guards[i]->message, at + ".message");
    }
    for (std::size_t i = 0; i < step.compensate.size(); ++i)
      check_clause(*step.compensate[i], place + ".compensate." + std::to_string(i));
    if (step.undo != nullptr && step.undo->body != nullptr) check_body(*step.undo->body, place + ".undo");
    item_ = item_inside(step, outside);
    for (const auto& [inner, below, is_url] : inner_blocks(step.body)) {
      if (inner != nullptr) check_block(*inner, place + below);
    }
    item_ = outside;
  }

  void check_clause(const fb::ClauseT& clause, const std::string& place) {
    check_condition(clause.when, place + ".when");
    if (clause.body != nullptr) check_body(*clause.body, place + ".do");
    const bool continues = clause.outcome == fb::ClauseOutcome::Continue;
    if (clause.value != nullptr) check_value(*clause.value, place + (continues ? ".continue" : ".error"));
  }

  void check_body(const fb::StepT& step, const std::string& place) {
    check_named(step.args, place + ".args");
    const BodyParts parts = parts_of(step.body);
    for (const auto& [value, below, is_url] : parts.values) {
      if (value != nullptr) check_value(*value, place + below);
    }
    for (const auto& [named, below, is_url] : parts.named) check_named(*named, place + below);
    for (const auto& [text, below, is_url] : parts.conditions) check_condition(*text, place + below);
  }

  void check_named(const GivenArgs& named, const std::string& place) {
    for (const auto& entry : named) check_value(*entry->value, place + "." + entry->name);
  }

  void check_value(const fb::BindingT& binding, const std::string& place) {
    if (binding.kind == fb::BindingKind::Reference) return check_path(binding.text, place, "", 0);
    if (binding.kind == fb::BindingKind::Expression) {
      return check_paths(DynamicExpression::parse({.text = binding.text}), place + ".expr");
    }
    if (binding.kind == fb::BindingKind::Text) {
      const Result<std::vector<TextPiece>> pieces = split_text(binding.text);
      for (std::size_t i = 0; pieces.ok() && i < pieces->size(); ++i) {
        const TextPiece& piece = (*pieces)[i];
        if (piece.is_path) check_path(piece.text, place, binding.text, piece.offset);
      }
    }
    for (std::size_t i = 0; i < binding.items.size(); ++i) {
      check_value(*binding.items[i], place + "." + (i < binding.names.size() ? binding.names[i] : std::to_string(i)));
    }
  }

  void check_condition(const std::string& text, const std::string& place) {
    if (!text.empty()) check_paths(DynamicExpression::parse_condition({.text = text}), place);
  }

  void check_paths(const Result<DynamicExpression>& expression, const std::string& place) {
    if (!expression.ok()) return;  // that is a finding already
    for (const DynamicExpression::Path& path : expression->paths()) check_path(path.text, place, expression->text(), path.offset);
  }

  // `text` is what stands at `place`, and `offset` where the path begins in it; empty where it is the path alone.
  void check_path(const std::string& written, const std::string& place, const std::string& text, std::size_t offset) {
    const Result<ValuePath> path = ValuePath::parse(written);
    if (!path.ok()) return;
    const auto read = read_.find(path->root);
    const Records records = path->root == "item" ? item_ : read == read_.end() ? Records() : read->second;
    if (records.resource == nullptr || path->parts.empty()) return;
    const std::string& resource = records.resource->name;
    const auto refuse = [&](const char* what, const std::string& why, const std::string& remedy = {}) {
      const Status error = Status(ErrorId::kWorkflowReference, "'${" + path->text + "}' leads to " + what + resource).why(why);
      add(remedy.empty() ? error : Status(error).remedy(remedy), place, text, offset);
    };
    const std::string& first = path->parts[0].name;
    if (records.is_list && !first.empty()) {
      return refuse("no record of the list of ", "it has several, by their place", "write ${" + path->root + "[0]." + first + "}");
    }
    const std::size_t at = records.is_list ? 1 : 0;
    if (path->parts.size() <= at || path->parts[at].name.empty()) return;
    const std::string& name = path->parts[at].name;
    std::vector<std::string> known = {"_version", "_seq"};
    for (const Field& field : records.resource->record.fields) known.push_back(field.name);
    if (std::find(known.begin(), known.end(), name) == known.end()) refuse("no field of ", nearest_or_list(name, known));
  }

  void add(const Status& error, const std::string& place, const std::string& text, std::size_t offset) {
    if (text.empty()) {
      errors_.add(error, place);
    } else {
      errors_.add(error, place, text, offset);
    }
  }

  const Domain& domain_;
  const Findings& errors_;
  std::map<std::string, Records, std::less<>> read_;  // by the step's name
  Records item_;                                      // of the innermost map around what is looked at
};

class SurroundingsCheck {
 public:
  SurroundingsCheck(const fb::WorkflowDefinitionT& definition, const WorkflowSurroundings& around, const Findings& errors,
                    const Findings& warnings)
      : definition_(definition), around_(around), errors_(errors), warnings_(warnings) {}

  void check() {
    if (definition_.on != nullptr && definition_.on->signal.empty()) check_pattern(definition_.on->event, "the hook", "on.event");
    if (definition_.on != nullptr && definition_.on->signal.empty()) check_hook_paths(*definition_.on);
    if (definition_.body != nullptr) check_block(*definition_.body, "step");
    for (const EndlessCall& call : endless_calls(definition_, around_)) refuse_endless(call);
  }

 private:
  void check_block(const fb::BlockT& block, const std::string& place) {
    for (const auto& step : block.steps) check_step(*step, place + "." + step->name);
  }

  void check_step(const fb::StepT& step, const std::string& place) {
    what_ = "step '" + step.name + "'";
    const GivenToBody own{step.args, place + ".args", step.args.empty() ? place + "!" : place + ".args", !step.transform.empty()};
    check_body(step, own, place);
    what_ = "the undo of step '" + step.name + "'";
    if (step.undo != nullptr && step.undo->body != nullptr) check_mending(*step.undo->body, &own, place + ".undo");
    for (std::size_t i = 0; i < step.compensate.size(); ++i) {
      what_ = "step '" + step.name + "''s compensate clause " + std::to_string(i + 1);
      const fb::StepT* body = step.compensate[i]->body.get();
      if (body != nullptr) check_mending(*body, nullptr, place + ".compensate." + std::to_string(i) + ".do");
    }
    for (const auto& [block, below, is_url] : inner_blocks(step.body)) {
      if (block != nullptr) check_block(*block, place + below);
    }
  }

  // An undo without arguments of its own is given those of the step.
  void check_mending(const fb::StepT& body, const GivenToBody* of_step, const std::string& place) {
    const bool takes_over = of_step != nullptr && body.args.empty();
    const GivenToBody own{body.args, place + ".args", body.args.empty() ? place : place + ".args", !body.transform.empty()};
    if (!takes_over) return check_body(body, own, place);
    check_body(body, {of_step->args, of_step->args_place, place, of_step->are_made || own.are_made}, place);
  }

  void check_body(const fb::StepT& step, const GivenToBody& given, const std::string& place) {
    const fb::BodyUnion& body = step.body;
    if (const auto* action = body.AsActionStep()) check_action(action->action, given, place + ".action");
    if (const auto* child = body.AsWorkflowStep()) check_child(child->workflow, given, place + ".workflow");
    if (const auto* wait = body.AsWaitStep(); wait != nullptr && !wait->event.empty()) {
      check_pattern(wait->event, what_, place + ".wait.event");
    }
    if (const auto* map = body.AsMapStep(); map != nullptr && !map->query.empty()) {
      check_query(map->query, given, place + ".over.query");
    }
    const auto* read = body.AsReadStep();
    if (read == nullptr) return;
    if (!read->query.empty()) check_query(read->query, given, place + ".query");
    if (read->resource.empty() || around_.domain == nullptr) return;
    const Status known = around_.domain->get_resource(read->resource).status();
    if (!known.ok()) errors_.add(known, place + ".read");
  }

  // ---- Actions

  // Null where there is none, which is a finding.
  const Action* find_action(const std::string& name, const std::string& place) {
    if (around_.domain == nullptr || name.empty()) return nullptr;
    const Result<const Action*> found = around_.domain->get_action(name);
    if (found.ok()) return *found;
    errors_.add(found.status(), place);
    return nullptr;
  }

  void check_action(const std::string& name, const GivenToBody& given, const std::string& place) {
    const Action* action = find_action(name, place);
    if (action == nullptr) return;
    if (action->kind == ActionKind::kReads) {
      return errors_.add(ErrorId::kWorkflowReference, place, what_ + " issues " + name + ", which is a query",
                         "a query changes nothing", "write query = \"" + name + "\"");
    }
    check_arguments(*action, given);
  }

  void check_query(const std::string& name, const GivenToBody& given, const std::string& place) {
    const Action* query = find_action(name, place);
    if (query == nullptr) return;
    if (query->kind != ActionKind::kReads) {
      return errors_.add(ErrorId::kWorkflowReference, place, what_ + " asks " + name + ", which is no query",
                         "it is an action that " + std::string(name_of(query->kind)), "write action = \"" + name + "\"");
    }
    check_arguments(*query, given);
  }

  void check_arguments(const Action& action, const GivenToBody& given) {
    if (given.are_made) return;
    std::vector<std::string> known(action.implicit_key.begin(), action.implicit_key.end());
    for (const Field& argument : action.arguments.fields) {
      if (!argument.deprecated) known.push_back(argument.name);
    }
    for (const auto& arg : given.args) {
      const std::string at = given.args_place + "." + arg->name;
      if (const Field* field = argument_of(action, arg->name)) {
        check_argument(action, *field, *arg, at);
      } else {
        errors_.add(ErrorId::kWorkflowReference, at + "!",
                    what_ + " gives " + action.name + " an argument '" + arg->name + "' that it does not take",
                    nearest_or_list(arg->name, known));
      }
    }
    check_missing(action, given);
  }

  // A part of the key that no argument holds is read as the record's own field.
  static const Field* argument_of(const Action& action, const std::string& name) {
    const auto& parts = action.implicit_key;
    if (std::find(parts.begin(), parts.end(), name) != parts.end()) return action.resource->record.find(name);
    return action.arguments.find(name);
  }

  void check_argument(const Action& action, const Field& field, const fb::NamedT& arg, const std::string& at) {
    if (field.deprecated) {
      return errors_.add(ErrorId::kWorkflowReference, at + "!", what_ + " gives " + action.name + " '" + field.name + "'",
                         "it is deprecated, so it is refused", "leave it out");
    }
    const std::optional<Value> literal = literal_in(arg);
    if (!literal) return;
    std::pmr::monotonic_buffer_resource memory;
    const Status fits = cell_from_value(field, *literal, action.name, memory).status();
    if (!fits.ok()) errors_.add(fits, at);
  }

  void check_missing(const Action& action, const GivenToBody& given) {
    const auto refuse = [&](std::string_view name, const std::string& why) {
      errors_.add(ErrorId::kWorkflowAttribute, given.where_missing,
                  what_ + " gives " + action.name + " no '" + std::string(name) + "'", why,
                  "add " + std::string(name) + " = ... to args");
    };
    const Field* made = action.kind == ActionKind::kCreates ? action.resource->single_key() : nullptr;
    const bool is_made = made != nullptr && made->type == BaseType::kText && made->limits == nullptr;
    for (const std::string_view part : action.implicit_key) {
      if (!is_made && !is_given(given.args, part)) refuse(part, "it is of the key of " + action.resource->name);
    }
    for (std::size_t i = 0; i < action.arguments.fields.size(); ++i) {
      const Field& field = action.arguments.fields[i];
      if (field.deprecated || is_given(given.args, field.name)) continue;
      if (action.is_key_argument(i) && !is_made) {
        refuse(field.name, "it is of the key of " + action.resource->name);
      } else if (!action.is_key_argument(i) && field.required && !field.has_default) {
        refuse(field.name, "it is required");
      }
    }
  }

  // ---- Events

  void check_pattern(const std::string& pattern, const std::string& what, const std::string& place) {
    if (around_.domain == nullptr || pattern.empty()) return;
    if (types_.empty()) gather_types();
    const bool own = pattern.starts_with('_');
    std::vector<std::string> known;
    for (const std::string& type : types_) {
      if (type.starts_with('_') != own) continue;
      if (matches_glob(pattern, type)) return;
      known.push_back(type);
    }
    warnings_.add(ErrorId::kWorkflowReference, place, what + " is for events '" + pattern + "', which no action makes",
                  nearest_or_list(pattern, known));
  }

  void gather_types() {
    const auto add = [this](const Action& action) {
      if (!action.event_type.empty()) types_.push_back(action.event_type);
    };
    for (const Resource& resource : around_.domain->resources()) {
      for (const Action* action : resource.actions) add(*action);
      for (const Action* action : resource.undo_actions) add(*action);
    }
    std::sort(types_.begin(), types_.end());
    types_.erase(std::unique(types_.begin(), types_.end()), types_.end());
  }

  // What the hook asks of its event, and no event that it is for can have: a condition that refers to it never holds, and an input
  // cannot be made.
  void check_hook_paths(const fb::HookT& hook) {
    if (around_.domain == nullptr || hook.event.empty() || hook.event.starts_with('_')) return;
    std::vector<std::string> fields;
    for (const Resource& resource : around_.domain->resources()) {
      const auto makes = [&](const Action* action) { return matches_glob(hook.event, action->event_type); };
      const bool is_for_it = std::any_of(resource.actions.begin(), resource.actions.end(), makes) ||
                             std::any_of(resource.undo_actions.begin(), resource.undo_actions.end(), makes);
      if (!is_for_it || resource.name.starts_with('_')) continue;
      for (const Field& field : resource.record.fields) fields.push_back(field.name);
    }
    if (fields.empty()) return;  // no action makes such events, which is a finding already
    if (!hook.where.empty()) check_hook_expression(DynamicExpression::parse_condition({.text = hook.where}), "on.where", fields);
    if (hook.key != nullptr) check_hook_value(*hook.key, "on.key", fields);
    for (const auto& input : hook.input) check_hook_value(*input->value, "on.input." + input->name, fields);
  }

  void check_hook_value(const fb::BindingT& binding, const std::string& place, const std::vector<std::string>& fields) {
    if (binding.kind == fb::BindingKind::Reference) return check_hook_path(binding.text, place, fields);
    if (binding.kind == fb::BindingKind::Expression) {
      return check_hook_expression(DynamicExpression::parse({.text = binding.text}), place + ".expr", fields);
    }
    if (binding.kind == fb::BindingKind::Text) {
      const Result<std::vector<TextPiece>> pieces = split_text(binding.text);
      for (std::size_t i = 0; pieces.ok() && i < pieces->size(); ++i) {
        if ((*pieces)[i].is_path) check_hook_path((*pieces)[i].text, place, fields);
      }
    }
    for (std::size_t i = 0; i < binding.items.size(); ++i) {
      check_hook_value(*binding.items[i], place + "." + (i < binding.names.size() ? binding.names[i] : std::to_string(i)), fields);
    }
  }

  void check_hook_expression(const Result<DynamicExpression>& expression, const std::string& place,
                             const std::vector<std::string>& fields) {
    if (!expression.ok()) return;
    for (const DynamicExpression::Path& path : expression->paths()) check_hook_path(path.text, place, fields);
  }

  void check_hook_path(const std::string& written, const std::string& place, const std::vector<std::string>& fields) {
    const Result<ValuePath> path = ValuePath::parse(written);
    if (!path.ok() || path->root != "event" || path->parts.size() < 2 || path->parts[0].name != "changes") return;
    const std::string& name = path->parts[1].name;
    if (name.empty() || std::find(fields.begin(), fields.end(), name) != fields.end()) return;
    warnings_.add(ErrorId::kWorkflowReference, place,
                  "'${" + path->text + "}' leads nowhere: no event '" + definition_.on->event + "' has it",
                  nearest_or_list(name, fields),
                  place == "on.where" ? "the condition never holds: mend the path" : "no event could start a run: mend the path");
  }

  // ---- Workflows

  void refuse_endless(const EndlessCall& call) {
    std::string by;
    for (const std::string& name : call.through) by += (by.empty() ? ", by way of '" : ", '") + name + "'";
    errors_.add(ErrorId::kWorkflowCycle, call.place,
                "step '" + call.step + "' is a run of '" + definition_.name + "' itself" + by + ", and no condition ends that",
                "each run would wait for another one, until there are no hops left",
                "let a where, a guard or a switch decide whether it goes on");
  }

  // A child is looked for when its step starts, and may be another one by then.
  void check_child(const std::string& name, const GivenToBody& given, const std::string& place) {
    if (!around_.workflow || name.empty()) return;
    if (name == definition_.name) return check_inputs(name, inputs_of(definition_), given);
    if (const auto child = around_.workflow(name)) return check_inputs(name, child->inputs(), given);
    const std::string why = nearest_or_list(name, around_.workflows);
    warnings_.add(ErrorId::kWorkflowReference, place, what_ + " is a run of workflow '" + name + "', which is not declared yet",
                  why.starts_with("did") ? why : "a run stands still there until it is", "declare it: forgectl workflow add FILE");
  }

  static std::vector<WorkflowInput> inputs_of(const fb::WorkflowDefinitionT& definition) {
    std::vector<WorkflowInput> inputs;
    for (const auto& input : definition.inputs) {
      inputs.push_back({.name = input->name, .type = std::string(name_of(input->type)), .required = input->default_ == nullptr});
    }
    return inputs;
  }

  void check_inputs(const std::string& child, const std::vector<WorkflowInput>& inputs, const GivenToBody& given) {
    if (given.are_made) return;
    std::vector<std::string> known;
    for (const WorkflowInput& input : inputs) {
      known.push_back(input.name);
      if (!input.required || is_given(given.args, input.name)) continue;
      warnings_.add(ErrorId::kWorkflowReference, given.where_missing,
                    what_ + " gives workflow '" + child + "' no input '" + input.name + "'", "it needs one");
    }
    for (const auto& arg : given.args) {
      const std::string at = given.args_place + "." + arg->name;
      const auto input = std::find_if(inputs.begin(), inputs.end(), [&](const auto& one) { return one.name == arg->name; });
      if (input == inputs.end()) {
        warnings_.add(ErrorId::kWorkflowReference, at + "!",
                      what_ + " gives workflow '" + child + "' an unknown input '" + arg->name + "'",
                      nearest_or_list(arg->name, known));
        continue;
      }
      const std::optional<Value> literal = literal_in(*arg);
      if (!literal || fits(*literal, find_input_type(input->type).value_or(fb::InputType::Any))) continue;
      warnings_.add(ErrorId::kWorkflowReference, at,
                    what_ + " gives workflow '" + child + "' a malformed input '" + arg->name + "'",
                    "it is " + shown_briefly(*literal) + ", wanted is " + input->type);
    }
  }

  const fb::WorkflowDefinitionT& definition_;
  const WorkflowSurroundings& around_;
  const Findings& errors_;
  const Findings& warnings_;
  std::string what_;                // "step 'load'"
  std::vector<std::string> types_;  // of all events that actions make
};

}  // namespace

void check_surroundings(const fb::WorkflowDefinitionT& definition, const WorkflowSurroundings& around, const Findings& errors,
                        const Findings& warnings) {
  SurroundingsCheck(definition, around, errors, warnings).check();
  if (around.domain != nullptr) FieldCheck(definition, *around.domain, errors);
}

}  // namespace forge::internal
